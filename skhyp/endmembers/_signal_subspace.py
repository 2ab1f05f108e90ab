"""HySime: on how many directions spectra are more signal than noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skhyp.fitting._noise import noise_of_pairs
from skhyp.inputs._band_moments import moments_of
from skhyp.inputs._known_wavelengths import as_scene
from skhyp.inputs._learned_pixels import blocks_to_learn_from
from skhyp.inputs._pixel_pairs import ImagePairs
from skhyp.inputs._scene_pixels import ScenePixels
from skhyp.scenes import open_scene

_NOISES = ("regression", "neighbours")
# The share of the longest differences between neighbours that are edges.
_EDGES = 0.3
# Noise of less than this share of the power is rounding.
_LEAST_NOISE = 1e-10


@dataclass(frozen=True, eq=False)
class SignalSubspace:
    """On how many directions spectra are more signal than noise, and what it was found by.

    :func:`signal_subspace` gives one.

    Parameters
    ----------
    n_endmembers : int
        The number of directions with more signal than noise.
    directions : ndarray of shape (n_bands, n_bands)
        Orthonormal, in columns, those that gain most first.
    power : ndarray of shape (n_bands,)
        Of the spectra on each direction, in squared units of X.
    noise_power : ndarray of shape (n_bands,)
        Of the noise on each direction.
    noise_covariance : ndarray of shape (n_bands, n_bands)
        Of the noise in the bands.
    """

    n_endmembers: int
    directions: NDArray[np.float64]
    power: NDArray[np.float64]
    noise_power: NDArray[np.float64]
    noise_covariance: NDArray[np.float64]

    @property
    def projection_error(self) -> NDArray[np.float64]:
        """Power that is lost on the first 0, 1, ... n_bands directions, (n_bands + 1,)."""
        return np.append(np.cumsum(self.power[::-1])[::-1], 0.0)

    @property
    def kept_noise(self) -> NDArray[np.float64]:
        """Twice the power of noise on the first 0, 1, ... n_bands directions, (n_bands + 1,)."""
        return np.append(0.0, np.cumsum(2 * self.noise_power))

    def __repr__(self) -> str:
        return f"<SignalSubspace of {self.n_endmembers} of {len(self.power)} directions>"


class _Subspace(BaseEstimator):
    """What messages about X name."""


_Subspace.__name__ = "signal_subspace"


def signal_subspace(X: Any, *, noise: str | ArrayLike = "regression") -> SignalSubspace:
    """Return on how many directions spectra are more signal than noise, by HySime.

    Of linear mixtures that is the number of endmembers. A direction is kept if what is lost
    without it is more than twice the noise that it brings [1]_.

    Parameters
    ----------
    X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
        Not scaled each by itself. Of a :class:`~skhyp.scenes.Scene` the bands that it does not
        list as bad and the pixels with data in all of these, block by block.
    noise : {"regression", "neighbours"} or array-like of shape (n_bands, n_bands), \
default="regression"
        How the noise of bands is seen: "regression", by what no other bands tell of a band;
        "neighbours", by differences of neighbouring pixels, for an image alone. Or its covariance.

    Returns
    -------
    subspace : SignalSubspace
        ``subspace.n_endmembers`` is the number, :class:`~skhyp.plotting.SignalSubspaceDisplay`
        draws how it was found.

    Raises
    ------
    ValueError
        If X or ``noise`` is not as described.

    See Also
    --------
    MinimumNoiseFraction : Components in units of noise.

    Notes
    -----
    Regression needs many more spectra than bands, and noise that bands have for themselves.
    Neighbouring pixels show noise that bands share too, but also texture; the longest 30 % of
    their differences are left out as edges.

    References
    ----------
    .. [1] Bioucas-Dias J. M., Nascimento J. M. P., "Hyperspectral subspace identification", IEEE
       Transactions on Geoscience and Remote Sensing 46(8), 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.endmembers import signal_subspace
    >>> rng = np.random.default_rng(0)
    >>> shares = rng.dirichlet(np.ones(4), 2000)
    >>> X = shares @ rng.uniform(size=(4, 50)) + 0.01 * rng.standard_normal((2000, 50))
    >>> signal_subspace(X)
    <SignalSubspace of 4 of 50 directions>
    """
    if isinstance(noise, str) and noise not in _NOISES:
        raise ValueError(f"noise must be one of {', '.join(_NOISES)} or a matrix; got {noise!r}.")
    blocks, _, _ = blocks_to_learn_from(_Subspace(), X, min_spectra=2)
    moments = moments_of(blocks)
    n_bands = len(moments.mean)
    correlation = moments.correlation
    signal = correlation
    if isinstance(noise, str) and noise == "regression":
        covariance, predicted = _noise_of_regression(correlation, moments.n_spectra)
        signal = predicted.T @ correlation @ predicted
    elif isinstance(noise, str):
        covariance = _noise_of_neighbours(X, n_bands)
        signal = correlation - covariance
    else:
        covariance = _validate_covariance(noise, n_bands)
        signal = correlation - covariance
    floor = _LEAST_NOISE * np.trace(correlation) / n_bands
    directions = np.linalg.eigh((signal + signal.T) / 2)[1]
    power = np.einsum("bd,bc,cd->d", directions, correlation, directions)
    noise_power = np.einsum("bd,bc,cd->d", directions, covariance, directions) + floor
    order = np.argsort(2 * noise_power - power, kind="stable")
    power, noise_power = power[order], noise_power[order]
    return SignalSubspace(
        int(np.sum(power > 2 * noise_power)),
        directions[:, order],
        power,
        noise_power,
        covariance,
    )


def _noise_of_regression(
    correlation: NDArray[np.float64], n_spectra: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variances of what other bands do not tell of a band, and the map to what they do.

    In closed form, of the inverse of the correlation.
    """
    n_bands = len(correlation)
    scale = np.sqrt(np.maximum(np.diag(correlation), np.finfo(float).tiny))
    ridge = _LEAST_NOISE * np.eye(n_bands)
    inverse = np.linalg.inv(correlation / np.outer(scale, scale) + ridge)
    left = 1 / np.diag(inverse)
    predicted = np.eye(n_bands) - inverse * left / scale[:, np.newaxis] * scale
    freedom = n_spectra / max(n_spectra - n_bands + 1, 1)
    return np.diag(left * np.square(scale) * freedom), predicted


def _noise_of_neighbours(X: Any, n_bands: int) -> NDArray[np.float64]:
    scene = as_scene(X)
    if scene is None and getattr(X, "ndim", 2) != 3:
        raise ValueError(
            "noise='neighbours' needs an image, but X is spectra in rows. Pass a Scene or a cube, "
            'or noise="regression".'
        )
    pairs = ImagePairs(ScenePixels(open_scene(X) if scene is None else scene))
    return noise_of_pairs(partial(_differences, pairs), n_bands, _EDGES)[0]


def _differences(pairs: ImagePairs) -> Any:
    for spectra, first, second in pairs.pairs():
        if len(first):
            yield spectra[second].astype(np.float64) - spectra[first]


def _validate_covariance(noise: ArrayLike, n_bands: int) -> NDArray[np.float64]:
    covariance = np.asarray(noise, np.float64)
    if covariance.shape != (n_bands, n_bands) or not np.isfinite(covariance).all():
        raise ValueError(
            f"noise must be finite and of shape ({n_bands}, {n_bands}); got shape "
            f"{covariance.shape}."
        )
    return (covariance + covariance.T) / 2
