"""Vertex component analysis: the purest pixels, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skhyp.inputs._band_moments import Blocks, Moments, moments_of

from ._extracted import ExtractedEndmembers, blocks_of_rows, refuse_too_few, validate_number
from ._projected_pixels import ProjectedPixels, leading_directions

# Coordinates of pixels, with one more of them or brought to one brightness.
Lifting = Callable[[NDArray[np.float64]], NDArray[np.float64]]

# Nascimento and Dias's bound between their two projections: so many dB, and ten times the
# logarithm of the number of endmembers.
_BOUND_DB = 15.0
# Pixels darker than this share of the mean are not projected by their brightness.
_DARKEST = 1e-3
# What is left of a pixel beside those that were found is rounding, below this share of the largest.
_ROUNDING = 1e-9


def vca(
    X: ArrayLike, n_endmembers: int, *, random_state: int | np.random.RandomState | None = None
) -> ExtractedEndmembers:
    """Return the purest spectra by vertex component analysis.

    Mixed spectra lie in a simplex, whose vertices are the endmembers. Each step takes the pixel
    that lies farthest in a random direction at right angles to the ones that were taken [1]_. For
    each endmember there must be a pixel of nothing else.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
        Complete spectra, not scaled each by itself.
    n_endmembers : int
        How many: 2 to the number of bands and one. See :func:`signal_subspace`.
    random_state : int, RandomState instance or None, default=None
        Draws the directions. Pass an int for the same endmembers each time.

    Returns
    -------
    spectra : ndarray of shape (n_endmembers, n_bands), float64
        Those of the pixels on the directions in which all of them vary most: with less noise.
    indices : ndarray of int, shape (n_endmembers,)
        The numbers of these pixels, row by row of a cube: ``X[indices]`` are as measured.

    Raises
    ------
    ValueError
        If X or a parameter is not as described, or if X has fewer different endmembers.

    See Also
    --------
    n_findr : The pixels between which the volume is largest.

    Notes
    -----
    With a signal-to-noise ratio above 15 + 10 log10(n_endmembers) dB, estimated as in [1]_, pixels
    are brought to one brightness before, so that light which differs from pixel to pixel is no
    endmember; pixels a thousand times darker than the mean are not taken then. That makes noise
    of what is dark, such as water, as large as signal: if several endmembers are alike and dark,
    :func:`n_findr` may be better. Below that ratio, the principal components of the pixels are used
    as they are.

    References
    ----------
    .. [1] Nascimento J. M. P., Dias J. M. B., "Vertex component analysis: a fast algorithm to
       unmix hyperspectral data", IEEE Transactions on Geoscience and Remote Sensing 43(4), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.endmembers import vca
    >>> rng = np.random.default_rng(0)
    >>> pure = rng.uniform(size=(3, 50))
    >>> shares = rng.dirichlet(np.ones(3), 500)
    >>> shares[[7, 70, 400]] = np.eye(3)
    >>> spectra, indices = vca(shares @ pure, 3, random_state=0)
    >>> sorted(indices.tolist())
    [7, 70, 400]
    """
    blocks, n_bands = blocks_of_rows(X)
    moments = moments_of(blocks)
    validate_number(n_endmembers, n_bands, moments.n_spectra)
    return vertices_of(blocks, moments, n_endmembers, check_random_state(random_state))


def vertices_of(
    blocks: Blocks, moments: Moments, n_endmembers: int, rng: np.random.RandomState
) -> ExtractedEndmembers:
    """Return the purest of the spectra in blocks, as :func:`vca` does."""
    bound = _BOUND_DB + 10 * np.log10(n_endmembers)
    n_bands = len(moments.mean)
    if n_endmembers > n_bands or signal_to_noise_db(moments, n_endmembers) < bound:
        return vertices_among(principal_components(blocks, moments, n_endmembers), rng)[0]
    directions = leading_directions(moments.correlation, n_endmembers)
    pixels = ProjectedPixels(blocks, np.zeros(n_bands), directions)
    middle = moments.mean @ directions
    darkest = _DARKEST * (middle @ middle)

    def of_one_brightness(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        brightness = coordinates @ middle
        is_bright = brightness > darkest
        safe = np.where(is_bright, brightness, 1.0)
        return np.where(is_bright[:, np.newaxis], coordinates / safe[:, np.newaxis], 0.0)

    return _vertices(pixels, of_one_brightness, n_endmembers, rng)


def principal_components(blocks: Blocks, moments: Moments, n_endmembers: int) -> ProjectedPixels:
    """Return pixels on as many principal components as a simplex of so many vertices has."""
    directions = leading_directions(moments.covariance, n_endmembers - 1)
    return ProjectedPixels(blocks, moments.mean, directions)


def vertices_among(
    pixels: ProjectedPixels, rng: np.random.RandomState
) -> tuple[ExtractedEndmembers, NDArray[np.float64]]:
    """Return the purest of pixels on principal components, and their coordinates there."""
    height = np.sqrt(pixels.largest(lambda found: np.square(found).sum(axis=1))[2])

    def lifted(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([coordinates, np.full(len(coordinates), height)])

    found = _vertices(pixels, lifted, pixels.directions.shape[1] + 1, rng)
    return found, (found.spectra - pixels.origin) @ pixels.directions


def _vertices(
    pixels: ProjectedPixels, lifted: Lifting, n_endmembers: int, rng: np.random.RandomState
) -> ExtractedEndmembers:
    basis = np.zeros((n_endmembers, n_endmembers))
    basis[-1, 0] = 1.0
    found, indices, largest = [], [], 0.0
    for step in range(n_endmembers):
        drawn = rng.standard_normal(n_endmembers)
        direction = drawn - basis @ (np.linalg.pinv(basis) @ drawn)
        direction /= np.linalg.norm(direction)
        index, coordinates, distance = pixels.largest(partial(_distance, lifted, direction))
        largest = max(largest, distance)
        if distance <= _ROUNDING * largest or index in indices:
            refuse_too_few(max(step, 1), n_endmembers)
        basis[:, step] = lifted(coordinates[np.newaxis])[0]
        found.append(coordinates)
        indices.append(index)
    return ExtractedEndmembers(pixels.spectra(np.stack(found)), np.array(indices))


def _distance(
    lifted: Lifting, direction: NDArray[np.float64], coordinates: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.abs(lifted(coordinates) @ direction)


def signal_to_noise_db(moments: Moments, n_endmembers: int) -> float:
    """Return the signal-to-noise ratio in dB, if there are so many endmembers.

    What lies beside the leading principal components is noise, and as much of it in each of these.
    """
    n_bands = len(moments.mean)
    power = np.trace(moments.correlation)
    directions = leading_directions(moments.covariance, n_endmembers)
    mean_power = moments.mean @ moments.mean
    kept = np.trace(directions.T @ moments.covariance @ directions) + mean_power
    noise = power - kept
    signal = kept - n_endmembers / n_bands * power
    if noise <= np.finfo(float).eps * power:
        return np.inf
    return float(10 * np.log10(signal / noise)) if signal > 0 else -np.inf
