"""How much to trust each of several models, by what they say of samples that they have not seen."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar, nnls
from scipy.special import log_softmax

# A row that asks for weights of sum one counts so much more than those of the errors.
_SUM_MATTERS = 1e4
# Temperatures lie between so many deviations of the scores, as natural logarithms.
_LOG_TEMPERATURES = (-7.0, 7.0)
# Shares are found after so many rounds at most, or where a round changes them by less than this.
_MOST_ROUNDS, _SETTLED = 10_000, 1e-9


def least_squares_weights(errors: NDArray[np.float64], *, shrinkage: float) -> NDArray[np.float64]:
    """Return the weights of members, of at least 0 and sum 1, whose joint error is least.

    Parameters
    ----------
    errors : ndarray of shape (n_samples, n_members)
        Of each member, on samples that it was not fitted to.
    shrinkage : float
        The squared distance from equal weights counts by so many times the mean squared error of
        the best member.

    Returns
    -------
    weights : ndarray of shape (n_members,)
    """
    n_members = errors.shape[1]
    equal = np.full(n_members, 1 / n_members)
    products = errors.T @ errors / len(errors)
    least = np.diag(products).min()
    if not np.isfinite(products).all() or least <= 0:
        best = np.diag(products) == least
        return best / best.sum() if best.any() else equal
    penalty = shrinkage * least
    # |errors w|^2 / n + penalty |w - equal|^2 as the rows of one problem of least squares.
    values, directions = np.linalg.eigh(products / least)
    root = np.sqrt(np.maximum(values, 0))[:, np.newaxis] * directions.T
    pull = np.sqrt(penalty / least)
    heavy = _SUM_MATTERS * max(1.0, np.sqrt(values.max()))
    rows = np.vstack([root, pull * np.eye(n_members), np.full((1, n_members), heavy)])
    aims = np.concatenate([np.zeros(n_members), pull * equal, [heavy]])
    weights = nnls(rows, aims)[0]
    return weights / weights.sum()


def best_temperature(scores: NDArray[np.float64], classes: NDArray[np.intp]) -> float:
    """Return the temperature under which scores make the right classes likeliest.

    Probabilities are the softmax of scores over it. Targets are short of 1 as if two more samples
    had been seen, one of which was wrong, so that classes that are told apart without an error are
    not given for certain.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Of samples that the model was not fitted to.
    classes : ndarray of int, shape (n_samples,)
        The number of the right class of each.
    """
    n_samples, n_classes = scores.shape
    wrong = 1 / (n_samples + 2)
    targets = np.full(scores.shape, wrong / (n_classes - 1))
    targets[np.arange(n_samples), classes] = 1 - wrong
    spread = float(np.std(scores)) or 1.0

    def cross_entropy(log_temperature: float) -> float:
        likelihoods = log_softmax(scores / (spread * np.exp(log_temperature)), axis=1)
        return -float((targets * likelihoods).sum(axis=1).mean())

    found = minimize_scalar(cross_entropy, bounds=_LOG_TEMPERATURES, method="bounded")
    return spread * float(np.exp(found.x))


def mixture_weights(right: NDArray[np.float64], *, shrinkage: float) -> NDArray[np.float64]:
    """Return the shares of members, of at least 0 and sum 1, whose mean is likeliest to be right.

    By expectation and maximisation: a sample counts for the members by what each adds to the
    probability of its class.

    Parameters
    ----------
    right : ndarray of shape (n_samples, n_members)
        The probability that each member gave the right class, of samples that it was not fitted
        to.
    shrinkage : float
        So many samples more, as a part of all, count for all members alike.
    """
    n_members = right.shape[1]
    weights = np.full(n_members, 1 / n_members)
    for _ in range(_MOST_ROUNDS):
        added = weights * right
        counts = (added / added.sum(axis=1, keepdims=True)).mean(axis=0) + shrinkage / n_members
        former, weights = weights, counts / counts.sum()
        if np.abs(weights - former).max() < _SETTLED:
            break
    return weights
