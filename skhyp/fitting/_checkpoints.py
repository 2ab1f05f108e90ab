"""Checkpoints of a training: what they hold, and whether a training is the one they are of."""

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skhyp import __version__
from skhyp.files._fingerprints import fingerprint
from skhyp.files._paths import user_path
from skhyp.inputs._parameters import POSITIVE_INTEGER
from skhyp.inputs._scene_pixels import ScenePixels

from ._checkpoint_files import (
    AnotherVersionError,
    CheckpointFile,
    checkpoint_path,
    folder_of_one_training,
    saved_checkpoints,
)
from ._checkpoint_states import estimator_of, fitted_state, read_checkpoint, refuse_misshapen
from ._config import encode_parameters

if TYPE_CHECKING:
    from skhyp.graph.milestones import Milestone

# Parameters that may differ between a training and its continuation: they do not change what an
# epoch learns, but for rounding (the kernels follow from the number of updates) and but for the
# schedule that ends with the last epoch. The seed is kept by itself.
_FREE = {
    "callbacks",
    "checkpoint_dir",
    "inference_dtype",
    "max_epochs",
    "resume",
    "save_epochs",
    "verbose",
}
# What makes a training another one, but for its parameters.
_DIFFERENCES = {
    "estimator": "estimator",
    "data": "data",
    "wavelengths": "the wavelengths that the data know",
    "windows": "scikit-learn's working_memory, by which the pixels of a scene come in windows",
    "first_epoch": "first_epoch",
    "former": "the fitted state that warm_start goes on from",
}


