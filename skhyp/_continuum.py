"""The continuum of a spectrum: its upper convex hull over wavelength."""

from collections.abc import Sequence

import numpy as np

_CHUNK_ROWS = 4096


def remove_continuum(
    X: np.ndarray,
    bands: np.ndarray,
    positions: np.ndarray,
    segments: Sequence[slice],
    dtype: str,
) -> np.ndarray:
    """Return the ``bands`` of spectra over their upper convex hull, segment by segment.

    Values below zero count as zero. Where the hull is zero there is nothing to absorb: the result
    is 1, as on the hull itself. Rows with a NaN come out as NaN.

    ``positions`` are wavelengths or band numbers; within a segment they rise or fall throughout.
    """
    result = np.empty((len(X), len(bands)), dtype)
    for start in range(0, len(X), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        chunk = np.maximum(X[rows][:, bands].astype(dtype, copy=False), 0)
        for segment in segments:
            spectra = chunk[:, segment]
            hull = _upper_hull(spectra, positions[segment])
            is_positive = hull > 0
            ratio = np.divide(spectra, hull, out=np.ones_like(spectra), where=is_positive)
            result[rows, segment] = np.where(np.isnan(spectra), np.nan, np.minimum(ratio, 1))
    return result


def _upper_hull(spectra: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the upper convex hull of every row at every band.

    Andrew's monotone chain, one band at a time for all rows at once: each row has a stack of hull
    points, and points that lie under the chord to the new one are taken off.
    """
    n_rows, n_bands = spectra.shape
    x = np.abs(positions - positions[0]).astype(np.float64)
    # Over the largest value, so that products of differences cannot overflow.
    largest = spectra.max(axis=1, keepdims=True, initial=0)
    y = spectra.astype(np.float64) / np.where(largest > 0, largest, 1)
    stack = np.zeros((n_rows, n_bands), dtype=np.intp)
    top = np.zeros(n_rows, dtype=np.intp)
    all_rows = np.arange(n_rows)
    for band in range(1, n_bands):
        rows = all_rows[top >= 1]
        while rows.size:
            last, before = stack[rows, top[rows]], stack[rows, top[rows] - 1]
            rise_to_last = (y[rows, last] - y[rows, before]) * (x[band] - x[before])
            rise_to_band = (y[rows, band] - y[rows, before]) * (x[last] - x[before])
            rows = rows[rise_to_last <= rise_to_band]
            top[rows] -= 1
            rows = rows[top[rows] >= 1]
        top += 1
        stack[all_rows, top] = band
    is_on_hull = np.zeros((n_rows, n_bands), dtype=bool)
    on_stack = np.arange(n_bands) <= top[:, None]
    is_on_hull[np.nonzero(on_stack)[0], stack[on_stack]] = True
    bands = np.arange(n_bands)
    left = np.maximum.accumulate(np.where(is_on_hull, bands, 0), axis=1)
    right = np.minimum.accumulate(np.where(is_on_hull, bands, n_bands - 1)[:, ::-1], axis=1)[
        :, ::-1
    ]
    y_left = np.take_along_axis(y, left, axis=1)
    y_right = np.take_along_axis(y, right, axis=1)
    width = x[right] - x[left]
    share = np.divide(x - x[left], width, out=np.zeros_like(y), where=width > 0)
    hull = (y_left + share * (y_right - y_left)) * largest
    return np.where(is_on_hull, spectra, hull).astype(spectra.dtype)
