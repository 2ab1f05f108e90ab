"""Partial least squares by deflation, component by component (NIPALS)."""

import numpy as np


def partial_least_squares(
    X: np.ndarray, Y: np.ndarray, n_components: int, *, rounding: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what leads from centred spectra to components, and from these to targets.

    The components of fewer are the first ones of more: ``X @ rotations[:, :n] @ loadings[:n]`` is
    the regression on n of them. It is that of scikit-learn's ``PLSRegression(scale=False)``, which
    fails where spectra have no further component, as those of few different ones.

    Parameters
    ----------
    X : ndarray of shape (n, bands), centred
    Y : ndarray of shape (n, targets), centred
    n_components : int
    rounding : float
        Length of a column of spectra or scores that is nothing but rounding.

    Returns
    -------
    rotations : ndarray of shape (bands, n_found)
    loadings : ndarray of shape (n_found, targets)
        Fewer than asked for where spectra or targets have nothing left.
    """
    X, Y = X.copy(), Y.copy()
    enough = np.finfo(np.float64).eps * len(Y) * np.linalg.norm(Y)
    rotations: list[np.ndarray] = []
    loadings: list[np.ndarray] = []
    spectra: list[np.ndarray] = []
    for _ in range(n_components):
        covariance = X.T @ Y
        if Y.shape[1] > 1:
            weights = np.linalg.svd(covariance, full_matrices=False)[0][:, 0]
        else:
            weights = covariance[:, 0]
        length = np.linalg.norm(weights)
        if length == 0 or np.linalg.norm(Y) <= enough:
            break
        weights = weights / length
        scores = X @ weights
        if np.linalg.norm(scores) <= rounding:
            break
        parts = scores / (scores @ scores)
        spectrum, loading = parts @ X, parts @ Y
        X -= np.outer(scores, spectrum)
        Y -= np.outer(scores, loading)
        rotation = weights.copy()
        for earlier, earlier_spectrum in zip(rotations, spectra, strict=True):
            rotation -= (earlier_spectrum @ weights) * earlier
        rotations.append(rotation)
        loadings.append(loading)
        spectra.append(spectrum)
    n_bands, n_targets, n_found = X.shape[1], Y.shape[1], len(rotations)
    return (
        np.reshape(rotations, (n_found, n_bands)).T,
        np.reshape(loadings, (n_found, n_targets)),
    )
