"""Wavelengths survive feature names, and tell where a spectrum is contiguous."""

import numpy as np
import pandas as pd
import pytest

from skhyp import HypPreprocessor
from skhyp.wavelengths import (
    contiguous_segments,
    nearest_bands,
    select_bands,
    validate_wavelengths,
    wavelength_names,
    wavelengths_from_names,
)


def _spans(segments):
    return [(segment.start, segment.stop) for segment in segments]


@pytest.mark.parametrize("given", [[450, 550], (450.0, 550.0), np.array([450, 550], np.uint16)])
def test_wavelengths_become_float64(given):
    values = validate_wavelengths(given, 2)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [450, 550])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([450.0], r"wavelengths .* each of the 2 bands, got an array of shape \(1,\)"),
        ([[450.0, 550.0]], r"wavelengths .* each of the 2 bands, got an array of shape \(1, 2\)"),
        (450.0, r"wavelengths .* each of the 2 bands, got an array of shape \(\)"),
        ([0.45, 2.5], "wavelengths must be in nm, got 0.45 to 2.5: .* micrometres"),
        ([450, -1], "wavelengths must be positive finite numbers in nm, got -1"),
        ([450, 0], "wavelengths must be positive finite numbers in nm, got 0"),
        ([450, np.nan], "wavelengths must be positive finite numbers in nm, got nan"),
        ([np.inf, 450], "wavelengths must be positive finite numbers in nm, got inf"),
        (["blue", "red"], "wavelengths must be numbers in nm, got .*blue"),
        ([[450], [1, 2]], "wavelengths must be numbers in nm, got"),
    ],
)
def test_what_is_no_list_of_wavelengths_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        validate_wavelengths(given, 2)


def test_names_give_back_the_wavelengths_they_were_made_of():
    wavelengths = np.r_[400, 450.5, 1e-3, 123456.25, 1e9, np.linspace(400, 2500, 224).round(3)]
    names = wavelength_names(wavelengths)
    assert len(set(names)) == len(wavelengths)
    np.testing.assert_allclose(wavelengths_from_names(names), wavelengths, rtol=1e-7)


def test_bands_of_one_wavelength_have_names_of_their_own():
    names = wavelength_names([700, 710, 700])
    assert names.tolist() == ["700 nm (band 0)", "710 nm", "700 nm (band 2)"]
    np.testing.assert_array_equal(wavelengths_from_names(names), [700, 710, 700])


@pytest.mark.parametrize(
    "names",
    [
        *(None, [], ["450 nm", "red"], ["450"], ["-450 nm"], ["x nm"], [450], ["X1", "X2", "X3"]),
        *(["1", "2", "3"], [str(i) for i in range(400, 450)], ["B450", "B550"], ["450", "red"]),
        *(["450-500 nm"], ["450 nm - 500 nm"], ["1,450 nm"], ["2 um", "50 mm"], ["450", "450"]),
        *(
            ["4000.2", "3998.3"],
            ["800", "4000"],
            ["850", "650"],
            ["X450", "Y550"],
            ["V400", "V450"],
        ),
        *(["0.25", "0.5", "0.75"], ["450 nm / 550 nm", "550 nm / 650 nm"], ["10 m", "20 m"]),
        *(["1990", "2000", "2010"], ["B1", "B2"]),
    ],
)
def test_names_of_another_kind_carry_no_wavelengths(names):
    assert wavelengths_from_names(names) is None


@pytest.mark.parametrize(
    "names",
    [
        *(["450.5", "1100"], ["450.5nm", "1100nm"], ["X450.5", "X1100"], ["X450.5nm", "X1100nm"]),
        *(["0.4505 um", "1.1um"], ["B1 (450.5 nm)", "B2 (1.1 µm)"], ["wl_450.5", "wl_1100"]),
        *(["450.5 nm", "1100 nm "], ["Band 1: 450.5 Nanometers", "Band 2: 1100 Nanometers"]),
        *(["nm450.5", "nm1100"], ["R450.5", "R1100"], ["spc.450.5", "spc.1100"]),
        *(["450.5 nm, FWHM 6 nm", "1100 nm, FWHM 12 nm"], ["reflectance_450.5nm", "x__1100 nm"]),
    ],
)
def test_names_carry_wavelengths_in_many_hands(names):
    np.testing.assert_allclose(wavelengths_from_names(names), [450.5, 1100])


def test_a_field_spectrometer_s_columns_count_and_are_wavelengths():
    wavelengths = np.arange(350, 2501)
    np.testing.assert_array_equal(
        wavelengths_from_names([str(v) for v in wavelengths]), wavelengths
    )
    in_um = np.linspace(0.4, 2.5, 50).round(3)
    np.testing.assert_allclose(wavelengths_from_names([str(v) for v in in_um]), in_um * 1e3)


