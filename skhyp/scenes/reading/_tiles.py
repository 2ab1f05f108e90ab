"""Many files as one scene: tiles that lie on one grid, each read where it lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._nodata import marker_of
from skhyp.scenes._scene import Scene
from skhyp.scenes._windows import Source, Window

from ._reference_systems import are_same_systems, system_name

# Tiles lie on one grid if their corners are no farther from those of its pixels than this part of
# a pixel.
_SAME_GRID = 0.01
# Wavelengths are one if they are no farther apart, in nm.
_SAME_BAND = 0.01
# What has to be the same in all tiles, and what is known of the scene only if it is.
_NUMBERS = ("nodata", "scale", "offset", "good_bands", "class_names", "class_colours", "numbers")
_WORDS = ("fwhm", "bad_bands_by", "band_names", "units", "source_bands")


@dataclass(frozen=True)
class TilesSource:
    """Tiles, and where in the scene the first pixel of each lies."""

    tiles: tuple[Source, ...]
    corners: tuple[tuple[int, int], ...]
    shape: tuple[int, int, int]
    dtype: np.dtype
    tile: tuple[int, int]
    chunk_bytes: int
    # What stands between tiles.
    missing: Any

    @property
    def identity(self) -> Any:
        """What the tiles say, and where they lie."""
        of_tiles = [tile.identity for tile in self.tiles]
        if any(identity is None for identity in of_tiles):
            return None
        return [of_tiles, self.corners, repr(self.missing)]

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        n_bands = self.shape[2] if bands is None else len(bands)
        block = np.full((*window.shape, n_bands), self.missing, self.dtype)
        # The first tile is written last, and over the others.
        for tile, corner in zip(self.tiles[::-1], self.corners[::-1], strict=True):
            own = [slice(first, first + n) for first, n in zip(corner, tile.shape, strict=False)]
            rows, columns = (
                slice(max(part.start, asked.start), min(part.stop, asked.stop))
                for part, asked in zip(own, window, strict=True)
            )
            if rows.start >= rows.stop or columns.start >= columns.stop:
                continue
            common = Window(rows, columns)
            block[common.within(window)] = tile.read(common.within(Window(*own)), bands)
        return block


def tiles_of(scene: Any) -> list[Any] | None:
    """Return the tiles that a list or a pattern names, or None where it is something else."""
    if isinstance(scene, list | tuple):
        is_of_files = scene and all(isinstance(tile, str | PathLike | Scene) for tile in scene)
        return list(scene) if is_of_files else None
    if not isinstance(scene, str | PathLike):
        return None
    pattern = fspath(scene)
    if not isinstance(pattern, str) or not has_magic(pattern) or "://" in pattern:
        return None
    pattern = str(Path(pattern).expanduser())
    if Path(pattern).exists():
        return None
    found = sorted(glob(pattern, recursive=True))
    if not found:
        raise FileNotFoundError(f"There is no file {pattern}, nor any that the pattern fits.")
    return found


def scene_of_tiles(tiles: Sequence[Scene]) -> Scene:
    """Return tiles on one grid as one scene; where they overlap, the first has the pixels."""
    first = tiles[0]
    if len(tiles) == 1:
        return first
    for tile in tiles:
        if tile.transform is None:
            raise ValueError(f"{tile.name} does not say where it lies among tiles: no transform.")
        _refuse_unlike(tile, first)
    corners = np.array([_corner(tile, first) for tile in tiles])
    sizes = np.array([tile.shape[:2] for tile in tiles])
    begin = corners.min(axis=0)
    corners = corners - begin
    n_rows, n_columns = (corners + sizes).max(axis=0).tolist()
    place = _matrix(first)
    place[:, 2] = place @ [begin[1], begin[0], 1]
    source = TilesSource(
        tiles=tuple(tile.source for tile in tiles),
        corners=tuple((int(row), int(column)) for row, column in corners),
        shape=(n_rows, n_columns, first.shape[2]),
        dtype=first.dtype,
        tile=first.source.tile,
        chunk_bytes=max(tile.source.chunk_bytes for tile in tiles),
        missing=_missing(first, corners, sizes),
    )
    return Scene(
        source=source,
        name=f"{first.name} and {len(tiles) - 1} more",
        wavelengths=first.wavelengths,
        crs=first.crs,
        transform=tuple(place[:2].ravel().tolist()),
        files=tuple(dict.fromkeys(file for tile in tiles for file in tile.files)),
        **{name: getattr(first, name) for name in _NUMBERS},
        **{
            name: getattr(first, name)
            for name in _WORDS
            if all(_are_same(getattr(tile, name), getattr(first, name)) for tile in tiles)
        },
    )


def _refuse_unlike(tile: Scene, first: Scene) -> None:
    """Raise if a tile does not have the numbers, the bands or the reference system of another."""

    def unlike(what: str, of_tile: Any, of_first: Any, mend: str = "") -> ValueError:
        return ValueError(
            f"Tiles of one scene must have the same {what}: {tile.name} has {of_tile}, "
            f"{first.name} {of_first}.{mend}"
        )

    if tile.shape[2] != first.shape[2]:
        raise unlike("number of bands", tile.shape[2], first.shape[2])
    if tile.dtype != first.dtype:
        raise unlike("type of numbers", tile.dtype, first.dtype)
    if not are_same_systems(tile.crs, first.crs) or (tile.crs is None) != (first.crs is None):
        raise unlike("reference system", system_name(tile.crs), system_name(first.crs))
    of_both = tile.wavelengths, first.wavelengths
    if not _are_same(*of_both, _SAME_BAND):
        mend = " If they are the same, open_scene(..., wavelengths=) says which."
        raise unlike("wavelengths", _range(of_both[0]), _range(of_both[1]), mend)
    for name in _NUMBERS:
        of_tile, of_first = getattr(tile, name), getattr(first, name)
        if not _are_same(of_tile, of_first):
            can_be_given = name in ("nodata", "good_bands")
            mend = f" Say what it is, open_scene(..., {name}=)." if can_be_given else ""
            raise unlike(name, of_tile, of_first, mend)


def _are_same(value: Any, other: Any, tolerance: float = 0) -> bool:
    if value is None or other is None:
        return value is other
    if isinstance(value, dict | list | str):
        return bool(value == other)
    return np.shape(value) == np.shape(other) and np.allclose(
        np.asarray(value, float), np.asarray(other, float), rtol=0, atol=tolerance, equal_nan=True
    )


def _range(wavelengths: NDArray[np.float64] | None) -> str:
    if wavelengths is None:
        return "none"
    return f"{len(wavelengths)} from {wavelengths[0]:g} to {wavelengths[-1]:g} nm"


def _corner(tile: Scene, first: Scene) -> tuple[int, int]:
    """Return the row and the column of the first pixel of a tile, counted from another's."""
    rows, columns, _ = tile.shape
    corners = np.array([[0, columns, 0], [0, 0, rows], [1, 1, 1]])
    x, y, _ = np.linalg.solve(_matrix(first), _matrix(tile) @ corners)
    row, column = round(y[0]), round(x[0])
    expected = np.array([[column, column + columns, column], [row, row, row + rows]])
    if np.abs(expected - [x, y]).max() > _SAME_GRID:
        raise ValueError(
            f"Tiles of one scene must lie on one grid: {tile.name} has the transform "
            f"{tile.transform}, and begins at row {y[0]:.2f} and column {x[0]:.2f} of that of "
            f"{first.name}, {first.transform}. Resample it to that grid, as with "
            "rasterio.warp.reproject."
        )
    return row, column


