"""What files say of their bands is understood in any hand, never guessed against the numbers."""

import numpy as np
import pytest

from skhyp.scenes.reading._bands import fwhm_in_nm, wavelengths_in_nm


def in_nm(values, unit=None):
    return wavelengths_in_nm(values, unit, n_bands=len(np.atleast_1d(values)), name="scene")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        *((text, 1) for text in ("nm", "Nanometers", "[nm]", "nm.", '"nm"', "Wavelength (nm)")),
        *((text, 1) for text in ("wavelength_nm", "Wavelength / nm", "Nanometer [nm]", "10^-9 m")),
        *((text, 1) for text in ("nanomètres", "nm (vacuum)", "Wellenlänge [nm]", "NM")),
        *((text, 1e-3) for text in ("um", "µm", "μm", "Microns", "Micrometers (um)", "\\mu m")),
        *((text, 10) for text in ("Angstroms", "Å", "\N{ANGSTROM SIGN}", "Ångström", "A")),
        *((text, 1e-9) for text in ("m", "Meters", "wavelength in m")),
        ("mm", 1e-6),
        ("cm", 1e-7),
    ],
)
def test_units_of_length_in_any_hand(unit, factor):
    np.testing.assert_allclose(in_nm(np.array([450.0, 850.0]) * factor, unit), [450, 850])


@pytest.mark.parametrize(
    ("unit", "one_nm"),
    [
        *((text, 1e7) for text in ("cm-1", "cm^-1", "cm⁻¹", "1/cm", "cm**-1", "cm^{-1}")),
        *((text, 1e7) for text in ("reciprocal cm", "inverse centimeters", "per cm", "Wavenumber")),
        *((text, 1e7) for text in ("wavenumber (cm-1)", "Kayser")),
        ("1/m", 1e9),
        ("wavenumber [1/m]", 1e9),
        ("GHz", 299792458),
        ("THz", 299792.458),
        ("eV", 1239.841984),
    ],
)
def test_wavenumbers_frequencies_and_energies_become_wavelengths(unit, one_nm):
    wavelengths = np.array([450.0, 850.0])
    np.testing.assert_allclose(in_nm(one_nm / wavelengths, unit), wavelengths)


@pytest.mark.parametrize("unit", ["DN", "K", "W m-2 sr-1 nm-1", "furlong", "nm or um"])
def test_wavelengths_in_a_unit_that_is_none_are_not_known_and_it_is_said(unit):
    with pytest.warns(UserWarning, match=r"scene lists 450 to 850 in .*not known.*wavelengths="):
        assert in_nm([450, 850], unit) is None


@pytest.mark.parametrize("unit", ["Index", "Unknown", None, "furlong"])
def test_numbers_of_bands_are_never_wavelengths(unit):
    assert in_nm([1, 2, 3], unit) is None and in_nm([0, 1, 2], unit) is None


@pytest.mark.parametrize("unit", ["nm", "um", "cm-1"])
def test_numbers_of_bands_are_no_wavelengths_in_any_unit(unit):
    with pytest.warns(UserWarning, match=r"the numbers of its bands from 1 on.*wavelengths="):
        assert in_nm(np.arange(1, 225), unit) is None


def test_a_list_that_falls_is_believed_where_its_unit_is_said():
    thermal = np.arange(13500, 7500, -500)
    np.testing.assert_allclose(in_nm(thermal, "nm"), thermal)
    with pytest.warns(UserWarning, match="as wavenumbers do"):
        np.testing.assert_allclose(in_nm(thermal), thermal)


@pytest.mark.parametrize(
    ("unit", "values", "taken"),
    [
        ("Micrometers", [450, 850], "nm"),
        ("Nanometers", [0.45, 0.85], "um"),
        ("m", [450, 850], "nm"),
    ],
)
def test_a_unit_that_the_numbers_contradict_is_warned_of_and_not_believed(unit, values, taken):
    with pytest.warns(UserWarning, match=rf"no sensor.*taken for {taken}"):
        np.testing.assert_allclose(in_nm(values, unit), [450, 850])