def test_lists_that_fall_evenly_from_afar_look_like_wavenumbers():
    wavenumbers = np.linspace(4006.4, 599.8, 200)
    with pytest.warns(UserWarning, match=r"fall in even steps.*1e7 / wavenumbers") as caught:
        validate_wavelengths(wavenumbers, 200)
    assert caught[0].filename == __file__
    for plain in (wavenumbers[::-1], np.linspace(2500, 400, 200), 1e7 / wavenumbers[::-1]):
        validate_wavelengths(plain, 200)


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        ([0], [(0, 1)]),
        ([3, 4, 5], [(0, 3)]),
        ([0, 1, 4, 5, 7], [(0, 2), (2, 4), (4, 5)]),
        ([0, 2, 4], [(0, 1), (1, 2), (2, 3)]),
        ([2, 1, 0], [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_dropped_bands_end_a_segment(indices, expected):
    assert _spans(contiguous_segments(indices)) == expected


@pytest.mark.parametrize(
    ("wavelengths", "expected"),
    [
        ([400, 410, 420, 430, 440], [(0, 5)]),
        ([440, 430, 420, 410, 400], [(0, 5)]),
        ([400, 410, 405, 415, 425], [(0, 2), (2, 5)]),
        ([440, 430, 435, 425, 415], [(0, 2), (2, 5)]),
        ([400, 410, 410, 420, 430], [(0, 2), (2, 5)]),
        ([400, 410, 420, 445, 455], [(0, 5)]),
        ([400, 410, 420, 446, 456], [(0, 3), (3, 5)]),
        ([400, 410, 400, 410, 400], [(0, 2), (2, 4), (4, 5)]),
        ([500, 500, 500, 500, 500], [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]),
    ],
)
def test_a_step_back_or_a_leap_ends_a_segment(wavelengths, expected):
    assert _spans(contiguous_segments(np.arange(5), wavelengths)) == expected


def test_dropped_bands_end_a_segment_where_wavelengths_step_evenly():
    assert _spans(contiguous_segments([0, 1, 3, 4], [400, 410, 420, 430])) == [(0, 2), (2, 4)]


def test_bands_sorted_by_wavelength_are_one_segment():
    wavelengths = np.array([400, 410, 420, 430, 415, 425, 435, 445])
    order = np.argsort(wavelengths)
    assert _spans(contiguous_segments(order, wavelengths[order])) == [(0, 8)]
    without_435 = order[order != 6]
    segments = contiguous_segments(without_435, wavelengths[without_435])
    assert _spans(segments) == [(0, 6), (6, 7)]


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ([True, False, True, False], [0, 2]),
        (np.array([False, False, False, True]), [3]),
        ([2, 0], [2, 0]),
        ((1, 3), [1, 3]),
        ([-1, 0], [3, 0]),
        (np.array([0, 3], np.uint8), [0, 3]),
        (pd.Series([1, 2]), [1, 2]),
        (range(1, 3), [1, 2]),
        ([(425, 525)], [0, 2, 3]),
        ([[450, 550]], [0, 3]),
        (((450, 450), (551, 1000)), [0, 2]),
        ([(0, 100)], [0, 1, 2, 3]),
        (np.array([[449.5, 450.5]]), [0, 2, 3]),
    ],
)
def test_bands_are_kept_by_mask_or_index_and_dropped_by_range(bands, expected):
    kept = select_bands(bands, 4, np.array([400.0, 450, 550, 650]))
    assert kept.dtype.kind == "i"
    np.testing.assert_array_equal(kept, expected)


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ([True, False], "bands as a mask must have one entry for each of the 4 bands, got 2"),
        ([False] * 4, "bands keeps no band"),
        ([], "bands keeps no band"),
        ([(0, 10000)], "bands keeps no band"),
        ([4], "bands has the index 4, but there are 4 bands: .* between -4 and 3"),
        ([0, -5], "bands has the index -5, but there are 4 bands"),
        ((1340, 1450), "bands has the index 1340, but .* pairs"),
        ([0, 3, -1], "bands has the index 3 twice"),
        ([500.0, 600.0], r"bands must be None, a mask .* got \[500.0, 600.0\]"),
        (["a", "b"], "bands must be None, a mask .* got"),
        ([(1, 2, 3)], "bands must be None, a mask .* got"),
        ([(400, 500), 3], "bands must be None, a mask .* got"),
        ([(600, 500)], r"bands must have ranges .* got \[\[600.0, 500.0\]\]"),
        ([(np.nan, 500)], "bands must have ranges"),
    ],
)
def test_what_selects_no_bands_is_refused(bands, message):
    with pytest.raises(ValueError, match=message):
        select_bands(bands, 4, np.array([400.0, 450, 550, 650]))


def test_ranges_need_wavelengths():
    with pytest.raises(ValueError, match=r"bands has wavelength ranges, but .* not known"):
        select_bands([(400, 500)], 4)


def test_bands_are_found_by_wavelength_in_any_order_of_the_bands():
    wavelengths = [700.0, 690.0, 710.0, 400.0]
    np.testing.assert_array_equal(
        nearest_bands(wavelengths, [[692, 705], [1, 9999]]), [[1, 0], [3, 2]]
    )
    assert nearest_bands(wavelengths, 395).shape == ()
    assert nearest_bands(wavelengths, 395) == 3
    assert nearest_bands(wavelengths, 712, tolerance=2) == 2
    with pytest.raises(ValueError, match=r"targets must be within 5 nm of a band; \[550\.\]"):
        nearest_bands(wavelengths, [692, 550], tolerance=5)
    with pytest.raises(ValueError, match="Input wavelengths contains NaN"):
        nearest_bands([np.nan, 1.0], 1)
    with pytest.raises(ValueError, match="wavelengths must have one dimension"):
        nearest_bands([[1.0, 2.0]], 1)
    with pytest.raises(ValueError, match="targets must be finite"):
        nearest_bands(wavelengths, [np.nan])
    with pytest.raises(ValueError, match="The 'tolerance' parameter"):
        nearest_bands(wavelengths, 700, tolerance=-1)


def test_names_that_are_generated_of_the_numbers_of_bands_are_no_wavelengths():
    preprocessor = HypPreprocessor(bands=[210, 230, 250]).fit(np.ones((2, 300)))
    names = preprocessor.get_feature_names_out()
    assert names.tolist() == ["x210", "x230", "x250"]
    assert wavelengths_from_names(names) is None
    assert wavelengths_from_names(["X210", "X230", "X250"]).tolist() == [210, 230, 250]