class TrainingCheckpoints:
    """The checkpoints of one training in the folder ``checkpoint_dir`` of its estimator.

    Parameters
    ----------
    estimator : SpectralAutoencoder, SpectralCNNClassifier or SpectralCNNRegressor
        As it is before the training, from which it may go on.
    *data : ndarray, list or None
        What it is trained on.
    continues : bool
        Whether it goes on from what the estimator had learned before.
    pixels : ScenePixels, default=None
        What it is trained on, where the first of the data is but a sample.
    """

    def __init__(
        self,
        estimator: Any,
        *data: np.ndarray | list | None,
        continues: bool,
        pixels: ScenePixels | None = None,
    ):
        self._estimator = estimator
        self._folder = user_path("checkpoint_dir", estimator.checkpoint_dir)
        self._is_saved = epochs_to_save(estimator.save_epochs)
        self._first_epoch = estimator.n_iter_ if continues else 0
        self._config = encode_parameters(
            estimator,
            leaving_out={"callbacks"},
            kept_in="the checkpoints that checkpoint_dir asks for",
            remedy="Pass {name} as such a value (an int for random_state), or set "
            "checkpoint_dir=None.",
        )
        ends_with_last_epoch = estimator.learning_rate_schedule in ("cosine", "auto")
        free = _FREE - {"max_epochs"} if ends_with_last_epoch else _FREE
        self._identity: dict[str, Any] = {
            "estimator": type(estimator).__name__,
            "parameters": {k: v for k, v in self._config.items() if k not in free},
            "data": fingerprint(data) if pixels is None else pixels.fingerprint,
            "wavelengths": fingerprint(estimator.wavelengths_),
            "windows": None if pixels is None else pixels.layout,
            "former": _former_state(estimator) if continues else None,
            "first_epoch": self._first_epoch,
        }
        self._saved: Path | None = None
        self.resumed = self._latest()

    @classmethod
    @contextmanager
    def opened(cls, estimator: Any, *args: Any, **options: Any) -> "Iterator[TrainingCheckpoints]":
        """Give the checkpoints while the folder is kept for this training."""
        with folder_of_one_training(user_path("checkpoint_dir", estimator.checkpoint_dir)):
            yield cls(estimator, *args, **options)

    def _latest(self) -> CheckpointFile | None:
        """Return the checkpoint to go on from."""
        saved = saved_checkpoints(self._folder)
        if not saved:
            return None
        if not self._estimator.resume:
            raise ValueError(
                f"checkpoint_dir={str(self._folder)!r} has checkpoints of a training already (the "
                f"last is of epoch {max(saved)}). Set resume=True to go on from there, or choose "
                "another folder: each training, each candidate of a search too, needs its own."
            )
        path = saved[max(saved)]
        try:
            latest = read_checkpoint(path, max(saved))
            differing = self._differences(latest)
            if not differing:
                refuse_misshapen(latest, estimator_of(type(self._estimator), latest))
        except AnotherVersionError:  # which is no damage
            raise
        except Exception as error:  # a file may have come from anywhere
            before = sorted(saved)[-2:-1]
            way_on = f"go on from epoch {before[0]}" if before else "begin anew"
            reason = (
                str(error) if str(path) in str(error) else f"{path} is damaged: {error!r:.200}."
            )
            raise ValueError(f"{reason} Delete it to {way_on}.") from error
        if differing:
            raise ValueError(
                f"{path} is of another training; these differ: {', '.join(differing)}. Give each "
                "training a checkpoint_dir of its own."
            )
        self._saved = path
        return latest

    @property
    def seed(self) -> int | None:
        """The seed of the training that is resumed, ``None`` if there is none."""
        return None if self.resumed is None else self.resumed.description["fitted"]["seed_"]

    def milestone(self) -> "Milestone | None":
        """Return the milestone to go on from, ``None`` if there is none."""
        if self.resumed is None:
            return None
        from skhyp.graph.milestones import Milestone
        from skhyp.graph.training import TrainingState

        description, arrays = self.resumed
        states = {
            name: TrainingState(
                arrays[f"{name}_parameters"],
                arrays[f"{name}_moments"],
                description[f"{name}_n_updates"],
            )
            for name in ("latest", "best")
            if f"{name}_parameters" in arrays
        }
        return Milestone(
            states["latest"],
            tuple(arrays["losses"].tolist()),
            tuple(arrays["validation_losses"].tolist()),
            states.get("best"),
            description["best_epoch"],
            arrays["best_loss"].item(),
        )

    def is_due_after(self, n_epochs: int) -> bool:
        """Return whether a checkpoint is due after so many epochs of this training."""
        return self._is_saved(self._first_epoch + n_epochs)

    def is_due(self, milestone: "Milestone") -> bool:
        """Return whether a checkpoint is due at a milestone of this training."""
        return self.is_due_after(milestone.n_epochs)

    def save(self, estimator: Any, milestone: "Milestone") -> None:
        """Write the checkpoint of a milestone, of which the estimator has the fitted state."""
        path = checkpoint_path(self._folder, self._first_epoch + milestone.n_epochs)
        if self._saved == path:
            return
        plain, arrays = fitted_state(estimator)
        description = {
            "skhyp": __version__,
            "identity": self._identity,
            "config": self._config,
            "fitted": plain,
            "best_epoch": milestone.best_epoch,
        }
        for name, state in (("latest", milestone.state), ("best", milestone.best)):
            if state is not None:
                arrays[f"{name}_parameters"] = state.parameters
                arrays[f"{name}_moments"] = state.moments
                description[f"{name}_n_updates"] = state.n_updates
        arrays["losses"] = np.array(milestone.losses)
        arrays["validation_losses"] = np.array(milestone.validation_losses)
        arrays["best_loss"] = np.array(milestone.best_loss)
        try:
            CheckpointFile(description, arrays).write(path)
        except OSError as error:
            raise OSError(
                error.errno,
                f"The checkpoint could not be written ({error.strerror}); those before it are "
                "whole, and training goes on from the last of them with resume=True",
                str(path),
            ) from error
        self._saved = path

    def _differences(self, checkpoint: CheckpointFile) -> list[str]:
        """Return in what the training of a checkpoint is not this one."""
        theirs, ours = checkpoint.description["identity"], self._identity
        names = dict(_DIFFERENCES)
        if theirs["windows"] != ours["windows"]:
            del names["data"]  # they are compared window by window
        differing = [text for name, text in names.items() if theirs[name] != ours[name]]
        there, here = theirs["parameters"], ours["parameters"]
        return differing + [
            f"{name} ({there.get(name)!r} there, {here.get(name)!r} here)"
            for name in sorted(there.keys() | here.keys())
            if there.get(name) != here.get(name) and not _is_any_seed(name, there, here)
        ]


def _is_any_seed(name: str, *parameters: dict[str, Any]) -> bool:
    """Return whether this is ``random_state``, left open on one side: the seed is kept anyway."""
    return name == "random_state" and any(p.get(name) is None for p in parameters)


def _former_state(estimator: Any) -> str:
    """Return a fingerprint of all that a training goes on from."""
    moments = getattr(estimator, "_moments", None)
    n_updates = None if moments is None else int(estimator._n_updates)
    arrays = (estimator.parameters_, estimator.statistics_, moments)
    return fingerprint([*arrays, n_updates, int(estimator.seed_)])


def epochs_to_save(save_epochs: Any) -> Callable[[int], bool]:
    """Return whether a number of epochs is one to save: a multiple, or one of several."""
    is_one = isinstance(save_epochs, Integral) or getattr(save_epochs, "ndim", 1) == 0
    chosen = np.ravel(save_epochs).tolist() if is_one else save_epochs
    is_list = not isinstance(chosen, str | Mapping | Set)
    if not is_list or not all(map(POSITIVE_INTEGER.is_satisfied_by, chosen)):
        raise ValueError(
            "save_epochs must be an integer of at least 1 (every so many epochs), or hold such "
            f"integers (after which epochs), got {save_epochs!r}."
        )
    if is_one:
        return lambda n_epochs: n_epochs % chosen[0] == 0
    return set(chosen).__contains__
