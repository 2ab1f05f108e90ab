"""Wavelengths of bands: how feature names carry them, and where a spectrum is contiguous.

Wavelengths are in nanometres throughout. They need not rise from band to band: where the spectra
of two detectors overlap, real lists step back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, validate_params

from skhyp._warnings import warn_user

from ._spectral_units import wavelength_of_text, wavelengths_without_unit

_NAME = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) nm(?: \(band \d+\))?")

# So many that fall in even steps, from beyond this, look like the wavenumbers of a spectrometer.
_LEAST_WAVENUMBERS = 10
_LONGEST_COMMON_NM = 2600

# A step between neighbouring bands of more than this many median steps is a gap.
GAP_IN_MEDIAN_STEPS = 2.5

# Bands whose centres are no farther apart are the same: files round, and sensors are recalibrated.
WAVELENGTH_TOLERANCE_NM = 0.5


def validate_wavelengths(wavelengths: ArrayLike, n_bands: int) -> np.ndarray:
    """Return the wavelengths as a float array, after checking number, sign and unit.

    Parameters
    ----------
    wavelengths : array-like of shape (n_bands,)
        In nm, in the order of the bands.
    n_bands : int
        The number of bands of the spectra they belong to.

    Returns
    -------
    wavelengths : ndarray of shape (n_bands,), float64

    Raises
    ------
    ValueError
        If there are not ``n_bands`` of them, if one is not a positive finite number, or if all are
        below 100, which are micrometres.

    Examples
    --------
    >>> from skhyp.wavelengths import validate_wavelengths
    >>> validate_wavelengths([450, 550, 650], n_bands=3)
    array([450., 550., 650.])
    """
    try:
        values = np.asarray(wavelengths, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"wavelengths must be numbers in nm, got {wavelengths!r}.") from error
    if values.shape != (n_bands,):
        raise ValueError(
            f"wavelengths must have one entry for each of the {n_bands} bands, "
            f"got an array of shape {values.shape}. Spectra that lack a scene's bad bands, as from "
            "skhyp.scenes.labelled_pixels, know theirs: leave wavelengths=None for these."
        )
    is_wavelength = np.isfinite(values) & (values > 0)
    if not is_wavelength.all():
        raise ValueError(
            f"wavelengths must be positive finite numbers in nm, got {values[~is_wavelength][0]}."
        )
    _warn_of_wavenumbers(values)
    if values.max() < 100:
        raise ValueError(
            f"wavelengths must be in nm, got {values.min():g} to {values.max():g}: these look like "
            "micrometres; multiply them by 1000."
        )
    return values


def _warn_of_wavenumbers(values: np.ndarray) -> None:
    """Warn of a list that falls, evenly, from beyond what sensors of wavelengths mostly see."""
    if len(values) < _LEAST_WAVENUMBERS or values.max() < _LONGEST_COMMON_NM:
        return
    steps = np.diff(values)
    if steps.max() < 0 and np.ptp(steps) <= 0.01 * abs(steps.mean()):
        warn_user(
            f"wavelengths fall in even steps from {values[0]:g} to {values[-1]:g}, as wavenumbers "
            "do. They are taken for nm; if they are in cm-1, pass 1e7 / wavenumbers."
        )


def are_same_bands(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two lists of wavelengths are those of the same bands, in the same order.

    Parameters
    ----------
    first, second : ndarray of shape (n_bands,)
        In nm.

    Returns
    -------
    are_same : bool
        Whether there are as many, and none are more than 0.5 nm apart.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.wavelengths import are_same_bands
    >>> are_same_bands(np.array([450.0, 550.0]), np.array([450.3, 550.0]))
    True
    """
    return len(first) == len(second) and bool(
        np.all(np.abs(first - second) <= WAVELENGTH_TOLERANCE_NM)
    )


