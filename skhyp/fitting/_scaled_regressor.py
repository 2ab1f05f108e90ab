"""What the regressors share that are solved in closed form, in a scaling that is chosen in fit."""

from abc import ABCMeta, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from skhyp.inputs._band_knowledge import BandKnowledge
from skhyp.inputs._reference_values import spectra_and_values
from skhyp.inputs._validation import computation_dtype, refuse_overflow, validate_spectra

from ._config import ConfigMixin
from ._documentation import DocumentationLinkMixin
from ._scalings import scaled_spectra

# Targets that differ by no more than so much of their mean are constant.
_ROUNDING = 10 * float(np.finfo(np.float64).eps)
# Products of squares of numbers between these neither overflow nor vanish.
_LEAST, _LARGEST = 1e-70, 1e70
# What is computed of a block of rows takes so many values, 32 MiB.
_BLOCK_VALUES = 2**22


class ScaledSpectraRegressor(
    RegressorMixin,
    BandKnowledge,
    ConfigMixin,
    DocumentationLinkMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """A regressor that keeps what its spectra knew of their bands, and computes in float64.

    Subclasses choose ``scaling_`` in fit, and say what follows from scaled spectra.
    """

    _parameter_constraints: dict = {"scalings": ["array-like"]}

    # Which is a parameter of the constructors.
    scalings: Any

    n_features_in_: int
    n_outputs_: int
    target_ndim_: int
    scaling_: str | None
    segments_: np.ndarray

    @abstractmethod
    def _values(self, scaled: np.ndarray) -> np.ndarray:
        """Return the values (n, targets) of scaled spectra, in the unit of y."""

    @property
    @abstractmethod
    def _n_values(self) -> int:
        """How many values are computed of a spectrum, bands aside."""

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted values of each spectrum, in the unit of y.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)

        Returns
        -------
        y : ndarray of shape (n_spectra,) or (n_spectra, n_targets)
            As y was in fit. float64 if X is, else float32; computed in float64.

        Raises
        ------
        ValueError
            If X has other bands than in fit, or values that are not finite.
        """
        check_is_fitted(self)
        X = validate_spectra(self, X, reset=False)
        values = np.empty((len(X), self.n_outputs_), computation_dtype(X.dtype))
        n_rows = max(1, _BLOCK_VALUES // max(self.n_features_in_, self._n_values))
        with np.errstate(over="ignore", invalid="ignore"):  # which is refused by its row
            for rows in gen_batches(len(X), n_rows):
                values[rows] = self._values(self._scaled(X[rows], self.scaling_))
        refuse_overflow(values, X)
        return values[:, 0] if self.target_ndim_ == 1 else values

    def _scaled(self, X: np.ndarray, scaling: str | None) -> np.ndarray:
        return scaled_spectra(X, scaling, wavelengths=self.wavelengths_, segments=self.segments_)

    def _validate(self, X: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return spectra and targets (n, targets) to learn from, and keep what X knows."""
        given = X
        X, targets = spectra_and_values(self, X, y, ensure_min_samples=2)
        self._learn_bands_of(given)
        self._learn_segments_of(given)
        self.target_ndim_, targets = targets.ndim, targets.reshape(len(X), -1)
        self.n_outputs_ = targets.shape[1]
        refuse_sizes("X", np.abs(X.astype(np.float64)).max(keepdims=True))
        refuse_sizes("y", np.abs(targets).max(axis=0))
        return X, targets

    def _in_form_of_y(self, values: np.ndarray) -> np.ndarray:
        """Return values whose last axis is targets, without it if y was a list of numbers."""
        return values[..., 0] if self.target_ndim_ == 1 else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def standardisation_of(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each target; a constant one has the scale 1."""
    mean, scale = targets.mean(axis=0), targets.std(axis=0)
    return mean, np.where(scale <= _ROUNDING * np.abs(mean), 1.0, scale)


def refuse_sizes(name: str, largest: np.ndarray) -> None:
    for size in largest.ravel().tolist():
        if size > _LARGEST or 0 < size < _LEAST:
            raise ValueError(
                f"{name} has values of up to {size:.3g}: sizes from {_LEAST:g} to {_LARGEST:g} can "
                "be computed with. Change its unit."
            )
