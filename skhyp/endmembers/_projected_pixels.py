"""Pixels on few directions: what the vertices of their cloud are sought among."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from skhyp.inputs._band_moments import Blocks

# So many coordinates are kept (128 MiB); of more pixels they are computed again in each pass.
_KEPT_VALUES = 2**24


def leading_directions(moments: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Return the orthonormal directions (bands, number) that have most of symmetric moments."""
    directions = np.linalg.eigh(moments)[1][:, ::-1][:, :number]
    # The sign of a direction is free: its largest weight is positive, on every machine.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None], axis=0)
    return directions * np.where(largest < 0, -1.0, 1.0)


class ProjectedPixels:
    """The coordinates of pixels: what is left of them without the origin, along directions.

    They are kept where they are not too many, and computed of the blocks again where they are.
    """

    def __init__(
        self, blocks: Blocks, origin: NDArray[np.float64], directions: NDArray[np.float64]
    ):
        self._blocks = blocks
        self.origin = origin
        self.directions = directions
        self._kept: list[NDArray[np.float64]] | None = None

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[NDArray[np.float64]] | None = []
        n_values = 0
        for block in self._blocks():
            coordinates = (block - self.origin) @ self.directions
            n_values += coordinates.size
            if n_values > _KEPT_VALUES:
                kept = None
            if kept is not None:
                kept.append(coordinates)
            yield coordinates
        self._kept = kept

    def largest(
        self, measure: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> tuple[int, NDArray[np.float64], float]:
        """Return the pixel whose measure is largest, the first of equals.

        Its number, its coordinates and its measure.
        """
        number, found, most = -1, np.zeros(self.directions.shape[1]), -np.inf
        n_before = 0
        for coordinates in self:
            values = measure(coordinates)
            place = int(np.argmax(values))
            if values[place] > most:
                number, found, most = n_before + place, coordinates[place], float(values[place])
            n_before += len(coordinates)
        return number, np.array(found), most

    def spectra(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the spectra that coordinates (n, directions) stand for."""
        return self.origin + coordinates @ self.directions.T
