"""Checkpoints of a training: what they hold, and whether a training is the one they are of."""

import contextlib
import os
import re
import time
import zlib
from collections.abc import Callable
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import gen_batches

from . import __version__
from ._checkpoint_files import CheckpointFile, checkpoint_path, saved_checkpoints
from ._config import decode_parameters, encode_parameters

if TYPE_CHECKING:
    from .graph.milestones import Milestone

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
# Arrays of a checkpoint that are no fitted attributes.
_OF_TRAINING = {
    "latest_parameters",
    "latest_moments",
    "best_parameters",
    "best_moments",
    "best_loss",
    "losses",
    "validation_losses",
}
# Fitted attributes by scikit-learn's rule; a file sets no others.
_FITTED = re.compile(r"[a-z]+(_[a-z]+)*_")
_ROWS_AT_ONCE = 8192
# Drafts of checkpoints that a killed process has left are removed after so many seconds.
_OLD_DRAFT = 3600.0


class TrainingCheckpoints:
    """The checkpoints of one training in the folder ``checkpoint_dir`` of its estimator.

    ``data`` are the arrays that it is trained on; ``first_epoch`` is how many epochs the estimator
    had been trained for before.
    """

    def __init__(self, estimator: Any, *data: np.ndarray | None, first_epoch: int):
        self._estimator = estimator
        self._folder = Path(estimator.checkpoint_dir)
        self._is_saved = _multiples_or_members(estimator.save_epochs)
        self._first_epoch = first_epoch
        self._config = encode_parameters(estimator, leaving_out={"callbacks"})
        ends_with_last_epoch = estimator.learning_rate_schedule == "cosine"
        free = _FREE - {"max_epochs"} if ends_with_last_epoch else _FREE
        self._identity = {
            "estimator": type(estimator).__name__,
            "parameters": {k: v for k, v in self._config.items() if k not in free},
            "data": _fingerprint(*data),
            "first_epoch": first_epoch,
        }
        self._saved: Path | None = None
        self.resumed = self._prepare()

    def _prepare(self) -> CheckpointFile | None:
        """Make sure that the folder can be written to; return the checkpoint to go on from."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with contextlib.ExitStack() as stack:
                probe = self._folder / f".{os.getpid()}.part"
                stack.callback(probe.unlink)
                probe.write_bytes(b"")
        except OSError as error:
            raise ValueError(
                f"checkpoint_dir={str(self._folder)!r} cannot be written to: {error}"
            ) from error
        self._remove_old_drafts()
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
                _refuse_misshapen(latest, estimator_of(type(self._estimator), latest))
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
        from .graph.milestones import Milestone
        from .graph.training import TrainingState

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
        plain, arrays = _fitted_state(estimator)
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

    def _remove_old_drafts(self) -> None:
        for draft in self._folder.glob(".epoch_*.part"):
            with contextlib.suppress(OSError):
                if time.time() - draft.stat().st_mtime > _OLD_DRAFT:
                    draft.unlink()

    def _differences(self, checkpoint: CheckpointFile) -> list[str]:
        """Return in what the training of a checkpoint is not this one."""
        theirs, ours = checkpoint.description["identity"], self._identity
        differing = [
            name for name in ("estimator", "data", "first_epoch") if theirs[name] != ours[name]
        ]
        there, here = theirs["parameters"], ours["parameters"]
        return differing + [
            f"{name} ({there.get(name)!r} there, {here.get(name)!r} here)"
            for name in sorted(there.keys() | here.keys())
            if there.get(name) != here.get(name) and not _is_any_seed(name, there, here)
        ]


def _is_any_seed(name: str, *parameters: dict[str, Any]) -> bool:
    """Return whether this is ``random_state``, left open on one side: the seed is kept anyway."""
    return name == "random_state" and any(p.get(name) is None for p in parameters)


def _multiples_or_members(save_epochs: Any) -> Callable[[int], bool]:
    """Return whether a number of epochs is one to save: a multiple, or one of several."""
    if np.ndim(save_epochs) == 0:
        return lambda n_epochs: n_epochs % save_epochs == 0
    chosen = list(save_epochs)
    if not all(isinstance(n_epochs, Integral) and n_epochs >= 1 for n_epochs in chosen):
        raise ValueError(
            "save_epochs must be an integer of at least 1 (every so many epochs), or hold such "
            f"integers (after which epochs), got {save_epochs!r}."
        )
    return set(chosen).__contains__


def _fingerprint(*arrays: np.ndarray | None) -> list[Any]:
    """Return shapes, types and a check sum of data, to recognise them by."""
    seen: list[Any] = []
    for array in arrays:
        if array is None:
            seen.append(None)
            continue
        checksum = 0
        for rows in gen_batches(len(array), _ROWS_AT_ONCE):
            checksum = zlib.crc32(np.ascontiguousarray(array[rows]).view(np.uint8).data, checksum)
        seen.append([list(array.shape), array.dtype.str, checksum])
    return seen


def _fitted_state(estimator: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the fitted attributes: plain values, and arrays (of strings as lists)."""
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, value in vars(estimator).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            plain[name] = {"objects": value.tolist()}
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, list):
            arrays[name] = np.array(value, dtype=np.float64)
        else:
            plain[name] = value
    return plain, arrays


