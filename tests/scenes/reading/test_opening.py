"""Scenes are read alike from every kind of file, with all that the file says of them."""

import pickle
import re
import tracemalloc

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
import xarray
from rasterio import warp

from skhyp.scenes import false_colour, open_scene

from ..conftest import (
    CRS,
    SHAPE,
    TRANSFORM,
    WAVELENGTHS,
    data_array,
    write_envi,
    write_geotiff,
    write_matlab73,
)

KINDS = [
    *("bsq", "bil", "bip", "tif", "tiled tif", "mat 5", "mat 7.3", "npy", "fortran npy"),
    *("zarr 2", "zarr 3", "bare zarr"),
]
WITHOUT_WAVELENGTHS = ["npy", "fortran npy", "bare zarr"]
GEOREFERENCED = ["bsq", "bil", "bip", "tif", "tiled tif", "zarr 2", "zarr 3"]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def test_the_same_numbers_come_from_every_kind_of_file(files, kind, cube):
    scene = open_scene(files[kind])
    assert scene.shape == cube.shape and scene.dtype == cube.dtype and scene.ndim == 3
    np.testing.assert_array_equal(np.asarray(scene), cube)
    assert scene.read().flags.c_contiguous


def test_a_part_of_a_scene_is_that_part(files, kind, cube):
    scene = open_scene(files[kind])
    part = scene.read(rows=slice(5, 9), columns=slice(2, 3), bands=[7, 0, 4])
    np.testing.assert_array_equal(part, cube[5:9, 2:3][..., [7, 0, 4]])
    mask = np.arange(SHAPE[2]) % 3 == 0
    np.testing.assert_array_equal(scene.read(bands=mask), cube[..., mask])


def test_windows_cover_a_scene_once_and_keep_their_size(files, kind, cube):
    scene = open_scene(files[kind])
    for max_pixels in (1, 5, 16, 17, 100, 256, 10**6):
        seen = np.zeros(cube.shape[:2], int)
        for window in scene.windows(max_pixels):
            seen[window] += 1
            assert window.n_pixels <= max_pixels
        assert (seen == 1).all()


def test_windows_follow_the_tiles_of_a_file(files):
    windows = open_scene(files["tiled tif"]).windows(16 * 17)
    assert [(window.rows.start, window.columns.start) for window in windows] == [
        *((0, 0), (16, 0)),
    ]
    windows = open_scene(files["tiled tif"]).windows(16 * 16)
    assert {(window.rows.start, window.columns.start) for window in windows} == {
        *((0, 0), (0, 16), (16, 0), (16, 16)),
    }


def test_wavelengths_are_in_nm_whatever_the_file_has(files, kind):
    scene = open_scene(files[kind])
    if kind in WITHOUT_WAVELENGTHS:
        assert scene.wavelengths is None and scene.feature_names is None
    else:
        np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS, atol=1e-3)
        assert scene.feature_names[0] == "450.25 nm"


def test_coordinates_survive(files, kind):
    scene = open_scene(files[kind])
    if kind not in GEOREFERENCED:
        assert scene.crs is None and scene.transform is None
        return
    np.testing.assert_allclose(scene.transform, tuple(TRANSFORM)[:6])
    assert rasterio.CRS.from_wkt(scene.crs).to_epsg() == 32633


def test_spectra_are_found_at_positions_in_any_order(files, kind, cube):
    rng = np.random.default_rng(1)
    positions = np.column_stack([rng.integers(0, length, 40) for length in SHAPE[:2]])
    scene = open_scene(files[kind])
    np.testing.assert_array_equal(scene.spectra_at(positions), cube[tuple(positions.T)])
    np.testing.assert_array_equal(
        scene.spectra_at(positions, bands=[3, 1]), cube[tuple(positions.T)][:, [3, 1]]
    )


def test_a_scene_is_pickled_as_a_reference(files, kind, cube):
    scene = open_scene(files[kind])
    content = pickle.dumps(scene)
    np.testing.assert_array_equal(np.asarray(pickle.loads(content)), cube)
    if kind != "mat 5":  # read as a whole
        assert len(content) < cube.nbytes


def test_the_data_of_an_envi_file_can_be_named_instead_of_its_header(files, cube):
    np.testing.assert_array_equal(np.asarray(open_scene(files["bil"].with_suffix(".img"))), cube)


