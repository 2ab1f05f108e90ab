"""Bands that are chosen: by a mask, by indices, by ranges of wavelengths, or as the nearest."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, validate_params


def select_bands(
    bands: ArrayLike | None,
    n_bands: int,
    wavelengths: np.ndarray | None = None,
    *,
    good_bands: np.ndarray | None = None,
) -> np.ndarray:
    """Return the indices of the bands to keep.

    Parameters
    ----------
    bands : None, array-like of bool, array-like of int, or sequence of (low, high)
        ``None`` keeps all; a mask of shape (n_bands,) keeps where it is true; integers keep the
        bands of those indices, in that order; pairs are wavelength ranges in nm, ends included,
        to drop.
    n_bands : int
        The number of bands of the spectra.
    wavelengths : ndarray of shape (n_bands,), optional
        In nm; needed for ranges.
    good_bands : ndarray of bool, shape (n_bands,), optional
        What ``None`` and ranges leave of; a mask and integers have the last word.

    Returns
    -------
    kept : ndarray of int, shape (n_kept,)

    Raises
    ------
    ValueError
        If the selection is none of these, names bands that are not there, names one twice, keeps
        none, or has ranges where the wavelengths are not known.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.wavelengths import select_bands
    >>> select_bands([(1300, 1400)], 4, np.array([1250., 1350., 1400., 1450.]))
    array([0, 3])
    """
    is_good = np.ones(n_bands, bool) if good_bands is None else good_bands
    if bands is None:
        return _some(np.flatnonzero(is_good))
    try:
        selection = np.asarray(bands)
    except ValueError:  # ragged: pairs beside indices
        selection = np.asarray(bands, dtype=object)
    if selection.ndim == 2 and selection.shape[1] == 2 and selection.dtype.kind in "iuf":
        outside = _outside_ranges(selection.astype(np.float64), wavelengths)
        kept = outside[is_good[outside]]
    elif selection.ndim == 1 and selection.dtype == bool:
        if len(selection) != n_bands:
            raise ValueError(
                f"bands as a mask must have one entry for each of the {n_bands} bands, "
                f"got {len(selection)}."
            )
        kept = np.flatnonzero(selection)
    elif selection.ndim == 1 and selection.dtype.kind in "iu":
        kept = selection.astype(np.intp)
        outside = kept[(kept < -n_bands) | (kept >= n_bands)]
        if outside.size:
            raise ValueError(
                f"bands has the index {outside[0]}, but there are {n_bands} bands: indices must "
                f"lie between {-n_bands} and {n_bands - 1}. Wavelength ranges are given as pairs, "
                "such as [(1340, 1450)]."
            )
        kept = kept % n_bands
        values, counts = np.unique(kept, return_counts=True)
        if counts.max(initial=0) > 1:
            raise ValueError(
                f"bands has the index {values[counts > 1][0]} twice; each band can be kept once."
            )
    elif selection.size == 0:
        kept = np.arange(0)
    else:
        raise ValueError(
            "bands must be None, a mask of booleans, indices of bands to keep, or pairs "
            f"(low, high) of wavelengths in nm to drop, got {bands!r}."
        )
    return _some(kept)


def _some(kept: np.ndarray) -> np.ndarray:
    if not len(kept):
        raise ValueError("bands keeps no band: at least one is needed.")
    return kept


def _outside_ranges(ranges: np.ndarray, wavelengths: np.ndarray | None) -> np.ndarray:
    if wavelengths is None:
        raise ValueError(
            "bands has wavelength ranges, but the wavelengths are not known: pass wavelengths, or "
            'a DataFrame whose columns are named like "450.5 nm".'
        )
    if not np.all(ranges[:, 0] <= ranges[:, 1]):
        raise ValueError(
            "bands must have ranges (low, high) whose low end is not above the high end, "
            f"got {ranges.tolist()}."
        )
    if ranges.max() < 100:
        raise ValueError(
            f"bands has ranges up to {ranges.max():g} nm: these look like micrometres; multiply "
            "them by 1000."
        )
    is_dropped = np.zeros(len(wavelengths), dtype=bool)
    for low, high in ranges:
        is_dropped |= (wavelengths >= low) & (wavelengths <= high)
    return np.flatnonzero(~is_dropped)


@validate_params(
    {
        "wavelengths": ["array-like"],
        "targets": ["array-like", Real],
        "tolerance": [Interval(Real, 0, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def nearest_bands(
    wavelengths: ArrayLike, targets: ArrayLike, *, tolerance: float | None = None
) -> np.ndarray:
    """Find the bands nearest to some wavelengths.

    Parameters
    ----------
    wavelengths : array-like of shape (n_bands,)
        The centres of the bands in nanometres, in any order.
    targets : float or array-like of any shape
        The wavelengths wanted, in nanometres.
    tolerance : float, default=None
        The largest distance allowed, in nanometres. None allows any, even for targets outside what
        the sensor sees.

    Returns
    -------
    indices : ndarray of the shape of `targets`
        The index of the nearest band; of two that are as near, the first.

    Raises
    ------
    ValueError
        If a wavelength is not finite, or if no band is within `tolerance` of a target.

    Examples
    --------
    >>> from skhyp.wavelengths import nearest_bands
    >>> nearest_bands([450.0, 550.0, 650.0, 640.0, 750.0], [640, 560, 450])
    array([3, 1, 0])
    """
    wavelengths = check_array(
        wavelengths, dtype=np.float64, ensure_2d=False, input_name="wavelengths"
    )
    if wavelengths.ndim != 1:
        raise ValueError(f"wavelengths must have one dimension; got shape {wavelengths.shape}.")
    targets = np.asarray(targets, dtype=np.float64)
    if not np.isfinite(targets).all():
        raise ValueError(f"targets must be finite wavelengths; got {targets}.")
    distances = np.abs(targets[..., np.newaxis] - wavelengths)
    indices = np.argmin(distances, axis=-1)
    if tolerance is not None and np.any(missed := np.min(distances, axis=-1) > tolerance):
        raise ValueError(
            f"targets must be within {tolerance} nm of a band; {np.atleast_1d(targets[missed])} "
            f"are not. The bands span {wavelengths.min()} to {wavelengths.max()} nm."
        )
    return np.asarray(indices)