def _matrix(tile: Scene) -> NDArray[np.float64]:
    """Return the transform of a tile, to be multiplied by columns, rows and ones."""
    return np.reshape(np.array([*(tile.transform or ()), 0, 0, 1], np.float64), (3, 3))


def _missing(first: Scene, corners: NDArray[np.intp], sizes: NDArray[np.intp]) -> Any:
    """Return what stands for missing data between tiles, if there is anything between them."""
    marker = marker_of(first.nodata, first.dtype)
    if marker is not None:
        return marker
    if first.dtype.kind == "f":
        return first.dtype.type(math.nan)
    edges = [np.unique(np.concatenate([c, c + n])) for c, n in zip(corners.T, sizes.T, strict=True)]
    is_covered = np.zeros([len(of_axis) - 1 for of_axis in edges], bool)
    for corner, size in zip(corners, sizes, strict=True):
        rows, columns = (
            slice(*np.searchsorted(of_axis, [start, start + length]))
            for of_axis, start, length in zip(edges, corner, size, strict=True)
        )
        is_covered[rows, columns] = True
    if not is_covered.all():
        raise ValueError(
            f"Tiles of {first.dtype} leave gaps, for which they have no number: nodata is "
            f"{first.nodata}. Pass a number that is no value, such as open_scene(..., nodata=0)."
        )
    return first.dtype.type(0)
