"""What is no scene is told so: what it is, and what to do, which is right when it is followed."""

import gzip
import sqlite3
import zipfile

import numpy as np
import pandas
import pytest
import rasterio
import xarray
from PIL import Image

from skhyp.scenes import open_scene

from ..conftest import write_envi, write_geotiff, write_hdf5


@pytest.mark.parametrize("ending", ["mat", "h5", "nc", "tif", "hdr", "npy", "img", "dat"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: it has 0 bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
        (b"\n <!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page"),
        (b"\xef\xbb\xbf<HTML>", "is a web page"),
        (gzip.compress(b"numbers", mtime=0), "packed by gzip. Unpack it first"),
        (b"PK\x03\x04 and the rest", "a zip archive. Unpack it first"),
        (bytes(257) + b"ustar" + bytes(300), "a tar archive. Unpack it first"),
        (b"\x0e\x03\x13\x01" + bytes(60), "HDF4.*h4toh5"),
    ],
)
def test_content_that_is_no_scene_under_any_name(tmp_path, ending, content, message):
    path = tmp_path / f"scene.{ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"scene\.{ending} .*{message}"):
        open_scene(path)


def test_data_of_envi_that_were_never_fetched(tmp_path, small):
    path = write_envi(tmp_path / "scene", small, "bsq")
    path.with_suffix(".img").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid 0\n")
    with pytest.raises(ValueError, match=r"scene\.img is a pointer of Git LFS"):
        open_scene(path)


def test_an_archive_with_a_scene_in_it(tmp_path, small):
    np.save(tmp_path / "cube.npy", small)
    with zipfile.ZipFile(tmp_path / "scene.zip", "w") as archive:
        archive.write(tmp_path / "cube.npy", "cube.npy")
    with pytest.raises(ValueError, match="Unpack it first"):
        open_scene(tmp_path / "scene.zip")
    for name in ("zip://{}!cube.npy", "/vsizip/{}/cube.npy", "/vsitar/{}/cube.npy"):
        with pytest.raises(ValueError, match=r"is in an archive\. Unpack it first"):
            open_scene(name.format(tmp_path / "scene.zip"))


def test_data_of_envi_that_are_packed_are_not_taken_for_an_archive(tmp_path, small):
    path = write_envi(tmp_path / "scene", small, "bsq", file_compression=1)
    data = path.with_suffix(".img")
    data.write_bytes(gzip.compress(data.read_bytes()))
    for name in (path, data):
        np.testing.assert_array_equal(np.asarray(open_scene(name)), small)


@pytest.mark.parametrize(
    "address",
    [
        "https://host/scene.tif",
        "s3://bucket/scene.zarr",
        "/vsicurl/https://host/a.tif",
        "ftp://a/b",
    ],
)
def test_addresses_have_to_be_downloaded(address):
    with pytest.raises(ValueError, match=r"is an address.*Download the file"):
        open_scene(address)


def test_an_address_of_a_file_here_becomes_its_path(tmp_path, small):
    np.save(tmp_path / "a cube.npy", small)
    with pytest.raises(ValueError, match="Pass the path: ") as caught:
        open_scene((tmp_path / "a cube.npy").as_uri())
    advice = str(caught.value).partition("Pass the path: ")[2].rstrip(".")
    assert open_scene(eval(advice)).shape == small.shape


@pytest.mark.parametrize(
    "name",
    ["netcdf:{}:group/cube", 'NETCDF:"{}":/group/cube', 'HDF5:"{}"://group/cube', "HDF5:{}"],
)
def test_names_of_gdal_become_file_and_variable(tmp_path, small, name):
    path = write_hdf5(tmp_path / "scene.h5", {"group/cube": small})
    with pytest.raises(ValueError, match="name of GDAL's") as caught:
        open_scene(name.format(path))
    advice = str(caught.value).partition("one by one: ")[2].rstrip(".")
    assert eval(advice, {"open_scene": open_scene}).shape == small.shape