def test_arrays_and_scenes_are_scenes(cube):
    scene = open_scene(cube, wavelengths=WAVELENGTHS)
    np.testing.assert_array_equal(np.asarray(scene), cube)
    again = open_scene(scene, nodata=5)
    assert again.nodata == 5 and again.wavelengths is scene.wavelengths
    np.testing.assert_array_equal(np.asarray(scene, dtype=np.float32), cube.astype(np.float32))


@pytest.mark.parametrize("dims", [("y", "x", "band"), ("band", "y", "x"), ("x", "band", "y")])
def test_a_data_array_has_its_axes_found_by_name(cube, dims):
    scene = open_scene(data_array(cube).transpose(*dims))
    np.testing.assert_array_equal(np.asarray(scene), cube)
    np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS, atol=1e-3)
    np.testing.assert_allclose(scene.transform, tuple(TRANSFORM)[:6])


def test_jasper_ridge_is_read_with_its_wavelengths_that_step_back(shared_folder):
    folder = shared_folder / "scenes" / "jasper_ridge"
    scene = open_scene(folder / "jasperRidge2_R198.hdr")
    assert scene.shape == (100, 100, 198) and scene.dtype == np.int16
    header = (folder / "jasperRidge2_R198.hdr").read_text()
    listed = re.search(r"\nwavelength = \{(.*?)\}", header, re.DOTALL)[1]
    np.testing.assert_allclose(scene.wavelengths, np.array(listed.split(","), float))
    np.testing.assert_array_equal(np.flatnonzero(np.diff(scene.wavelengths) < 0), [28, 92])
    assert scene.good_bands.all() and scene.transform is None
    data = np.fromfile(folder / "jasperRidge2_R198.img", "<i2").reshape(100, 198, 100)
    np.testing.assert_array_equal(np.asarray(scene), data.transpose(0, 2, 1))


def test_enmap_is_read_with_what_its_bands_say(shared_folder):
    path = shared_folder / "scenes/enmap_potsdam/images/enmap_potsdam_tile_64_0.tif"
    scene = open_scene(path)
    assert scene.shape == (32, 32, 224) and scene.nodata == -32768
    assert scene.wavelengths[[0, 88, 91]].tolist() == [418.24, 976.783, 902.257]
    np.testing.assert_array_equal(np.flatnonzero(~scene.good_bands), np.arange(129, 135))
    assert (scene.read(bands=~scene.good_bands) == scene.nodata).all()
    with rasterio.open(path) as dataset:
        assert scene.transform == tuple(dataset.transform)[:6]
        assert rasterio.CRS.from_wkt(scene.crs) == dataset.crs


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        ("Nanometers", [450, 550], [450, 550]),
        ("um", [0.45, 0.55], [450, 550]),
        ("Unknown", [0.45, 0.55], [450, 550]),
        ("Unknown", [450, 550], [450, 550]),
        ("Angstroms", [4500, 5500], [450, 550]),
        ("Wavenumber", [20000, 10000], [500, 1000]),
        ("m", [4.5e-7, 5.5e-7], [450, 550]),
        ("Unknown", [1, 2], None),
        ("Index", [450, 550], None),
    ],
)
def test_units_of_wavelengths(tmp_path, unit, values, expected):
    cube = np.zeros((2, 3, 2), np.uint16)
    path = write_envi(tmp_path / "scene", cube, "bsq", wavelength=values, wavelength_units=unit)
    wavelengths = open_scene(path).wavelengths
    if expected is None:
        assert wavelengths is None
    else:
        np.testing.assert_allclose(wavelengths, expected)


def test_bad_bands_and_nodata_of_an_envi_header(tmp_path):
    cube = np.zeros((2, 3, 4), np.int16)
    path = write_envi(tmp_path / "scene", cube, "bip", bbl=[1, 0, 1, 1], data_ignore_value=-9999)
    scene = open_scene(path)
    assert scene.good_bands.tolist() == [True, False, True, True] and scene.nodata == -9999
    assert "1 of them bad" in repr(scene) and "nodata -9999" in repr(scene)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"wavelength": [400, 500, 600]}, "lists 3 wavelengths for 4 bands"),
        ({"bbl": [1, 0]}, "lists 2 flags of bad bands for 4 bands"),
        ({"wavelength": [400, -500, 600, 700]}, "positive finite"),
    ],
)
def test_a_header_that_does_not_fit_its_data_is_refused_or_put_right(tmp_path, header, message):
    path = write_envi(tmp_path / "scene", np.zeros((2, 3, 4), np.int16), "bsq", **header)
    with pytest.raises(ValueError, match=message):
        open_scene(path)
    right = {"wavelengths": [400, 500, 600, 700], "good_bands": [1, 1, 0, 1]}
    assert open_scene(path, **right).wavelengths.tolist() == right["wavelengths"]


