"""The parameters that all networks have: what they may be, and whether they fit each other."""

from collections.abc import Mapping, Sequence, Set
from numbers import Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_sample_weight

from skhyp.inputs._parameters import (
    NUMBER_FROM_ZERO,
    POSITIVE_INTEGER,
    POSITIVE_NUMBER,
    NumberInterval,
)
from skhyp.inputs._validation import computation_dtype
from skhyp.light import Augmentation

from ._callbacks import Callback
from ._checkpoints import epochs_to_save
from ._weights import scaled_weights

ACTIVATION_NAMES = StrOptions({"relu", "sigmoid", "linear", "tanh", "elu", "softplus"})

# Parameters that are numbers of the graph, or that its numbers are made of.
_COMPUTED_WITH = ("learning_rate", "epsilon", "weight_decay", "initializer_std")


class LayerParameters:
    """Parameters of networks that are made of layers, which begin with drawn weights."""

    _parameter_constraints: dict = {
        "activation": [ACTIVATION_NAMES],
        "initializer": [StrOptions({"truncated_normal", "normal", "glorot", "he", "constant"})],
        "initializer_std": [POSITIVE_NUMBER],
        "augmentation": [Augmentation, None],
        "inference_dtype": [StrOptions({"bfloat16"}), None],
    }

    activation: str
    initializer: str
    initializer_std: float
    augmentation: Augmentation | None
    inference_dtype: str | None


