"""Cubes and maps in HDF5 files and netCDF of both kinds, with what these say of them."""

import pickle

import h5py
import numpy as np
import pytest
import rasterio
import xarray

from skhyp.scenes import false_colour, open_scene

from ..conftest import CRS, SMALL_WAVELENGTHS, by_bands, write_hdf5

WKT = rasterio.CRS.from_string(CRS).to_wkt()


@pytest.fixture(params=["netCDF 4", "netCDF 3"])
def georeferenced(request, tmp_path, small):
    """A function that writes (wavelength, y, x) with coordinates, the rows rising or falling."""

    def written(y):
        path = tmp_path / f"scene {request.param}.nc"
        x = 100 + 10.0 * np.arange(5)
        if request.param == "netCDF 4":
            return _write_netcdf4(path, small, x, y)
        array = xarray.DataArray(
            by_bands(small),
            {
                "wavelength": ("wavelength", SMALL_WAVELENGTHS, {"units": "nm"}),
                "y": y,
                "x": x,
                "crs": ((), 0, {"crs_wkt": WKT, "GeoTransform": "95 10 0 70 0 -10"}),
            },
            ("wavelength", "y", "x"),
            name="reflectance",
            attrs={"grid_mapping": "crs", "scale_factor": 0.0001, "add_offset": 0.5},
        )
        array.encoding["_FillValue"] = np.float32(-9999)
        array.to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
        return path

    return written


def _write_netcdf4(path, cube, x, y):
    """Write what the library of netCDF does: dimensions are scales, of which some are no more."""
    with h5py.File(path, "w") as file:
        file["northing"], file["easting"] = y, x
        file["wavelength"] = np.zeros(4, np.float32)
        none = "This is a netCDF dimension but not a netCDF variable.         4"
        for name, label in (("northing", "northing"), ("easting", "easting"), ("wavelength", none)):
            file[name].make_scale(label)
        file["mercator"] = np.bytes_("x")
        file["mercator"].attrs.update({"crs_wkt": WKT, "GeoTransform": "95 10 0 70 0 -10"})
        file["group/reflectance"] = by_bands(cube)
        file["group/reflectance"].attrs.update(
            {"_FillValue": [np.float32(-9999)], "grid_mapping": "mercator"}
        )
        file["group/reflectance"].attrs.update({"scale_factor": 0.0001, "add_offset": 0.5})
        for axis, name in enumerate(("wavelength", "northing", "easting")):
            file["group/reflectance"].dims[axis].attach_scale(file[name])
        file["group/wavelength"] = SMALL_WAVELENGTHS / 1000
        file["group/wavelength"].attrs["units"] = "um"
        file["group/wavelength"].dims[0].attach_scale(file["wavelength"])
    return path


@pytest.mark.parametrize("step", [10.0, -10.0])
def test_rows_stay_as_they_are_stored_and_the_transform_says_where_they_lie(
    georeferenced, small, step
):
    scene = open_scene(georeferenced(5 + step * np.arange(7)))
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.transform == (10, 0, 95, 0, step, 5 - step / 2)
    position = scene.positions_at(100 + 10 * 3, 5 + step * 6)
    assert position.tolist() == [[6, 3]]
    assert scene.spectra_at(position).tolist() == [small[6, 3].tolist()]


def test_what_netcdf_says_of_a_variable(georeferenced):
    scene = open_scene(georeferenced(5 + 10.0 * np.arange(7)))
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()
    assert scene.nodata == -9999 and scene.scale == 0.0001 and scene.offset == 0.5
    assert rasterio.CRS.from_wkt(scene.crs).to_epsg() == 32633


def test_a_stated_transform_that_agrees_with_the_coordinates_is_kept(georeferenced):
    scene = open_scene(georeferenced(65 - 10.0 * np.arange(7)))
    assert scene.transform == (10, 0, 95, 0, -10, 70)


def test_netcdf_is_read_in_blocks_and_pickled_as_a_reference(georeferenced, small):
    scene = open_scene(georeferenced(5 + 10.0 * np.arange(7)))
    again = pickle.loads(pickle.dumps(scene))
    part = again.read(rows=slice(2, 5), columns=slice(1, 3), bands=[3, 0])
    np.testing.assert_array_equal(part, small[2:5, 1:3][..., [3, 0]])


