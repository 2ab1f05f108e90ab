"""Windows: the rectangles of pixels that a scene is read by."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

_MIB = 2**20
# Bands are read so many at a time that no more than this is unpacked for them, if it can be.
_UNPACKED_BYTES = 2**25
# So many pixels are computed for one, if no cut of columns is to be made.
_LITTLE_HALO = 1.5


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

    def widened(self, halo: int, shape: tuple[int, int]) -> Window:
        """Return it with so many pixels around it, as far as a scene of this shape has them."""
        return Window(
            *(
                slice(max(0, part.start - halo), min(length, part.stop + halo))
                for part, length in zip(self, shape, strict=True)
            )
        )

    def within(self, wider: Window) -> Window:
        """Return where it lies in a window around it."""
        return Window(
            *(
                slice(part.start - around.start, part.stop - around.start)
                for part, around in zip(self, wider, strict=True)
            )
        )


def raster_window(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return a window as rasterio takes them."""
    rows, columns = window
    return (rows.start, rows.stop), (columns.start, columns.stop)


class Source(Protocol):
    """Where the numbers of a scene are: what reads a kind of file."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Its rows, columns and bands."""

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""

    @property
    def tile(self) -> tuple[int, int]:
        """So many rows and columns are stored together, and best read together."""

    @property
    def identity(self) -> Any:
        """What says which numbers of its files these are; None where only they themselves can."""

    @property
    def chunk_bytes(self) -> int:
        """What is unpacked for a single number, and in memory: of a compressed file a chunk."""

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""


def bands_at_once(chunk_bytes: int, chunk_bands: int, n_bands: int) -> int:
    """Return how many bands to read together, where so many are in a chunk of this size."""
    n_chunks = max(1, _UNPACKED_BYTES // max(1, chunk_bytes))
    return min(n_bands, n_chunks * chunk_bands)


def warn_of_large_chunks(
    source: Source, name: str, working_memory: float, *, stacklevel: int = 2
) -> None:
    """Warn if a file is stored in chunks that ``working_memory``, in MiB, does not hold."""
    # A chunk is there twice, at least: as it is stored, or copied, and unpacked.
    if 2 * source.chunk_bytes > working_memory * _MIB:
        warnings.warn(
            f"{name} is stored in chunks of {source.chunk_bytes / _MIB:.0f} MiB, which have to be "
            "unpacked whole, and again for each block of pixels: reading them takes two or three "
            f"times as much memory, more than working_memory={working_memory:g} MiB. Store it in "
            "smaller chunks, as with gdal_translate -co TILED=YES -co INTERLEAVE=BAND, h5repack, "
            "or DataArray.chunk and to_zarr.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


def covering_windows(
    shape: tuple[int, int], tile: tuple[int, int], max_pixels: int
) -> list[Window]:
    """Return rectangles of at most so many pixels that cover a scene, along its tiles."""
    if max_pixels < 1:
        raise ValueError(f"max_pixels must be at least 1; got {max_pixels}.")
    n_rows, n_columns = shape
    tile_rows = min(tile[0], n_rows)
    tile_columns = min(tile[1], n_columns)
    if tile_rows * tile_columns > max_pixels:  # tiles have to be cut, each by itself
        columns_at_once = min(tile_columns, max_pixels)
        rows_at_once = min(tile_rows, max_pixels // columns_at_once)
    else:
        rows_at_once = max_pixels // (tile_rows * n_columns) * tile_rows  # whole rows
        columns_at_once = n_columns
        if not rows_at_once:
            rows_at_once = tile_rows
            columns_at_once = max_pixels // (tile_rows * tile_columns) * tile_columns
        tile_rows, tile_columns = rows_at_once, columns_at_once
    return [
        Window(rows, columns)
        for rows in _steps(n_rows, tile_rows, rows_at_once)
        for columns in _steps(n_columns, tile_columns, columns_at_once)
    ]


def windows_with_halo(
    shape: tuple[int, int], tile: tuple[int, int], max_pixels: int, halo: int
) -> list[Window]:
    """Return rectangles that cover a scene, each of at most so many pixels with its halo, or none.

    As wide as the scene, unless that would be mostly halo; then of the width that costs least.
    """
    if not halo:
        return covering_windows(shape, tile, max_pixels)
    best, least = None, np.inf
    for n_parts in range(1, shape[1] + 1):
        columns = -(-shape[1] // n_parts)
        if columns > tile[1]:
            columns -= columns % tile[1]
        wide = min(shape[1], columns + 2 * halo)
        rows = shape[0] if shape[0] * wide <= max_pixels else max_pixels // wide - 2 * halo
        if rows < 1:
            continue
        if tile[0] < rows < shape[0]:
            rows -= rows % tile[0]
        cost = min(shape[0], rows + 2 * halo) * wide / (rows * columns)
        if cost < least:
            best, least = (rows, columns), cost
        if least <= _LITTLE_HALO:
            break
    return [] if best is None else covering_windows(shape, best, best[0] * best[1])


def _steps(length: int, tile: int, at_once: int) -> Iterator[slice]:
    """Yield slices that cover a length, in about equal parts of each tile."""
    step = -(-tile // -(-tile // at_once))
    for start in range(0, length, tile):
        end = min(start + tile, length)
        for first in range(start, end, step):
            yield slice(first, min(first + step, end))
