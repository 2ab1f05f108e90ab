"""Labels come as arrays, as files on the same grid, or as points with coordinates."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import rasterio
from matplotlib.colors import to_hex
from rasterio import warp

from skhyp.plotting import ClassMapDisplay, SceneDisplay
from skhyp.scenes import apply, labelled_pixels, labelled_points, open_scene

from .conftest import BANDS_BY_NUMBER, CRS, SHAPE, TRANSFORM, WAVELENGTHS, write_geotiff

KINDS = ["bil", "tiled tif", "mat 5", "mat 7.3", "npy", "zarr 2"]


@pytest.fixture
def some_labels(labels):
    rng = np.random.default_rng(2)
    return np.where(rng.uniform(size=labels.shape) < 0.2, labels, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_labelled_pixels_that_an_array_gives(files, kind, cube, some_labels):
    expected = labelled_pixels(cube, some_labels)
    for scene in (files[kind], open_scene(files[kind])):
        for result, array in zip(labelled_pixels(scene, some_labels), expected, strict=True):
            np.testing.assert_array_equal(result, array)
    X, _, _ = labelled_pixels(files[kind], some_labels, bands=[2, 0])
    np.testing.assert_array_equal(X, expected[0][:, [2, 0]])


def test_labels_are_read_from_a_file_without_its_nodata(tmp_path, files, cube, some_labels):
    marked = some_labels.astype(np.uint8)
    marked[marked == 0] = 255
    path = write_geotiff(tmp_path / "labels.tif", marked[..., np.newaxis], nodata=255)
    X, y, positions = labelled_pixels(files["tif"], path)
    expected = labelled_pixels(cube, some_labels)
    np.testing.assert_array_equal(X, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    np.testing.assert_array_equal(positions, expected[2])


def test_labels_on_another_grid_are_refused(tmp_path, files, cube, labels):
    shifted = TRANSFORM @ TRANSFORM.translation(0.5, 0)
    path = write_geotiff(tmp_path / "labels.tif", labels[..., np.newaxis], transform=shifted)
    with pytest.raises(ValueError, match="must lie on the grid of the scene"):
        labelled_pixels(files["tif"], path)
    path = write_geotiff(tmp_path / "small.tif", labels[:5, :, np.newaxis])
    with pytest.raises(ValueError, match="must lie on the grid of the scene"):
        labelled_pixels(files["tif"], path)
    with pytest.raises(ValueError, match="labels must have one band"):
        labelled_pixels(files["tif"], files["tif"])


@pytest.mark.parametrize("wording", ["WKT1_GDAL", "WKT1_ESRI", "WKT2_2019", "PROJ"])
@pytest.mark.parametrize("code", [32633, 4258, 3035])
def test_labels_of_another_reference_system_are_refused_not_of_other_words(
    tmp_path, cube, labels, code, wording
):
    system = rasterio.CRS.from_epsg(code)
    text = system.to_proj4() if wording == "PROJ" else system.to_wkt(version=wording)
    label_file = write_geotiff(tmp_path / "labels.tif", labels[..., np.newaxis], crs=system)
    scene = open_scene(write_geotiff(tmp_path / "scene.tif", cube, crs=system))
    label_scene = dataclasses.replace(
        open_scene(label_file), crs=rasterio.CRS.from_string(text).to_wkt()
    )
    assert len(labelled_pixels(scene, label_scene)[0]) == labels.size
    other = dataclasses.replace(label_scene, crs=rasterio.CRS.from_epsg(32632).to_wkt())
    with pytest.raises(ValueError, match=r"is in WGS 84 / UTM zone 32N, .*Reproject the labels"):
        labelled_pixels(scene, other)
    unknown = dataclasses.replace(label_scene, crs=None)
    assert len(labelled_pixels(scene, unknown)[0]) == labels.size


def test_a_class_0_that_is_left_out_is_warned_of(tmp_path, files, some_labels):
    numbers = some_labels.astype(np.uint8)
    numbers[0, :2] = 255
    path = write_geotiff(tmp_path / "labels.tif", numbers[..., np.newaxis], nodata=255)
    n_zeros = np.count_nonzero(numbers == 0)
    with pytest.warns(UserWarning, match=rf"{n_zeros} pixels of .*labels.tif are 0.* by 255\."):
        _, y, _ = labelled_pixels(files["tif"], path)
    assert y.min() > 0
    with pytest.warns(UserWarning, match="marks unlabelled ones by a mask"):
        labelled_pixels(files["tif"], np.ma.masked_equal(numbers, 255))
    scene = open_scene(path)
    named = dataclasses.replace(scene, nodata=None, class_names={0: "Corn", 1: "Woods"})
    with pytest.warns(UserWarning, match="though it calls 0 'Corn'"):
        labelled_pixels(files["tif"], named)
    named.class_names[0] = "Unclassified"
    labelled_pixels(files["tif"], named)
    # The mend, to the letter.
    array = scene.read()[..., 0].astype(int)
    is_labelled = array != 255
    _, y, _ = labelled_pixels(files["tif"], np.where(is_labelled, array + 1, 0))
    assert len(y) == is_labelled.sum() and y.min() == 1


def test_pixels_without_data_are_left_out(tmp_path, cube, labels):
    marked = cube.copy()
    marked[0, 0, 3] = marked[5, 5, 0] = 65535
    scene = open_scene(write_geotiff(tmp_path / "scene.tif", marked, nodata=65535))
    X, y, positions = labelled_pixels(scene, labels)
    assert len(X) == len(y) == labels.size - 2 and 65535 not in X
    assert [0, 0] not in positions.tolist() and [5, 5] not in positions.tolist()
    assert len(labelled_pixels(scene, labels, bands=[1, 2])[0]) == labels.size
    good = np.arange(SHAPE[2]) != 3
    X, _, _ = labelled_pixels(dataclasses.replace(scene, good_bands=good), labels)
    assert X.shape == (labels.size - 1, good.sum())
    floats = cube.astype(np.float32)
    floats[1, 1, 1] = np.nan
    path = write_geotiff(tmp_path / "floats.tif", floats)
    assert len(labelled_pixels(path, labels)[0]) == labels.size - 1


def test_a_band_without_any_data_is_named(tmp_path, cube, labels):
    marked = cube.copy()
    marked[..., 7] = 65535
    path = write_geotiff(tmp_path / "scene.tif", marked, nodata=65535)
    with pytest.raises(ValueError, match=r"bands \[7\] of those taken have it everywhere"):
        labelled_pixels(path, labels)


def test_points_give_the_pixels_that_they_lie_in(files, cube):
    rng = np.random.default_rng(0)
    positions = np.column_stack([rng.integers(0, length, 30) for length in SHAPE[:2]])
    positions = np.unique(positions, axis=0)[::-1]
    x, y = TRANSFORM.c + 30 * (positions[:, 1] + 0.3), TRANSFORM.f - 30 * (positions[:, 0] + 0.8)
    names = np.array(["corn", "woods"])[positions[:, 0] % 2]
    X, classes, places = labelled_points(files["tif"], x, y, names)
    np.testing.assert_array_equal(places, positions)
    np.testing.assert_array_equal(X, cube[tuple(positions.T)])
    np.testing.assert_array_equal(classes, names)
    longitude, latitude = warp.transform(CRS, "EPSG:4326", x.tolist(), y.tolist())
    again = labelled_points(files["tif"], longitude, latitude, names, crs="EPSG:4326", bands=[1])
    np.testing.assert_array_equal(again[0], X[:, [1]])


def test_coordinates_that_no_system_has_are_an_error_that_says_so(files):
    with pytest.raises(ValueError, match=r"x and y: .* from EPSG:4326 to .* are x and y exchanged"):
        labelled_points(files["tif"], [13.0], [120.0], ["corn"], crs="EPSG:4326")


def test_points_in_one_pixel_count_once_and_must_agree(files):
    x, y = [TRANSFORM.c + 1, TRANSFORM.c + 2, TRANSFORM.c + 31], [TRANSFORM.f - 1] * 3
    _, classes, places = labelled_points(files["tif"], x, y, [1, 1, 2])
    assert classes.tolist() == [1, 2] and places.tolist() == [[0, 0], [0, 1]]
    with pytest.raises(ValueError, match=r"Points 0 and 1 lie in one pixel.*labels.*1.*and.*3"):
        labelled_points(files["tif"], x, y, [1, 3, 2])
    with pytest.raises(ValueError, match="one entry for each of the 3 points"):
        labelled_points(files["tif"], x, y, [1, 1])
    with pytest.raises(ValueError, match="lie outside"):
        labelled_points(files["tif"], [0], [0], [1])


@pytest.mark.parametrize(
    "labels",
    [
        ["corn", None, "woods"],
        ["corn", np.nan, "woods"],
        ["corn", " ", "woods"],
        np.array(["corn", np.nan, "woods"]),
        [1, np.nan, 2],
        np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        pd.Series([1, pd.NA, 2], dtype="Int64"),
        pd.Series(["corn", None, "woods"]),
        pd.Series(["corn", None, "woods"], dtype="category"),
        pl.Series([1, None, 2]),
    ],
    ids=lambda labels: f"{type(labels).__name__} {getattr(labels, 'dtype', labels[0])}",
)
def test_points_without_a_label_are_named(files, labels):
    x, y = [TRANSFORM.c + 1, TRANSFORM.c + 1, TRANSFORM.c + 31], [TRANSFORM.f - 1] * 3
    with pytest.raises(ValueError, match=r"those of 1 of 3 are missing, of the numbers 1 \("):
        labelled_points(files["tif"], x, y, labels)


def test_one_list_of_points_is_for_many_tiles(files, cube):
    x, y = TRANSFORM.c + np.array([-9, 31, 1e6, 1]), np.full(4, TRANSFORM.f - 1)
    scene = open_scene(files["tif"])
    with pytest.raises(ValueError, match=r"2 of 4 points lie outside.*outside='drop'"):
        labelled_points(scene, x, y, [1, 2, 3, 4])
    X, classes, places = labelled_points(scene, x, y, [1, 2, 3, 4], outside="drop")
    assert classes.tolist() == [2, 4] and places.tolist() == [[0, 1], [0, 0]]
    np.testing.assert_array_equal(X, cube[0, [1, 0]])
    np.testing.assert_array_equal(X.wavelengths, scene.wavelengths)
    marked = scene.positions_at(x, y, outside="mark")
    assert marked.tolist() == [[-1, -1], [0, 1], [-1, -1], [0, 0]]
    with pytest.raises(ValueError, match="positions must lie within"):
        scene.spectra_at(marked)
    none = labelled_points(scene, x + 1e7, y, list("abcd"), outside="drop")
    assert [len(part) for part in none] == [0, 0, 0] and none[0].shape[1] == SHAPE[2]
    with pytest.raises(ValueError, match="Points 1 and 3 lie in one pixel"):
        labelled_points(scene, [-9, x[3], 1e6, x[3]], y, [1, 2, 3, 4], outside="drop")
    with pytest.raises(ValueError, match="1 of 4 points have none, the first is number 2"):
        labelled_points(scene, [*x[:2], np.nan, 1], y, [1, 2, 3, 4], outside="drop")
    for function in (scene.positions_at, lambda *a, **k: labelled_points(scene, *a, "abcd", **k)):
        with pytest.raises(ValueError, match="outside must be 'raise' or"):
            function(x, y, outside="ignore")


@pytest.fixture
def _no_figure_is_left_open():
    yield
    plt.close("all")


@pytest.mark.usefixtures("_no_figure_is_left_open")
@BANDS_BY_NUMBER
def test_displays_take_files_and_what_these_know(tmp_path, files, model):
    display = SceneDisplay.from_cube(files["bil"])
    assert display.ax_.get_title() == "628, 628, 450 nm as red, green, blue"
    assert (
        SceneDisplay.from_cube(files["npy"], wavelengths=WAVELENGTHS).picture.shape[:2]
        == (SHAPE[:2])
    )
    apply(
        model,
        files["tif"],
        tmp_path / "map.tif",
        class_names=["None", "Corn", "Mown", "Woods"],
        class_colours=["black", "yellow", "green", "brown"],
    )
    display = ClassMapDisplay.from_predictions(tmp_path / "map.tif")
    assert [text.get_text() for text in display.legend_.get_texts()] == ["Corn", "Mown", "Woods"]
    assert to_hex(display.patches_[0].get_facecolor()) == "#ffff00"
