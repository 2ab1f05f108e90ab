"""Zarr stores of xarray and of others: what their fill value means, and what is beside a cube."""

from dataclasses import replace

import numpy as np
import pytest
import xarray
import zarr

from skhyp.scenes import open_scene

from ..conftest import SMALL_WAVELENGTHS, by_bands


@pytest.fixture(params=[2, 3])
def version(request):
    return request.param


@pytest.mark.parametrize("fill_value", [0, 1, 65535])
def test_what_chunks_hold_before_they_are_written_is_not_missing(
    tmp_path, small, version, fill_value
):
    path = tmp_path / "scene.zarr"
    array = zarr.create_array(
        path, shape=small.shape, dtype=np.uint16, fill_value=fill_value, zarr_format=version
    )
    array[...] = small.astype(np.uint16)
    scene = open_scene(path)
    assert scene.nodata is None
    np.testing.assert_array_equal(np.asarray(scene), small)


def test_the_default_is_not_missing_where_dimensions_have_names_either(tmp_path, small, version):
    group = zarr.open_group(tmp_path / "scene.zarr", mode="w", zarr_format=version)
    names = ["y", "x", "band"]
    options = (
        {"attributes": {"_ARRAY_DIMENSIONS": names}} if version == 2 else {"dimension_names": names}
    )
    group.create_array("cube", data=small.astype(np.uint16), **options)
    scene = open_scene(tmp_path / "scene.zarr")
    assert scene.nodata is None and scene.shape == small.shape


@pytest.mark.parametrize(("dtype", "missing"), [("uint16", 0), ("int16", -9999), ("float32", -1.5)])
def test_what_xarray_calls_missing_is(tmp_path, small, version, dtype, missing):
    array = _data_array(small.astype(dtype))
    array.encoding["_FillValue"] = np.dtype(dtype).type(missing)
    array.to_zarr(tmp_path / "scene.zarr", zarr_format=version, consolidated=False)
    assert open_scene(tmp_path / "scene.zarr").nodata == missing


def test_a_store_of_xarray_without_missing_data_has_none(tmp_path, small, version):
    array = _data_array(small.astype(np.uint16))
    array.to_zarr(tmp_path / "scene.zarr", zarr_format=version, consolidated=False)
    assert open_scene(tmp_path / "scene.zarr").nodata is None


@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value", "nodata"])
def test_attributes_say_what_is_missing(tmp_path, small, version, attribute):
    group = zarr.open_group(tmp_path / "scene.zarr", mode="w", zarr_format=version)
    group.create_array("cube", data=small, attributes={attribute: 7})
    assert open_scene(tmp_path / "scene.zarr").nodata == 7


def test_a_scale_is_the_same_by_the_store_and_by_xarray_undecoded(tmp_path, small, version):
    array = _data_array(small)
    array.encoding = {"dtype": "int16", "scale_factor": 0.5, "add_offset": 3.0, "_FillValue": -1}
    path = tmp_path / "scene.zarr"
    array.to_zarr(path, zarr_format=version, consolidated=False)
    raw = xarray.open_zarr(path, consolidated=False, mask_and_scale=False)["cube"]
    decoded = xarray.open_zarr(path, consolidated=False)["cube"]
    for scene in (open_scene(path), open_scene(raw)):
        assert (scene.scale, scene.offset, scene.nodata) == (0.5, 3.0, -1)
        np.testing.assert_allclose(np.asarray(scene) * 0.5 + 3, np.asarray(decoded))
    assert open_scene(decoded).scale is None


@pytest.mark.parametrize("inside", ["", "cube"])
def test_a_store_of_zarr_alone_has_its_wavelengths_beside_the_cube(
    tmp_path, small, version, inside
):
    group = zarr.open_group(tmp_path / "scene.zarr", mode="w", zarr_format=version)
    group.create_array("cube", data=by_bands(small))
    group.create_array("wavelengths", data=SMALL_WAVELENGTHS)
    for scene in (tmp_path / "scene.zarr" / inside, group["cube"]):
        opened = open_scene(scene)
        np.testing.assert_array_equal(np.asarray(opened), small)
        assert opened.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


def test_groups_in_groups(tmp_path, small, version):
    group = zarr.open_group(tmp_path / "scene.zarr", mode="w", zarr_format=version)
    for number, name in enumerate(("VNIR", "SWIR")):
        inner = group.create_group(name)
        inner.create_array("cube", data=by_bands(small))
        inner.create_array("wl", data=SMALL_WAVELENGTHS + 1000 * number)
    with pytest.raises(ValueError, match=r"VNIR/cube|SWIR/cube"):
        open_scene(tmp_path / "scene.zarr")
    scene = open_scene(tmp_path / "scene.zarr", variable="SWIR/cube")
    np.testing.assert_array_equal(np.asarray(scene), small)
    assert scene.wavelengths[0] == 1450
    assert open_scene(tmp_path / "scene.zarr" / "VNIR").wavelengths[0] == 450


def test_an_array_of_zarr_in_memory_is_refused_with_the_mend(small):
    array = zarr.create_array({}, data=small)
    with pytest.raises(ValueError, match=r"in no file\. Pass its numbers, array\[\.\.\.\]"):
        open_scene(array)


def _data_array(cube):
    coordinates = {"y": 10.0 * np.arange(7), "x": 10.0 * np.arange(5)}
    coordinates["wavelength"] = ("band", SMALL_WAVELENGTHS, {"units": "nm"})
    return xarray.DataArray(cube, coordinates, ("y", "x", "band"), name="cube")


@pytest.mark.filterwarnings("ignore:.*another scale or offset for each band")
def test_scales_by_band_are_written_by_xarray_too(tmp_path, small):
    pytest.importorskip("dask")
    scales = np.array([0.1, 0.2, 0.3, 0.4])
    array = replace(open_scene(small), scale=scales, offset=scales + 1).to_xarray()
    array.name = "cube"
    array.to_dataset(name="cube").to_zarr(tmp_path / "scene.zarr", consolidated=False)
    array.to_netcdf(tmp_path / "scene.nc", engine="scipy")
    for again in (array, tmp_path / "scene.zarr", tmp_path / "scene.nc"):
        opened = open_scene(again)
        np.testing.assert_array_equal(opened.scale, scales)
        np.testing.assert_array_equal(opened.offset, scales + 1)


def test_a_scene_written_by_xarray_is_read_with_all_that_it_had(tmp_path, small):
    pytest.importorskip("dask")
    facts = {
        "wavelengths": SMALL_WAVELENGTHS,
        "fwhm": np.array([5.0, 6, 7, 8]),
        "good_bands": np.array([True, True, False, True]),
    }
    place = {"nodata": -1.0, "scale": 0.5, "offset": 2.0, "transform": (10, 0, 95, 0, -10, 70)}
    scene = replace(open_scene(small), **facts, **place)
    array = scene.to_xarray()
    array.to_dataset(name="cube").to_zarr(tmp_path / "scene.zarr", consolidated=False)
    array.name = "cube"
    array.to_netcdf(tmp_path / "scene.nc", engine="scipy")
    for again in (array, tmp_path / "scene.zarr", tmp_path / "scene.nc"):
        opened = open_scene(again)
        np.testing.assert_array_equal(np.asarray(opened), small)
        for name, value in {**facts, **place}.items():
            np.testing.assert_array_equal(getattr(opened, name), value)
