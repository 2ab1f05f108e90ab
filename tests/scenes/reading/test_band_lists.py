"""Wavelengths, widths and bad bands are found whatever they are called, and nothing else is."""

import h5py
import numpy as np
import pytest
import scipy.io
import xarray

from skhyp.scenes import open_scene

from ..conftest import SMALL_WAVELENGTHS, write_hdf5

IN_UM = SMALL_WAVELENGTHS / 1000


@pytest.fixture(params=["mat", "h5"])
def write(request, tmp_path):
    """A function that writes arrays by their names to a file of either kind."""

    def written(**arrays):
        path = tmp_path / f"scene.{request.param}"
        if request.param == "mat":
            scipy.io.savemat(path, arrays)
            return path
        return write_hdf5(path, arrays)

    return written


@pytest.mark.parametrize(
    "name",
    [
        *("wavelengths", "Wavelength", "WaveLength", "wl", "WL", "wvl", "lambda", "wavelen", "lam"),
        *("wave", "bands", "centers", "band_centers", "bandCentres", "CentralWavelength"),
        *("wavelengths_nm", "list_of_wavelengths"),
    ],
)
def test_names_of_lists_of_wavelengths(write, small, name):
    scene = open_scene(write(cube=small, **{name: SMALL_WAVELENGTHS}))
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bands", [1, 2, 3, 4]),
        ("bands", [5, 20, 100, 180]),
        ("bands", [201, 202, 203, 204]),
        ("bands", [0.1, 300, 400, 500]),
        ("centers", [-1.5, 0.2, 3.5, 4.5]),
        ("good_wavelengths", [1, 1, 0, 1]),
        ("wavelength_flags", [1, 1, 0, 1]),
        ("fwhm", [450.0, 550, 650, 850]),
        ("solar_irradiance", [1800.0, 1700, 1600, 900]),
        ("spectrum", [0.1, 0.2, 0.3, 0.4]),
        ("gain", [450.0, 550, 650, 850]),
    ],
)
def test_other_lists_that_are_as_long_are_no_wavelengths(write, small, name, values):
    assert open_scene(write(cube=small, **{name: np.array(values)})).wavelengths is None


def test_wavelengths_are_preferred_to_what_only_may_be_some(write, small):
    path = write(cube=small, bands=SMALL_WAVELENGTHS + 500, wavelengths=SMALL_WAVELENGTHS)
    assert open_scene(path).wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


def test_two_lists_that_disagree_are_refused(write, small):
    path = write(cube=small, wl=SMALL_WAVELENGTHS, wavelengths=SMALL_WAVELENGTHS + 5)
    with pytest.raises(ValueError, match="lists wavelengths twice"):
        open_scene(path)
    assert open_scene(path, wavelengths=SMALL_WAVELENGTHS).wavelengths[0] == 450


def test_two_lists_that_agree_are_one(write, small):
    path = write(cube=small, wl=SMALL_WAVELENGTHS, wavelengths_um=IN_UM)
    assert open_scene(path).wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


def test_wavelengths_of_another_number_than_any_dimension_are_warned_of(write, small):
    path = write(cube=small, wavelengths=np.linspace(400, 900, 11))
    with pytest.warns(UserWarning, match=r"has 11 wavelengths in wavelengths.*left out"):
        scene = open_scene(path)
    assert scene.wavelengths is None


def test_a_wavelength_of_zero_is_warned_of_and_tells_the_bands(write, small):
    path = write(cube=small.transpose(0, 2, 1), cw=np.array([0.0, 550, 650, 850]))
    with pytest.warns(UserWarning, match=r"wavelength 0 for the bands \[0\]"):
        scene = open_scene(path)
    assert scene.shape == small.shape and scene.wavelengths is None


def test_widths_and_good_bands(write, small):
    path = write(
        cube=small,
        wavelength=IN_UM,
        fwhm=np.full(4, 0.01),
        good_wavelengths=np.array([1, 1, 0, 1], np.uint8),
    )
    scene = open_scene(path)
    np.testing.assert_allclose(scene.fwhm, 10)
    assert scene.good_bands.tolist() == [True, True, False, True]


