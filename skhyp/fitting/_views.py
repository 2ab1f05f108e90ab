"""What a network's views of the spectra learn before training, with weights and robustly.

A row of weight 2 counts exactly as two rows. A single row, however bright, moves means and
deviations no more than a row ten robust deviations away, and the scatter within a bounded range.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from skhyp.inputs._savitzky_golay import savitzky_golay_matrix

# Values beyond this many robust deviations from the median are moved there before averaging.
WINSOR_LIMIT = 10.0
_MAD_TO_DEVIATION = 1.4826
_CHUNK_ROWS = 4096
_BANDS_AT_ONCE = 64
DERIVATIVE_ORDERS = {"slope": 1, "curvature": 2}
# The windows of derivatives: as wide as the absorptions that chemistry has, and not of noise alone.
_WINDOW_NM = 30.0
_LEAST_WINDOW = 5

# The scatter within classes is shrunk towards a sphere by this share before it is evened out.
SHRINKAGE = 0.1


def learn_view_statistics(
    network: Any,
    X: np.ndarray,
    weights: np.ndarray,
    *,
    classes: np.ndarray | None = None,
    whitening: float = 0.0,
    filters: Mapping[str, np.ndarray] | None = None,
    relit: np.ndarray | None = None,
) -> np.ndarray:
    """Return the flat statistics of a network's views, learned from training spectra.

    What is no statistic of a view is neutral.

    Parameters
    ----------
    network : ConvBody
        Says which views there are.
    X : ndarray of shape (n, bands)
    weights : ndarray of shape (n,), positive
    classes : ndarray of int, shape (n,)
        For the view "whitened".
    whitening : float
        How far the view "whitened" evens out the scatter, from 0 to 1.
    filters : dict of str to ndarray of shape (bands, bands)
        Of those views that are derivatives, by their names.
    relit : ndarray of shape (n, bands), default=None
        X in other light: its scatter within classes is evened out too.
    """
    from skhyp.graph.conditioning import apply_conditioning
    from skhyp.graph.parameters import split, vector_size

    # The views themselves are computed by the network, so that they are defined in one place:
    # first with neutral statistics, then with those already learned.
    statistics = np.zeros(vector_size(network.statistics), network.dtype)
    learned = split(statistics, network.statistics)
    for name, values in learned.items():
        if name.endswith("scale"):
            values[:] = 1
    if "bands_mean" in learned:
        learned["bands_mean"][:], learned["bands_scale"][:] = robust_standardisation(X, weights)
        # TensorFlow takes such bands for zero, and constant.
        is_too_small = learned["bands_scale"] < np.finfo(network.dtype).tiny
        learned["bands_scale"][is_too_small] = 1
    if "snv_mean" in learned:
        snv = apply_conditioning(network, "standard_normal_variate", statistics, X)
        learned["snv_mean"][:], learned["snv_scale"][:] = robust_standardisation(snv, weights)
    if "whitening" in learned:
        snv = apply_conditioning(network, "standard_normal_variate", statistics, X)
        assert classes is not None
        if relit is not None:
            in_other_light = apply_conditioning(
                network, "standard_normal_variate", statistics, relit
            )
            snv = np.concatenate([snv, in_other_light])
            weights = np.concatenate([weights, weights])
            classes = np.concatenate([classes, classes])
        learned["whitening"][:] = partial_whitening(
            snv, classes, weights, network.n_classes, power=whitening
        )
    for view, matrix in (filters or {}).items():
        learned[f"{view}_filter"][:] = matrix
        derivative = apply_conditioning(network, "derivative", statistics, X, view=view)
        mean, scale = robust_standardisation(derivative, weights)
        learned[f"{view}_mean"][:], learned[f"{view}_scale"][:] = mean, scale
    return statistics


def derivative_filter(
    view: str, wavelengths: np.ndarray | None, segments: np.ndarray, n_bands: int
) -> np.ndarray:
    """Return the filter of the view "slope" or "curvature" as a matrix (bands in, bands out).

    Polynomials of the second order are fitted to windows of some 30 nm, of 5 bands or more; where
    wavelengths are not known, of 5 bands or a 50th of them. Derivatives are per band in the mean.
    """
    positions, window = np.arange(n_bands, dtype=np.float64), n_bands / 50
    if wavelengths is not None and n_bands > 1:
        step = np.median(np.abs(np.diff(wavelengths)))
        if step > 0:
            positions, window = wavelengths / step, _WINDOW_NM / step
    window = max(_LEAST_WINDOW, 2 * round((window - 1) / 2) + 1)  # the nearest odd number
    matrix = np.zeros((n_bands, n_bands))
    for start, stop in segments.tolist():
        part = slice(start, stop)
        matrix[part, part] = savitzky_golay_matrix(
            positions[part], window, 2, DERIVATIVE_ORDERS[view]
        )
    return matrix


def robust_standardisation(
    X: np.ndarray, weights: np.ndarray, *, rounding: float = 10 * float(np.finfo(np.float32).eps)
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and deviation of each column after its outliers were pulled in.

    Parameters
    ----------
    X : ndarray of shape (n, columns)
    weights : ndarray of shape (n,), positive
    rounding : float
        A column whose deviation is no more than so much of its mean is constant.

    Returns
    -------
    mean, scale : ndarray of shape (columns,), float64
        A constant column has the scale 1.
    """
    mean, scale = np.empty(X.shape[1]), np.empty(X.shape[1])
    for bands in gen_batches(X.shape[1], _BANDS_AT_ONCE):
        # In the order of rows, whatever that of X, so that all are summed up alike.
        values = X[:, bands].astype(np.float64, order="C")
        # Over a power of two, which is exact: the squares neither overflow nor vanish.
        exponent = np.frexp(np.abs(values).max(axis=0))[1]
        values = np.ldexp(values, -exponent)
        centre = _weighted_quantiles(values, weights, 0.5)
        limit = WINSOR_LIMIT * _robust_deviations(np.abs(values - centre), weights)
        values = np.clip(values, centre - limit, centre + limit)
        means = np.average(values, axis=0, weights=weights)
        scales = np.sqrt(np.average((values - means) ** 2, axis=0, weights=weights))
        is_constant = scales <= rounding * np.abs(means)
        mean[bands] = np.ldexp(means, exponent)
        scale[bands] = np.where(is_constant, 1.0, np.ldexp(scales, exponent))
    return mean, scale