class TrainingParameters:
    """Parameters of the training of a network."""

    # With max_epochs="auto": at least so many passes over the data and so many updates.
    _min_epochs: int
    _min_updates: int

    _parameter_constraints: dict = {
        "optimizer": [StrOptions({"adam", "sgd"})],
        "learning_rate": [POSITIVE_NUMBER],
        "epsilon": [POSITIVE_NUMBER],
        "learning_rate_schedule": [
            StrOptions({"constant", "exponential", "piecewise", "cosine", "auto"})
        ],
        "decay_steps": [POSITIVE_INTEGER],
        "decay_rate": [NumberInterval(Real, 0, 1, closed="right")],
        "learning_rate_boundaries": ["array-like"],
        "learning_rate_values": ["array-like"],
        "weight_decay": [NUMBER_FROM_ZERO],
        "batch_size": [POSITIVE_INTEGER],
        "max_epochs": [StrOptions({"auto"}), POSITIVE_INTEGER],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [NumberInterval(Real, 0, 1, closed="neither")],
        "patience": [POSITIVE_INTEGER],
        "warm_start": ["boolean"],
        "checkpoint_dir": [str, PathLike, None],
        "save_epochs": [POSITIVE_INTEGER, "array-like"],
        "resume": ["boolean"],
        "callbacks": ["array-like", None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Parameters of all constructors, which their signatures write out as scikit-learn wants it.
    optimizer: str
    learning_rate: float
    epsilon: float
    learning_rate_schedule: str
    decay_steps: int
    decay_rate: float
    learning_rate_boundaries: Sequence[int]
    learning_rate_values: Sequence[float]
    weight_decay: float
    batch_size: int
    max_epochs: int | str
    shuffle: bool
    early_stopping: bool
    validation_fraction: float
    patience: int
    warm_start: bool
    checkpoint_dir: str | PathLike | None
    save_epochs: int | Sequence[int]
    resume: bool
    callbacks: Sequence[Callback] | None
    random_state: int | np.random.RandomState | None
    verbose: int

    def _set_shared_parameters(self, given: dict[str, Any]) -> None:
        """Assign, of what a constructor was given, the parameters that several networks have."""
        for shared in (LayerParameters, TrainingParameters):
            if isinstance(self, shared):
                for name in shared._parameter_constraints:
                    setattr(self, name, given[name])

    def _check_training_parameters(self) -> None:
        for callback in self.callbacks or ():
            if isinstance(callback, type):
                raise ValueError(
                    f"callbacks must hold objects, got the class {callback.__name__}: make one of "
                    f"it, as {callback.__name__}()."
                )
            for moment in ("on_training_begin", "on_epoch_end", "on_training_end"):
                if not callable(getattr(callback, moment, None)):
                    raise ValueError(
                        f"callbacks must hold objects with the methods of "
                        f"skhyp.fitting.Callback, got {callback!r} without {moment}."
                    )
        epochs_to_save(self.save_epochs)
        self._piecewise()

    def _piecewise(self) -> tuple[list[float], list[float]]:
        """Return the boundaries and values of the schedule "piecewise", none of the others."""
        if self.learning_rate_schedule != "piecewise":
            return [], []
        given = f"{self.learning_rate_boundaries!r} and {self.learning_rate_values!r}"
        boundaries, values = (
            self._listed_numbers(name)
            for name in ("learning_rate_boundaries", "learning_rate_values")
        )
        if len(boundaries) != len(values) or not values:
            raise ValueError(
                "learning_rate_schedule='piecewise' needs learning_rate_boundaries and "
                f"learning_rate_values of one length, at least 1, got {given}."
            )
        rises = np.isfinite(boundaries).all() and np.all(np.diff(boundaries, prepend=-1) > 0)
        are_rates = all(0 < rate < np.inf for rate in values)
        if not (rises and boundaries[0] >= 0 and are_rates):
            raise ValueError(
                "learning_rate_boundaries must rise from 0 or more and learning_rate_values must "
                f"be positive and finite, got {given}."
            )
        return boundaries, values

    def _listed_numbers(self, name: str) -> list[float]:
        """Return the numbers of a list, which booleans and strings are not."""
        given = getattr(self, name)
        try:
            listed = given.tolist() if isinstance(given, np.ndarray) else list(given)
            is_list = not isinstance(given, Mapping | Set)
            if is_list and all(isinstance(n, Real) and not isinstance(n, bool) for n in listed):
                return [float(number) for number in listed]
        except (TypeError, OverflowError):  # no list, or a number larger than any float
            pass
        raise ValueError(f"{name} must be a list of numbers that a float can hold, got {given!r}.")

    def _check_training_in_parts(self) -> None:
        if self.learning_rate_schedule == "cosine":
            raise ValueError(
                "partial_fit has no last epoch that learning_rate_schedule='cosine' could fall to; "
                "choose 'constant', 'exponential', 'piecewise' or 'auto'."
            )

    def _check_weights(self, sample_weight: Any, X: np.ndarray) -> np.ndarray:
        """Return the weights in the dtype of the computation, the largest between 1 and 2.

        They matter beside each other alone; none is all ones.
        """
        try:
            weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        except OverflowError as error:
            raise ValueError("sample_weight has a value larger than any float.") from error
        if np.any(weights < 0):
            raise ValueError("sample_weight has negative values; weights must be 0 or more.")
        if not np.any(weights):
            raise ValueError("Every sample_weight is zero: a weight above zero is needed to fit.")
        return scaled_weights("sample_weight", weights, computation_dtype(X.dtype))

    def _check_numbers(self, dtype: str) -> None:
        """Refuse parameters that the precision of the computation has no numbers for."""
        limits = np.finfo(dtype)
        numbers = [(name, getattr(self, name)) for name in _COMPUTED_WITH if hasattr(self, name)]
        if self.learning_rate_schedule == "piecewise":
            numbers += [("learning_rate_values", rate) for rate in self._piecewise()[1]]
        for name, given in numbers:
            value = float(given)
            if value != 0 and not float(limits.tiny) <= value <= float(limits.max):
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is out of the range of {dtype}, in which "
                    f"spectra of this type are computed: from {limits.tiny:.2g} to "
                    f"{limits.max:.2g}."
                )

    def _planned_epochs(self, n_batches: int) -> int:
        if self.max_epochs == "auto":
            return max(self._min_epochs, -(-self._min_updates // n_batches))
        return int(self.max_epochs)
