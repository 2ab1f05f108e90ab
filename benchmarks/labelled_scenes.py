"""Labelled scenes for the benchmarks that cannot be shipped, read from a folder."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from skhyp.datasets import load_indian_pines
from skhyp.scenes import labelled_pixels, open_scene

NODATA = -32768
# Tiles are taken to lie so many rows apart: no pixel of one is a neighbour of one of another.
TILE_DISTANCE = 1000


class PlacedPixels(NamedTuple):
    """All pixels of a scene that have data, labelled or not (0), and where they lie."""

    X: np.ndarray
    y: np.ndarray
    positions: np.ndarray

    @property
    def cube(self) -> np.ndarray:
        """The image of all spectra, NaN where there are none."""
        shape = (*(self.positions.max(axis=0) + 1), self.X.shape[1])
        cube = np.full(shape, np.nan, np.float32)
        cube[tuple(self.positions.T)] = self.X
        return cube


def placed_scenes(folder: Path) -> dict[str, PlacedPixels]:
    """Return all pixels of each scene that is there."""
    indian_pines = load_indian_pines()
    scenes = {"Indian Pines": _placed([(np.asarray(indian_pines.cube), indian_pines.labels)])}
    try:
        scenes["Jasper Ridge"] = _placed([jasper_ridge_cube(folder, purity=0.5)])
    except FileNotFoundError as error:
        print(f"Jasper Ridge is left out: {error}")
    images = sorted((folder / "enmap_potsdam" / "images").glob("*.tif"))
    if images:
        labels = [path.parents[1] / "labels" / path.name for path in images]
        tiles = [open_scene(path) for path in images]
        scenes["EnMAP Potsdam"] = _placed(
            [
                (np.asarray(tile), np.asarray(open_scene(path))[..., 0])
                for tile, path in zip(tiles, labels, strict=True)
            ]
        )
    else:
        print(f"EnMAP Potsdam is left out: no GeoTIFF files in {folder / 'enmap_potsdam/images'}")
    return scenes


def _placed(tiles: list[tuple[np.ndarray, np.ndarray]]) -> PlacedPixels:
    X = np.concatenate([cube.reshape(-1, cube.shape[2]) for cube, _ in tiles])
    y = np.concatenate([labels.ravel() for _, labels in tiles]).astype(np.int64)
    positions = np.concatenate(
        [
            np.argwhere(np.ones(labels.shape, bool)) + np.array([number * TILE_DISTANCE, 0])
            for number, (_, labels) in enumerate(tiles)
        ]
    )
    X = X[:, ~np.all(X == NODATA, axis=0)]
    has_data = np.all(X != NODATA, axis=1)
    return PlacedPixels(X[has_data], y[has_data], positions[has_data])


def jasper_ridge(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels of Jasper Ridge (AVIRIS) that one endmember makes up to over 80 %."""
    return labelled_pixels(*jasper_ridge_cube(folder, purity=0.8))[:2]


def jasper_ridge_cube(folder: Path, *, purity: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Jasper Ridge, and the endmember that makes up more than a share of each pixel."""
    folder = folder / "jasper_ridge"
    rows, bands, columns = 100, 198, 100
    interleaved = np.fromfile(folder / "jasperRidge2_R198.img", "<i2")
    cube = interleaved.reshape(rows, bands, columns).transpose(0, 2, 1)
    with np.load(folder / "labels.npz") as stored:
        return cube, np.where(stored["purity"] > purity, stored["labels"], 0)


def enmap_potsdam(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the labelled pixels of six EnMAP tiles, without the bands that have no data."""
    from tifffile import imread

    folder = folder / "enmap_potsdam"
    images = sorted((folder / "images").glob("*.tif"))
    if not images:
        raise FileNotFoundError(f"no GeoTIFF files in {folder / 'images'}")
    X, y = [], []
    for path in images:
        cube = np.moveaxis(imread(path), 0, -1)
        spectra, labels, _ = labelled_pixels(cube, imread(folder / "labels" / path.name).squeeze())
        X.append(spectra)
        y.append(labels)
    X, y = np.concatenate(X), np.concatenate(y)
    X = X[:, ~np.all(X == NODATA, axis=0)]
    has_data = np.all(X != NODATA, axis=1)
    return X[has_data], y[has_data]