def _robust_deviations(distances: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median distances as deviations; of those above zero, if half of them are zero."""
    medians = _weighted_quantiles(distances, weights, 0.5)
    for band in np.flatnonzero(medians == 0):
        if (is_apart := distances[:, band] > 0).any():
            medians[band] = weighted_quantile(distances[is_apart, band], weights[is_apart], 0.5)
    return _MAD_TO_DEVIATION * medians


def _weighted_quantiles(values: np.ndarray, weights: np.ndarray, quantile: float) -> np.ndarray:
    """Return :func:`weighted_quantile` of each column."""
    order = np.argsort(values, axis=0, kind="stable")
    share = np.cumsum(weights[order], axis=0, dtype=np.float64)
    reached = np.count_nonzero(share < quantile * share[-1] * (1 - 1e-12), axis=0)
    columns = np.arange(values.shape[1])
    return values[order[reached, columns], columns]


def weighted_quantile(values: np.ndarray, weights: np.ndarray, quantile: float) -> float:
    """Return the least value at which this share of the weight is reached.

    A value of weight 2 is a value repeated: the result is the same, to the last bit.
    """
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order], dtype=np.float64)
    # But for rounding, so that a share that is met exactly counts as reached.
    reached = np.searchsorted(share, quantile * share[-1] * (1 - 1e-12))
    return values[order[reached]]


def partial_whitening(
    X: np.ndarray, classes: np.ndarray, weights: np.ndarray, n_classes: int, *, power: float
) -> np.ndarray:
    """Return the symmetric matrix that evens out, in part, the scatter within classes.

    Directions in which spectra of one class differ much are damped and those in which they agree
    are raised; the bands keep their places, so that filters over neighbours keep their sense
    (zero-phase whitening, to a fractional power).

    Parameters
    ----------
    X : ndarray of shape (n, bands)
        Standardised.
    classes : ndarray of int, shape (n,)
    weights : ndarray of shape (n,), positive
    n_classes : int
    power : float
        0 evens out nothing, 1 all: the matrix is the scatter to the power ``-power / 2``.

    Returns
    -------
    whitening : ndarray of shape (bands, bands), float64
        Scaled such that the whitened training spectra have unit mean square.
    """
    n_bands = X.shape[1]
    weights = weights / weights.sum(dtype=np.float64)
    class_weight = np.bincount(classes, weights, n_classes)
    sums = np.stack(
        [np.bincount(classes, weights * X[:, band], n_classes) for band in range(n_bands)]
    )
    means = (sums / np.where(class_weight > 0, class_weight, 1)).T
    # The scatter of all spectra, and what of it lies within the classes, chunk by chunk.
    total, scatter = np.zeros((n_bands, n_bands)), np.zeros((n_bands, n_bands))
    for rows in gen_batches(len(X), _CHUNK_ROWS):
        spectra = X[rows].astype(np.float64)
        residual = spectra - means[classes[rows]]
        total += (weights[rows, None] * spectra).T @ spectra
        scatter += (weights[rows, None] * residual).T @ residual
    mean_variance = np.trace(scatter) / len(scatter)
    if mean_variance <= 0:
        return np.eye(len(scatter))
    variances, directions = np.linalg.eigh(scatter / mean_variance)
    shrunk = (1 - SHRINKAGE) * np.maximum(variances, 0) + SHRINKAGE
    whitening = (directions * shrunk ** (-power / 2)) @ directions.T
    mean_square = np.trace(whitening @ total @ whitening) / n_bands
    return whitening / np.sqrt(mean_square) if mean_square > 0 else whitening
