"""What a classifier's views of the spectra learn before training, with weights and robustly.

All statistics are such that a row of weight 2 counts exactly as two rows, and a single row, how
ever bright, moves them by no more than any other.
"""

from typing import Any

import numpy as np

# Values beyond this many robust deviations from the median are moved there before averaging.
WINSOR_LIMIT = 10.0
_MAD_TO_DEVIATION = 1.4826

# The scatter within classes is shrunk towards a sphere by this share before it is evened out.
SHRINKAGE = 0.1


def learn_view_statistics(
    network: Any, X: np.ndarray, classes: np.ndarray, weights: np.ndarray, *, whitening: float
) -> np.ndarray:
    """Return the flat statistics of a classifier's views, learned from training spectra.

    Parameters
    ----------
    network : ConvClassifier
        Says which views there are.
    X : ndarray of shape (n, bands)
    classes : ndarray of int, shape (n,)
    weights : ndarray of shape (n,), positive
    whitening : float
        How far the view "whitened" evens out the scatter, from 0 to 1.
    """
    from .graph.inference import apply_rows
    from .graph.parameters import split

    # The views themselves are computed by the network, so that they are defined in one place:
    # first with neutral statistics, then with those already learned.
    statistics = np.zeros(sum(p.size for p in network.statistics), network.dtype)
    learned = split(statistics, network.statistics)
    for name, values in learned.items():
        if name.endswith("scale"):
            values[:] = 1
    nothing = np.zeros(sum(p.size for p in network.parameters), network.dtype)
    if "bands_mean" in learned:
        spectra = X.astype(network.dtype, copy=False)
        learned["bands_mean"][:], learned["bands_scale"][:] = robust_standardisation(
            spectra, weights
        )
    if "snv_mean" in learned:
        snv = apply_rows(network, "standard_normal_variate", nothing, statistics, X)
        learned["snv_mean"][:], learned["snv_scale"][:] = robust_standardisation(snv, weights)
    if "whitening" in learned:
        snv = apply_rows(network, "standard_normal_variate", nothing, statistics, X)
        learned["whitening"][:] = partial_whitening(
            snv, classes, weights, network.n_classes, power=whitening
        )
    return statistics


def robust_standardisation(X: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and deviation of each column after its outliers were pulled in.

    Parameters
    ----------
    X : ndarray of shape (n, columns)
    weights : ndarray of shape (n,), positive

    Returns
    -------
    mean, scale : ndarray of shape (columns,), float64
        A constant column has the scale 1.
    """
    centre = weighted_median(X, weights)
    spread = _MAD_TO_DEVIATION * weighted_median(np.abs(X - centre), weights)
    # Where half of the values are equal, the median deviation says nothing of the others.
    limit = np.where(spread > 0, WINSOR_LIMIT * spread, np.inf)
    pulled_in = np.clip(X, centre - limit, centre + limit)
    mean = np.average(pulled_in, axis=0, weights=weights)
    deviation = np.sqrt(np.average((pulled_in - mean) ** 2, axis=0, weights=weights))
    is_constant = deviation <= 10 * np.finfo(X.dtype).eps * np.abs(mean)
    return mean, np.where(is_constant, 1.0, deviation)


def weighted_median(X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the lower median of each column; a weight of 2 is a row repeated."""
    order = np.argsort(X, axis=0, kind="stable")
    share = np.cumsum(weights[order], axis=0, dtype=np.float64)
    # The first value at which half of the weight is reached, but for rounding.
    middle = (share >= 0.5 * share[-1] * (1 - 1e-12)).argmax(axis=0)
    rows = np.take_along_axis(order, middle[None, :], axis=0)
    return np.take_along_axis(X, rows, axis=0)[0]


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
    X = X.astype(np.float64)
    weights = weights / weights.sum(dtype=np.float64)
    class_weight = np.bincount(classes, weights, n_classes)
    sums = np.zeros((n_classes, X.shape[1]))
    np.add.at(sums, classes, weights[:, None] * X)
    means = sums / np.where(class_weight > 0, class_weight, 1)[:, None]
    residual = X - means[classes]
    scatter = (weights[:, None] * residual).T @ residual
    mean_variance = np.trace(scatter) / len(scatter)
    if mean_variance <= 0:
        return np.eye(len(scatter))
    variances, directions = np.linalg.eigh(scatter / mean_variance)
    shrunk = (1 - SHRINKAGE) * np.maximum(variances, 0) + SHRINKAGE
    whitening = (directions * shrunk ** (-power / 2)) @ directions.T
    mean_square = np.average(np.mean((X @ whitening) ** 2, axis=1), weights=weights)
    return whitening / np.sqrt(mean_square) if mean_square > 0 else whitening
