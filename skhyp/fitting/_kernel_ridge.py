"""Kernel ridge regression whose width and penalty are those that leave out a spectrum best."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import euclidean_distances

from skhyp.inputs._parameters import POSITIVE_INTEGER, NumberInterval

from ._leave_one_out import leave_one_out

# Matrices of more spectra than these take over 3 GB each, and hours to be solved.
_MOST_SPECTRA = 20_000
# Where widths and penalties have a meaning beside the rounding of a likeness of 1.
_LIMITS = NumberInterval(Real, 1e-12, 1e12, closed="both")
# The median distance is that of so many of them.
_SPECTRA_FOR_MEDIAN = 2000
# Numbers of scaled spectra that differ by no more than this part of the largest are equal.
ROUNDING = 10 * float(np.finfo(np.float64).eps)

KERNEL_CONSTRAINTS: dict = {
    "gammas": ["array-like"],
    "alpha_range": ["array-like"],
    "n_alphas": [POSITIVE_INTEGER],
}


class KernelRidge(NamedTuple):
    """What was chosen, and what it gives.

    ``errors`` are those of each spectrum, left out; ``loo_errors`` their mean squares, by width
    and penalty.
    """

    gamma: float
    alpha: float
    dual: NDArray[np.float64]
    intercept: NDArray[np.float64]
    errors: NDArray[np.float64]
    loo_errors: NDArray[np.float64]

    @property
    def least_error(self) -> float:
        """The least of the mean squared errors."""
        return float(self.loo_errors.min())


def best_kernel_ridge(
    spectra: NDArray[np.float64],
    targets: NDArray[np.float64],
    gammas: NDArray[np.float64],
    alphas: NDArray[np.float64],
) -> KernelRidge:
    """Return the kernel ridge regression with the least error of left out spectra.

    Parameters
    ----------
    spectra : ndarray of shape (n, bands)
    targets : ndarray of shape (n, targets), centred
    gammas : ndarray of shape (n_gammas,)
        For squared distances over the median one.
    alphas : ndarray of shape (n_alphas,)
    """
    distances = euclidean_distances(spectra, squared=True)
    median = _median_distance(spectra)
    loo_errors = np.empty((len(gammas), len(alphas)))
    best: dict[str, Any] = {}
    for g, gamma in enumerate((gammas / median).tolist()):
        kernel = np.exp(-gamma * distances)
        dual, errors = leave_one_out(kernel, targets, alphas)
        loo_errors[g] = np.square(errors).mean(axis=(1, 2))
        a = int(np.argmin(loo_errors[g]))
        if g and loo_errors[g, a] >= loo_errors[:g].min():
            continue
        intercept = (targets - kernel @ dual[a]).mean(axis=0)
        best = {"gamma": gamma, "alpha": float(alphas[a]), "dual": dual[a]}
        best |= {"intercept": intercept, "errors": errors[a]}
    return KernelRidge(loo_errors=loo_errors, **best)


def checked_gammas(gammas: Any) -> NDArray[np.float64]:
    """Return the widths to choose from as an array, or say what they may be."""
    return _numbers_within_limits("gammas", gammas)


def checked_alphas(alpha_range: Any, n_alphas: int) -> NDArray[np.float64]:
    """Return penalties in equal ratios over their range, or say what it may be."""
    ends = _numbers_within_limits("alpha_range", alpha_range)
    if len(ends) != 2 or ends[0] > ends[1]:
        raise ValueError(
            f"alpha_range must be two numbers, the lower one first, got {alpha_range!r:.80}."
        )
    return np.geomspace(ends[0], ends[1], n_alphas)


def refuse_too_many(n_spectra: int, name: str, others: str) -> None:
    """Refuse more spectra than matrices can be made of, naming estimators that take them."""
    if n_spectra > _MOST_SPECTRA:
        raise ValueError(
            f"{name} takes {_MOST_SPECTRA} spectra at most, as its matrices have "
            f"a row and a column for each; got {n_spectra}. Fit it to a part of them "
            "(sklearn.utils.resample(X, y, replace=False, n_samples=5000, random_state=0)), or "
            f"use {others}."
        )


def _numbers_within_limits(name: str, values: Any) -> NDArray[np.float64]:
    numbers = list(values)
    if not numbers or not all(map(_LIMITS.is_satisfied_by, numbers)):
        raise ValueError(f"{name} must hold numbers from 1e-12 to 1e12, got {values!r:.80}.")
    return np.array(numbers, dtype=np.float64)


def _median_distance(spectra: NDArray[np.float64]) -> float:
    """Return the median squared distance of two spectra; of different ones if most are equal."""
    step = -(-len(spectra) // _SPECTRA_FOR_MEDIAN)
    some = spectra[::step]
    distances = euclidean_distances(some, squared=True)[np.triu_indices(len(some), 1)]
    rounding = ROUNDING * spectra.shape[1]
    median = float(np.median(distances))
    if median > rounding:
        return median
    apart = distances[distances > rounding]
    return float(np.median(apart)) if len(apart) else 1.0
