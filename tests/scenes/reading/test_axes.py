"""What the dimensions of an array are is told by names, coordinates and lengths, before order."""

import h5py
import numpy as np
import pytest
import scipy.io
import xarray
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.scenes import apply, labelled_pixels, open_scene

from ..conftest import SMALL_WAVELENGTHS, by_bands, write_hdf5

ORDERS = {"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (2, 0, 1)}


@pytest.fixture(params=ORDERS.values(), ids=ORDERS)
def order(request):
    return request.param


@pytest.mark.parametrize(
    ("arrays", "attributes"),
    [
        ({"wavelength": SMALL_WAVELENGTHS}, {}),
        ({"metadata/spectral/Wvl": SMALL_WAVELENGTHS[:, np.newaxis]}, {}),
        ({"band_centres": SMALL_WAVELENGTHS}, {}),
        ({}, {"cube": {"wavelengths": SMALL_WAVELENGTHS}}),
        ({}, {"": {"center_wavelength": SMALL_WAVELENGTHS}}),
        ({"wavenumber": 1e7 / SMALL_WAVELENGTHS}, {}),
    ],
)
def test_the_bands_are_as_many_as_there_are_wavelengths(tmp_path, small, order, arrays, attributes):
    stored = np.ascontiguousarray(small.transpose(order))
    path = write_hdf5(tmp_path / "scene.h5", {"cube": stored, **arrays}, attributes)
    scene = open_scene(path)
    np.testing.assert_array_equal(np.asarray(scene), small)
    np.testing.assert_allclose(scene.wavelengths, SMALL_WAVELENGTHS)


def test_the_users_wavelengths_tell_which_are_the_bands(tmp_path, small, order):
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small.transpose(order)})
    scene = open_scene(path, wavelengths=SMALL_WAVELENGTHS)
    np.testing.assert_array_equal(np.asarray(scene), small)


def test_a_map_of_labels_tells_which_are_rows_and_columns(tmp_path, small):
    arrays = {"cube": by_bands(small), "labels": np.zeros(small.shape[:2], np.uint8)}
    scene = open_scene(write_hdf5(tmp_path / "scene.h5", arrays))
    np.testing.assert_array_equal(np.asarray(scene), small)


@pytest.mark.parametrize("with_wavelengths", [True, False])
def test_one_coordinate_for_each_row_and_column_tells_which_they_are(
    tmp_path, small, with_wavelengths
):
    arrays = {"cube": small.transpose(2, 1, 0), "lat": 50 - np.arange(7.0), "lon": np.arange(5.0)}
    if with_wavelengths:
        arrays["wl"] = SMALL_WAVELENGTHS
    scene = open_scene(write_hdf5(tmp_path / "scene.h5", arrays))
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.transform == (1, 0, -0.5, 0, -1, 50.5)


def test_a_map_tells_that_columns_come_before_rows_where_the_bands_are_known(tmp_path, small):
    arrays = {"cube": small.transpose(2, 1, 0), "gt": np.zeros((7, 5)), "wl": SMALL_WAVELENGTHS}
    scene = open_scene(write_hdf5(tmp_path / "scene.h5", arrays))
    np.testing.assert_array_equal(np.asarray(scene), small)


def test_a_matrix_by_bands_is_no_map_that_turns_a_cube(tmp_path, small):
    for endmembers in (np.zeros((4, 7)), np.zeros((4, 5))):
        arrays = {"cube": small, "M": endmembers, "wl": SMALL_WAVELENGTHS}
        scene = open_scene(write_hdf5(tmp_path / "scene.h5", arrays), variable="cube")
        np.testing.assert_array_equal(np.asarray(scene), small)


@pytest.mark.parametrize("with_wavelengths", [True, False])
@pytest.mark.parametrize("kind", ["arrays", "attributes"])
def test_numbers_of_rows_and_columns_tell_which_they_are(tmp_path, small, kind, with_wavelengths):
    arrays = {"cube": small.transpose(2, 1, 0)}
    attributes = {}
    if kind == "arrays":
        arrays |= {"nRow": np.array([[7.0]]), "nCol": np.array([[5.0]]), "nBand": np.array([[4]])}
    else:
        attributes = {"cube": {"lines": 7, "samples": np.array([5])}}
    if with_wavelengths:
        arrays["wl"] = SMALL_WAVELENGTHS
    scene = open_scene(write_hdf5(tmp_path / "scene.h5", arrays, attributes))
    np.testing.assert_array_equal(np.asarray(scene), small)


