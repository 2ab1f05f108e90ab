"""AVIRIS-NG and Classic: files of ENVI that are known by their names."""

import numpy as np
import pytest
import rasterio

from skhyp.scenes import open_scene

from ...conftest import ENVI_AXES
from .conftest import (
    COLUMNS,
    OUTSIDE,
    ROWS,
    TRANSFORM,
    assert_mapped,
    assert_refused,
    assert_values,
    cut,
    reflectance,
)

WAVELENGTHS = np.array([378.9, 550.5, 650.25, 850.0, 1400.0, 1650.0, 1850.0, 2498.3])
GOOD = [1, 1, 1, 1, 0, 1, 0, 1]
MISSING = np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2)
PLACE = "map info = {UTM, 1, 1, 283455, 5786715, 30, 30, 33, North, WGS-84, units=Meters}\n"
ROTATED = PLACE.replace("units=Meters", "units=Meters , rotation=42.00000000")
CLASSIC = "f240513t01p00r07_rfl"
NEXT = "ang20170714t213741_corr_v2p9_img"
SWATH = "ang20220224t210144_rfl_v2aa1_img"


def write(path, cube, *fields):
    kinds = {"int16": 2, "int32": 3, "float32": 4}
    rows, columns, bands = cube.shape
    np.ascontiguousarray(cube.transpose(ENVI_AXES["bil"])).tofile(path)
    path.with_name(f"{path.name}.hdr").write_text(
        f"ENVI\nsamples = {columns}\nlines = {rows}\nbands = {bands}\nheader offset = 0\n"
        f"file type = ENVI Standard\ndata type = {kinds[cube.dtype.name]}\ninterleave = bil\n"
        "byte order = 0\n" + "".join(fields)
    )
    return path


def listed(key, values):
    return f"{key} = {{ {' , '.join(map(str, values))} }}\n"


def spectra():
    cube = reflectance(8).astype(np.float32)
    cube[OUTSIDE] = -9999
    return cube


@pytest.fixture
def classic(tmp_path):
    return write(tmp_path / CLASSIC, spectra(), PLACE, listed("wavelength", WAVELENGTHS))


def write_next(path, *fields):
    return write(
        path, spectra(), *fields, listed("wavelength", WAVELENGTHS), listed("bbl", GOOD),
        listed("fwhm", [5.6] * 8), "wavelength units = Nanometers\ndata ignore value = -9999\n",
    )  # fmt: skip


def write_lookup(folder):
    rows, columns = np.mgrid[: ROWS + 2, : COLUMNS + 2]
    inside = (rows > 0) & (columns > 0) & (rows <= ROWS) & (columns <= COLUMNS)
    table = np.where(inside[..., np.newaxis], np.stack([columns, rows], axis=-1), 0)
    return write(folder / "ang20220224t210144_glt", table.astype(np.int32), PLACE)


def test_classic_says_neither_its_unit_nor_what_is_missing(classic, tmp_path):
    for path in (classic, classic.with_name(f"{CLASSIC}.hdr")):
        scene = open_scene(path)
        assert_values(scene, reflectance(8), MISSING)
        assert scene.wavelengths.tolist() == WAVELENGTHS.tolist() and scene.fwhm is None
        assert scene.good_bands.tolist() == (np.array(GOOD) == 1).tolist()
        assert scene.bad_bands_by.startswith("water vapour") and scene.numbers == "reflectance"
        assert set(scene.files) == {classic, classic.with_name(f"{CLASSIC}.hdr")}
    assert_mapped(classic, tmp_path / "map.tif", crs=rasterio.CRS.from_wkt(scene.crs))
    stored = open_scene(classic, raw=True)
    assert stored.nodata == -9999
    np.testing.assert_array_equal(np.asarray(stored), spectra())


def test_a_rotated_grid_lies_where_gdal_says(tmp_path):
    path = write_next(tmp_path / NEXT, ROTATED)
    scene = open_scene(path)
    assert_values(scene, reflectance(8), MISSING)
    assert scene.fwhm.tolist() == [5.6] * 8 and scene.bad_bands_by == "the file"
    with rasterio.open(path) as file:
        assert scene.transform == tuple(file.transform)[:6]
        assert file.transform.b != 0


def test_a_swath_finds_its_lookup_table(tmp_path):
    table = write_lookup(tmp_path)
    scene = open_scene(write_next(tmp_path / SWATH))
    assert scene.transform is None and table in scene.files
    assert scene.lookup.transform == tuple(TRANSFORM)[:6]
    ground = scene.lookup.on_ground(np.arange(120).reshape(ROWS, COLUMNS), fill_value=-1)
    np.testing.assert_array_equal(ground[1:-1, 1:-1].ravel(), np.arange(120))
    assert np.count_nonzero(ground == -1) == ground.size - 120


def test_integers_without_a_scale_stay_as_they_are(tmp_path):
    cube = np.where(MISSING, -9999, np.round(reflectance(8) * 10_000)).astype(np.int16)
    path = write(tmp_path / CLASSIC, cube, PLACE, listed("wavelength", WAVELENGTHS))
    scene = open_scene(path)
    assert scene.numbers == "as stored" and scene.nodata == -9999
    np.testing.assert_array_equal(np.asarray(scene), cube)
    write(
        path, cube, PLACE, listed("wavelength", WAVELENGTHS), "reflectance scale factor = 10000\n"
    )
    assert_values(open_scene(path), reflectance(8), MISSING)


def test_radiance_is_radiance(tmp_path):
    path = write_next(tmp_path / "ang20170714t213741_rdn_v2p9_img", PLACE)
    assert open_scene(path).numbers == "radiance"


def _header(path, old, new):
    header = path.with_name(f"{path.name}.hdr")
    header.write_text(header.read_text().replace(old, new))


DAMAGE = {
    "data that end": (lambda p: cut(p, 900), "900 bytes|shorter|short"),
    "no data": (lambda p: cut(p, 0), "is empty"),
    "fewer bands": (lambda p: _header(p, "bands = 8", "bands = 7"), "."),
    "fewer wavelengths": (lambda p: _header(p, "378.9 , ", ""), "7 wavelengths for 8 bands"),
    "no wavelengths": (lambda p: _header(p, "wavelength = ", "lengths = "), "no wavelengths"),
    "no type": (lambda p: _header(p, "data type = 4\n", ""), "no 'data type'"),
    "no lines": (lambda p: _header(p, f"lines = {ROWS}\n", ""), "lines"),
    "another interleave": (lambda p: _header(p, "= bil", "= bxl"), "interleave"),
    "more lines": (lambda p: _header(p, f"lines = {ROWS}", "lines = 99"), "."),
    "no numbers": (lambda p: _header(p, "378.9", "violet"), "violet"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_names_the_file_and_what_is_missing(classic, damage):
    change, named = DAMAGE[damage]
    change(classic)
    assert_refused(classic, named)
