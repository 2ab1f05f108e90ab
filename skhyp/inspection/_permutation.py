"""The importance of groups of bands, by what a score loses where they are permuted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import check_scoring
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from skhyp.inputs._known_wavelengths import wavelengths_of
from skhyp.spectra._spectra import spectra_with
from skhyp.wavelengths import (
    are_same_bands,
    contiguous_segments,
    validate_wavelengths,
)
from skhyp.wavelengths._band_differences import how_they_differ
from skhyp.wavelengths._model_bands import input_wavelengths


@dataclass(frozen=True, eq=False)
class BandImportance:
    """How much a score loses where groups of bands are permuted.

    Attributes
    ----------
    groups : list of ndarray of int
        The bands of each group.
    importances : ndarray of shape (n_groups, n_repeats)
        The loss of the score, in its unit, in each repeat.
    importances_mean, importances_std : ndarray of shape (n_groups,)
        Mean and standard deviation over the repeats.
    score : float
        Of the spectra as they are.
    wavelengths : ndarray of shape (n_bands,) or None
        Of all bands, in nm, where they are known.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.inspection import BandImportance, band_groups
    >>> losses = np.array([[0.25, 0.5], [0.0, 0.0]])
    >>> importance = BandImportance(band_groups(4, 2), losses, score=0.9, wavelengths=None)
    >>> importance, importance.importances_mean
    (<BandImportance: 2 groups x 2 repeats, score 0.9>, array([0.375, 0.   ]))
    """

    groups: list[NDArray[np.intp]]
    importances: NDArray[np.float64]
    score: float
    wavelengths: NDArray[np.float64] | None

    def __repr__(self) -> str:
        n_groups, n_repeats = self.importances.shape
        return f"<BandImportance: {n_groups} groups x {n_repeats} repeats, score {self.score:.3g}>"

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """The mean over the repeats."""
        return self.importances.mean(axis=1)

    @property
    def importances_std(self) -> NDArray[np.float64]:
        """The standard deviation over the repeats."""
        return self.importances.std(axis=1)


@validate_params(
    {
        "n_bands": [Interval(Integral, 1, None, closed="left")],
        "width": [Interval(Integral, 1, None, closed="left")],
        "wavelengths": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def band_groups(
    n_bands: int, width: int = 10, *, wavelengths: ArrayLike | None = None
) -> list[NDArray[np.intp]]:
    """Part bands into groups of neighbours.

    Parameters
    ----------
    n_bands : int
        The number of bands.
    width : int, default=10
        The most bands of a group. Groups of a segment have the same width but for one band.
    wavelengths : array-like of shape (n_bands,), default=None
        In nm. With them, no group reaches over a gap or an overlap of detectors.

    Returns
    -------
    groups : list of ndarray of int
        The indices of the bands of each group.

    Examples
    --------
    >>> from skhyp.inspection import band_groups
    >>> [group.tolist() for group in band_groups(5, 2)]
    [[0, 1], [2, 3], [4]]
    >>> groups = band_groups(5, 2, wavelengths=[400, 410, 420, 800, 810])
    >>> [group.tolist() for group in groups]
    [[0, 1], [2], [3, 4]]
    """
    if wavelengths is not None:
        wavelengths = validate_wavelengths(wavelengths, n_bands)
    bands = np.arange(n_bands)
    return [
        group
        for segment in contiguous_segments(bands, wavelengths)
        for group in np.array_split(bands[segment], -(-len(bands[segment]) // width))
    ]


@validate_params(
    {
        "estimator": "no_validation",
        "X": ["array-like"],
        "y": ["array-like", None],
        "groups": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "wavelengths": ["array-like", None],
        "scoring": [str, callable, None],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def band_permutation_importance(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    groups: int | Sequence[ArrayLike] = 10,
    wavelengths: ArrayLike | None = None,
    scoring: str | Callable | None = None,
    n_repeats: int = 5,
    random_state: Any = None,
) -> BandImportance:
    """Measure how much a score loses where groups of neighbouring bands are permuted.

    The bands of a group are exchanged together between spectra, so that what they have in common
    stays, and its relation to all others goes.

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted.
    X : array-like of shape (n_spectra, n_bands)
        Spectra, best those of a test set: what a model has memorised is no importance.
    y : array-like of shape (n_spectra,), default=None
        Their classes; None for estimators that score without, such as
        :class:`~skhyp.SpectralAutoencoder`.
    groups : int or sequence of array-like of int, default=10
        The bands of each group, or the most that one has, see :func:`band_groups`.
    wavelengths : array-like of shape (n_bands,), default=None
        In nm; None takes those that X knows, or the estimator. Groups of a given width end at gaps.
    scoring : str, callable or None, default=None
        As in scikit-learn; None is the estimator's ``score``.
    n_repeats : int, default=5
        How many permutations of each group.
    random_state : int, RandomState instance or None, default=None
        What decides the permutations.

    Returns
    -------
    importance : BandImportance

    Raises
    ------
    ValueError
        If groups have bands that are not there or no bands, if X knows other wavelengths than the
        estimator, or if a parameter is not as described.

    See Also
    --------
    skhyp.plotting.BandImportanceDisplay : The importances over the wavelengths.
    sklearn.inspection.permutation_importance : Of single features.

    Notes
    -----
    For single features this is the method of [1]_. A permuted group makes spectra that nature does
    not, to which a model may be sensitive: a large loss is an upper bound of what it needs.

    References
    ----------
    .. [1] Breiman L., "Random forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skhyp.inspection import band_permutation_importance
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([1, 2], 50)
    >>> X = rng.normal(size=(100, 12))
    >>> X[:, 4:8] += 3 * y[:, np.newaxis]
    >>> model = LogisticRegression().fit(X, y)
    >>> importance = band_permutation_importance(model, X, y, groups=4, random_state=0)
    >>> int(np.argmax(importance.importances_mean))
    1
    """
    own, fitted = wavelengths_of(X), input_wavelengths(estimator)
    X = spectra_with(check_array(X, dtype="numeric"), own)
    if own is not None and fitted is not None and len(own) == len(fitted):
        _refuse_other_bands(own, fitted)
    check_consistent_length(X, y)
    if wavelengths is None:
        wavelengths = fitted if own is None else own
    else:
        wavelengths = validate_wavelengths(wavelengths, X.shape[1])
    if isinstance(groups, int | Integral):
        chosen = band_groups(X.shape[1], int(groups), wavelengths=wavelengths)
    else:
        chosen = [_validated_group(group, X.shape[1]) for group in groups]
    scorer = check_scoring(estimator, scoring=scoring)
    rng = check_random_state(random_state)
    score = float(scorer(estimator, X, y))
    importances = np.empty((len(chosen), n_repeats))
    for number, group in enumerate(chosen):
        permuted = X.copy()
        for repeat in range(n_repeats):
            permuted[:, group] = X[rng.permutation(len(X))][:, group]
            importances[number, repeat] = score - scorer(estimator, permuted, y)
    return BandImportance(chosen, importances, score, wavelengths)


def _refuse_other_bands(own: NDArray[np.float64], fitted: NDArray[np.float64]) -> None:
    if not are_same_bands(own, fitted):
        raise ValueError(
            "X has other bands than those that the estimator was fitted with: "
            f"{how_they_differ(own, fitted)} If they are the same and only called otherwise, "
            "pass numpy.asarray(X)."
        )


def _validated_group(group: ArrayLike, n_bands: int) -> NDArray[np.intp]:
    bands = np.asarray(group)
    if bands.ndim != 1 or not bands.size or bands.dtype.kind not in "iu":
        raise ValueError(f"groups must hold the bands of each group as integers; got {group!r}.")
    if bands.min() < 0 or bands.max() >= n_bands:
        raise ValueError(f"groups must have bands from 0 to {n_bands - 1}; got {group!r}.")
    return bands.astype(np.intp)
