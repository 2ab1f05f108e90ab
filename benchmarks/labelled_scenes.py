"""Labelled scenes for the benchmarks that cannot be shipped, read from a folder."""

from pathlib import Path

import numpy as np

from skhyp.scenes import labelled_pixels

NODATA = -32768


def jasper_ridge(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels of Jasper Ridge (AVIRIS) that one endmember makes up to over 80 %."""
    folder = folder / "jasper_ridge"
    rows, bands, columns = 100, 198, 100
    interleaved = np.fromfile(folder / "jasperRidge2_R198.img", "<i2")
    cube = interleaved.reshape(rows, bands, columns).transpose(0, 2, 1)
    with np.load(folder / "labels.npz") as stored:
        labels = np.where(stored["purity"] > 0.8, stored["labels"], 0)
    return labelled_pixels(cube, labels)[:2]


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
