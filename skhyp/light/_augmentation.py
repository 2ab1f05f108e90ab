"""What all augmentations share: how they are parameters, and how they make more spectra."""

from abc import ABCMeta, abstractmethod
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state

from skhyp.inputs._known_wavelengths import (
    numbers_of,
    refuse_other_bands,
    source_bands_of,
    wavelengths_of,
    widths_of,
)
from skhyp.inputs._parameters import POSITIVE_INTEGER, NumberInterval
from skhyp.inputs._validation import computation_dtype
from skhyp.spectra._spectra import Spectra, spectra_with
from skhyp.wavelengths import validate_wavelengths

# Spectra with a larger share of negative values were centred: they are no reflectance any more.
_MOST_NEGATIVE = 0.2


class GraphForm(NamedTuple):
    """An augmentation as the graph computes it: its name there, numbers, curves over the bands."""

    name: str
    numbers: NDArray[np.float64]
    curves: NDArray[np.float64]


class Augmentation(BaseEstimator, metaclass=ABCMeta):
    """Base class of what changes spectra in training; see :class:`Relighting`.

    It is no transformer, as a pipeline would change spectra in ``predict`` too.
    """

    # Which are parameters of the constructors.
    share: float
    n_copies: int
    wavelengths: ArrayLike | None
    exclude_classes: Any
    random_state: int | np.random.RandomState | None

    _parameter_constraints: ClassVar[dict] = {
        "share": [NumberInterval(Real, 0, 1, closed="both")],
        "n_copies": [POSITIVE_INTEGER],
        "wavelengths": ["array-like", None],
        "exclude_classes": ["array-like"],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _graph_form(self, wavelengths: NDArray[np.float64]) -> GraphForm:
        """Return what the graph is told, or say which parameter is not as described."""

    @abstractmethod
    def _changed(
        self, X: NDArray[Any], wavelengths: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[Any]:
        """Return all rows of X, changed."""

    def fit_resample(self, X: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return spectra and labels to train any model on: those of X, and changed copies.

        It has the name that imbalanced-learn gives such a method: its pipelines call it in ``fit``
        and leave it out in ``predict``. In folds, call it on the training part alone.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,) or (n_spectra, n_targets)

        Returns
        -------
        X_resampled : ndarray of shape (n_spectra * (1 + n_copies), n_bands)
            X itself first. float64 if X is, else float32; Spectra if X knows its wavelengths.
        y_resampled : ndarray of shape (n_spectra * (1 + n_copies),) or with n_targets columns

        Raises
        ------
        ValueError
            If X, y or a parameter is not as described, or if no wavelengths are known.
        """
        spectra, wavelengths = self._spectra_of(X)
        y = np.asarray(y)
        may_change = self._may_change(y, len(spectra))
        rng = self._generator()
        copies = [
            np.where(may_change[:, None], self._changed(spectra, wavelengths, rng), spectra)
            for _ in range(self.n_copies)
        ]
        resampled = np.concatenate([spectra, *copies])
        return _as_given(resampled, X), np.concatenate([y] * (1 + self.n_copies))

    def _generator(self) -> np.random.Generator:
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        return np.random.default_rng(seed)

    def _spectra_of(self, X: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Return spectra as floats that the caller may keep, and their wavelengths."""
        self._validate_params()
        spectra = check_array(np.asarray(X) if isinstance(X, Spectra) else X, dtype="numeric")
        spectra = spectra.astype(computation_dtype(spectra.dtype))
        refuse_centred(self, spectra)
        return spectra, self._wavelengths_for(wavelengths_of(X), spectra.shape[1])

    def _wavelengths_for(
        self, known: NDArray[np.float64] | None, n_bands: int
    ) -> NDArray[np.float64]:
        """Return the wavelengths of bands, of which ``known`` may be, or say how to give them."""
        if self.wavelengths is not None:
            given = validate_wavelengths(self.wavelengths, n_bands)
            refuse_other_bands(given, known)
            return given
        if known is None:
            name = type(self).__name__
            raise ValueError(
                f"{name} needs the wavelengths of the bands of X, which knows none. Pass X as "
                "skhyp.spectra.Spectra(X, wavelengths) or as a DataFrame with columns named like "
                f'"450.5 nm", or set {name}(wavelengths=...), in nm.'
            )
        return known

    def _may_change(self, y: NDArray[Any], n_rows: int) -> NDArray[np.bool_]:
        """Return which rows may be changed: those of classes that are not excluded."""
        if y.shape[:1] != (n_rows,):
            raise ValueError(f"y must have {n_rows} rows, as X has; got shape {y.shape}.")
        excluded = list(self.exclude_classes)
        if not excluded:
            return np.ones(n_rows, bool)
        classes, places = np.unique(y, return_inverse=True)
        return self._classes_that_change(classes)[places]

    def _classes_that_change(self, classes: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which classes may be changed; those to exclude must be among them."""
        known, excluded = classes.tolist(), np.asarray(self.exclude_classes).tolist()
        if unknown := [label for label in excluded if label not in known]:
            raise ValueError(
                f"exclude_classes must be labels of y, got {unknown!r:.80}; y has {known!r:.200}."
            )
        return np.array([label not in excluded for label in known], bool)


def refuse_centred(augmentation: Any, X: NDArray[Any]) -> None:
    """Raise if so many values are negative that they cannot be reflectance or radiance."""
    if X.dtype.kind == "u":
        return
    negative = np.count_nonzero(X < 0) / max(1, X.size)
    if negative > _MOST_NEGATIVE:
        raise ValueError(
            f"{type(augmentation).__name__} multiplies reflectance or radiance, and {negative:.0%} "
            "of the values of X are negative: X seems to be centred, as standard normal variates "
            "and derivatives are. Give the network the spectra as they were before; its views, "
            'such as "snv", are computed after the augmentation.'
        )


def _as_given(values: NDArray[Any], X: Any) -> NDArray[Any]:
    """Return values that know of their bands what X does."""
    wavelengths = wavelengths_of(X)
    if wavelengths is None:
        return values
    source_bands = source_bands_of(X, values.shape[1])
    return spectra_with(values, wavelengths, numbers_of(X), source_bands, widths_of(X))
