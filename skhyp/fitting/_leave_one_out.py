"""Kernel ridge regression with a mean that is not penalised, and what it says of left out rows."""

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import gen_batches

_ROWS_AT_ONCE = 1024


def leave_one_out(
    kernel: np.ndarray, targets: np.ndarray, alphas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the dual coefficients for each penalty, and the error of each row left out.

    The errors are those of as many regressions without one row each, in closed form; they hold
    where a regression goes through all rows, too.

    Parameters
    ----------
    kernel : ndarray of shape (n, n)
        Symmetric, and not negative definite in any direction.
    targets : ndarray of shape (n, targets), centred
    alphas : ndarray of shape (n_alphas,), positive

    Returns
    -------
    dual : ndarray of shape (n_alphas, n, targets)
        Of sum zero: ``kernel @ dual`` and the mean of what it leaves are the regression.
    errors : ndarray of shape (n_alphas, n, targets)
        Target less what is predicted of it.
    """
    n = len(kernel)
    means = kernel.mean(axis=0)
    centred = kernel - means
    centred -= means[:, np.newaxis] - means.mean()
    # The mean takes up the constant direction. It is lifted above all others and left out, as no
    # other eigenvector is then mixed with it.
    centred += (2 * np.trace(centred) + 1) / n
    values, vectors = eigh(centred, overwrite_a=True, check_finite=False, driver="evd")
    values, vectors = np.maximum(values[:-1], 0), vectors[:, :-1]
    inverse = 1 / (values[:, np.newaxis] + alphas)
    parts = vectors.T @ targets
    # Of all penalties in one product.
    weighted = parts[:, np.newaxis] * inverse[..., np.newaxis]
    dual = (vectors @ weighted.reshape(n - 1, -1)).reshape(n, *weighted.shape[1:])
    diagonal = np.empty((n, len(alphas)))
    for rows in gen_batches(n, _ROWS_AT_ONCE):
        diagonal[rows] = np.square(vectors[rows]) @ inverse
    errors = dual / diagonal[..., np.newaxis]
    return np.swapaxes(dual, 0, 1), np.swapaxes(errors, 0, 1)
