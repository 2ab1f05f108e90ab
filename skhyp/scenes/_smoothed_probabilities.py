"""Probabilities of classes, drawn to those of neighbours whose spectra are alike.

As with the distances of neighbours, a pixel's numbers are computed one by one in an order of their
own: they are the same bits in any block that has all pixels within reach.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._neighbours import STEPS, Pairs

# A pixel at a side counts 1, one at a corner, which is farther, less; all eight together 1.
_NEARNESS = [1 / np.hypot(*step) for step in STEPS]
SHARES = tuple(nearness / (2 * sum(_NEARNESS)) for nearness in _NEARNESS)
# What probabilities may differ by from a sum of 1: they need not be computed in float64.
_TOLERANCE = 1e-3


def pulls_of_neighbours(
    distances: list[NDArray[np.float64]], strength: float, contrast: float
) -> list[NDArray[np.float64]]:
    """Return the weight of the pairs of each step, for their squared distances."""
    pulls = []
    for squares, share in zip(distances, SHARES, strict=True):
        is_near = np.isfinite(squares)
        with np.errstate(over="ignore"):
            # Twice over: the square of a contrast need not be a number above 0, nor finite.
            pull = np.where(is_near, squares, 0) / contrast / contrast
        pull *= -0.5
        np.exp(pull, out=pull)
        pull *= strength * share
        pull[~is_near] = 0
        pulls.append(pull)
    return pulls


def smoothed_probabilities(
    probabilities: NDArray[Any], pulls: list[NDArray[np.float64]], n_iterations: int
) -> NDArray[np.float64]:
    """Return probabilities (rows, columns, classes) after some steps towards the weighted means.

    Each step of Jacobi's takes a pixel to the mean of what was given for it, with weight 1, and of
    what its neighbours have.
    """
    pairs = [Pairs.of(step, probabilities.shape[:2]) for step in STEPS]
    weights = np.ones(probabilities.shape[:2])
    for pull, (first, second) in zip(pulls, pairs, strict=True):
        weights[first] += pull
        weights[second] += pull
    result = np.empty(probabilities.shape)
    for number in range(probabilities.shape[2]):
        given = probabilities[..., number].astype(np.float64)
        plane = given
        for _ in range(n_iterations):
            drawn = given.copy()
            for pull, (first, second) in zip(pulls, pairs, strict=True):
                drawn[first] += pull * plane[second]
                drawn[second] += pull * plane[first]
            drawn /= weights
            plane = drawn
        result[..., number] = plane
    return result


def told_pixels(
    probabilities: NDArray[Any], has_data: NDArray[np.bool_], *, remedy: str
) -> NDArray[np.bool_]:
    """Return which pixels an estimator has told probabilities of; for others it gave NaN or 0.

    Raise an error, which ends in a remedy, if it gave others numbers that are none.
    """
    sums = np.zeros(has_data.shape)
    for number in range(probabilities.shape[2]):
        sums += np.where(has_data, probabilities[..., number], 0)
    told = has_data & np.isfinite(sums) & (sums != 0)
    wrong = told & (np.abs(sums - 1) > _TOLERANCE)
    wrong |= told & np.any(probabilities < 0, axis=2)
    if wrong.any():
        raise ValueError(
            f"predict_proba must give probabilities of classes, of which one is right; got "
            f"{probabilities[wrong][0].tolist()} for a pixel. {remedy}"
        )
    return told
