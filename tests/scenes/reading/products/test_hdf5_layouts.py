"""EMIT, NEON, AVIRIS-3 and Tanager: a cube in an HDF5 file, each in its own places."""

import json
import pickle

import h5py
import numpy as np
import pytest
import rasterio

from skhyp.scenes import open_scene
from skhyp.scenes._description import description

from .conftest import (
    COLUMNS,
    CRS,
    OUTSIDE,
    ROWS,
    TRANSFORM,
    assert_mapped,
    assert_refused,
    assert_values,
    cut,
    reflectance,
)

WAVELENGTHS = np.array([381.0, 550.5, 650.25, 850.0, 1400.0, 1650.0, 1850.0, 2492.9], np.float32)
GOOD = np.array([1, 1, 1, 1, 0, 1, 0, 1], np.uint8)
WKT = CRS.to_wkt()
MISSING = np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2)
GROUND = (20, 16)


def cube_with(nodata):
    cube = reflectance(8).astype(np.float32)
    cube[OUTSIDE] = nodata
    return cube


def _add(file, name, values, **attributes):
    file[name] = values
    file[name].attrs.update(attributes)


def lookup_table():
    """Return the column and the row of the swath from 1, of which some were filled in."""
    rows, columns = np.mgrid[: GROUND[0], : GROUND[1]]
    column, row = columns - 2, rows - 3
    inside = (column >= 1) & (column <= COLUMNS) & (row >= 1) & (row <= ROWS)
    column, row = np.where(inside, column, 0), np.where(inside, row, 0)
    column[5, 5], row[5, 5] = -column[5, 5], -row[5, 5]
    return column.astype(np.int32), row.astype(np.int32)


def write_emit(path, *, variable="reflectance"):
    column, row = lookup_table()
    with h5py.File(path, "w") as file:
        _add(file, variable, cube_with(-9999), _FillValue=np.float32([-9999]), units="unitless")
        bands = file.create_group("sensor_band_parameters")
        _add(bands, "wavelengths", WAVELENGTHS, units="nm")
        _add(bands, "fwhm", np.full(8, 8.5, np.float32), units="nm")
        bands["good_wavelengths"] = GOOD
        file["location/glt_x"], file["location/glt_y"] = column, row
        file["location/elev"] = np.arange(ROWS * COLUMNS, dtype=float).reshape(ROWS, COLUMNS)
        file.attrs["title"] = "EMIT L2A Estimated Surface Reflectance 60 m V001"
        file.attrs["spatial_ref"] = WKT
        file.attrs["geotransform"] = np.array(TRANSFORM.to_gdal())
    return path


def write_neon(path):
    with h5py.File(path, "w") as file:
        site = file.create_group("SERC/Reflectance")
        stored = np.round(reflectance(8) * 10_000).astype(np.int16)
        stored[..., 4] = 15_000  # as NEON fills what is bad
        stored[OUTSIDE] = -9999
        _add(site, "Reflectance_Data", stored, Scale_Factor=10_000.0, Data_Ignore_Value=-9999.0)
        site.attrs["Band_Window_1_Nanometers"] = np.array([1340.0, 1445.0])
        site.attrs["Band_Window_2_Nanometers"] = np.array([1790.0, 1955.0])
        _add(site, "Metadata/Spectral_Data/Wavelength", WAVELENGTHS, Units="nanometers")
        _add(site, "Metadata/Spectral_Data/FWHM", np.full(8, 5.6), Units="nanometers")
        place = site.create_group("Metadata/Coordinate_System")
        place["Coordinate_System_String"], place["EPSG Code"] = WKT, "32633"
        place["Map_Info"] = (
            "UTM,  1.000,  1.000,  283455.00,  5786715.0,  30.00,  30.00,  33,  North,  WGS-84, "
            "units=Meters, 0"
        )
        site["Metadata/Ancillary_Imagery/Slope"] = np.arange(120.0).reshape(ROWS, COLUMNS)
    return path


