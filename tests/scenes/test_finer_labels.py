"""Labels on a finer grid label pixels by the majority, where that covers enough."""

import dataclasses

import numpy as np
import pytest
import rasterio
from rasterio import warp

from skhyp.scenes import _finer_labels, labelled_pixels, open_scene

from .conftest import CRS, SHAPE, TRANSFORM, write_geotiff

N = 3


@pytest.fixture(scope="module")
def finer():
    """Classes 1 to 4 in nine parts of each pixel, 0 where there is none."""
    return np.random.default_rng(0).integers(0, 5, (SHAPE[0] * N, SHAPE[1] * N)).astype(np.uint8)


@pytest.fixture
def scene(files):
    return open_scene(files["tif"])


def write_labels(path, labels, **options):
    options = {"transform": TRANSFORM @ TRANSFORM.scale(1 / N), **options}
    return write_geotiff(path, labels[..., np.newaxis], **options)


def expected_labels(labels, min_coverage):
    """Count the parts of each pixel, one pixel at a time."""
    found = np.zeros(SHAPE[:2], int)
    for row, column in np.ndindex(found.shape):
        part = labels[row * N : (row + 1) * N, column * N : (column + 1) * N]
        counts = np.bincount(part.ravel(), minlength=5)[1:]
        is_best = counts == counts.max()
        if is_best.sum() == 1 and counts.max() >= min_coverage * N**2 - 1e-9:
            found[row, column] = np.argmax(counts) + 1
    return found


@pytest.mark.parametrize("min_coverage", [0.01, 1 / 3, 4 / 9, 0.5])
def test_the_most_frequent_class_is_taken_where_it_covers_enough(
    tmp_path, scene, finer, min_coverage, monkeypatch
):
    path = write_labels(tmp_path / "finer.tif", finer)
    X, y, positions = labelled_pixels(scene, path, min_coverage=min_coverage)
    expected = expected_labels(finer, min_coverage)
    np.testing.assert_array_equal(positions, np.argwhere(expected > 0))
    np.testing.assert_array_equal(y, expected[expected > 0])
    np.testing.assert_array_equal(X, scene.spectra_at(positions))
    monkeypatch.setattr(_finer_labels, "_PLACES_AT_ONCE", 50)
    again = labelled_pixels(scene, path, min_coverage=min_coverage)
    np.testing.assert_array_equal(again[1], y)
    np.testing.assert_array_equal(again[2], positions)


def test_nodata_and_what_is_outside_of_the_map_cover_nothing(tmp_path, scene):
    labels = np.full((6, 6), 1, np.uint8)
    labels[0] = 255
    corner = TRANSFORM @ TRANSFORM.translation(SHAPE[1] - 1 - 1 / 3, 1) @ TRANSFORM.scale(1 / N)
    path = write_labels(tmp_path / "part.tif", labels, transform=corner, nodata=255)
    for min_coverage, expected in {
        0.3: [[1, 15], [1, 16], [2, 15], [2, 16]][1:],
        0.6: [[1, 16], [2, 16]],
        1: [[2, 16]],
    }.items():
        _, _, positions = labelled_pixels(scene, path, min_coverage=min_coverage)
        assert positions.tolist() == expected
    away = TRANSFORM @ TRANSFORM.translation(100, 0) @ TRANSFORM.scale(1 / N)
    with pytest.raises(ValueError, match="do not overlap"):
        labelled_pixels(
            scene, write_labels(tmp_path / "away.tif", labels, transform=away), min_coverage=0.5
        )


def test_labels_of_another_system_are_found(tmp_path, scene):
    """Halves of the scene, in a system that is turned against the scene's."""
    left, bottom, right, top = warp.transform_bounds(
        CRS, "EPSG:3035", *(TRANSFORM @ (0, SHAPE[0])), *(TRANSFORM @ (SHAPE[1], 0))
    )
    transform = rasterio.Affine(5, 0, left - 10, 0, -5, top + 10)
    size = (int((top - bottom) / 5) + 5, int((right - left) / 5) + 5)
    rows, columns = np.indices(size)
    x, y = transform @ (columns.ravel() + 0.5, rows.ravel() + 0.5)
    x, y = (np.array(values) for values in warp.transform("EPSG:3035", CRS, x, y))
    across = (x - TRANSFORM.c) / 30
    labels = np.where(across < 8.5, 1, 2).astype(np.uint8).reshape(size)
    path = write_geotiff(
        tmp_path / "turned.tif", labels[..., None], crs="EPSG:3035", transform=transform
    )
    _, classes, positions = labelled_pixels(scene, path, min_coverage=0.8)
    expected = np.repeat([1, 0, 2], [8, 1, 8])
    np.testing.assert_array_equal(positions[:, 1], np.tile(np.flatnonzero(expected), SHAPE[0]))
    np.testing.assert_array_equal(classes, expected[positions[:, 1]])
    with pytest.raises(
        ValueError, match=r"finer ones are taken as they are, by the majority, with min_coverage"
    ):
        labelled_pixels(scene, path)


def test_the_same_grid_is_as_without_and_coarser_ones_are_refused(tmp_path, scene, labels):
    path = write_geotiff(tmp_path / "same.tif", labels[..., np.newaxis])
    for found, expected in zip(
        labelled_pixels(scene, path, min_coverage=1), labelled_pixels(scene, path), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    coarse = write_labels(
        tmp_path / "coarse.tif", labels[::2, ::2], transform=TRANSFORM @ TRANSFORM.scale(2)
    )
    with pytest.raises(ValueError, match=r"as fine as the scene or finer; .* is 0\.50 x 0\.50 pix"):
        labelled_pixels(scene, coarse, min_coverage=0.5)
    with pytest.raises(ValueError, match=r"Finer ones are taken by the majority.*Resample coarser"):
        labelled_pixels(scene, coarse)


def test_what_cannot_be_found_is_refused(tmp_path, scene, finer):
    path = write_labels(tmp_path / "finer.tif", finer)
    with pytest.raises(ValueError, match="it has no transform, by which labels"):
        labelled_pixels(np.asarray(scene), path, min_coverage=0.5)
    with pytest.raises(ValueError, match=r"min_coverage must be None or a share"):
        labelled_pixels(scene, path, min_coverage=2)
    with pytest.raises(ValueError, match=r"above 0, or covered by one of 1 for at least one"):
        labelled_pixels(scene, path, min_coverage=1)
    named = dataclasses.replace(open_scene(path), class_names={0: "Corn", 1: "Woods"})
    with pytest.warns(UserWarning, match=r"pixels of .*finer.tif are 0.*calls 0 'Corn'"):
        labelled_pixels(scene, named, min_coverage=0.3)
