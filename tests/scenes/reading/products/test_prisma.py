"""PRISMA: two detectors in one file, with falling wavelengths that overlap."""

import pickle

import h5py
import numpy as np
import pytest

from skhyp.scenes import open_scene

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

NAME = "PRS_L2D_STD_20201107101404_20201107101408_0001.he5"
# 0 nm are bands that were not delivered.
VNIR = np.array([0, 977.4, 850.2, 650.1, 402.5], np.float32)
SWIR = np.array([2497.1, 1650.7, 1900.5, 943.4, 0, 0], np.float32)
SORTED = [402.5, 650.1, 850.2, 943.4, 977.4, 1650.7, 1900.5, 2497.1]
SCALES = {"Vnir": (-0.05, 0.9), "Swir": (-0.02, 0.8)}
FIELDS = "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields"


def truth():
    """Return the cube in the order of its wavelengths, and what of it is missing."""
    missing = np.repeat(OUTSIDE[..., np.newaxis], 8, axis=2)
    missing[5, 5, 6] = True  # in one band alone
    return reflectance(8), missing


def write_prisma(path, *, level="L2D", edges=False):
    cube, missing = truth()
    fields = FIELDS.replace("L2D", level)
    with h5py.File(path, "w") as file:
        for name, waves in (("Vnir", VNIR), ("Swir", SWIR)):
            low, high = SCALES[name]
            stored = np.zeros((ROWS, COLUMNS, len(waves)), np.uint16)
            for band, wave in enumerate(waves):
                if wave:
                    i = int(np.argmin(np.abs(np.array(SORTED) - wave)))
                    numbers = np.round((cube[..., i] - low) / (high - low) * 65535)
                    stored[..., band] = np.where(missing[..., i], 0, numbers)
            file.create_dataset(
                f"{fields}/{name.upper()}_Cube", data=stored.transpose(0, 2, 1),
                chunks=(4, len(waves), COLUMNS), compression="gzip",
            )  # fmt: skip
            errors = np.arange(stored.size).reshape(stored.transpose(0, 2, 1).shape)
            file[f"{fields}/{name.upper()}_PIXEL_L2_ERR_MATRIX"] = (errors % 7).astype(np.uint8)
            file.attrs[f"List_Cw_{name}"] = waves
            file.attrs[f"List_Fwhm_{name}"] = np.where(waves > 0, 11, 0).astype(np.float32)
            file.attrs[f"List_Cw_{name}_Flags"] = (waves > 0).astype(np.int32)
            file.attrs[f"L2Scale{name}Min"], file.attrs[f"L2Scale{name}Max"] = low, high
        clouds = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
        file[fields.replace("Data", "Geometric") + "/Observing_Angle"] = clouds
        file.attrs["Epsg_Code"] = np.uint32(32633)
        shift, n = (0, 0) if edges else (15, 1)
        for corner, east, north in (("UL", 0, 0), ("UR", 1, 0), ("LL", 0, 1), ("LR", 1, 1)):
            easting = TRANSFORM.c + shift + 30 * (COLUMNS - n) * east
            northing = TRANSFORM.f - shift - 30 * (ROWS - n) * north
            file.attrs[f"Product_{corner}corner_easting"] = easting
            file.attrs[f"Product_{corner}corner_northing"] = northing
        file.attrs["Product_Name"] = np.bytes_(path.name)
        file.attrs["Processing_Level"] = np.bytes_(level[1:])
    return path


@pytest.fixture
def prisma(tmp_path):
    return write_prisma(tmp_path / NAME)


def assert_is_prisma(scene):
    assert_values(scene, *truth())
    np.testing.assert_allclose(scene.wavelengths, SORTED, rtol=0, atol=0.01)
    np.testing.assert_allclose(scene.fwhm, 11)
    assert scene.band_names == [
        *("VNIR 5", "VNIR 4", "VNIR 3", "SWIR 4", "VNIR 2", "SWIR 2", "SWIR 3", "SWIR 1"),
    ]
    assert np.flatnonzero(~scene.good_bands).tolist() == [6]
    assert scene.bad_bands_by == "water vapour at 1340 to 1445 nm, 1790 to 1955 nm"
    assert scene.numbers == "reflectance"


def test_both_detectors_are_one_scene_in_the_order_of_wavelengths(prisma):
    scene = open_scene(prisma)
    assert_is_prisma(scene)
    assert_is_prisma(pickle.loads(pickle.dumps(scene)))
    assert scene.files == (prisma,)


@pytest.mark.parametrize("edges", [False, True])
def test_corners_are_centres_of_pixels_unless_they_are_too_far_apart(tmp_path, edges):
    path = write_prisma(tmp_path / NAME, edges=edges)
    assert open_scene(path).transform == tuple(TRANSFORM)[:6]
    assert_mapped(path, tmp_path / "map.tif", crs=CRS)