def write_aviris3(path, *, kind="reflectance"):
    with h5py.File(path, "w") as file:
        file["transverse_mercator"] = np.bytes_("")
        file["transverse_mercator"].attrs["spatial_ref"] = WKT
        file["transverse_mercator"].attrs["GeoTransform"] = " ".join(map(str, TRANSFORM.to_gdal()))
        file["easting"] = TRANSFORM.c + 30 * (np.arange(COLUMNS) + 0.5)
        file["northing"] = TRANSFORM.f - 30 * (np.arange(ROWS) + 0.5)
        group = file.create_group(kind)
        _add(group, "wavelength", WAVELENGTHS, units="nm")
        _add(group, "fwhm", np.full(8, 8, np.float32), units="nm")
        stored = cube_with(-9999).transpose(2, 0, 1)
        group.create_dataset(kind, data=stored, chunks=(3, 5, 5), compression="gzip")
        group[kind].attrs.update({"_FillValue": np.float32([-9999]), "units": "unitless"})
        group[kind].attrs["grid_mapping"] = "transverse_mercator"
        file.attrs["title"] = "AVIRIS-3 L2A Surface Reflectance"
    return path


def write_tanager(path, *, kind="GRIDS", name="surface_reflectance"):
    with h5py.File(path, "w") as file:
        fields = file.create_group(f"HDFEOS/{kind}/HYP/Data Fields")
        stored = cube_with(-9999)
        stored[0, 0] = 0.5  # the mask alone has it
        fields.create_dataset(name, data=stored.transpose(2, 0, 1), chunks=(3, 5, 5))
        attributes = {"wavelengths": WAVELENGTHS, "fwhm": np.full(8, 5.5), "good_wavelengths": GOOD}
        fields[name].attrs.update({**attributes, "_FillValue": np.float32(-9999)})
        fields["nodata_pixels"] = OUTSIDE.astype(np.uint32)
        fields["beta_cloud_mask"] = np.arange(120, dtype=np.uint32).reshape(ROWS, COLUMNS)
        left, top = TRANSFORM.c, TRANSFORM.f
        if kind == "SWATHS":
            places = file.create_group("HDFEOS/SWATHS/HYP/Geolocation Fields")
            places["Latitude"] = np.zeros((ROWS, COLUMNS))
            places.attrs["Planet_Ortho_Framing"] = json.dumps({"epsg_code": 32633})
            structure = "GROUP=SwathStructure\nEND_GROUP=SwathStructure\nEND\n"
        else:
            file["HDFEOS/GRIDS/HYP"].attrs["epsg_code"] = 32633
            structure = (
                f'GROUP=GridStructure\n\tGROUP=GRID_1\n\t\tGridName="HYP"\n\t\tXDim={COLUMNS}\n'
                f"\t\tYDim={ROWS}\n\t\tUpperLeftPointMtrs=({left:.2f},{top:.2f})\n"
                f"\t\tLowerRightMtrs=({left + 30 * COLUMNS:.2f},{top - 30 * ROWS:.2f})\n"
                "\t\tGridOrigin=HE5_HDFE_GD_UL\n\tEND_GROUP=GRID_1\nEND_GROUP=GridStructure\nEND\n"
            )
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_(structure)
    return path


WRITTEN = {
    "EMIT_L2A_RFL_001.nc": write_emit,
    "NEON_SERC_reflectance.h5": write_neon,
    "AV320240905t204343_RFL_ORT.nc": write_aviris3,
    "20250301_ortho_sr.h5": write_tanager,
    "20250301_basic_sr.h5": lambda path: write_tanager(path, kind="SWATHS"),
}
EMIT, NEON, AVIRIS3, ORTHO, BASIC = WRITTEN
SWATHS = (EMIT, BASIC)
BY_WATER = "water vapour at 1340 to 1445 nm, 1790 to 1955 nm"


@pytest.fixture
def written(tmp_path):
    """A function that writes a product, by the name of its file."""
    return lambda name: WRITTEN[name](tmp_path / name)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_product_says_of_itself(written, name):
    path = written(name)
    scene = pickle.loads(pickle.dumps(open_scene(path)))
    expected = reflectance(8)
    if name == NEON:
        expected[..., 4] = 1.5
    assert_values(scene, expected, MISSING)
    np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS, rtol=0, atol=0.01)
    widths = {EMIT: 8.5, NEON: 5.6, AVIRIS3: 8, ORTHO: 5.5, BASIC: 5.5}
    np.testing.assert_allclose(scene.fwhm, widths[name], rtol=0, atol=0.01)
    assert scene.good_bands.tolist() == (GOOD == 1).tolist()
    assert scene.bad_bands_by == (BY_WATER if name == AVIRIS3 else "the file")
    assert scene.numbers == "reflectance" and scene.units == ["1"] * 8
    assert scene.files == (path,)
    assert scene.transform == (None if name in SWATHS else tuple(TRANSFORM)[:6])


