"""Savitzky-Golay filters over bands that need not be evenly spaced."""

import math

import numpy as np
from numpy.typing import NDArray


def savitzky_golay_matrix(
    positions: NDArray[np.float64], window_length: int, polyorder: int, deriv: int
) -> NDArray[np.float64]:
    """Return the filter of one contiguous segment as a matrix: it is linear in the spectrum.

    A polynomial is fitted to the bands of a window by least squares and taken, or its derivative,
    at the band in the middle; at the ends of the segment, at each band of the last window. Where
    bands are evenly spaced these are the weights of Savitzky and Golay.

    Parameters
    ----------
    positions : ndarray of shape (n_bands,)
        Wavelengths, rising or falling, or numbers of bands.
    window_length : int, odd
        Bands of a window, cut to what the segment has.
    polyorder, deriv : int
        The order of the polynomial, cut to what the window determines, and of the derivative.

    Returns
    -------
    matrix : ndarray of shape (n_bands, n_bands)
        Bands in, bands out. Derivatives are per unit of the positions.
    """
    n_bands = len(positions)
    window = min(window_length, n_bands - 1 + n_bands % 2)
    order = min(polyorder, window - 1)
    matrix = np.zeros((n_bands, n_bands))
    if deriv > order:
        return matrix
    bands = np.arange(n_bands)
    starts = np.clip(bands - window // 2, 0, n_bands - window)
    members = starts[:, np.newaxis] + np.arange(window)
    distances = positions[members] - positions[:, np.newaxis]
    # In units of the farthest band, so that powers of distances are of one size.
    unit = np.abs(distances).max(axis=1) if window > 1 else np.ones(n_bands)
    powers = (distances / unit[:, np.newaxis])[..., np.newaxis] ** np.arange(order + 1)
    weights = math.factorial(deriv) * np.linalg.pinv(powers)[:, deriv]
    matrix[members, bands[:, np.newaxis]] = weights / unit[:, np.newaxis] ** deriv
    return matrix
