"""HypPreprocessor computes what its documentation says, of anything a sensor delivers."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import savgol_filter
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor

# One number of bands for all tests: functions are compiled once for each.
N_BANDS = 24
WAVELENGTHS = np.linspace(450, 910, N_BANDS)

METHODS = [
    None,
    "minmax",
    "deephyp-minmax",
    "l2",
    "l1",
    "snv",
    "msc",
    "standardize",
    "savgol",
    "continuum",
]
LEARNING = ["msc", "standardize"]
FLOATS = [np.float32, np.float64]


def _spectra(n_spectra=40, dtype=np.float64, seed=0):
    """Return smooth positive spectra, between 100 and 200 so that every integer holds them."""
    generator = np.random.default_rng(seed)
    phase = generator.uniform(0, 6, (n_spectra, 1))
    slope = generator.uniform(-20, 20, (n_spectra, 1))
    x = np.linspace(0, 3, N_BANDS)
    noise = generator.uniform(-5, 5, (n_spectra, N_BANDS))
    return (150 + 20 * np.sin(x + phase) + slope * (x / 3 - 0.5) + noise).astype(dtype)


def _tolerance(dtype):
    return 1e-9 if dtype == np.float64 else 2e-3


# References, in float64 NumPy, one row at a time ---------------------------------------------


def _hull_ratio(x):
    bands = np.arange(len(x))
    hull = x.copy()
    for left in bands:
        for right in bands[left + 1 :]:
            chord = np.interp(bands[left:right], [left, right], [x[left], x[right]])
            hull[left:right] = np.maximum(hull[left:right], chord)
    return x / hull


def _msc(x, reference):
    slope, offset = np.polyfit(reference, x, 1)
    return (x - offset) / slope


REFERENCES = {
    None: lambda x, learned: x,
    "minmax": lambda x, learned: (x - x.min()) / (x.max() - x.min()),
    "deephyp-minmax": lambda x, learned: (x - (x.min() - 0.001)) / x.max(),
    "l2": lambda x, learned: x / np.linalg.norm(x),
    "l1": lambda x, learned: x / np.abs(x).sum(),
    "snv": lambda x, learned: (x - x.mean()) / np.std(x, ddof=0),
    "msc": lambda x, learned: _msc(x, learned.mean(axis=0)),
    "standardize": lambda x, learned: (x - learned.mean(axis=0)) / learned.std(axis=0),
    "savgol": lambda x, learned: savgol_filter(x, 11, 2),
    "continuum": lambda x, learned: _hull_ratio(x),
}


def test_there_is_a_reference_for_every_method():
    options, none = HypPreprocessor._parameter_constraints["method"]
    assert set(REFERENCES) == {*options.options, none} == set(METHODS)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", METHODS)
def test_each_method_follows_its_formula(method, dtype):
    learned, X = _spectra(dtype=dtype), _spectra(30, dtype, seed=1)
    result = HypPreprocessor(method=method).fit(learned).transform(X)
    learned = learned.astype(np.float64)
    expected = [REFERENCES[method](x, learned) for x in X.astype(np.float64)]
    assert result.dtype == dtype
    tolerance = 1e-10 if dtype == np.float64 else 2e-5
    assert_allclose(result, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("method", ["minmax", "deephyp-minmax", "l2", "l1", "snv", "msc"])
def test_negative_and_mixed_spectra_follow_the_same_formulae(method):
    learned = _spectra()
    X = np.vstack([-_spectra(5, seed=1), _spectra(5, seed=2) - 150])
    result = HypPreprocessor(method=method).fit(learned).transform(X)
    assert_allclose(result, [REFERENCES[method](x, learned) for x in X], rtol=1e-9, atol=1e-9)


def test_standardize_agrees_with_standard_scaler():
    X = _spectra(5000)
    X[:, 3] = 7  # constant
    X[:, 4] *= 1e-200
    ours, theirs = HypPreprocessor(method="standardize").fit(X), StandardScaler()
    X[:, 4] *= 1e200
    theirs.fit(X)
    scale = np.where(np.arange(N_BANDS) == 4, 1e-200, 1)
    assert_allclose(ours.mean_, theirs.mean_ * scale, rtol=1e-13)
    assert_allclose(ours.scale_, theirs.scale_ * scale, rtol=1e-12)
    assert ours.scale_[3] == 1


def test_msc_undoes_gain_and_offset():
    reference = _spectra(1)
    preprocessor = HypPreprocessor(method="msc").fit(reference)
    X = np.vstack([3 * reference + 7, 0.01 * reference - 1000, -reference])
    assert_allclose(preprocessor.reference_, reference[0], rtol=1e-14)
    assert_allclose(preprocessor.transform(X), np.repeat(reference, 3, axis=0), rtol=1e-8)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("scale", [1e-15, 1e15, 1e30])
def test_msc_does_not_depend_on_the_unit(dtype, scale):
    X = _spectra()
    expected = HypPreprocessor(method="msc").fit_transform(X)
    result = HypPreprocessor(method="msc").fit_transform((X * scale).astype(dtype))
    assert_allclose(result / scale, expected, rtol=_tolerance(dtype) / 10)


def test_minmax_is_as_exact_as_its_formula():
    X = np.arange(100, 100 + N_BANDS, dtype=np.float32)[None, :]
    expected = (X - X.min()) / (X.max() - X.min())
    assert_array_equal(HypPreprocessor(method="minmax").fit_transform(X), expected)


# Savitzky-Golay ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window_length", "polyorder", "deriv"),
    [(11, 2, 0), (5, 3, 0), (5, 3, 1), (7, 2, 2), (23, 4, 1), (1, 0, 0), (5, 1, 2)],
)
def test_savgol_agrees_with_scipy(window_length, polyorder, deriv):
    X = _spectra()
    result = HypPreprocessor(
        method="savgol", window_length=window_length, polyorder=polyorder, deriv=deriv
    ).fit_transform(X)
    expected = savgol_filter(X, window_length, polyorder, deriv=deriv)
    assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("deriv", [0, 1])
def test_savgol_does_not_reach_across_dropped_bands(deriv):
    X = _spectra()
    kept = np.r_[0:8, 10:18, 19:24]
    result = HypPreprocessor(
        method="savgol", bands=kept, window_length=5, deriv=deriv
    ).fit_transform(X)
    expected = [savgol_filter(X[:, s], 5, 2, deriv=deriv) for s in np.split(kept, [8, 16])]
    assert_allclose(result, np.hstack(expected), rtol=1e-9, atol=1e-9)


def test_savgol_does_not_reach_across_a_step_back_or_a_leap_in_wavelength():
    wavelengths = WAVELENGTHS.copy()
    wavelengths[9:] -= 30
    wavelengths[17:] += 100
    X = _spectra()
    result = HypPreprocessor(
        method="savgol", wavelengths=wavelengths, window_length=5
    ).fit_transform(X)
    expected = [savgol_filter(part, 5, 2) for part in np.split(X, [9, 17], axis=1)]
    assert_allclose(result, np.hstack(expected), rtol=1e-9)


@pytest.mark.parametrize(
    ("deriv", "expected"),
    [
        # Of one band and of two a window holds one: a constant, whose derivative is zero.
        (0, lambda X: [X[:, 0:1], X[:, 2:4], savgol_filter(X[:, 5:9], 3, 2)]),
        (1, lambda X: [0 * X[:, 0:1], 0 * X[:, 2:4], savgol_filter(X[:, 5:9], 3, 2, deriv=1)]),
    ],
)
def test_savgol_shortens_its_window_in_short_segments(deriv, expected):
    X = _spectra()
    result = HypPreprocessor(
        method="savgol", bands=[0, 2, 3, 5, 6, 7, 8], window_length=11, deriv=deriv
    ).fit_transform(X)
    assert_allclose(result, np.hstack(expected(X)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_length": 10}, "window_length must be odd, got 10"),
        ({"window_length": 3, "polyorder": 3}, "polyorder must be less than .*=3, got 3"),
        ({"window_length": 0}, "'window_length' parameter .* must be an int"),
        ({"polyorder": -1}, "'polyorder' parameter .* must be an int"),
        ({"deriv": -1}, "'deriv' parameter .* must be an int"),
        ({"method": "savitzky"}, "'method' parameter .* must be a str among"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        HypPreprocessor(**{"method": "savgol", **parameters}).fit(_spectra())


# Degenerate spectra ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", METHODS)
def test_every_finite_spectrum_has_a_finite_result(method, dtype):
    limits = np.finfo(dtype)
    huge = 1e30 if dtype == np.float32 else 1e300
    ramp = np.linspace(1 / N_BANDS, 1, N_BANDS)
    shapes = [np.ones(N_BANDS), ramp, ramp[::-1], ramp - 0.5, np.eye(N_BANDS)[0], ramp % 0.3]
    levels = [1, huge, 4 * limits.tiny, 9 * limits.smallest_subnormal]
    X = [sign * level * shape for shape in shapes for level in levels for sign in (1, -1)]
    X = np.array([np.zeros(N_BANDS), *X]).astype(dtype)
    preprocessor = HypPreprocessor(method=method).fit(_spectra(dtype=dtype))
    assert np.isfinite(preprocessor.transform(X)).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", ["huge", "tiny", "subnormal", "zero"])
def test_fit_on_spectra_at_either_end_of_the_floats_is_finite(method, dtype, level):
    limits = np.finfo(dtype)
    huge = 1e30 if dtype == np.float32 else 1e300
    levels = {"huge": huge, "tiny": limits.tiny, "subnormal": limits.tiny / 1000, "zero": 0}
    X = (_spectra() / 100 * levels[level]).astype(dtype)
    assert np.isfinite(HypPreprocessor(method=method).fit_transform(X)).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", ["minmax", "l2", "l1", "snv", "continuum"])
def test_brightness_does_not_change_the_result(method, dtype):
    X = _spectra(dtype=dtype)
    huge = 1e30 if dtype == np.float32 else 1e300
    preprocessor = HypPreprocessor(method=method).fit(X)
    expected = preprocessor.transform(X)
    for gain in (1e-3, 1e-30, huge):
        result = preprocessor.transform((X.astype(np.float64) * gain).astype(dtype))
        assert_allclose(result, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_range_and_the_sums_of_the_largest_floats_do_not_overflow(dtype):
    X = np.zeros((2, N_BANDS), dtype)
    X[0, :2] = np.finfo(dtype).max * np.array([0.9, -0.9])
    X[1] = np.finfo(dtype).max / 2
    result = {m: HypPreprocessor(method=m).fit_transform(X) for m in ("minmax", "l1", "l2", "snv")}
    assert_allclose(result["minmax"][0], np.r_[1, 0, np.full(N_BANDS - 2, 0.5)])
    assert_allclose(result["l1"][0, :3], [0.5, -0.5, 0])
    assert_allclose(result["l2"][0, :3], [0.5**0.5, -(0.5**0.5), 0], rtol=1e-6)
    assert_allclose(result["l1"][1], 1 / N_BANDS, rtol=1e-6)
    assert_array_equal(result["snv"][1], 0)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", LEARNING)
def test_huge_spectra_are_learned_as_others_are(method, dtype):
    X = _spectra()
    gain = 1e30 if dtype == np.float32 else 1e300
    expected = HypPreprocessor(method=method).fit_transform(X)
    result = HypPreprocessor(method=method).fit_transform((X * gain).astype(dtype))
    if method == "msc":
        expected = expected * gain
    assert_allclose(result, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("level", [3, -3, 0, 1 / 3, 12345.678, 1e20])
def test_flat_spectra_have_the_results_that_are_documented(dtype, level):
    learned = _spectra(dtype=dtype)
    X = np.full((1, N_BANDS), level, dtype)
    # Rounding must not be taken for a shape.
    X[0, ::3] = np.nextafter(X[0, 0], dtype(np.inf))
    result = {m: HypPreprocessor(method=m).fit(learned).transform(X)[0] for m in METHODS}
    assert_array_equal(result["minmax"], 0)
    assert_array_equal(result["snv"], 0)
    assert_allclose(result["msc"], learned.mean(dtype=np.float64), rtol=1e-6)
    if level:
        sign = np.sign(level)
        assert_allclose(result["l2"], sign / np.sqrt(N_BANDS), rtol=1e-6)
        assert_allclose(result["l1"], sign / N_BANDS, rtol=1e-6)


def test_zero_spectra_stay_zero():
    X = np.zeros((2, N_BANDS))
    for method in ("minmax", "deephyp-minmax", "l2", "l1", "snv", "savgol", None):
        assert_array_equal(HypPreprocessor(method=method).fit_transform(X), X)
    assert_array_equal(HypPreprocessor(method="continuum").fit_transform(X), X + 1)


# Types, layouts and shapes of the input -------------------------------------------------------


INTEGERS = ["?", "u1", "i1", "u2", "i2", ">u2", ">i2", "u4", "i4", ">u4", ">i4"]
INTEGERS += ["u8", "i8", ">u8", ">i8"]


@pytest.mark.parametrize("method", ["snv", "standardize", "continuum"])
@pytest.mark.parametrize("dtype", [*INTEGERS, "f2", ">f2", "f4", ">f4", "f8", ">f8", "g"])
def test_every_dtype_gives_what_its_values_give(dtype, method):
    values = _spectra() > 150 if dtype == "?" else _spectra() - (80 if "i" in dtype else 0)
    X = values.astype(dtype)
    result = HypPreprocessor(method=method).fit_transform(X)
    computed = np.float64 if dtype in ("f8", ">f8", "g") else np.float32
    assert result.dtype == computed
    assert_array_equal(result, HypPreprocessor(method=method).fit_transform(X.astype(computed)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_a_cube_gives_what_its_pixels_give(method, dtype):
    X = _spectra(42, dtype)
    preprocessor = HypPreprocessor(method=method)
    result = preprocessor.fit_transform(X.reshape(6, 7, N_BANDS))
    assert_array_equal(result, preprocessor.fit_transform(X))
    assert preprocessor.n_features_in_ == N_BANDS


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", METHODS)
def test_layout_in_memory_makes_no_difference(method, dtype, tmp_path):
    X = _spectra(70, dtype)
    X.setflags(write=False)
    expected = HypPreprocessor(method=method).fit_transform(X)
    on_disk = np.memmap(tmp_path / "scene", dtype, "w+", shape=X.shape)
    on_disk[:] = X
    on_disk.flush()
    read_only = np.memmap(tmp_path / "scene", dtype, "r", shape=X.shape)
    strided = np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2]
    for same in (np.asfortranarray(X), read_only, strided, X[::-1].copy()[::-1]):
        assert_array_equal(HypPreprocessor(method=method).fit_transform(same), expected)
        assert_array_equal(same, X)
    assert_array_equal(
        HypPreprocessor(method=method).fit_transform(X.tolist()),
        HypPreprocessor(method=method).fit_transform(X.astype(np.float64)),
    )


@pytest.mark.parametrize("nodata", [None, 155.0, np.nan])
@pytest.mark.parametrize("method", METHODS)
def test_the_input_is_never_modified(method, nodata):
    X = _spectra(40)
    X[3] = 1 if nodata is None else nodata
    before = X.copy()
    preprocessor = HypPreprocessor(method=method, nodata=nodata).fit(X)
    result = preprocessor.transform(X)
    result[:] = -1  # an alias of X would show
    assert_array_equal(X, before)
    if method in (None, "standardize"):
        Z = preprocessor.transform(X)
        before = Z.copy()
        preprocessor.inverse_transform(Z)[:] = -1
        assert_array_equal(Z, before)


@pytest.mark.parametrize("method", METHODS)
def test_the_result_of_a_row_depends_on_that_row_alone(method):
    X = _spectra(5000, np.float32)
    preprocessor = HypPreprocessor(method=method).fit(X)
    expected = preprocessor.transform(X)
    for n_rows in (1, 31, 32, 33, 200, 2047, 2048, 2049):
        for start in (0, 1, 5000 - n_rows):
            rows = slice(start, start + n_rows)
            assert_array_equal(preprocessor.transform(X[rows]), expected[rows])
    order = np.random.default_rng(0).permutation(5000)
    assert_array_equal(preprocessor.transform(X[order]), expected[order])


@pytest.mark.filterwarnings("ignore:method='continuum' makes")
@pytest.mark.parametrize("method", METHODS)
def test_one_band_and_one_row_are_enough(method):
    one_band = HypPreprocessor(method=method).fit_transform(np.array([[3.0], [4.0]]))
    expected = {"minmax": 0, "snv": 0, "l2": 1, "l1": 1, "continuum": 1, "msc": 3.5}
    if method in expected:
        assert_array_equal(one_band, np.full((2, 1), expected[method]))
    assert one_band.shape == (2, 1) and np.isfinite(one_band).all()
    one_row = HypPreprocessor(method=method).fit_transform(_spectra(1))
    assert one_row.shape == (1, N_BANDS) and np.isfinite(one_row).all()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((0, N_BANDS)), "0 sample"),
        (np.zeros((0, 4, N_BANDS)), "0 sample"),
        (np.zeros((4, 0)), "0 feature"),
        (np.zeros(N_BANDS), "Expected 2D array, got 1D"),
        (np.zeros((2, 2, 2, 2)), "dim 4"),
        (np.full((2, N_BANDS), np.nan), "X contains NaN"),
        (np.full((2, N_BANDS), np.inf), "X contains infinity"),
        (np.full((2, N_BANDS), 1j), "Complex data not supported"),
        (np.full((2, N_BANDS), "a"), "dtype|convert"),
    ],
)
def test_what_is_no_spectra_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        HypPreprocessor().fit(X)
    with pytest.raises(ValueError, match=message):
        HypPreprocessor().fit(_spectra()).transform(X)


def test_another_number_of_bands_than_in_fit_is_refused():
    preprocessor = HypPreprocessor(method="l2").fit(_spectra())
    for X in (_spectra()[:, 1:], _spectra(6)[:, 1:].reshape(2, 3, -1)):
        with pytest.raises(ValueError, match=r"X has 23 features, but HypPreprocessor .* 24"):
            preprocessor.transform(X)


def test_nothing_works_before_fit():
    for method in ("transform", "inverse_transform"):
        with pytest.raises(NotFittedError):
            getattr(HypPreprocessor(), method)(_spectra())
    with pytest.raises(NotFittedError):
        HypPreprocessor().get_feature_names_out()


# Missing data ---------------------------------------------------------------------------------


MISSING = [
    (np.int16, -32768),
    (np.uint16, 0),
    (np.uint16, 65535.0),
    (np.int32, 2**31 - 1),
    (np.float16, -9999),
    (np.float32, -9999),
    (np.float32, 0.1),
    (np.float32, np.float64(0.1)),
    (np.float32, -3.4028235e38),
    (np.float64, -1.7976931348623157e308),
    (np.float32, np.nan),
    (np.float64, float("nan")),
]
SHORT_INTEGERS = MISSING[:3]
TEACHING_NOTHING = [method for method in METHODS if method not in LEARNING]


# What is missing is found before a method is applied, and kept from what it learns. So each method
# that learns has all cases, and minmax those of the integers that it computes in another way; the
# others, which see one row at a time, take turns: two for each case.
@pytest.mark.parametrize(
    ("method", "dtype", "nodata"),
    [
        *((method, *case) for case in MISSING for method in LEARNING),
        *(("minmax", *case) for case in SHORT_INTEGERS),
        *(
            (TEACHING_NOTHING[(i + shift) % len(TEACHING_NOTHING)], *case)
            for i, case in enumerate(MISSING)
            for shift in (2, 5)
        ),
    ],
)
def test_missing_pixels_come_out_as_nan_and_teach_nothing(method, dtype, nodata):
    complete = _spectra(38, dtype)
    is_missing = np.zeros(48, dtype=bool)
    is_missing[[0, 7, 8, 20, 21, 22, 30, 40, 45, 47]] = True
    X = np.empty((48, N_BANDS), dtype)
    X[~is_missing] = complete
    X[is_missing] = nodata
    X[7, :-1] = 120  # one band is enough
    preprocessor = HypPreprocessor(method=method, nodata=nodata)
    result = preprocessor.fit(X).transform(X)
    assert_array_equal(np.isnan(result), np.repeat(is_missing[:, None], N_BANDS, axis=1))
    without = HypPreprocessor(method=method).fit(complete)
    assert_array_equal(result[~is_missing], without.transform(complete))
    for name in ("mean_", "scale_", "reference_"):
        assert_array_equal(getattr(preprocessor, name, 0), getattr(without, name, 0))
    cube = preprocessor.fit_transform(X.reshape(6, 8, N_BANDS))
    assert_array_equal(cube, result)


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [
        (np.uint16, -9999),
        (np.int16, 1e9),
        (np.uint8, 0.5),
        (np.uint16, np.nan),
        (np.float16, -3.4028235e38),
        (np.float32, 1e300),
    ],
)
def test_a_nodata_value_that_the_dtype_cannot_hold_marks_nothing(dtype, nodata):
    X = _spectra(dtype=dtype)
    result = HypPreprocessor(method="l2", nodata=nodata).fit_transform(X)
    assert_array_equal(result, HypPreprocessor(method="l2").fit_transform(X))


def test_integers_that_float32_cannot_tell_apart_are_not_missing():
    X = np.full((3, N_BANDS), 2**24 + 1, np.int32)
    X[1, 5] = 2**24
    result = HypPreprocessor(nodata=2**24).fit_transform(X)
    assert_array_equal(np.isnan(result).any(axis=1), [False, True, False])


def test_booleans_have_nodata_too():
    X = np.ones((3, N_BANDS), bool)
    X[1, 5] = False
    result = HypPreprocessor(nodata=0).fit_transform(X)
    assert_array_equal(np.isnan(result).any(axis=1), [False, True, False])


def test_missing_values_in_dropped_bands_do_not_matter():
    X = _spectra()
    X[:, 3] = -9999
    result = HypPreprocessor(method="snv", bands=np.arange(N_BANDS) != 3, nodata=-9999)
    assert np.isfinite(result.fit_transform(X)).all()


@pytest.mark.parametrize("nodata", [-9999.0, np.nan])
def test_a_scene_without_any_data_is_refused_and_the_guilty_bands_are_named(nodata):
    X = _spectra()
    X[:, [3, 5]] = nodata
    X[0] = nodata
    message = (
        rf"Every pixel has nodata={nodata:g} in some kept band.*Bands \[3, 5\] .*"
        rf"bands=numpy.setdiff1d\(numpy.arange\({N_BANDS}\), \[3, 5\]\)"
    )
    with pytest.raises(ValueError, match=message):
        HypPreprocessor(nodata=nodata).fit(X)
    with pytest.raises(ValueError, match=r"Bands \[5\] have it everywhere"):
        HypPreprocessor(nodata=nodata, bands=[0, 5, 1]).fit(X)
    X = np.where(np.eye(N_BANDS, dtype=bool), nodata, _spectra(N_BANDS))
    with pytest.raises(ValueError, match=r"there is nothing to learn from\.$"):
        HypPreprocessor(nodata=nodata).fit(X)


def test_transform_takes_scenes_without_any_data():
    preprocessor = HypPreprocessor(method="snv", nodata=-9999).fit(_spectra())
    assert np.isnan(preprocessor.transform(np.full((3, N_BANDS), -9999.0))).all()


def test_nan_is_an_error_unless_it_is_nodata():
    X = _spectra()
    X[3, 4] = np.nan
    for nodata in (None, -9999):
        with pytest.raises(ValueError, match="X contains NaN"):
            HypPreprocessor(nodata=nodata).fit(X)
    assert np.isnan(HypPreprocessor(nodata=np.nan).fit_transform(X)[3]).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", METHODS)
def test_one_huge_spectrum_warns_where_it_would_decide_what_is_learned(method, dtype):
    X = _spectra(dtype=dtype)
    X[7] *= 1e6
    preprocessor = HypPreprocessor(method=method)
    if method not in LEARNING:
        preprocessor.fit(X)
        return
    with pytest.warns(UserWarning, match=f"1 of 40 .* row 7.* method='{method}'.*`nodata`"):
        preprocessor.fit(X)
    X[7] = -9999
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HypPreprocessor(method=method, nodata=-9999).fit(X)


# Bands and wavelengths ------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:method='continuum' makes")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("bands", "kept"),
    [
        # Segments of three bands, or less: one program of XLA computes all the hulls.
        (np.arange(N_BANDS) % 8 < 3, [0, 1, 2, 8, 9, 10, 16, 17, 18]),
        ([0, 1, 2], np.arange(3)),
        ((5, 4, 3), [5, 4, 3]),
        ([-2, -1], [N_BANDS - 2, N_BANDS - 1]),
        ([(500, 900)], [0, 1, 2, 23]),
    ],
)
def test_methods_see_the_kept_bands_alone(method, bands, kept):
    X = _spectra()
    preprocessor = HypPreprocessor(method=method, bands=bands, wavelengths=WAVELENGTHS)
    result = preprocessor.fit_transform(X)
    other = X.copy()
    other[:, np.setdiff1d(np.arange(N_BANDS), kept)] = 1e4
    assert_array_equal(preprocessor.fit_transform(other), result)
    assert_array_equal(preprocessor.bands_, kept)
    assert_array_equal(preprocessor.wavelengths_, WAVELENGTHS[kept])
    if method not in ("savgol", "continuum"):
        expected = [REFERENCES[method](x, X[:, kept]) for x in X[:, kept]]
        assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", ["savgol", "continuum"])
def test_bands_sorted_by_wavelength_are_treated_as_one_spectrum(method):
    X = _spectra()
    shuffled = np.random.default_rng(0).permutation(N_BANDS)
    result = HypPreprocessor(
        method=method, wavelengths=WAVELENGTHS[shuffled], bands=np.argsort(shuffled)
    ).fit_transform(X[:, shuffled])
    expected = HypPreprocessor(method=method, wavelengths=WAVELENGTHS).fit_transform(X)
    assert_allclose(result, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"wavelengths": WAVELENGTHS / 1000}, "wavelengths must be in nm"),
        ({"wavelengths": WAVELENGTHS[1:]}, "wavelengths must have one entry for each of the 24"),
        ({"wavelengths": "450 nm"}, "'wavelengths' parameter"),
        ({"bands": [24]}, "bands has the index 24"),
        ({"bands": [1, 1]}, "bands has the index 1 twice"),
        ({"bands": [True] * 23}, "bands as a mask"),
        ({"bands": []}, "bands keeps no band"),
        ({"bands": [(500, 600)]}, "bands has wavelength ranges, but the wavelengths are not known"),
        ({"bands": 3}, "'bands' parameter"),
        ({"nodata": "none"}, "'nodata' parameter"),
    ],
)
def test_bands_and_wavelengths_that_do_not_fit_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        HypPreprocessor(**parameters).fit(_spectra())


def _frame(names=None):
    names = [f"{w:g} nm" for w in WAVELENGTHS] if names is None else names
    return pd.DataFrame(_spectra(), columns=names)


def test_columns_of_a_frame_carry_wavelengths():
    preprocessor = HypPreprocessor(bands=[(480, 900)]).fit(_frame())
    assert_array_equal(preprocessor.wavelengths_, WAVELENGTHS[[0, 1, 23]])
    assert preprocessor.get_feature_names_out().tolist() == ["450 nm", "470 nm", "910 nm"]
    preprocessor = HypPreprocessor(wavelengths=WAVELENGTHS + 0.3).fit(_frame())
    assert_array_equal(preprocessor.wavelengths_, WAVELENGTHS + 0.3)
    # A later fit without names knows no wavelengths.
    preprocessor = HypPreprocessor().fit(_frame()).fit(_spectra())
    assert preprocessor.wavelengths_ is None


SENTINEL_2 = [490, 560, 665, 705, 740, 783, 842, 865, 945, 1375, 1610, 2190]


@pytest.mark.parametrize(
    ("wavelengths", "bands", "constant"),
    [
        (SENTINEL_2, None, ["490 nm", "945 nm", "1375 nm", "1610 nm", "2190 nm"]),
        (np.arange(400, 700, 20), [*range(9), 11, 12], ["400 nm", "560 nm", "620 nm", "640 nm"]),
        (None, [*range(9), 14], [0, 8, 14]),
    ],
)
def test_bands_that_a_hull_makes_constant_are_warned_of_with_a_mend(wavelengths, bands, constant):
    n_bands = 15 if wavelengths is None else len(wavelengths)
    X = np.random.default_rng(0).uniform(0.1, 1, (40, n_bands))
    preprocessor = HypPreprocessor(method="continuum", wavelengths=wavelengths, bands=bands)
    with pytest.warns(UserWarning, match="method='continuum' makes") as caught:
        preprocessor.fit(X)
    (message,) = [str(warning.message) for warning in caught]
    assert f"1 in every spectrum: {', '.join(map(str, constant))}." in message
    is_constant = (preprocessor.transform(X) == 1).all(axis=0)
    assert f"makes {is_constant.sum()} of {len(is_constant)} bands" in message
    mend = eval(re.search(r"bands=(\[.*?\]\])", message)[1], {"preprocessor": preprocessor})
    clean = preprocessor.set_params(bands=mend).fit_transform(X)
    assert (clean == 1).all(axis=0).sum() == 2


def test_many_ends_of_segments_are_warned_of_and_two_are_not():
    X = np.ones((2, 30))
    uneven = HypPreprocessor(method="continuum", bands=np.arange(30) % 5 > 0)
    with pytest.warns(UserWarning, match=r"12 of 24 bands 1 .* Choose a method without a hull"):
        uneven.fit(X)
    HypPreprocessor(method="continuum", bands=np.arange(30) % 10 > 0).fit(X)
    HypPreprocessor(method="continuum", bands=[1, 2, 3]).fit(X)


def test_names_come_from_wavelengths_then_columns_then_positions():
    names = [f"b{i}" for i in range(N_BANDS)]
    keep = {"bands": [5, 2]}
    known = HypPreprocessor(wavelengths=WAVELENGTHS, **keep).fit(_frame(names))
    assert known.get_feature_names_out().tolist() == ["550 nm", "490 nm"]
    assert known.get_feature_names_out(names).tolist() == ["b5", "b2"]
    assert HypPreprocessor(**keep).fit(_frame(names)).get_feature_names_out().tolist() == [
        "b5",
        "b2",
    ]
    unnamed = HypPreprocessor(**keep).fit(_spectra())
    assert unnamed.get_feature_names_out().tolist() == ["x5", "x2"]
    with pytest.raises(ValueError, match="input_features"):
        unnamed.get_feature_names_out(["a"])


def test_other_columns_than_in_fit_are_refused():
    preprocessor = HypPreprocessor(method="l2").fit(_frame())
    with pytest.raises(ValueError, match="feature names should match"):
        preprocessor.transform(_frame([f"b{i}" for i in range(N_BANDS)]))
    with pytest.raises(ValueError, match=r"Feature names .*order"):
        preprocessor.transform(_frame().iloc[:, ::-1])


@pytest.mark.filterwarnings("ignore:method='continuum' makes")
@pytest.mark.parametrize(
    ("container", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]
)
@pytest.mark.parametrize("method", METHODS)
def test_output_in_a_frame_has_the_names_and_the_values(method, container, frame):
    X = frame({f"{w:g} nm": column for w, column in zip(WAVELENGTHS, _spectra().T, strict=True)})
    preprocessor = HypPreprocessor(method=method, bands=[0, 1, 2, 7])
    expected = preprocessor.fit_transform(_spectra())
    result = preprocessor.set_output(transform=container).fit_transform(X)
    assert isinstance(result, frame)
    assert list(result.columns) == ["450 nm", "470 nm", "490 nm", "590 nm"]
    assert_array_equal(result.to_numpy(), expected)


# Inverse --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", [None, "standardize"])
def test_inverse_transform_restores_kept_bands_and_leaves_nan_in_dropped_ones(method, dtype):
    X = _spectra(dtype=dtype)
    X[:, 2] = 7  # constant
    X[5] = -9999
    kept = [2, 0, 23, 9]
    preprocessor = HypPreprocessor(method=method, bands=kept, nodata=-9999).fit(X)
    restored = preprocessor.inverse_transform(preprocessor.transform(X))
    assert restored.dtype == dtype and restored.shape == X.shape
    dropped = np.setdiff1d(np.arange(N_BANDS), kept)
    assert np.isnan(restored[:, dropped]).all() and np.isnan(restored[5]).all()
    rows = np.arange(40) != 5
    assert_allclose(restored[rows][:, kept], X[rows][:, kept], rtol=20 * np.finfo(dtype).eps)


def test_inverse_transform_refuses_another_number_of_bands():
    preprocessor = HypPreprocessor(bands=[0, 1]).fit(_spectra())
    with pytest.raises(ValueError, match="X has 24 bands, but HypPreprocessor gives 2"):
        preprocessor.inverse_transform(_spectra())


@pytest.mark.parametrize("method", METHODS)
def test_there_is_an_inverse_only_where_enough_is_kept(method):
    preprocessor = HypPreprocessor(method=method).fit(_spectra())
    assert hasattr(preprocessor, "inverse_transform") == (method in (None, "standardize"))
    if method not in (None, "standardize"):
        with pytest.raises(AttributeError, match="inverse_transform") as raised:
            preprocessor.inverse_transform(_spectra())
        assert f"method={method!r}" in str(raised.value)


# As an estimator ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_copies_do_the_same(method):
    X = _spectra()
    parameters = {
        "method": method,
        "bands": np.abs(np.arange(N_BANDS) - 11.5) > 3,  # two segments of nine, as hulls have above
        "wavelengths": WAVELENGTHS,
        "nodata": -1.0,
        "window_length": 5,
        "polyorder": 3,
        "deriv": 1,
    }
    preprocessor = HypPreprocessor(**parameters)
    assert preprocessor.get_params() == parameters
    assert all(preprocessor.get_params()[name] is value for name, value in parameters.items())
    expected = preprocessor.fit(X).transform(X)
    restored = pickle.loads(pickle.dumps(preprocessor))
    assert_array_equal(restored.transform(X), expected)
    assert_array_equal(clone(preprocessor).fit_transform(X), expected)
    assert not hasattr(clone(preprocessor), "bands_")
    assert preprocessor.get_params() == parameters  # fit changes none of them


@pytest.mark.parametrize(
    "change",
    [
        *({"method": method} for method in METHODS if method != "savgol"),
        {"bands": [0, 1, 2, 3, 5, 6, 7]},
        {"wavelengths": np.r_[WAVELENGTHS[:9], WAVELENGTHS[9:] + 100]},
        {"nodata": 155.0},
        {"window_length": 7},
        {"polyorder": 3},
        {"deriv": 1},
    ],
)
def test_every_parameter_changes_the_result(change):
    X = _spectra()
    X[3, 3] = 155
    result = HypPreprocessor(method="savgol").fit_transform(X)
    changed = HypPreprocessor(**{"method": "savgol", **change}).fit_transform(X)
    assert changed.shape != result.shape or not np.allclose(changed, result, equal_nan=True)


def test_parameters_cannot_be_positional():
    with pytest.raises(TypeError):
        HypPreprocessor("l2")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_lies_within_the_range_is_computed_though_the_way_there_does_not(dtype):
    most = np.finfo(dtype).max
    X = np.array([[most, -most, 0.0], [-most, most, 0.0]], dtype)
    deephyp = HypPreprocessor(method="deephyp-minmax").fit_transform(X)
    np.testing.assert_allclose(deephyp, [[2, 0, 1], [0, 2, 1]], rtol=1e-6)
    standardize = HypPreprocessor(method="standardize").fit(X)
    scaled = standardize.transform(X)
    np.testing.assert_allclose(scaled, [[1, -1, 0], [-1, 1, 0]], atol=1e-6)
    offset = HypPreprocessor(method="standardize").fit(np.array([[most], [most / 2]], dtype))
    np.testing.assert_allclose(offset.transform(np.array([[-most / 2]], dtype)), [[-5]], rtol=1e-6)
    np.testing.assert_allclose(offset.inverse_transform(np.array([[-5]], dtype)), [[-most / 2]])
    alternating = np.where(np.arange(21) % 2, most, -most).astype(dtype)[np.newaxis]
    savgol = HypPreprocessor(method="savgol", window_length=5)
    expected = savgol.fit_transform(alternating / 2**10) * 2.0**10
    np.testing.assert_allclose(savgol.fit_transform(alternating), expected, rtol=1e-5)


def test_a_method_set_after_fit_that_lacks_what_fit_learns_says_so():
    X = np.random.default_rng(0).uniform(size=(9, 12))
    for method in ("standardize", "msc"):
        changed = HypPreprocessor().fit(X).set_params(method=method)
        with pytest.raises(ValueError, match=rf"method='{method}' needs .*Call fit again"):
            changed.transform(X)
    with pytest.raises(ValueError, match="'method' parameter"):
        HypPreprocessor().fit(X).set_params(method="unknown").transform(X)
    with pytest.raises(ValueError, match="window_length must be odd"):
        HypPreprocessor(method="savgol").fit(X).set_params(window_length=4).transform(X)
    assert HypPreprocessor().fit(X).set_params(method="snv").transform(X).shape == X.shape


def test_spectra_of_a_shorter_type_than_what_was_learned_are_refused():
    X = np.random.default_rng(0).uniform(1, 2, (9, 5))
    for method in ("standardize", "msc"):
        preprocessor = HypPreprocessor(method=method).fit(X * 1e160)
        assert np.isfinite(preprocessor.transform(X * 1e160)).all()
        with pytest.raises(ValueError, match="beyond the range of float32"):
            preprocessor.transform(X.astype(np.float32))


@pytest.mark.parametrize("method", LEARNING)
def test_what_was_learned_below_the_range_of_a_shorter_type_is_no_zero_there(method):
    X = np.random.default_rng(0).random((40, 12)) + 0.2
    preprocessor = HypPreprocessor(method=method).fit(X * 1e-50)
    uses = [preprocessor.transform]
    if method == "standardize":
        uses.append(preprocessor.inverse_transform)
    for use in uses:
        with pytest.raises(ValueError, match=r"beyond the range of float32.*Pass X as float64"):
            use(X.astype(np.float32))
        assert np.isfinite(use(X)).all()
    with pytest.raises(ValueError, match="Export it with dtype='float64'"):
        preprocessor.to_keras()


def test_a_mean_too_small_for_a_shorter_type_is_zero_there():
    X = np.random.default_rng(0).random((40, 12)) + 0.2
    preprocessor = HypPreprocessor(method="standardize").fit(X)
    preprocessor.mean_[3] = 1e-50
    expected = preprocessor.transform(X)
    assert_allclose(preprocessor.transform(X.astype(np.float32)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", LEARNING)
def test_a_band_that_counts_as_zero_in_fit_is_constant(method, dtype):
    X = _spectra(dtype=dtype)
    X[:, 3] *= dtype(np.finfo(dtype).tiny / 1e6)
    preprocessor = HypPreprocessor(method=method).fit(X)
    assert np.isfinite(preprocessor.transform(X)).all()
    if method == "standardize":
        assert preprocessor.scale_[3] == 1


def _beyond_the_range(method, reference):
    """Return a spectrum whose result is no number of float32."""
    most = np.finfo(np.float32).max
    x = np.zeros(len(reference))
    if method == "msc":  # next to nothing of the reference is in it
        shape = reference - reference.mean()
        x[0] = 1
        x -= x.mean() + (x @ shape) / (shape @ shape) * shape
        return x + 1e-4 * shape / np.abs(shape).max()
    if method == "savgol":
        x[50:53] = -most, most, -most
    elif method == "standardize":
        x[:] = most
    else:
        x[:2] = 1e-30, -1e30
    return x


@pytest.mark.parametrize("nodata", [None, -1, np.nan])
@pytest.mark.parametrize("method", ["standardize", "savgol", "msc", "deephyp-minmax"])
def test_a_result_beyond_the_range_is_refused_and_its_row_named(method, nodata):
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 2, 140) * rng.uniform(0.9, 1.1, (2000, 1))
    X = (X * (1e37 if method == "msc" else 1)).astype(np.float32)
    savgol = {"window_length": 3, "polyorder": 2, "deriv": 2}
    preprocessor = HypPreprocessor(method=method, nodata=nodata, **savgol).fit(X)
    if nodata is not None:
        X[::3, 5] = nodata
    clean = preprocessor.transform(X)
    assert np.isfinite(clean).all(axis=1).sum() == (2000 if nodata is None else 1333)
    X[7] = _beyond_the_range(method, X[1].astype(np.float64))
    with pytest.raises(ValueError, match=r"^1 of 2000 rows of X lead to .* the first is row 7, "):
        preprocessor.transform(X)


@pytest.mark.parametrize("nodata", [10**400, 2**64, True, "0"])
def test_a_value_of_nodata_that_no_data_have_is_refused(nodata):
    with pytest.raises(ValueError, match=r"'nodata' parameter .* must be"):
        HypPreprocessor(nodata=nodata).fit(np.ones((3, 4)))


def test_a_spectrum_beyond_the_range_is_not_restored():
    X = np.random.default_rng(0).uniform(1, 2, (9, 5)).astype(np.float32)
    preprocessor = HypPreprocessor(method="standardize", nodata=np.nan).fit(X * 1e30)
    scaled = preprocessor.transform(X * 1e30)
    scaled[2], scaled[3, 1] = np.nan, np.nan
    assert_array_equal(np.isnan(preprocessor.inverse_transform(scaled)), np.isnan(scaled))
    scaled[3, 0] = 1e10
    with pytest.raises(ValueError, match=r"1 of 9 rows of X .* row 3, with values of up to 1e"):
        preprocessor.inverse_transform(scaled)