@pytest.mark.parametrize("name", WRITTEN)
def test_a_map_lies_where_the_product_does(written, tmp_path, name):
    place = {"transform": None} if name in SWATHS else {}
    assert_mapped(written(name), tmp_path / "map.tif", **place)


@pytest.mark.parametrize("name", WRITTEN)
def test_only_what_is_asked_for_is_read(written, name, monkeypatch):
    sizes = []
    read = h5py.Dataset.__getitem__

    def measured(self, index):
        block = read(self, index)
        sizes.append(np.size(block))
        return block

    path = written(name)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", measured)
    scene = open_scene(path)
    assert max(sizes, default=0) <= ROWS
    sizes.clear()
    scene.read(rows=slice(0, 2), columns=slice(0, 3), bands=[1, 2])
    assert sizes[0] == 2 * 3 * 2 and max(sizes) == 12


@pytest.mark.parametrize("name", WRITTEN)
def test_numbers_as_they_are_stored(written, name):
    scene = open_scene(written(name), raw=True)
    assert scene.nodata == -9999
    if name == NEON:
        assert scene.dtype == np.int16 and scene.scale == 1e-4
        assert np.asarray(scene)[6, 6, 4] == 15_000
    else:
        assert scene.scale is None
        np.testing.assert_array_equal(np.asarray(scene)[3:], cube_with(-9999)[3:])


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        (EMIT, "elev"),
        (NEON, "Slope"),
        (NEON, "SERC/Reflectance/Metadata/Ancillary_Imagery/Slope"),
        (ORTHO, "beta_cloud_mask"),
        (BASIC, "beta_cloud_mask"),
    ],
)
def test_layers_have_names_and_lie_where_the_spectra_do(written, name, layer):
    path = written(name)
    scene = open_scene(path, variable=layer)
    assert np.asarray(scene)[..., 0].tolist() == np.arange(120).reshape(ROWS, COLUMNS).tolist()
    whole = open_scene(path)
    assert scene.transform == whole.transform and scene.crs == whole.crs
    assert scene.numbers == "as stored" and scene.wavelengths is None


def test_the_cube_by_its_name_is_the_product(written):
    assert open_scene(written(NEON), variable="reflectance_data").numbers == "reflectance"


@pytest.mark.parametrize("name", WRITTEN)
def test_names_in_another_case(written, edited, name):
    def change(file):
        for group in ("location", "sensor_band_parameters", "reflectance", "SERC", "HDFEOS"):
            if group in file and isinstance(file[group], h5py.Group):
                file.move(group, group.swapcase())

    scene = open_scene(edited(written(name), change))
    np.testing.assert_allclose(scene.wavelengths, WAVELENGTHS, rtol=0, atol=0.01)


def test_the_lookup_table_puts_a_map_of_the_swath_on_the_ground(written):
    lookup = open_scene(written(EMIT)).lookup
    assert lookup.shape == GROUND and lookup.transform == tuple(TRANSFORM)[:6]
    positions = lookup.read()
    assert positions[0, 0].tolist() == [-1, -1] and positions[4, 3].tolist() == [0, 0]
    assert positions[5, 5].tolist() == [1, 2]
    assert np.count_nonzero(positions[..., 0] >= 0) == ROWS * COLUMNS
    values = np.arange(1, 121).reshape(ROWS, COLUMNS)
    ground = lookup.on_ground(values, fill_value=0)
    np.testing.assert_array_equal(ground[4:16, 3:13], values)
    assert np.count_nonzero(ground) == 120
    with pytest.raises(ValueError, match="12 x 10 pixels; got shape"):
        lookup.on_ground(values.T, fill_value=0)


