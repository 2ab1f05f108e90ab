"""Small files of products, written as their makers write them, and what is known of them."""

import re
import zipfile
from contextlib import nullcontext

import h5py
import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import array_bounds
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.scenes import apply, labelled_pixels, open_scene

ROWS, COLUMNS = 12, 10
CRS = rasterio.CRS.from_epsg(32633)
TRANSFORM = rasterio.Affine(30, 0, 283_455, 0, -30, 5_786_715)
# A slanted footprint, as an image on the ground has it.
OUTSIDE = np.add.outer(np.arange(ROWS), np.arange(COLUMNS)) < 3


def reflectance(n_bands):
    """Return spectra of two covers, left and right, of which all differ."""
    rng = np.random.default_rng(0)
    covers = np.where(np.arange(COLUMNS) < 5, 0.1, 0.3)[:, np.newaxis] * np.linspace(1, 2, n_bands)
    return covers + rng.uniform(0, 0.02, (ROWS, COLUMNS, n_bands))


def write_raster(path, cube, *, driver="GTiff", **options):
    """Write (rows, columns, bands) with rasterio."""
    rows, columns, bands = cube.shape
    with rasterio.open(
        path, "w", driver=driver, width=columns, height=rows, count=bands, dtype=cube.dtype,
        crs=CRS, transform=TRANSFORM, **options,
    ) as file:  # fmt: skip
        file.write(cube.transpose(2, 0, 1))
    return path


def zipped(folder, *, inside=""):
    """Pack a folder, and return the archive beside it."""
    path = folder.with_name(f"{folder.name}.ZIP")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path


def assert_values(scene, expected, missing):
    """Check all numbers to 1e-4, and that exactly those that are missing are NaN."""
    found = np.asarray(scene)
    assert found.dtype == np.float32 and np.isnan(scene.nodata)
    np.testing.assert_array_equal(np.isnan(found), missing)
    np.testing.assert_allclose(found[~missing], expected[~missing], rtol=0, atol=1e-4)
    part = scene.read(rows=slice(3, 9), columns=slice(2, 7), bands=[3, 0, 5])
    np.testing.assert_array_equal(part, found[3:9, 2:7][..., [3, 0, 5]])


def assert_mapped(path, out, *, transform=TRANSFORM, crs=CRS, empty=OUTSIDE):
    """Train on a few pixels and check, with rasterio alone, the map and where it lies."""
    scene = open_scene(path)
    labels = np.zeros((ROWS, COLUMNS), np.uint8)
    labels[6:9, :5], labels[6:9, 5:] = 1, 2
    X, y, _ = labelled_pixels(scene, labels)
    model = make_pipeline(HypPreprocessor(), LogisticRegression(C=100)).fit(X, y)
    apply(model, path, out)
    lies_nowhere = pytest.warns(NotGeoreferencedWarning)
    with nullcontext() if transform is not None else lies_nowhere:
        file = rasterio.open(out)
    with file:
        found = file.read(1)
        if transform is None:
            assert file.transform.is_identity
        else:
            assert file.crs == crs
            stated = array_bounds(ROWS, COLUMNS, transform)
            np.testing.assert_allclose(file.bounds, stated, rtol=0, atol=0.01 * transform.a)
    expected = np.where(np.arange(COLUMNS) < 5, 1, 2) * np.ones((ROWS, 1), int)
    np.testing.assert_array_equal(found, np.where(empty, 0, expected))


def assert_refused(path, *named):
    """Check that opening, or reading, is an error that names the file and what is amiss."""
    with pytest.raises((ValueError, OSError)) as caught:
        open_scene(path).read()
    for text in (path.name, *named):
        assert re.search(text, str(caught.value)), (text, str(caught.value))


@pytest.fixture
def edited():
    """A function that changes an HDF5 file, for one that is damaged."""

    def edit(path, change):
        with h5py.File(path, "a") as file:
            change(file)
        return path

    return edit


def cut(path, n_bytes):
    """Leave only the first bytes of a file."""
    path.write_bytes(path.read_bytes()[:n_bytes])
    return path
