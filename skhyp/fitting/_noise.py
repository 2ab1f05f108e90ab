"""The covariance of noise: from spectra that would be equal without it, or along the spectrum."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Blocks = Callable[[], Iterator[NDArray[np.float64]]]

# The lengths of so many differences are kept at most: of more, of every second, fourth, ...
_MOST_LENGTHS = 2**22
# Directions with less of the noise than this, beside those with most, are none.
_LEAST_VARIANCE = 1e-12


def noise_of_pairs(
    differences: Blocks, n_bands: int, trim: float
) -> tuple[NDArray[np.float64], int]:
    """Return the covariance of noise and the number of differences that it was taken from.

    Half the second moments of differences between spectra, the longest of which are no noise but
    edges; those of zero are left out too, as resampled images repeat their pixels.

    Parameters
    ----------
    differences : callable
        Returns an iterator over blocks (n, bands), the same ones each time.
    n_bands : int
    trim : float
        The share of the longest that is left out.
    """
    limit = _longest(differences, trim)
    moments, n_taken = np.zeros((n_bands, n_bands)), 0
    for block in differences():
        lengths = _lengths(block)
        taken = block[(lengths > 0) & (lengths <= limit)]
        moments += taken.T @ taken
        n_taken += len(taken)
    return moments / (2 * max(n_taken, 1)), n_taken


def _lengths(block: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.einsum("nb,nb->n", block, block))


def _longest(differences: Blocks, trim: float) -> float:
    """Return the length that the share 1 - trim of the differences does not exceed."""
    kept: list[NDArray[np.float64]] = []
    step, n_seen = 1, 0
    for block in differences():
        kept.append(_lengths(block)[-n_seen % step :: step])
        n_seen += len(block)
        if sum(map(len, kept)) > _MOST_LENGTHS:
            kept, step = [np.concatenate(kept)[::2]], 2 * step
    lengths = np.concatenate([*kept, np.zeros(0)])
    lengths = lengths[lengths > 0]
    return float(np.quantile(lengths, 1 - trim)) if len(lengths) else 0.0


def noise_along_spectra(
    blocks: Blocks, segments: NDArray[np.intp], n_bands: int
) -> NDArray[np.float64]:
    """Return a diagonal covariance: by how much bands differ from the mean of their neighbours.

    Bands at the ends of a segment are compared with the one neighbour that they have; those that
    have none are given the mean variance of the others.
    """
    weights = np.zeros((n_bands, n_bands))
    for start, stop in segments.tolist():
        for band in range(start, stop):
            beside = [other for other in (band - 1, band + 1) if start <= other < stop]
            if beside:
                weights[band, beside] = 1 / len(beside)
    is_compared = weights.any(axis=1)
    squares, n_spectra = np.zeros(n_bands), 0
    for block in blocks():
        squares += np.square(block - block @ weights.T).sum(axis=0)
        n_spectra += len(block)
    # Independent noise of equal variance is in the difference so many times.
    variances = squares / n_spectra / (1 + np.square(weights).sum(axis=1))
    variances[~is_compared] = variances[is_compared].mean() if is_compared.any() else 0.0
    return np.diag(variances)


def whitening_of(
    covariance: NDArray[np.float64], shrinkage: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the symmetric matrix that evens noise out, and its inverse.

    The covariance is shrunk towards a sphere of the same mean variance before.
    """
    mean_variance = np.trace(covariance) / len(covariance)
    variances, directions = np.linalg.eigh(covariance / mean_variance)
    variances = (1 - shrinkage) * np.maximum(variances, 0) + shrinkage
    deviations = np.sqrt(mean_variance * np.maximum(variances, _LEAST_VARIANCE))
    return (directions / deviations) @ directions.T, (directions * deviations) @ directions.T