def test_what_is_known_of_a_swath_in_words(written):
    text = description(open_scene(written(EMIT)))
    assert "lookup table  to 20 rows x 16 columns on the ground, WGS 84 / UTM zone 33N" in text
    assert "2: 4, 6 (counted from 0), by the file" in text


@pytest.mark.parametrize("code", [np.uint32([32633]), np.bytes_("32633"), 32633, "EPSG:32633"])
def test_a_reference_system_in_any_form(written, edited, code):
    def change(file):
        file["HDFEOS/GRIDS/HYP"].attrs["epsg_code"] = code

    scene = open_scene(edited(written(ORTHO), change))
    assert rasterio.CRS.from_wkt(scene.crs) == CRS


def test_a_lookup_table_of_another_swath(written, edited):
    def change(file):
        file["location/glt_x"][4, 3] = COLUMNS + 1

    lookup = open_scene(edited(written(EMIT), change)).lookup
    with pytest.raises(ValueError, match=r"EMIT.*row 0 and column 10 of a swath of 12 x 10"):
        lookup.read()


def test_a_swath_without_its_lookup_table_is_warned_of(written, edited):
    path = edited(written(EMIT), lambda file: file.pop("location"))
    with pytest.warns(UserWarning, match="no location/glt_x"):
        assert open_scene(path).lookup is None


def test_other_levels(tmp_path):
    path = write_emit(tmp_path / "EMIT_L1B_RAD.nc", variable="radiance")
    assert open_scene(path).numbers == "radiance"
    path = write_emit(tmp_path / "EMIT_L2A_MASK.nc", variable="mask")
    assert_refused(path, "EMIT L2A MASK", "variable='mask'")
    assert open_scene(path, variable="mask").numbers == "as stored"
    path = write_aviris3(tmp_path / "AV3_RDN.nc", kind="radiance")
    radiance = open_scene(path)
    assert radiance.numbers == "radiance" and radiance.good_bands is None
    path = write_tanager(tmp_path / "radiance.h5", name="toa_radiance")
    assert open_scene(path).numbers == "radiance"


def test_cubes_whose_dimensions_say_another_order(written, edited):
    def change(file):
        cube = file["reflectance/reflectance"][...].transpose(1, 2, 0)
        del file["reflectance/reflectance"]
        file["reflectance/reflectance"] = cube
        for dim, label in zip(
            file["reflectance/reflectance"].dims, ("northing", "easting", "wavelength"), strict=True
        ):
            dim.label = label

    assert_values(open_scene(edited(written(AVIRIS3), change)), reflectance(8), MISSING)


def _without(name):
    return lambda file: file.pop(name)


def _without_attribute(owner, name):
    return lambda file: file[owner].attrs.pop(name)


def _with(owner, **attributes):
    return lambda file: file[owner].attrs.update(attributes)


def _other(name, values):
    def change(file):
        attributes = dict(file[name].attrs)
        del file[name]
        file[name] = values
        file[name].attrs.update(attributes)

    return change


