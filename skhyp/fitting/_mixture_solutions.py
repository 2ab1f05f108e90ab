"""The solutions of least squares for every set of endmembers, as tables."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Endmembers are mixtures of each other if this is left of one beside the others, or less.
_LEAST_RANK = 1e-6
# So many sets of tables are kept in memory (5 MB of 12 endmembers).
_KEPT = 8


class MixtureSolutions(NamedTuple):
    """Spectra and mixtures on as many directions as there are endmembers, and best shares there.

    Shares of a set are ``solutions[set] @ (y, 1)``, of shape (n_sets, n, n + 1); a set is a number
    whose bits are its endmembers.
    """

    projection: NDArray[np.float64]
    offset: NDArray[np.float64]
    triangle: NDArray[np.float64]
    solutions: NDArray[np.float64]


def mixture_solutions(
    endmembers: NDArray[np.float64], *, sum_to_one: bool, sets: str
) -> MixtureSolutions:
    """Return what constrained least squares needs of endmembers (n, bands).

    Of "all" sets, of the "whole" one, or of "none".
    """
    shape = endmembers.shape
    return _solutions(np.ascontiguousarray(endmembers).tobytes(), shape, sum_to_one, sets)


def extended(endmembers: NDArray[np.float64], sum_to_one: bool) -> NDArray[np.float64]:
    """Return endmembers with one more band in which all are alike, if shares add up to one.

    Then the error is the same, and those that are mixtures of each other with other sums differ.
    """
    if not sum_to_one:
        return endmembers
    brightness = np.sqrt(np.mean(np.square(endmembers).sum(axis=1))) or 1.0
    return np.column_stack([endmembers, np.full(len(endmembers), brightness)])


def n_independent(endmembers: NDArray[np.float64], sum_to_one: bool) -> int:
    """Return of how many endmembers the others are mixtures."""
    known = extended(endmembers / (np.abs(endmembers).max() or 1.0), sum_to_one)
    lengths = np.linalg.norm(known, axis=1, keepdims=True)
    known = known / np.where(lengths > 0, lengths, 1.0)
    return int(np.linalg.matrix_rank(known, tol=_LEAST_RANK))


@lru_cache(maxsize=_KEPT)
def _solutions(
    content: bytes, shape: tuple[int, int], sum_to_one: bool, sets: str
) -> MixtureSolutions:
    endmembers = np.frombuffer(content, np.float64).reshape(shape)
    unit = np.abs(endmembers).max() or 1.0
    known = extended(endmembers / unit, sum_to_one)
    directions, triangle = np.linalg.qr(known.T)
    n, n_bands = shape
    offset = known[0, n_bands] * directions[n_bands] if sum_to_one else np.zeros(n)
    if sets == "whole":
        solutions = _of_sets(triangle, np.arange(n)[np.newaxis], sum_to_one)
    else:
        solutions = np.zeros((2**n if sets == "all" else 0, n, n + 1))
        members = (np.arange(len(solutions))[:, np.newaxis] >> np.arange(n)) & 1
        for size in range(1, n + 1 if len(solutions) else 0):
            numbers = np.flatnonzero(members.sum(axis=1) == size)
            places = np.nonzero(members[numbers])[1].reshape(-1, size)
            solutions[numbers] = _of_sets(triangle, places, sum_to_one)
    return MixtureSolutions(directions[:n_bands] / unit, offset, triangle, solutions)


def _of_sets(
    triangle: NDArray[np.float64], places: NDArray[np.intp], sum_to_one: bool
) -> NDArray[np.float64]:
    """Return the solutions for sets of one size, by the places (n_sets, size) of their members."""
    n, size = len(triangle), places.shape[1]
    known = np.moveaxis(triangle[:, places], 0, 1)
    solved = np.zeros((len(places), size, n + 1))
    if not sum_to_one:
        solved[..., :n] = np.linalg.pinv(known)
    else:
        # Equal shares, and differences that add up to nothing.
        solved[..., n] = 1 / size
        if size > 1:
            differences = np.linalg.svd(np.ones((1, size)))[2][1:].T
            inverse = differences @ np.linalg.pinv(known @ differences)
            solved[..., :n] = inverse
            solved[..., n] -= (inverse @ known.mean(axis=2)[..., np.newaxis])[..., 0]
    solutions = np.zeros((len(places), n, n + 1))
    np.put_along_axis(solutions, np.broadcast_to(places[..., np.newaxis], solved.shape), solved, 1)
    return solutions