def test_numbers_as_they_are_stored(prisma):
    scene = open_scene(prisma, raw=True)
    with h5py.File(prisma) as file:
        vnir = file[f"{FIELDS}/VNIR_Cube"][...].transpose(0, 2, 1)
        swir = file[f"{FIELDS}/SWIR_Cube"][...].transpose(0, 2, 1)
    assert scene.dtype == np.uint16 and scene.nodata == 0
    np.testing.assert_array_equal(
        np.asarray(scene)[..., [4, 3]], np.dstack([vnir[..., 1], swir[..., 3]])
    )
    cube, missing = truth()
    np.testing.assert_allclose(
        (np.asarray(scene) * scene.scale + scene.offset)[~missing], cube[~missing], atol=1e-4
    )


def test_a_detector_and_layers_of_quality_by_their_names(prisma):
    scene = open_scene(prisma, variable="VNIR_Cube")
    np.testing.assert_allclose(scene.wavelengths, [402.5, 650.1, 850.2, 977.4], atol=0.01)
    np.testing.assert_array_equal(
        np.asarray(scene), np.asarray(open_scene(prisma))[..., [0, 1, 2, 4]]
    )
    errors = open_scene(prisma, variable="VNIR_PIXEL_L2_ERR_MATRIX")
    with h5py.File(prisma) as file:
        stored = file[f"{FIELDS}/VNIR_PIXEL_L2_ERR_MATRIX"][...]
    np.testing.assert_array_equal(np.asarray(errors), stored.transpose(0, 2, 1))
    angles = open_scene(prisma, variable="observing_angle")
    assert angles.shape == (ROWS, COLUMNS, 1) and angles.transform == tuple(TRANSFORM)[:6]
    with pytest.raises(ValueError, match="no variable 'clouds'"):
        open_scene(prisma, variable="clouds")


def test_other_levels(tmp_path):
    swath = open_scene(write_prisma(tmp_path / "PRS_L2C_STD_1.he5", level="L2C"))
    assert_is_prisma(swath)
    assert swath.transform is None and swath.crs is None
    radiance = open_scene(write_prisma(tmp_path / "PRS_L2B_STD_1.he5", level="L2B"))
    assert radiance.numbers == "radiance" and radiance.units == ["W m-2 sr-1 um-1"] * 8
    assert radiance.good_bands is None
    path = write_prisma(tmp_path / "PRS_L1_STD_1.he5", level="L1")
    assert_refused(path, "PRISMA L1, radiance at the sensor")


def _without(*names):
    def change(file):
        for name in names:
            owner = file.attrs if name in file.attrs else file
            del owner[name]

    return change


def _with(**attributes):
    return lambda file: file.attrs.update(attributes)


def _other_cube(name, shape):
    def change(file):
        del file[f"{FIELDS}/{name}"]
        file[f"{FIELDS}/{name}"] = np.ones(shape, np.uint16)

    return change


DAMAGE = {
    "no cube": (_without(f"{FIELDS}/SWIR_Cube"), "no .*Swir_Cube"),
    "no fields": (_without(FIELDS), "no .*Data Fields"),
    "no wavelengths": (_without("List_Cw_Vnir"), "no attribute List_Cw_Vnir"),
    "no scale": (_without("L2ScaleSwirMax"), "no attribute L2ScaleSwirMax"),
    "no reference system": (_without("Epsg_Code"), "no attribute Epsg_Code"),
    "an unknown reference system": (_with(Epsg_Code=9), "Epsg_Code is '9', .*no reference"),
    "no corner": (_without("Product_LRcorner_easting"), "no attribute Product_LRcorner_easting"),
    "corners of other pixels": (
        _with(Product_LRcorner_easting=284_000.0, Product_URcorner_easting=284_000.0),
        "not 10 x 12 pixels",
    ),
    "a rotated grid": (_with(Product_URcorner_northing=0.0), "no rectangle"),
    "fewer wavelengths": (_with(List_Cw_Vnir=VNIR[1:]), "List_Cw_Vnir has 4 numbers, not 5"),
    "no wavelength above 0": (_with(List_Cw_Swir=0 * SWIR), "only bands of 0 nm in List_Cw_Swir"),
    "scales of no width": (_with(L2ScaleVnirMin=0.9), "L2ScaleVnirMin 0.9 and Max 0.9"),
    "other sizes": (_other_cube("SWIR_Cube", (11, 6, 10)), "detectors of different sizes"),
    "other axes": (_other_cube("VNIR_Cube", (12, 10, 5)), "different sizes"),
    "no cube of numbers": (_other_cube("VNIR_Cube", (12, 5)), "VNIR_Cube must be an array"),
    "nothing but a name": (lambda file: file.clear(), "must have one variable that is a cube"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_names_the_file_and_what_is_missing(prisma, edited, damage):
    change, named = DAMAGE[damage]
    assert_refused(edited(prisma, change), named)


@pytest.mark.parametrize("n_bytes", [0, 100, 5000])
def test_files_that_end_too_early(prisma, n_bytes):
    assert_refused(cut(prisma, n_bytes))