SITE = "SERC/Reflectance"
SYSTEM = f"{SITE}/Metadata/Coordinate_System"
FIELDS = "HDFEOS/GRIDS/HYP/Data Fields"
SEVEN = np.ones((ROWS, COLUMNS, 7), np.float32)
STRUCTURE = "HDFEOS INFORMATION/StructMetadata.0"
DAMAGE = {
    EMIT: [
        (_without("reflectance"), "no reflectance or radiance"),
        (_without("sensor_band_parameters"), "no sensor_band_parameters/wavelengths"),
        (_without("sensor_band_parameters/wavelengths"), "no sensor_band_parameters/wavelengths"),
        (_without("location/glt_x"), "no location/glt_x"),
        (_without("location/glt_y"), "no location/glt_y"),
        (_without_attribute("/", "geotransform"), "no attribute geotransform"),
        (_without_attribute("/", "spatial_ref"), "no attribute spatial_ref"),
        (_with("/", spatial_ref="nowhere"), "spatial_ref is 'nowhere'"),
        (_with("/", geotransform=[1.0, 2]), "geotransform has 2 numbers, not 6"),
        (_other("reflectance", SEVEN), "wavelengths has 8 numbers, not 7"),
        (_other("reflectance", SEVEN[0]), "reflectance must be an array .* 3 dimensions"),
        (_other("location/glt_x", np.ones((3, 4), np.int32)), "location/glt_x of the shape"),
        (_other("sensor_band_parameters/wavelengths", 0 * WAVELENGTHS), "that are none"),
    ],
    NEON: [
        (_without(f"{SITE}/Reflectance_Data"), "no .*Reflectance_Data"),
        (_without(f"{SITE}/Metadata/Spectral_Data"), "no .*Spectral_Data/Wavelength"),
        (_without(f"{SITE}/Metadata/Spectral_Data/Wavelength"), "no .*Wavelength"),
        (_without(f"{SYSTEM}/Map_Info"), "no .*Map_Info"),
        (_without(SYSTEM), "no .*Map_Info"),
        (_other(f"{SYSTEM}/Map_Info", "UTM, 1, 1, 283455"), "Map_Info must be"),
        (_other(f"{SYSTEM}/EPSG Code", "1"), "EPSG Code is '1'"),
        (_without_attribute(f"{SITE}/Reflectance_Data", "Scale_Factor"), "no attribute Scale_F"),
        (_with(f"{SITE}/Reflectance_Data", Scale_Factor=0.0), "Scale_Factor is 0"),
        (_other(f"{SITE}/Reflectance_Data", SEVEN), "Wavelength has 8 numbers, not 7"),
        (_with(SITE, Band_Window_1_Nanometers=[1340.0]), "1 numbers, not 2"),
    ],
    AVIRIS3: [
        (_without("reflectance/reflectance"), "no reflectance/reflectance"),
        (_without("reflectance"), "no reflectance/reflectance"),
        (_without("reflectance/wavelength"), "no reflectance/wavelength"),
        (_without("transverse_mercator"), "no transverse_mercator"),
        (_without_attribute("transverse_mercator", "GeoTransform"), "no attribute GeoTransform"),
        (_without_attribute("transverse_mercator", "spatial_ref"), "no attribute spatial_ref"),
        (_with("transverse_mercator", GeoTransform="1 2 3"), "GeoTransform .*3 numbers, not 6"),
        (_with("transverse_mercator", spatial_ref="x"), "spatial_ref is 'x'"),
        (_other("reflectance/reflectance", SEVEN.transpose(2, 0, 1)), "wavelength has 8 .* not 7"),
        (_other("northing", TRANSFORM.f - 30.0 * np.arange(ROWS)[::-1]), "northing from"),
        (_other("easting", np.zeros(3)), "easting has 3 numbers, not 10"),
    ],
    ORTHO: [
        (_without(f"{FIELDS}/surface_reflectance"), "no .*surface_reflectance"),
        (_without(FIELDS), "no .*surface_reflectance"),
        (_without("HDFEOS INFORMATION"), "no HDFEOS INFORMATION/StructMetadata.0"),
        (_other(STRUCTURE, np.bytes_("END")), "does not say LowerRightMtrs"),
        (_without_attribute("HDFEOS/GRIDS/HYP", "epsg_code"), "no attribute epsg_code"),
        (_with("HDFEOS/GRIDS/HYP", epsg_code=3), "epsg_code is '3'"),
        (
            _without_attribute(f"{FIELDS}/surface_reflectance", "wavelengths"),
            "no attribute wavelengths",
        ),
        (_with(f"{FIELDS}/surface_reflectance", wavelengths=WAVELENGTHS[1:]), "7 numbers, not 8"),
        (_other(f"{FIELDS}/nodata_pixels", np.zeros((3, 4))), "nodata_pixels has .*3, 4"),
        (_other(f"{FIELDS}/surface_reflectance", np.ones((8, 11, 10))), "says 12 x 10 pixels"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "named"), [(name, *case) for name in DAMAGE for case in DAMAGE[name]]
)
def test_what_is_damaged_names_the_file_and_what_is_missing(written, edited, name, change, named):
    assert_refused(edited(written(name), change), named)


@pytest.mark.parametrize("n_bytes", [0, 100, 4000])
@pytest.mark.parametrize("name", WRITTEN)
def test_files_that_end_too_early(written, name, n_bytes):
    assert_refused(cut(written(name), n_bytes))