def test_of_hdf5_only_what_is_asked_for_is_read(tmp_path, monkeypatch, small):
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small, "wavelength": SMALL_WAVELENGTHS})
    sizes = []
    read = h5py.Dataset.__getitem__

    def measured(self, index):
        block = read(self, index)
        sizes.append(np.size(block))
        return block

    monkeypatch.setattr(h5py.Dataset, "__getitem__", measured)
    scene = open_scene(path)
    assert sum(sizes) <= 8
    sizes.clear()
    scene.read(rows=slice(0, 2), columns=slice(0, 3))
    assert sizes == [2 * 3 * 4]


def test_one_of_several_variables_has_to_be_chosen(tmp_path, small):
    arrays = {"a": small, "group/b": small * 2, "other/b": small * 3, "names": [b"one", b"two"]}
    path = write_hdf5(tmp_path / "scene.h5", arrays)
    with pytest.raises(ValueError, match=r"variable= must say which.*a \(7, 5, 4\), group/b \(7"):
        open_scene(path)
    for name in ("a", "/a", "group/b", "/group/b"):
        assert open_scene(path, variable=name).shape == small.shape
    with pytest.raises(ValueError, match=r"several variables 'b'.*'group/b' or 'other/b'"):
        open_scene(path, variable="b")
    with pytest.raises(ValueError, match=r"no variable 'c'.*group/b"):
        open_scene(path, variable="c")


def test_what_an_error_advises_can_be_followed(tmp_path, small):
    path = write_hdf5(tmp_path / "scene.h5", {"a/x": small, "a/y": small})
    with pytest.raises(ValueError, match="Such as") as caught:
        open_scene(path)
    advice = str(caught.value).partition("Such as ")[2].rstrip(".")
    assert eval(advice, {"open_scene": open_scene}).shape == small.shape


def test_a_map_of_labels_beside_its_coordinates(tmp_path):
    labels = np.arange(35, dtype=np.uint8).reshape(7, 5)
    arrays = {"gt": labels, "lat": np.zeros((7, 5)), "lon": np.zeros((7, 5))}
    scene = open_scene(write_hdf5(tmp_path / "labels.h5", arrays))
    np.testing.assert_array_equal(scene.read()[..., 0], labels)


@pytest.mark.parametrize("ending", [".h5", ".hdf5", ".he5", ".nc", ".nc4", "", ".data"])
def test_the_content_tells_that_a_file_is_hdf5(tmp_path, small, ending):
    path = write_hdf5(tmp_path / f"scene{ending}", {"cube": small})
    np.testing.assert_array_equal(np.asarray(open_scene(path)), small)


def test_what_matlab_has_written_is_the_other_way_round_under_any_name(tmp_path, small):
    attributes = {"cube": {"MATLAB_class": np.bytes_("single")}}
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small.transpose(2, 1, 0)}, attributes)
    np.testing.assert_array_equal(np.asarray(open_scene(path)), small)


def test_an_open_dataset_is_the_scene_of_its_file(tmp_path, small):
    arrays = {"group/cube": by_bands(small), "wvl": SMALL_WAVELENGTHS, "other": small}
    path = write_hdf5(tmp_path / "scene.h5", arrays)
    with h5py.File(path) as file:
        scene = open_scene(file["group/cube"])
        picture = false_colour(file["group/cube"], bands=[2, 1, 0])
        with pytest.raises(ValueError, match=r"opened already\. Pass its path"):
            open_scene(file)
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist() and scene.files == (path,)
    np.testing.assert_array_equal(picture, false_colour(small, bands=[2, 1, 0]))


def test_a_link_is_followed_if_it_is_asked_for(tmp_path, small):
    write_hdf5(tmp_path / "data.h5", {"cube": small})
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["there"] = h5py.ExternalLink("data.h5", "/cube")
        file["nowhere"] = h5py.SoftLink("/nothing")
    with pytest.raises(ValueError, match=r"there \(a link to data\.h5/cube\)"):
        open_scene(tmp_path / "links.h5")
    scene = open_scene(tmp_path / "links.h5", variable="there")
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.files == (tmp_path / "links.h5", tmp_path / "data.h5")
    with pytest.raises(ValueError, match="no variable 'nowhere'"):
        open_scene(tmp_path / "links.h5", variable="nowhere")


def test_the_files_of_a_virtual_cube_are_those_that_its_numbers_are_in(tmp_path, small):
    for number, part in enumerate((small[:4], small[4:])):
        write_hdf5(tmp_path / f"part{number}.h5", {"cube": part})
    layout = h5py.VirtualLayout(small.shape, small.dtype)
    layout[:4] = h5py.VirtualSource(tmp_path / "part0.h5", "cube", (4, 5, 4))
    layout[4:] = h5py.VirtualSource("part1.h5", "cube", (3, 5, 4))
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file.create_virtual_dataset("cube", layout)
    scene = open_scene(tmp_path / "whole.h5")
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert {path.name for path in scene.files} == {"whole.h5", "part0.h5", "part1.h5"}
    (tmp_path / "part1.h5").unlink()
    with pytest.raises(ValueError, match=r"parts in files that are not there: .*part1\.h5"):
        open_scene(tmp_path / "whole.h5")