def test_a_file_that_is_shorter_than_its_header_says_is_refused(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bil")
    data = path.with_suffix(".img")
    data.write_bytes(data.read_bytes()[:-10])
    with pytest.raises(ValueError, match=rf"{cube.nbytes - 10} bytes.*{cube.nbytes} bytes"):
        open_scene(path)


@pytest.mark.parametrize("kind", ["tif", "tiled tif", "npy", "mat 5", "mat 7.3"])
def test_half_a_file_is_an_error_and_not_half_a_scene(tmp_path, files, kind):
    path = tmp_path / files[kind].name
    content = files[kind].read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((ValueError, OSError), match=re.escape(path.name)):
        np.asarray(open_scene(path))


@pytest.mark.parametrize("name", ["scene.hdr", "scene.tif", "scene.mat", "scene.npy", "scene"])
def test_text_under_any_name_is_no_scene(tmp_path, name):
    path = tmp_path / name
    path.write_text("This is not a scene. " * 99)
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(name)):
        open_scene(path)


def test_a_path_that_is_not_there(tmp_path):
    for name in ("scene.hdr", "scene.tif", "scene.zarr", "scene.npy"):
        with pytest.raises(FileNotFoundError, match=re.escape(name)):
            open_scene(tmp_path / name)


def test_a_header_without_data_says_what_was_looked_for(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bsq")
    path.with_suffix(".img").rename(tmp_path / "other.img")
    with pytest.raises(FileNotFoundError, match=r"looked for scene.*\.img"):
        open_scene(path)


def test_one_of_several_variables_has_to_be_chosen(tmp_path):
    path = tmp_path / "two.mat"
    scipy.io.savemat(path, {"a": np.zeros((2, 3, 4)), "b": np.ones((3, 3, 5)), "text": "none"})
    with pytest.raises(ValueError, match=r"variable= must say which.*a \(2, 3, 4\), b \(3, 3, 5\)"):
        open_scene(path)
    assert open_scene(path, variable="b").shape == (3, 3, 5)
    with pytest.raises(ValueError, match="no variable 'c'"):
        open_scene(path, variable="c")


def test_a_map_is_a_scene_of_one_band(tmp_path, labels):
    scipy.io.savemat(tmp_path / "map.mat", {"gt": labels})
    np.save(tmp_path / "map.npy", labels)
    for name in ("map.mat", "map.npy"):
        scene = open_scene(tmp_path / name)
        np.testing.assert_array_equal(np.asarray(scene)[..., 0], labels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wavelengths": [1, 2]}, "wavelengths must have one entry for each of the 12 bands"),
        ({"good_bands": [True]}, "good_bands must be a mask"),
        ({"nodata": "none"}, "nodata of .* must be a number"),
        ({"variable": "scene"}, "variable='scene' is for MATLAB files and Zarr"),
    ],
)
def test_arguments_that_do_not_fit(files, arguments, message):
    with pytest.raises(ValueError, match=message):
        open_scene(files["npy"], **arguments)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"rows": slice(0, 24)}, "rows must be a slice within 23 rows"),
        ({"rows": slice(5, 5)}, "not empty"),
        ({"columns": slice(0, 4, 2)}, "steps of 1"),
        ({"columns": 3}, "must be a slice"),
        ({"bands": [12]}, "between 0 and 11"),
        ({"bands": [0.5]}, "must be integers"),
    ],
)
def test_parts_that_are_not_there(files, part, message):
    with pytest.raises(ValueError, match=message):
        open_scene(files["npy"]).read(**part)


@pytest.mark.parametrize("array", [np.zeros((3, 4)), np.zeros((2, 2, 2), complex)])
def test_arrays_that_are_no_scene(array):
    with pytest.raises(ValueError, match=r"must have the shape|real numbers"):
        open_scene(array)


