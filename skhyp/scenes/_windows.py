"""Windows: the rectangles of pixels that a scene is read by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Window(NamedTuple):
    """A rectangle of pixels."""

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Its rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def n_pixels(self) -> int:
        """The number of its pixels."""
        return self.shape[0] * self.shape[1]


class Source(Protocol):
    """Where the numbers of a scene are: what reads a kind of file."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    # So many rows and columns are stored together, and best read together.
    tile: tuple[int, int]
    # What says which numbers of its files these are; None where only the numbers themselves can.
    identity: Any

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""


def covering_windows(
    shape: tuple[int, int], tile: tuple[int, int], max_pixels: int
) -> list[Window]:
    """Return rectangles of at most so many pixels that cover a scene, along its tiles."""
    if max_pixels < 1:
        raise ValueError(f"max_pixels must be at least 1; got {max_pixels}.")
    n_rows, n_columns = shape
    tile_rows = min(tile[0], n_rows)
    tile_columns = min(tile[1], n_columns)
    if tile_rows * tile_columns > max_pixels:  # tiles have to be cut
        tile_columns = min(tile_columns, max_pixels)
        tile_rows = max(1, max_pixels // tile_columns)
    tiles_down = max_pixels // (tile_rows * n_columns)
    if tiles_down:  # whole rows
        tile_columns = n_columns
    else:
        tiles_down = 1
        tile_columns *= max_pixels // (tile_rows * tile_columns)
    return [
        Window(rows, columns)
        for rows in _steps(n_rows, tiles_down * tile_rows)
        for columns in _steps(n_columns, tile_columns)
    ]


def _steps(length: int, step: int) -> Iterator[slice]:
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))