def test_the_nearest_list_is_taken(tmp_path, small):
    arrays = {"VNIR/cube": small, "VNIR/wavelength": SMALL_WAVELENGTHS, "SWIR/cube": small}
    arrays["SWIR/wavelength"] = SMALL_WAVELENGTHS + 1000
    path = write_hdf5(tmp_path / "scene.h5", arrays)
    assert open_scene(path, variable="SWIR/cube").wavelengths[0] == 1450
    assert open_scene(path, variable="VNIR/cube").wavelengths[0] == 450


@pytest.mark.parametrize(
    "attributes",
    [
        {"wavelengths": SMALL_WAVELENGTHS},
        {"wavelength": IN_UM, "wavelength_units": "Micrometers"},
        {"wavelength": "{450, 550, 650, 850}", "wavelength_units": "Nanometers"},
        {"wavelengths": 1e7 / SMALL_WAVELENGTHS, "wavelength_units": "cm-1"},
        {"wavelengths": SMALL_WAVELENGTHS * 10, "wavelengths_unit": "Angstrom"},
    ],
)
def test_attributes_of_a_cube_have_its_wavelengths_and_their_unit(tmp_path, small, attributes):
    plain = {k: v if isinstance(v, str) else v.tolist() for k, v in attributes.items()}
    array = xarray.DataArray(small, dims=("y", "x", "band"), attrs=plain)
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small}, {"cube": attributes})
    for scene in (array, path):
        np.testing.assert_allclose(open_scene(scene).wavelengths, SMALL_WAVELENGTHS)


@pytest.mark.parametrize(
    ("name", "values", "unit", "of_array"),
    [
        ("wavelength", 1e7 / SMALL_WAVELENGTHS, "cm-1", None),
        ("wavelength", 1e7 / SMALL_WAVELENGTHS, None, "cm-1"),
        ("centre", IN_UM, "micrometer", None),
        ("anything", SMALL_WAVELENGTHS, "nm", None),
        ("band", IN_UM, None, "um"),
        ("wavenumber", 1e7 / SMALL_WAVELENGTHS, None, None),
        ("band", np.array(["450 nm", "550 nm", "650.0 nm", "0.85 um"]), None, None),
    ],
)
def test_coordinates_of_the_bands_and_their_unit(small, name, values, unit, of_array):
    attributes = {} if unit is None else {"units": unit}
    array = xarray.DataArray(small, {name: ("band", values, attributes)}, ("y", "x", "band"))
    if of_array is not None:
        array.attrs["wavelength_units"] = of_array
    np.testing.assert_allclose(open_scene(array).wavelengths, SMALL_WAVELENGTHS)


def test_the_unit_may_be_a_variable_of_its_own(write, small):
    path = write(cube=small, wavelength=IN_UM * 1e4, wavelength_units="Angstroms")
    np.testing.assert_allclose(open_scene(path).wavelengths, SMALL_WAVELENGTHS)


def test_descriptions_of_bands_as_rioxarray_has_them(small):
    names = ("450 nm", "550 nm", "650 nm", "Band 4 (850 Nanometers)")
    array = xarray.DataArray(small, dims=("y", "x", "band"))
    assert open_scene(array.assign_attrs(long_name=names)).wavelengths[3] == 850
    assert open_scene(array.assign_attrs(long_name=tuple("abcd"))).wavelengths is None
    assert open_scene(array.assign_attrs(long_name=(450, 550, 650, 850))).wavelengths is None


def test_names_of_bands_with_a_unit_are_wavelengths(tmp_path, small):
    path = write_hdf5(tmp_path / "scene.h5", {"cube": small})
    with h5py.File(path, "a") as file:
        names = [f"{value} nm" for value in SMALL_WAVELENGTHS]
        file.create_dataset("bands", data=names, dtype=h5py.string_dtype())
    assert open_scene(path).wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()


def test_widths_are_named_as_stackstac_does(small):
    coordinates = {
        "center_wavelength": ("band", IN_UM),
        "full_width_half_max": ("band", [0.05] * 4),
    }
    scene = open_scene(xarray.DataArray(small, coordinates, ("y", "x", "band")))
    assert scene.wavelengths.tolist() == SMALL_WAVELENGTHS.tolist()
    np.testing.assert_allclose(scene.fwhm, [50] * 4)
