"""Pairs of spectra that would be equal but for noise: neighbours in an image, or replicates."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._scene_pixels import ScenePixels

# So many values of the spectra of pairs are there at a time.
_VALUES_AT_ONCE = 2**22


class Pairs(Protocol):
    """Where pairs are found."""

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all complete spectra, block by block."""

    def pairs(self) -> Iterator[tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]]:
        """Yield spectra, and which of them are the first and the second of each pair."""


class ImagePairs:
    """Each pixel of a scene with those to the right and below, where both have data.

    They are the same whatever the blocks that the scene is read by: each of these is read with
    the next row and column.
    """

    def __init__(self, pixels: ScenePixels):
        self._pixels = pixels

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all complete spectra, block by block."""
        return self._pixels.blocks()

    def pairs(self) -> Iterator[tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]]:
        """Yield spectra, and which of them are the first and the second of each pair."""
        for block, complete, (height, width) in self._pixels.blocks_with_next():
            number = np.cumsum(complete).reshape(complete.shape) - 1
            first, second = [], []
            for down, right in ((0, 1), (1, 0)):
                n_rows = min(height, complete.shape[0] - down)
                n_columns = min(width, complete.shape[1] - right)
                here = np.s_[:n_rows, :n_columns]
                there = np.s_[down : down + n_rows, right : right + n_columns]
                both = complete[here] & complete[there]
                first.append(number[here][both])
                second.append(number[there][both])
            yield block[complete], np.concatenate(first), np.concatenate(second)


@dataclass(frozen=True)
class SamplePairs:
    """Pairs among spectra in memory."""

    X: NDArray[Any]
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all spectra, block by block."""
        for rows in self._steps(len(self.X)):
            yield self.X[rows]

    def pairs(self) -> Iterator[tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]]:
        """Yield spectra, and which of them are the first and the second of each pair."""
        for part in self._steps(len(self.first)):
            first, second = self.first[part], self.second[part]
            numbers = np.arange(len(first))
            yield self.X[np.concatenate([first, second])], numbers, numbers + len(first)

    def _steps(self, length: int) -> Iterator[slice]:
        step = max(1, _VALUES_AT_ONCE // self.X.shape[1])
        for start in range(0, length, step):
            yield slice(start, start + step)


def neighbours(
    positions: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which samples lie beside or below each other, by their rows and columns."""
    rows, columns = (positions - positions.min(axis=0)).T
    width = int(columns.max()) + 2  # the last pixel of a row is not beside the first of the next
    places = rows * width + columns
    order = np.argsort(places, kind="stable")
    first, second = [], []
    for step in (1, width):
        found = np.searchsorted(places[order], places + step)
        found[found == len(order)] = 0
        is_there = places[order[found]] == places + step
        first.append(np.flatnonzero(is_there))
        second.append(order[found[is_there]])
    return np.concatenate(first), np.concatenate(second)


def replicates(groups: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each sample and the next of its group."""
    number = np.unique(groups, return_inverse=True)[1].ravel()
    order = np.argsort(number, kind="stable")
    of_one_group = number[order[:-1]] == number[order[1:]]
    return order[:-1][of_one_group], order[1:][of_one_group]
