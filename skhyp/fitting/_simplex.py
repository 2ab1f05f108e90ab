"""Where the fit of a simplex to spectra begins: its frame, first corners, and noise."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# Rows that are made float64 at once.
_BLOCK_ROWS = 2**14
# Along axes with less than this share of the variance there is rounding, and nothing else.
_LEAST_VARIANCE = 1e-9
# Spectra, which are of size one, whose variance is less than this in all are taken to have as much.
_LEAST_TOTAL = 1e-4
# A simplex whose corners are flatter than this, beside the spread of the data, is none.
_LEAST_DETERMINANT = 1e-3


class SimplexFrame(NamedTuple):
    """What spectra are described by: a center, axes at unit variance, and first corners.

    ``noise_variances`` are those of the noise along the axes, in units of the data's there;
    ``volume_weight`` is what the logarithm of the volume counts beside a mean loss.
    """

    corners: Floats
    axes: Floats
    center: Floats
    noise_variances: Floats
    volume_weight: float

    def arrays(self) -> list[Floats]:
        """Return the arrays in the order of the network's parameters."""
        return [*self[:4], np.array([self.volume_weight])]


def simplex_frame(
    X: Floats,
    weights: Floats,
    n_endmembers: int,
    *,
    loss: str,
    volume_weight: float,
    n_init: int,
    rng: np.random.Generator,
) -> SimplexFrame:
    """Return the frame of a simplex of ``n_endmembers`` corners in spectra (n, bands).

    Noise is taken to be as large along the axes as it is in the next principal direction, where
    the model has nothing to say: light, curvature and sensor are in it.

    The weight of the volume leaves a facet where it is, if abundances are drawn evenly. Beside it
    are r of n spectra for each unit of depth, and noise across it has the variance v. If it moves
    out by a short step, the logarithm of the volume grows by r / n times the step. The mean squared
    error falls by twice the mean distance of what noise put outside, which is r / n times v / 4. So
    the weight is v / 2, in units of the loss.
    """
    n_axes = n_endmembers - 1
    center, variances, directions = _principal_directions(X, weights)
    total = max(float(variances.sum()), _LEAST_TOTAL)
    least = _LEAST_VARIANCE * total
    noise = max(variances[n_axes], least) if len(variances) > n_axes else least
    error = float(variances[n_axes:].sum())
    # In units that small, rounding would be large: all is close to zero there.
    variances = np.where(variances < least, total, variances)
    axes = np.sqrt(variances[:n_axes, None]) * directions[:n_axes]
    coordinates = _coordinates(X, center, axes)
    energy = float(np.average(np.einsum("nb,nb->n", X, X), weights=weights))
    unit = _loss_per_squared_error(loss, energy, error)
    return SimplexFrame(
        widest_corners(coordinates, n_endmembers, n_init=n_init, rng=rng),
        axes,
        center,
        np.minimum(noise / variances[:n_axes], 1.0),
        0.5 * volume_weight * float(noise) * unit,
    )


def widest_corners(
    coordinates: Floats, n_corners: int, *, n_init: int, rng: np.random.Generator
) -> Floats:
    """Return the corners that enclose most, of ``n_init`` choices among the points.

    Each choice is by vertex component analysis: again and again the point that is farthest along
    a drawn direction orthogonal to those found, in coordinates with a one beside them.
    """
    raised = np.hstack([coordinates, np.ones((len(coordinates), 1))])
    best, most = None, -1.0
    for _ in range(n_init):
        chosen = raised[_extreme_points(raised, n_corners, rng)]
        volume = abs(float(np.linalg.det(chosen)))
        if volume > most:
            best, most = chosen[:, :-1], volume
    if best is None or most < _LEAST_DETERMINANT:  # equal spectra, or fewer than corners
        best = _regular_corners(n_corners)
    return best


def _extreme_points(raised: Floats, n_corners: int, rng: np.random.Generator) -> list[int]:
    found = np.zeros((n_corners, n_corners))
    found[-1, 0] = 1  # the direction of the ones, in which all points are equally far
    rows = []
    for i in range(n_corners):
        direction = rng.standard_normal(n_corners)
        direction -= found @ (np.linalg.pinv(found) @ direction)
        rows.append(int(np.abs(raised @ direction).argmax()))
        found[:, i] = raised[rows[-1]]
    return rows


def _regular_corners(n_corners: int) -> Floats:
    """Return corners at equal distances around the origin, with the covariance one."""
    centered = np.eye(n_corners) - 1 / n_corners
    directions = np.linalg.svd(centered)[2][:-1]
    return np.sqrt(n_corners * (n_corners + 1)) * directions.T


def _principal_directions(X: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean, and variances with their directions, the greatest first."""
    shares = np.asarray(weights, np.float64) / np.sum(weights, dtype=np.float64)
    blocks = [slice(i, i + _BLOCK_ROWS) for i in range(0, len(X), _BLOCK_ROWS)]
    center = np.zeros(X.shape[1])
    for rows in blocks:
        center += shares[rows] @ X[rows].astype(np.float64)
    covariance = np.zeros((X.shape[1], X.shape[1]))
    for rows in blocks:
        from_mean = X[rows] - center
        covariance += from_mean.T @ (shares[rows, None] * from_mean)
    variances, directions = np.linalg.eigh(covariance)
    return center, np.maximum(variances[::-1], 0), directions.T[::-1]


def _coordinates(X: Floats, center: Floats, axes: Floats) -> Floats:
    onto_axes = (axes / np.sum(axes**2, axis=1, keepdims=True)).T
    return np.concatenate(
        [(X[i : i + _BLOCK_ROWS] - center) @ onto_axes for i in range(0, len(X), _BLOCK_ROWS)]
    )


def _loss_per_squared_error(loss: str, energy: float, error: float) -> float:
    """Return by how much a loss rises with the squared error, near to ``error``.

    The cosine angle of a spectrum is half the squared error over its energy and the divergence
    about twice that; the angle is the root of twice the cosine angle.
    """
    if loss == "sse":
        return 1.0
    cosine = 0.5 / energy if energy > 0 else 1.0
    if loss == "sa":
        return cosine / np.sqrt(max(2 * cosine * error, _LEAST_VARIANCE))
    return cosine if loss == "csa" else 2 * cosine