@pytest.mark.parametrize(
    ("package", "kind", "extra"), [("rasterio", "tif", "geo"), ("zarr", "zarr 2", "zarr")]
)
def test_a_missing_package_is_named_with_the_command(monkeypatch, files, package, kind, extra):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ImportError, match=rf"{package}.*pip install 'skhyp\[{extra}\]'"):
        open_scene(files[kind])


def test_where_h5py_is_missing_the_command_is_told(monkeypatch, files):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match=r"needs h5py.*pip install h5py"):
        open_scene(files["mat 7.3"])


def test_points_are_found_by_their_coordinates(files):
    scene = open_scene(files["tif"])
    x, y = TRANSFORM @ (2.5, 7.5)
    assert scene.positions_at(x, y).tolist() == [[7, 2]]
    longitude, latitude = warp.transform(CRS, "EPSG:4326", [x], [y])
    assert scene.positions_at(longitude, latitude, crs="EPSG:4326").tolist() == [[7, 2]]
    with pytest.raises(ValueError, match="1 of 2 points lie outside"):
        scene.positions_at([x, 0], [y, 0])
    with pytest.raises(ValueError, match="has no transform"):
        open_scene(files["npy"]).positions_at(x, y)


def test_a_rotated_scene_has_its_points_too(tmp_path, cube):
    transform = TRANSFORM @ rasterio.Affine.rotation(30)
    scene = open_scene(write_geotiff(tmp_path / "rotated.tif", cube, transform=transform))
    for row, column in [(0, 0), (22, 16), (7, 3)]:
        x, y = transform @ (column + 0.5, row + 0.5)
        assert scene.positions_at(x, y).tolist() == [[row, column]]


def test_a_picture_knows_nodata(tmp_path, cube):
    marked = cube.copy()
    marked[0, 0] = 0
    scene = open_scene(write_geotiff(tmp_path / "scene.tif", marked, nodata=0))
    picture = false_colour(scene, bands=[3, 2, 1])
    np.testing.assert_array_equal(picture, false_colour(marked, bands=[3, 2, 1], nodata=0))
    assert (picture[0, 0] == 0).all()


@pytest.mark.parametrize("kind", ["bsq", "npy", "zarr 3", "mat 7.3"])
def test_far_apart_bands_are_read_without_those_between(tmp_path, kind):
    cube = np.zeros((200, 300, 100), np.float32)
    cube[..., [90, 40, 3]] = [1, 2, 3]
    if kind == "bsq":
        path = write_envi(tmp_path / "large", cube, "bsq")
    elif kind == "npy":
        path = tmp_path / "large.npy"
        np.save(path, cube)
    elif kind == "zarr 3":
        path = tmp_path / "large.zarr"
        array = xarray.DataArray(cube, dims=("y", "x", "band"), name="large")
        array.chunk({"y": 50, "band": 1}).to_zarr(path, consolidated=False)
    else:
        path = write_matlab73(tmp_path / "large.mat", cube, np.arange(400, 500), chunks=(3, 50, 50))
    scene = open_scene(path)
    tracemalloc.start()
    part = scene.read(bands=[90, 40, 3])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (part == [1, 2, 3]).all() and part.flags.c_contiguous
    assert peak < cube.nbytes / 5


def test_reading_a_part_of_hdf5_reads_no_more(files, monkeypatch):
    sizes = []
    read = h5py.Dataset.__getitem__

    def measured(self, index):
        block = read(self, index)
        sizes.append(block.size)
        return block

    scene = open_scene(files["mat 7.3"])
    monkeypatch.setattr(h5py.Dataset, "__getitem__", measured)
    scene.read(rows=slice(0, 2), columns=slice(0, 3))
    assert sizes == [2 * 3 * SHAPE[2]]


@pytest.mark.parametrize(
    "dims", [("wl", "y", "x"), ("anything", "lat", "lon"), ("y", "x", "spectrum")]
)
def test_of_three_dimensions_two_names_tell_the_third(dims):
    known = {"y": 5, "lat": 5, "x": 6, "lon": 6}
    array = xarray.DataArray(np.zeros([known.get(name, 7) for name in dims]), dims=dims)
    assert open_scene(array).shape == (5, 6, 7)


def test_one_known_dimension_is_not_enough():
    with pytest.raises(ValueError, match="only one is known"):
        open_scene(xarray.DataArray(np.zeros((5, 6, 7)), dims=("y", "a", "b")))
    assert open_scene(xarray.DataArray(np.zeros((5, 6, 7)))).shape == (5, 6, 7)