@pytest.mark.parametrize("name", ["wavelength", "Cw_Vnir_Matrix"])
def test_wavelengths_of_each_column_tell_which_are_the_bands_and_are_no_map(
    tmp_path, small, order, name
):
    smile = SMALL_WAVELENGTHS + np.linspace(-2, 2, 5)[:, np.newaxis]
    arrays = {"cube": np.ascontiguousarray(small.transpose(order)), "Fwhm_Matrix": smile * 0 + 5}
    for number, listed in enumerate((smile, smile.T)):
        path = write_hdf5(tmp_path / f"{number}.h5", {**arrays, name: listed})
        with pytest.warns(UserWarning, match="other wavelengths for each column"):
            scene = open_scene(path)
        np.testing.assert_array_equal(np.asarray(scene), small)
        assert scene.wavelengths is None


def test_another_cube_of_the_file_has_its_wavelengths_and_not_those_of_this_one(tmp_path):
    cube = np.arange(16 * 5 * 16).reshape(16, 5, 16)
    attributes = {"": {"List_Cw_Vnir": np.array([450.0, 500, 550, 650, 850])}}
    arrays = {"fields/VNIR_Cube": cube, "fields/SWIR_Cube": cube}
    path = write_hdf5(tmp_path / "scene.h5", arrays, attributes)
    infrared = open_scene(path, variable="SWIR_Cube")
    np.testing.assert_array_equal(np.asarray(infrared), cube.transpose(0, 2, 1))
    assert infrared.wavelengths is None
    visible = open_scene(path, variable="fields/VNIR_Cube")
    np.testing.assert_array_equal(np.asarray(visible), cube.transpose(0, 2, 1))
    assert visible.wavelengths[0] == 450


def test_interleave_tells_where_nothing_else_does(tmp_path, small):
    cube, attributes = by_bands(small), {"cube": {"Interleave": "BSQ"}}
    path = write_hdf5(tmp_path / "alone.h5", {"cube": cube}, attributes)
    np.testing.assert_array_equal(np.asarray(open_scene(path)), small)
    arrays = {"cube": small, "wavelength": SMALL_WAVELENGTHS}
    path = write_hdf5(tmp_path / "beside.h5", arrays, attributes)
    np.testing.assert_array_equal(np.asarray(open_scene(path)), small)


def test_where_nothing_tells_the_order_does_and_the_user_can_say_it(tmp_path, small):
    path = write_hdf5(tmp_path / "scene.h5", {"cube": by_bands(small)})
    assert open_scene(path).shape == (4, 7, 5)
    scene = open_scene(path, dims=("bands", "rows", "columns"))
    np.testing.assert_array_equal(np.asarray(scene), small)


def test_what_fits_two_dimensions_is_refused_and_the_mend_mends_it(tmp_path):
    cube = np.arange(4 * 4 * 7).reshape(4, 4, 7)
    arrays = {"cube": cube, "wavelengths": SMALL_WAVELENGTHS}
    path = write_hdf5(tmp_path / "scene.h5", arrays)
    with pytest.raises(ValueError, match=r"does not tell which .* dims=\('bands', 'rows', 'col"):
        open_scene(path)
    scene = open_scene(path, dims=("bands", "rows", "columns"))
    np.testing.assert_array_equal(np.asarray(scene), cube.transpose(1, 2, 0))
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


def test_wavelengths_as_many_as_a_map_has_rows_are_refused(tmp_path, small):
    arrays = {"cube": small, "gt": np.zeros((7, 5), np.uint8), "wl": np.linspace(400, 900, 7)}
    path = write_hdf5(tmp_path / "scene.h5", arrays)
    with pytest.raises(ValueError, match="by the maps in the file it is the rows"):
        open_scene(path)
    scene = open_scene(path, dims=("rows", "columns", "bands"), wavelengths=SMALL_WAVELENGTHS)
    np.testing.assert_array_equal(np.asarray(scene), small)


@pytest.mark.parametrize(
    "dims",
    [
        ("bands", "rows"),
        "bands, rows, columns",
        ("a", "b", "c"),
        ("rows", "y", "bands"),
    ],
)
def test_dims_that_are_none(small, dims):
    with pytest.raises(ValueError, match="dims must name the 3 dimensions"):
        open_scene(small, dims=dims)


def test_arrays_in_memory_and_in_numpy_files_have_dims_too(tmp_path, small):
    np.save(tmp_path / "cube.npy", by_bands(small))
    for scene in (by_bands(small), tmp_path / "cube.npy"):
        opened = open_scene(scene, dims=("wavelength", "y", "x"), wavelengths=SMALL_WAVELENGTHS)
        np.testing.assert_array_equal(np.asarray(opened), small)
        with pytest.raises(ValueError, match=r"bands come first.*dims=\('bands', 'rows'"):
            open_scene(scene, wavelengths=SMALL_WAVELENGTHS)