@pytest.mark.parametrize(
    ("unit", "values"),
    [("um", [8, 14]), ("um", [50, 100]), ("GHz", [183, 664]), ("cm-1", [100, 900])],
)
def test_rare_sensors_are_believed(unit, values):
    assert in_nm(values, unit).max() > 8000


def test_wavelengths_below_any_sensor_s_are_refused():
    with pytest.raises(ValueError, match=r"45 to 85 nm.*wavelengths="):
        in_nm([450, 850], "Angstroms")


def test_each_band_may_have_a_unit_of_its_own():
    np.testing.assert_allclose(in_nm([450, 550, 2.2], ["nm", "nm", "um"]), [450, 550, 2200])
    np.testing.assert_allclose(in_nm(["450 nm", "0.55 um", "2.2um"]), [450, 550, 2200])
    np.testing.assert_allclose(in_nm(["450 nm", "550"]), [450, 550])
    with pytest.raises(ValueError, match="several units"):
        in_nm([450, 2.2, 600], ["nm", "um", None])


def test_lists_of_headers_have_commas_or_blanks_between():
    for text in ("{450, 550.5}", "450 550.5", "{450 ,\n 550.5,}", "[450, 550.5]"):
        found = wavelengths_in_nm(text, "nm", n_bands=2, name="scene")
        np.testing.assert_allclose(found, [450, 550.5])
    with pytest.raises(ValueError, match="no numbers"):
        wavelengths_in_nm("{red, green}", "nm", n_bands=2, name="scene")


def fwhm(widths, values, unit, width_unit=None):
    return fwhm_in_nm(widths, width_unit, values, unit, n_bands=len(values), name="scene")


def test_widths_are_in_nm_as_their_wavelengths():
    np.testing.assert_allclose(fwhm([0.01, 0.02], [0.45, 0.85], "um"), [10, 20])
    np.testing.assert_allclose(fwhm([10, 20], [0.45, 0.85], "um", "nm"), [10, 20])
    np.testing.assert_allclose(fwhm([50, 50], [20000, 10000], "cm-1"), [1.25, 5])
    np.testing.assert_allclose(fwhm([5, 5], [450, 850], "Micrometers"), [5, 5])
    assert fwhm([1, 2], [1, 2], None) is None


@pytest.mark.parametrize("widths", [[1, 2, 3], [1, -2], ["a", "b"], [1, np.nan], [10, 20]])
def test_widths_that_cannot_be_are_warned_of_and_not_read(widths):
    with pytest.warns(UserWarning, match=r"widths of its 2 bands .* not read"):
        assert fwhm(widths, [0.45, 0.85], "um") is None


def test_widths_in_micrometres_beside_nm_are_not_believed():
    wavelengths = [450.0, 550, 650, 850]
    with pytest.warns(UserWarning, match="none in the unit of the wavelengths"):
        assert fwhm_in_nm([0.01] * 4, None, wavelengths, "nm", n_bands=4, name="scene") is None
    narrow = fwhm_in_nm([0.04, 0.04], None, [757.0, 772], "nm", n_bands=2, name="scene")
    assert narrow.tolist() == [0.04, 0.04]


def test_wavenumbers_of_radio_waves_are_wavelengths_in_another_unit():
    with pytest.warns(UserWarning, match="taken for um"):
        np.testing.assert_allclose(in_nm([0.45, 0.85], "Wavenumber"), [450, 850])
    np.testing.assert_allclose(in_nm([20.0, 50.0], "cm-1"), [5e5, 2e5])
    np.testing.assert_allclose(in_nm([300.0, 400.0], "GHz"), 299792458 / np.array([300, 400]))


@pytest.mark.parametrize("unit", ["nm", None])
def test_wavelengths_longer_than_those_of_light_are_refused(unit):
    with pytest.raises(ValueError, match="longer than those of any imaging sensor"):
        in_nm([450000.0, 850000.0], unit)