def test_numbers_of_bands_are_no_wavelengths(cube):
    array = xarray.DataArray(cube, {"band": np.arange(400, 412)}, ("y", "x", "band"))
    assert open_scene(array).wavelengths is None
    array["band"].attrs["units"] = "nm"
    assert open_scene(array).wavelengths[0] == 400


def test_a_part_of_a_data_array_lies_where_its_coordinates_say(files):
    whole = open_scene(files["tif"])
    part = open_scene(whole.to_xarray().isel(y=slice(10, 20), x=slice(5, 15)))
    assert part.transform == (30, 0, 364095 + 5 * 30, 0, -30, 5809965 - 10 * 30)
    position = part.positions_at(364095 + 5 * 30 + 1, 5809965 - 10 * 30 - 1)
    assert position.tolist() == [[0, 0]]
    flipped = open_scene(whole.to_xarray()[::-1])
    assert flipped.transform == (30, 0, 364095, 0, 30, 5809965 - 23 * 30)


def test_masked_floats_are_missing_and_masked_integers_are_refused(cube):
    mask = np.zeros(SHAPE, bool)
    mask[2, 3] = True
    scene = open_scene(np.ma.array(cube.astype(np.float32), mask=mask))
    assert np.isnan(scene.read()[2, 3]).all() and np.isfinite(scene.read()[2, 4]).all()
    with pytest.raises(ValueError, match="masked array of integers"):
        open_scene(np.ma.array(cube, mask=mask))


@pytest.mark.parametrize(
    "changes",
    [
        lambda text: text.upper(),
        lambda text: text.replace("data type", "Data Type"),
        lambda text: text.replace("samples = 17", "samples  =   17  ; across"),
        lambda text: text.replace("bbl", "BBL"),
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_headers_are_written_in_many_hands(tmp_path, cube, changes):
    path = write_envi(tmp_path / "scene", cube, "bil", bbl=[1] * 11 + [0])
    path.write_text("ENVI" + changes(path.read_text().removeprefix("ENVI")), newline="")
    scene = open_scene(path)
    np.testing.assert_array_equal(np.asarray(scene), cube)
    assert scene.good_bands.tolist() == [True] * 11 + [False]


def test_the_other_byte_order_and_an_offset(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube.astype(">u2"), "bip", byte_order=1, header_offset=99)
    data = path.with_suffix(".img")
    data.write_bytes(bytes(99) + data.read_bytes())
    np.testing.assert_array_equal(np.asarray(open_scene(path)), cube)


def test_data_under_another_ending_are_found_if_there_is_one_candidate(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bsq")
    path.with_suffix(".img").rename(tmp_path / "scene.rfl")
    np.testing.assert_array_equal(np.asarray(open_scene(path)), cube)


def test_wavelengths_that_are_words_can_be_put_right(tmp_path, cube):
    path = write_envi(tmp_path / "scene", cube, "bsq", wavelength=["green"] * 12)
    with pytest.raises(ValueError, match="wavelengths that are no numbers"):
        open_scene(path)
    assert open_scene(path, wavelengths=WAVELENGTHS).wavelengths[0] == 450.25


def test_a_dataset_is_not_a_scene_but_its_variables_are(cube):
    dataset = data_array(cube).to_dataset()
    with pytest.raises(ValueError, match="pass one of them: scene"):
        open_scene(dataset)


@pytest.mark.parametrize("value", [None, [-1.0], "abc"])
def test_a_fill_value_that_is_no_number_is_none(cube, value):
    array = data_array(cube)
    array.attrs["_FillValue"] = value
    assert open_scene(array).nodata is None


def test_windows_and_bands_of_nothing_are_refused(cube):
    scene = open_scene(cube)
    with pytest.raises(ValueError, match="max_pixels must be at least 1"):
        scene.windows(0)
    with pytest.raises(ValueError, match="keep one band or more"):
        scene.read(bands=np.zeros(12, bool))
    assert scene.spectra_at(np.array([[0, 1]], np.uint64)).shape == (1, 12)


def test_a_small_file_of_html_is_no_matlab_file(tmp_path):
    (tmp_path / "scene.mat").write_text("<html></html>")
    with pytest.raises(ValueError, match=r"scene\.mat is a web page"):
        open_scene(tmp_path / "scene.mat")