def wavelength_names(wavelengths: ArrayLike) -> np.ndarray:
    """Return a feature name for each wavelength, such as "450.5 nm".

    Parameters
    ----------
    wavelengths : array-like of shape (n_bands,)
        In nm.

    Returns
    -------
    names : ndarray of str, shape (n_bands,)
        All different: bands that share a wavelength also carry their position.

    Examples
    --------
    >>> from skhyp.wavelengths import wavelength_names
    >>> wavelength_names([450.5, 550.0]).tolist()
    ['450.5 nm', '550 nm']
    """
    names = [f"{value:.8g} nm" for value in np.asarray(wavelengths, dtype=np.float64)]
    return np.array(
        [f"{name} (band {i})" if names.count(name) > 1 else name for i, name in enumerate(names)],
        dtype=object,
    )


def wavelengths_from_names(names: Sequence[str] | None) -> np.ndarray | None:
    """Return the wavelengths that feature names carry, or None where one carries none.

    A name carries one number with a unit, wherever it stands: "450.5 nm", "X450nm", "B1 (0.45 um)".
    Without a unit, names are numbers, or numbers after one such as "X" or "wl": "450.5", "X1100".
    "x210" is none: columns of arrays are called so by their numbers.
    These are in nm if all lie within 200 to 2600, do not fall, and do not count bands: 1, 2, 3, ...
    nowhere, and 350, 351, 352, ... only if there are 100 or more.

    Parameters
    ----------
    names : sequence of str, or None
        Feature names.

    Returns
    -------
    wavelengths : ndarray of shape (n_bands,) or None
        In nm.

    Examples
    --------
    >>> from skhyp.wavelengths import wavelengths_from_names
    >>> wavelengths_from_names(["450.5 nm", "550 nm"])
    array([450.5, 550. ])
    >>> wavelengths_from_names(["X1100", "X1102"])
    array([1100., 1102.])
    >>> wavelengths_from_names(["red", "green"]) is None
    True
    """
    if names is None:
        return None
    found = [_wavelength_of_name(str(name)) for name in names]
    if found and None not in found:
        return np.array(found, np.float64)
    return wavelengths_without_unit([str(name) for name in names])


def _wavelength_of_name(name: str) -> float | None:
    match = _NAME.fullmatch(name)
    return wavelength_of_text(name) if match is None else float(match[1])


def contiguous_segments(
    band_indices: ArrayLike, wavelengths: ArrayLike | None = None
) -> list[slice]:
    """Return the runs of kept bands within which a filter or a hull may be taken.

    A run ends where bands between were dropped and, if wavelengths are known, where they step
    back (detectors overlap) or leap by more than 2.5 median steps (bands were removed earlier).
    Bands that are kept in the order of their wavelengths are one run although that is not the
    order of their indices.

    Parameters
    ----------
    band_indices : array-like of int, shape (n_kept,)
        Indices of the kept bands in the original spectrum, in the order they are kept.
    wavelengths : array-like of shape (n_kept,), optional
        Wavelengths of the kept bands in nm.

    Returns
    -------
    segments : list of slice
        They cover the kept bands in order.

    Examples
    --------
    >>> from skhyp.wavelengths import contiguous_segments
    >>> contiguous_segments([0, 1, 2, 5, 6])
    [slice(0, 3, None), slice(3, 5, None)]
    >>> contiguous_segments([0, 1, 2, 3], wavelengths=[670, 680, 665, 675])
    [slice(0, 2, None), slice(2, 4, None)]
    """
    indices = np.asarray(band_indices)
    if wavelengths is None or len(indices) < 2:
        is_break = np.diff(indices) != 1
    else:
        steps = np.diff(np.asarray(wavelengths, dtype=np.float64))
        steps *= np.sign(np.median(steps)) or 1  # a list may also fall from the first to the last
        is_break = (steps <= 0) | (steps > GAP_IN_MEDIAN_STEPS * np.median(np.abs(steps)))
        # Where all bands between two were kept, elsewhere, as many ranks as indices lie between.
        ranks = np.argsort(np.argsort(indices))
        is_break |= np.abs(np.diff(indices)) != np.abs(np.diff(ranks))
    edges = [0, *(np.flatnonzero(is_break) + 1).tolist(), len(indices)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


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