def read_checkpoint(path: Path, n_epochs: int) -> CheckpointFile:
    """Return the checkpoint in a file that is named after so many epochs."""
    checkpoint = CheckpointFile.read(path)
    fitted = checkpoint.description.get("fitted")
    found = fitted.get("n_iter_") if isinstance(fitted, dict) else None
    if found != n_epochs:
        raise ValueError(f"{path} holds epoch {found!r}, not {n_epochs} as its name says.")
    return checkpoint


def estimator_of(kind: type, checkpoint: CheckpointFile) -> Any:
    """Return the estimator, of a class, whose fitted state a checkpoint holds.

    Raises an error of any kind if that is none that a fit could have left.
    """
    estimator = kind(**decode_parameters(checkpoint.description["config"]))
    estimator._validate_params()
    _restore(estimator, checkpoint)
    return estimator


def _restore(estimator: Any, checkpoint: CheckpointFile) -> None:
    """Give an estimator the fitted state that a checkpoint holds, if it fits its parameters."""
    description, arrays = checkpoint
    fitted = dict(description["fitted"])
    fitted |= {name: arrays[name] for name in arrays.keys() - _OF_TRAINING}
    for name, value in fitted.items():
        if not _FITTED.fullmatch(name) or hasattr(type(estimator), name):
            raise ValueError(f"{name!r} is no fitted attribute")
        if isinstance(value, dict) and value.keys() == {"objects"}:
            value = np.array(value["objects"], dtype=object)
        if name.endswith("loss_curve_"):
            value = value.tolist()
        setattr(estimator, name, _with_tuples(value))
    state = "best" if "best_parameters" in arrays else "latest"
    estimator._moments = arrays[f"{state}_moments"]
    estimator._n_updates = int(description[f"{state}_n_updates"])
    _refuse_another_state(estimator)


def _refuse_another_state(estimator: Any) -> None:
    """Raise if fitted attributes do not fit the parameters, or each other."""
    from .graph.networks import differing_fields
    from .graph.parameters import vector_size
    from .graph.training import TrainingState

    dtype, classes = estimator.architecture_["dtype"], getattr(estimator, "classes_", None)
    if dtype not in ("float32", "float64"):
        raise ValueError(f"its network computes in {dtype!r}")
    shape = {} if classes is None else {"n_classes": len(classes)}
    network = estimator._network(int(estimator.n_features_in_), dtype, **shape)
    if differing := differing_fields(estimator.architecture_, network):
        raise ValueError(f"its network differs from its parameters in {', '.join(differing)}")
    for name, described in (
        ("parameters_", network.parameters),
        ("statistics_", network.statistics),
    ):
        array, n_values = getattr(estimator, name), vector_size(described)
        if array.shape != (n_values,) or array.dtype != dtype or not np.isfinite(array).all():
            raise ValueError(f"{name} must be {n_values} finite numbers of {dtype}")
    start = TrainingState.start(estimator.parameters_, estimator.optimizer)
    if estimator._moments.shape != start.moments.shape or estimator._moments.dtype != dtype:
        raise ValueError(f"the moments must be of shape {start.moments.shape} and of {dtype}")
    if len(estimator.loss_curve_) != estimator.n_iter_:
        raise ValueError(f"there are {len(estimator.loss_curve_)} losses")


def _refuse_misshapen(checkpoint: CheckpointFile, estimator: Any) -> None:
    """Raise if the states to go on from are not those of the network."""
    arrays = checkpoint.arrays
    for state in ("latest", "best") if "best_parameters" in arrays else ("latest",):
        for name, like in (("parameters", estimator.parameters_), ("moments", estimator._moments)):
            array = arrays[f"{state}_{name}"]
            if array.shape != like.shape or array.dtype != like.dtype:
                raise ValueError(f"the {name} of its {state} state have shape {array.shape}")
        int(checkpoint.description[f"{state}_n_updates"])
    n_losses = estimator.n_iter_ - checkpoint.description["identity"]["first_epoch"]
    n_held_out = n_losses if estimator.early_stopping else 0
    shapes = {"losses": (n_losses,), "validation_losses": (n_held_out,), "best_loss": ()}
    for name, shape in shapes.items():
        if arrays[name].shape != shape or arrays[name].dtype.kind != "f":
            raise ValueError(f"{name} must be floats of shape {shape}, got {arrays[name]!r:.80}")


def _with_tuples(value: Any) -> Any:
    """Return what JSON made lists of as the tuples that it was."""
    if isinstance(value, dict):
        return {key: _with_tuples(held) for key, held in value.items()}
    return tuple(_with_tuples(held) for held in value) if isinstance(value, list) else value