def test_names_of_gdal_for_other_parts_of_files():
    with pytest.raises(ValueError, match=r"gdal_translate 'GPKG:a\.gpkg:table' scene\.tif"):
        open_scene("GPKG:a.gpkg:table")
    with pytest.raises(FileNotFoundError):
        open_scene("campaign:scene.tif")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("places.shp", b"\0\0\x27\x0a", "a Shapefile: vector data.*labelled_pixels"),
        ("places.geojson", b'{"type": "FeatureCollection"}', "GeoJSON: vector data"),
        ("places.json", b'{"type": "FeatureCollection"}', "GeoJSON: vector data"),
        ("places.kml", b"<kml>", "KML: vector data"),
        ("labels.csv", b"x,y,class\n1,2,3\n", "a table.*labelled_points"),
        ("spectra.xlsx", b"PK\x03\x04", "a table.*take a table of spectra as X"),
        ("library.sli", b"numbers", "single spectra"),
        ("library.hdr", b"ENVI\nfile type = ENVI Spectral Library\n", "spectral library of ENVI"),
        ("soil.asd", b"ASD", "single spectra.*pyasdreader"),
        ("arrays.npz", b"PK\x03\x04", "several arrays: open_scene"),
        ("model.joblib", b"\x80", "an object of Python"),
    ],
)
def test_files_of_other_kinds(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        open_scene(tmp_path / name)


@pytest.mark.parametrize("kind", ["features", "tiles"])
def test_a_geopackage_is_refused_if_it_has_no_images(tmp_path, kind, small):
    path = tmp_path / "layers.gpkg"
    if kind == "tiles":
        write_geotiff(path, small[..., :3].astype(np.uint8), driver="GPKG")
        assert open_scene(path).shape[2] in (3, 4)
        return
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
    database.execute("INSERT INTO gpkg_contents VALUES ('places', 'features')")
    database.commit()
    database.close()
    with pytest.raises(ValueError, match=r"a GeoPackage: vector data.*labelled_pixels"):
        open_scene(path)


def test_a_folder_names_what_in_it_can_be_opened(tmp_path, small):
    with pytest.raises(ValueError, match=r"is a folder, but not a Zarr store\.$"):
        open_scene(tmp_path)
    np.save(tmp_path / "cube.npy", small)
    with pytest.raises(ValueError, match=r"not a Zarr store\. Pass a file in it, .*cube\.npy"):
        open_scene(tmp_path)


def test_a_dataset_of_rasterio_says_the_path(tmp_path, small):
    path = write_geotiff(tmp_path / "scene.tif", small)
    with rasterio.open(path) as dataset:
        _assert_advice_is_right(dataset, small)
    with rasterio.MemoryFile(path.read_bytes()) as memory, memory.open() as dataset:
        with pytest.raises(ValueError, match=r"what \.read\(\)\.transpose\(1, 2, 0\) gives"):
            open_scene(dataset)
        np.testing.assert_array_equal(
            np.asarray(open_scene(dataset.read().transpose(1, 2, 0))), small
        )


def test_an_image_of_spectral_says_the_path_of_its_header(tmp_path, small):
    header = write_envi(tmp_path / "scene", small, "bil")
    spectral_file = type("SpyFile", (), {"__module__": "spectral.io.spyfile"})
    image = type("BilFile", (spectral_file,), {"__module__": "spectral.io.bilfile"})()
    image.filename = str(header.with_suffix(".img"))
    assert _assert_advice_is_right(image, small).files[0] == header
    part = type("SubImage", (spectral_file,), {"__module__": "spectral.io.spyfile"})()
    with pytest.raises(ValueError, match=r"pass its array: image\.load\(\)"):
        open_scene(part)


def test_an_array_of_spectral_keeps_what_it_knows_of_its_bands(small):
    known = {"centers": [0.45, 0.55, 0.65, 0.85], "band_unit": "um", "bandwidths": [0.01] * 4}

    class ImageArray(np.ndarray):
        bands = type("BandInfo", (), known)
        metadata = {"bbl": ["1", "0", "1", "1"]}

    scene = open_scene(small.view(ImageArray))
    assert scene.wavelengths.tolist() == [450, 550, 650, 850]
    np.testing.assert_allclose(scene.fwhm, [10] * 4)
    assert scene.good_bands.tolist() == [True, False, True, True]


def test_a_picture_and_an_open_file_say_the_path(tmp_path, small):
    Image.fromarray(small[..., :3].astype(np.uint8)).save(tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        _assert_advice_is_right(picture, small[..., :3].astype(np.uint8))
    with Image.new("RGB", (3, 4)) as picture:
        with pytest.raises(ValueError, match=r"no path and no array.*numpy\.asarray of it"):
            open_scene(picture)
    np.save(tmp_path / "cube.npy", small)
    with (tmp_path / "cube.npy").open("rb") as file:
        _assert_advice_is_right(file, small)


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (pandas.DataFrame(np.zeros((3, 4))), r"pandas\.DataFrame is a table.*as X"),
        ({"__header__": b"", "cube": 1}, r"A dict is no scene.*open_scene\(content\['cube'\]\)"),
        ("", "must name a file; got an empty text"),
        (None, "must be a path.*got None"),
        (3.5, "must be a path.*got 3.5"),
        (b"scene.tif", "must be a path.*got b'scene.tif'"),
        (["a.tif", 3], "must all be paths or scenes; got a list of int, str"),
        (object(), r"got an object of builtins\.object"),
        (iter([1]), "got an object of"),
        (xarray.Dataset({"a": ("x", [1])}), "pass one of them: a"),
    ],
)
def test_objects_that_are_no_scene(scene, message):
    with pytest.raises(ValueError, match=message):
        open_scene(scene)


def _assert_advice_is_right(thing, cube):
    with pytest.raises(ValueError, match="opened from a file already") as caught:
        open_scene(thing)
    advice = str(caught.value).partition("Pass the path: ")[2].rstrip(".")
    scene = eval(advice, {"open_scene": open_scene})
    np.testing.assert_array_equal(np.asarray(scene), cube)
    return scene