def test_dims_are_for_arrays(files, small):
    with pytest.raises(ValueError, match=r"dims=.* is for arrays"):
        open_scene(files["tif"], dims=("bands", "rows", "columns"))
    with pytest.raises(ValueError, match=r"dims=.* is a scene already"):
        open_scene(open_scene(small), dims=("bands", "rows", "columns"))


@pytest.mark.parametrize(
    "names",
    [
        ("bands", "lines", "samples"),
        ("spectral", "downtrack", "crosstrack"),
        ("number_of_bands", "number_of_scans", "pixels_per_line"),
        ("nbands", "nrows", "ncols"),
        ("Wavelength", "YDim", "XDim"),
        ("wavelength_3d", "along_track", "across_track"),
        ("channel", "northing", "easting"),
        ("unknown", "lat", "lon"),
        ("unknown", "yc", "xc"),
        ("unknown", "ypix", "xpix"),
    ],
)
def test_names_of_dimensions_are_written_in_many_ways(small, names):
    array = xarray.DataArray(by_bands(small), dims=names)
    np.testing.assert_array_equal(np.asarray(open_scene(array)), small)


def test_a_coordinate_tells_what_the_name_of_a_dimension_does_not(small):
    coordinates = {"p": ("p", SMALL_WAVELENGTHS, {"units": "nm"})}
    array = xarray.DataArray(by_bands(small), coordinates, ("p", "q", "r"))
    scene = open_scene(array)
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()
    coordinates = {"q": ("q", np.arange(7.0), {"axis": "Y"}), "r": ("r", np.arange(5.0))}
    array = xarray.DataArray(by_bands(small), coordinates, ("p", "q", "r"))
    array["r"].attrs["standard_name"] = "projection_x_coordinate"
    np.testing.assert_array_equal(np.asarray(open_scene(array)), small)


def test_rows_and_columns_in_micrometres_are_no_bands(small):
    places = {
        "y": ("y", 200 + np.arange(7.0), {"units": "um"}),
        "x": ("x", 200 + np.arange(5.0), {"units": "um"}),
    }
    scene = open_scene(xarray.DataArray(small, places, ("y", "x", "band")))
    assert scene.shape == small.shape and scene.wavelengths is None


def test_chunks_have_the_axes_that_their_scene_has(small):
    pytest.importorskip("dask")
    attributes = {"wavelengths": SMALL_WAVELENGTHS.tolist()}
    array = xarray.DataArray(by_bands(small), attrs=attributes).chunk({"dim_1": 3})
    labels = np.tile(np.arange(5) % 2 + 1, (7, 1))
    X, y, _ = labelled_pixels(array, labels)
    model = make_pipeline(HypPreprocessor(), KNeighborsClassifier(1)).fit(X, y)
    np.testing.assert_array_equal(apply(model, array).values, labels)


def test_a_table_of_spectra_is_no_map(tmp_path):
    arrays = {"X": np.random.default_rng(0).uniform(size=(30, 4)), "wl": SMALL_WAVELENGTHS}
    with pytest.raises(ValueError, match=r"spectra one by one.*take such an array as X"):
        open_scene(write_hdf5(tmp_path / "table.h5", arrays))
    array = xarray.DataArray(np.zeros((30, 4)), dims=("sample", "wavelength"))
    with pytest.raises(ValueError, match="spectra one by one"):
        open_scene(array)


def test_pixels_along_one_dimension_are_no_map(tmp_path, small):
    pixels = {"Y": small.reshape(35, 4).T, "nRow": 7, "nCol": 5, "nBand": 4}
    scipy.io.savemat(tmp_path / "pixels.mat", pixels)
    with pytest.raises(ValueError, match="spectra one by one"):
        open_scene(tmp_path / "pixels.mat")
    scipy.io.savemat(tmp_path / "map.mat", {"map": np.eye(35, 2), "rows": 35, "columns": 2})
    assert open_scene(tmp_path / "map.mat").shape == (35, 2, 1)


def test_two_dimensions_with_one_meaning_are_refused(small):
    with pytest.raises(ValueError, match=r"two dimensions .* can be the bands"):
        open_scene(xarray.DataArray(small, dims=("wavelength", "band", "x")))


def test_four_dimensions_are_refused_with_what_to_do(tmp_path, small):
    path = write_hdf5(tmp_path / "scene.h5", {"cube": np.stack([small, small])})
    for variable in (None, "cube"):
        with pytest.raises(ValueError, match=r"cube has the dimensions \(2, 7, 5, 4\).*array\[0\]"):
            open_scene(path, variable=variable)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(np.asarray(open_scene(file["cube"][0])), small)
    array = xarray.DataArray(small[np.newaxis], dims=("time", "y", "x", "band"))
    with pytest.raises(ValueError, match=r"array\.isel\(time=0\)"):
        open_scene(array)
    np.testing.assert_array_equal(np.asarray(open_scene(array.isel(time=0))), small)