def test_an_unknown_filter_is_refused_when_the_file_is_opened(tmp_path, small, monkeypatch):
    with h5py.File(tmp_path / "scene.h5", "w") as file:
        file.create_dataset("cube", data=small, compression="gzip")
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    with pytest.raises(ValueError, match=r"filter deflate \(1\).*pip install hdf5plugin"):
        open_scene(tmp_path / "scene.h5")


def test_integers_that_mean_another_sign_are_refused(tmp_path, small):
    attributes = {"cube": {"_Unsigned": "true"}}
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small.astype(np.int16)}, attributes)
    with pytest.raises(ValueError, match="_Unsigned=true"):
        open_scene(path)


def test_several_values_for_missing_data_are_warned_of(tmp_path, small):
    attributes = {"cube": {"_FillValue": np.float32(-1), "missing_value": np.float32(-2)}}
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small}, attributes)
    with pytest.warns(UserWarning, match=r"several values for missing data"):
        assert open_scene(path).nodata == -1


def test_the_default_of_unwritten_chunks_is_no_missing_value(tmp_path, small):
    path = tmp_path / "scene.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("cube", data=small, chunks=(3, 5, 2), fillvalue=0)
    assert open_scene(path).nodata is None


def test_a_file_of_netcdf_3_that_ends_too_soon_is_refused(tmp_path, small):
    path = tmp_path / "scene.nc"
    array = xarray.DataArray(small, dims=("y", "x", "band"), name="cube")
    array.to_netcdf(path, engine="scipy", format="NETCDF3_CLASSIC")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"scene\.nc"):
        open_scene(path)


def test_netcdf_of_another_version_is_refused_with_the_command(tmp_path):
    (tmp_path / "scene.nc").write_bytes(b"CDF\x05" + bytes(100))
    with pytest.raises(ValueError, match="nccopy -k netCDF-4"):
        open_scene(tmp_path / "scene.nc")


@pytest.mark.parametrize(
    ("name", "value", "scale"),
    [
        ("scale_factor", 0.5, 0.5),
        ("scale_factor", 1.0, None),
        ("scale_factor", 2.0, 2.0),
        ("Scale_Factor", 10000.0, 1e-4),
        ("Scale_Factor", 0.5, 0.5),
        ("Reflectance_Scale_Factor", 10000, 1e-4),
    ],
)
def test_a_scale_multiplies_by_convention_and_divides_by_another(
    tmp_path, small, name, value, scale
):
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small}, {"cube": {name: value}})
    assert open_scene(path).scale == scale


def test_bands_that_are_variables_are_stacked_by_xarray_as_the_error_advises(tmp_path, small):
    path = tmp_path / "bands.nc"
    bands = {f"Band{i + 1}": (("y", "x"), small[..., i]) for i in range(4)}
    xarray.Dataset(bands).to_netcdf(path, engine="scipy")
    with pytest.raises(ValueError, match=r"\['Band1', 'Band2', \.\.\.\]\]\.to_array\('band'\)"):
        open_scene(path)
    with xarray.open_dataset(path, engine="scipy") as dataset:
        stacked = open_scene(dataset[list(bands)].to_array("band"))
        np.testing.assert_array_equal(np.asarray(stacked), small)


def test_one_missing_value_for_each_band_is_one_if_all_agree(small):
    array = xarray.DataArray(small, dims=("y", "x", "band"), attrs={"nodatavals": (0.0,) * 4})
    assert open_scene(array).nodata == 0
    array.attrs["nodatavals"] = (0.0, 1.0, 0.0, 0.0)
    assert open_scene(array).nodata is None


@pytest.mark.parametrize("keys", [("scales", "offsets"), ("scale_factor", "add_offset")])
def test_scales_by_band_are_read_and_warned_of_wherever_they_are(small, keys):
    values = (0.1, 0.2, 0.3, 0.4)
    attributes = {keys[0]: values, keys[1]: np.array(values) + 1}
    array = xarray.DataArray(small, dims=("y", "x", "band"), attrs=attributes)
    with pytest.warns(UserWarning, match="another scale or offset for each band"):
        scene = open_scene(array)
    np.testing.assert_array_equal(scene.scale, values)
    np.testing.assert_array_equal(scene.offset, np.array(values) + 1)
