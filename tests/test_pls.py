"""SpectralPLSRegressor: what is chosen by folds, how it is found, and what is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import make_regression
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from skhyp import HypPreprocessor, SpectralPLSRegressor
from skhyp.spectra import Spectra

WAVELENGTHS = np.linspace(1000, 1590, 60)


def make_calibration(n=60, noise=0.002, seed=0):
    """Return spectra of three constituents, of varying brightness, and two of their contents."""
    rng = np.random.default_rng(seed)
    bands = np.linspace(0, 1, 60)
    absorptions = np.exp(-((bands - np.array([[0.25], [0.5], [0.8]])) ** 2) / 0.01)
    contents = rng.uniform(0, 1, (n, 3))
    X = rng.uniform(0.8, 1.2, (n, 1)) * (1 + bands - 0.3 * contents @ absorptions)
    X += noise * rng.standard_normal(X.shape)
    return X, contents[:, :2] * [10, 300] + [5, -40]


@pytest.fixture(scope="module")
def calibration():
    X, y = make_calibration()
    X.flags.writeable = y.flags.writeable = False
    return X, y


def scaled(X, name, wavelengths=None):
    """Return what HypPreprocessor makes of spectra, by windows of some 30 nm or of 5 bands."""
    if name is None:
        return X
    snv = np.asarray(HypPreprocessor(method="snv").fit_transform(X))
    if name == "snv":
        return snv
    deriv = {"slope": 1, "curvature": 2}[name]
    # Derivatives of the views are per band.
    filtered = HypPreprocessor(method="savgol", window_length=5, deriv=deriv).fit_transform(snv)
    return np.asarray(filtered)


def errors_of_refits(X, y, name, n_components, folds):
    squares = []
    for training, test in folds:
        regression = PLSRegression(n_components, scale=False, tol=1e-12, max_iter=10_000)
        regression.fit(scaled(X, name)[training], y[training])
        squares.append((regression.predict(scaled(X, name)[test]).reshape(-1) - y[test]) ** 2)
    return np.mean(np.concatenate(squares)) / y.var()


@pytest.mark.parametrize("name", [None, "snv", "slope", "curvature"])
def test_one_fit_a_fold_gives_the_errors_of_all_smaller_numbers(calibration, name):
    X, y = calibration[0], calibration[1][:, 0]
    regressor = SpectralPLSRegressor(scalings=(name,), max_components=8).fit(X, y)
    folds = list(KFold(5, shuffle=True, random_state=0).split(X))
    expected = [errors_of_refits(X, y, name, number, folds) for number in range(1, 9)]
    np.testing.assert_allclose(regressor.cv_errors_, [expected], rtol=1e-6)


def test_what_is_chosen_has_the_least_error_and_is_fitted_to_all_spectra(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    regressor = SpectralPLSRegressor(max_components=12).fit(X, y)
    assert regressor.cv_errors_.shape == (4, 12)
    place = (regressor.scalings.index(regressor.scaling_), regressor.n_components_ - 1)
    assert regressor.cv_errors_[place] == regressor.cv_errors_.min()
    chosen = PLSRegression(regressor.n_components_, scale=False)
    chosen.fit(scaled(X, regressor.scaling_), y)
    expected = chosen.predict(scaled(X, regressor.scaling_)).reshape(-1)
    np.testing.assert_allclose(regressor.predict(X), expected, rtol=1e-8)


def test_coefficients_are_of_scaled_spectra(calibration):
    X, y = calibration
    for targets, shape in ((y[:, 0], (60,)), (y, (2, 60))):
        regressor = SpectralPLSRegressor(scalings=("slope",)).fit(X, targets)
        assert regressor.coef_.shape == shape
        expected = scaled(X, "slope") @ regressor.coef_.T + regressor.intercept_
        np.testing.assert_allclose(regressor.predict(X), expected, rtol=1e-9)


def test_components_of_several_targets_are_those_of_scikit_learn():
    X, y = make_regression(80, 30, n_informative=15, n_targets=3, noise=5, random_state=0)
    standardised = (y - y.mean(axis=0)) / y.std(axis=0)
    regressor = SpectralPLSRegressor(scalings=(None,), max_components=4).fit(X, y)
    expected = PLSRegression(regressor.n_components_, scale=False, tol=1e-20, max_iter=100_000)
    predicted = expected.fit(X, standardised).predict(X) * y.std(axis=0) + y.mean(axis=0)
    np.testing.assert_allclose(regressor.predict(X), predicted, rtol=1e-6)


def test_units_of_targets_change_nothing(calibration):
    X, y = calibration
    one = SpectralPLSRegressor().fit(X, y)
    other = SpectralPLSRegressor().fit(X, y * [1e6, 1e-6] + [3, 4])
    assert (one.scaling_, one.n_components_) == (other.scaling_, other.n_components_)
    np.testing.assert_allclose(other.cv_errors_, one.cv_errors_, rtol=1e-6)
    expected = one.predict(X) * [1e6, 1e-6] + [3, 4]
    np.testing.assert_allclose(other.predict(X), expected, rtol=1e-6)


def test_a_list_and_a_column_of_values_are_given_back_as_such(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    as_list, as_column = (SpectralPLSRegressor().fit(X, targets) for targets in (y, y[:, None]))
    assert as_list.predict(X).shape == (60,) and as_column.predict(X).shape == (60, 1)
    np.testing.assert_array_equal(as_list.predict(X), as_column.predict(X)[:, 0])
    assert isinstance(as_list.intercept_, float)


def test_windows_are_of_30_nm_where_wavelengths_are_known(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    of_5_bands = SpectralPLSRegressor(scalings=("slope",)).fit(Spectra(X, WAVELENGTHS), y)
    of_31_bands = SpectralPLSRegressor(scalings=("slope",)).fit(Spectra(X, WAVELENGTHS / 10), y)
    unknown = SpectralPLSRegressor(scalings=("slope",)).fit(X, y)
    np.testing.assert_allclose(of_5_bands.coef_, unknown.coef_, rtol=1e-6)
    assert not np.allclose(of_31_bands.coef_, unknown.coef_)


def test_derivatives_end_where_bands_are_missing(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    spectra = Spectra(X, WAVELENGTHS)[:, np.r_[:20, 30:60]]
    regressor = SpectralPLSRegressor(scalings=("slope",)).fit(spectra, y)
    assert regressor.segments_.tolist() == [[0, 20], [20, 50]]
    np.testing.assert_array_equal(regressor.wavelengths_, spectra.wavelengths)


def test_folds_are_drawn_alike_in_each_fit_and_do_not_follow_sorted_spectra(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    order = np.argsort(y)
    one, other = (SpectralPLSRegressor().fit(X[order], y[order]) for _ in range(2))
    np.testing.assert_array_equal(one.cv_errors_, other.cv_errors_)
    in_order = SpectralPLSRegressor(cv=KFold(5)).fit(X[order], y[order])
    assert one.cv_errors_.min() < in_order.cv_errors_.min()


def test_groups_are_kept_together(calibration):
    X, y = calibration
    groups = np.arange(60) % 7
    by_number = SpectralPLSRegressor(cv=3).fit(X, y, groups=groups)
    by_splitter = SpectralPLSRegressor(cv=GroupKFold(3)).fit(X, y, groups=groups)
    np.testing.assert_array_equal(by_number.cv_errors_, by_splitter.cv_errors_)
    drawn = SpectralPLSRegressor(cv=3).fit(X, y)
    assert not np.array_equal(by_number.cv_errors_, drawn.cv_errors_)


def test_folds_need_not_cover_all_spectra(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    splitter = ShuffleSplit(2, test_size=0.2, random_state=0)
    regressor = SpectralPLSRegressor(scalings=(None,), max_components=3, cv=splitter).fit(X, y)
    expected = errors_of_refits(X, y, None, 3, list(splitter.split(X)))
    np.testing.assert_allclose(regressor.cv_errors_[0, 2], expected, rtol=1e-7)


def test_as_many_components_are_tried_as_the_smallest_fold_determines(calibration):
    X, y = calibration
    assert SpectralPLSRegressor(cv=5).fit(X[:10], y[:10]).cv_errors_.shape == (4, 7)
    assert SpectralPLSRegressor().fit(X[:, :4], y).cv_errors_.shape == (4, 4)
    assert SpectralPLSRegressor(cv=2).fit(X[:2], y[:2]).cv_errors_.shape == (4, 1)


def test_spectra_of_few_kinds_have_few_components():
    kinds = np.array([[1.0, 2, 3, 5], [2, 1, 5, 3], [3, 3, 1, 2]])
    which = np.arange(30) % 3
    values = np.array([2.0, 5, 11])
    for X in (kinds[which], 0.1 * kinds[which]):
        regressor = SpectralPLSRegressor().fit(X, values[which])
        assert regressor.n_components_ <= 2
        np.testing.assert_allclose(regressor.predict(kinds * X[0, 0]), values, rtol=1e-10)


def test_constant_bands_matter_nothing(calibration):
    X, y = calibration
    constant = X.copy()
    constant[:, 7] = 0.1
    regressor = SpectralPLSRegressor(scalings=(None,)).fit(constant, y)
    np.testing.assert_allclose(regressor.coef_[:, 7], 0, atol=1e-9)


@pytest.mark.parametrize("value", [0.1, 7.0, 0.0])
def test_where_nothing_varies_the_mean_is_predicted(calibration, value):
    X, y = calibration
    regressor = SpectralPLSRegressor().fit(np.full_like(X, value), y)
    assert regressor.n_components_ == 0 and not regressor.coef_.any()
    np.testing.assert_allclose(regressor.predict(X), np.tile(y.mean(axis=0), (60, 1)))
    regressor = SpectralPLSRegressor().fit(X, np.full(60, value))
    assert regressor.n_components_ == 0
    np.testing.assert_allclose(regressor.predict(X), np.full(60, value), rtol=1e-14)


def test_a_constant_target_leaves_the_others_alone(calibration):
    X, y = calibration
    alone = SpectralPLSRegressor().fit(X, y[:, :1]).predict(X)
    beside = SpectralPLSRegressor().fit(X, np.c_[y[:, 0], np.full(60, 0.3)]).predict(X)
    np.testing.assert_allclose(beside, np.c_[alone, np.full(60, 0.3)], rtol=1e-9)


def test_numbers_of_any_type_give_the_same_to_their_precision(calibration):
    X, y = calibration
    stored = np.round(X * 10_000).astype(np.uint16)
    of_integers = SpectralPLSRegressor().fit(stored, y)
    of_doubles = SpectralPLSRegressor().fit(stored.astype(np.float64), y)
    np.testing.assert_array_equal(of_integers.coef_, of_doubles.coef_)
    assert of_integers.predict(stored).dtype == np.float32
    assert of_doubles.predict(stored.astype(np.float64)).dtype == np.float64
    single = SpectralPLSRegressor().fit(X.astype(np.float32), y).predict(X.astype(np.float32))
    double = SpectralPLSRegressor().fit(X, y).predict(X)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=1e-3)


def test_rows_in_blocks_are_predicted_like_rows_at_once(calibration, monkeypatch):
    X, y = calibration
    regressor = SpectralPLSRegressor().fit(X, y)
    at_once = regressor.predict(X)
    monkeypatch.setattr("skhyp.fitting._scaled_regressor._BLOCK_VALUES", 7 * 60)
    np.testing.assert_allclose(regressor.predict(X), at_once, rtol=1e-12)


def test_it_knows_its_bands(calibration):
    X, y = calibration
    regressor = SpectralPLSRegressor().fit(Spectra(X, WAVELENGTHS), y)
    np.testing.assert_array_equal(regressor.wavelengths_, WAVELENGTHS)
    with pytest.raises(ValueError, match="X has other bands than those that SpectralPLSRegressor"):
        regressor.predict(Spectra(X, WAVELENGTHS + 5))
    frame = pd.DataFrame(X, columns=[f"{wavelength:g} nm" for wavelength in WAVELENGTHS])
    of_frame = SpectralPLSRegressor().fit(frame, y)
    np.testing.assert_array_equal(of_frame.predict(frame), regressor.predict(X))
    np.testing.assert_allclose(of_frame.wavelengths_, WAVELENGTHS)
    assert list(of_frame.feature_names_in_) == list(frame.columns)


def test_it_is_kept_by_pickle_clone_and_config(calibration):
    X, y = calibration
    regressor = SpectralPLSRegressor(scalings=(None, "slope"), max_components=3).fit(X, y)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(regressor)).predict(X), regressor.predict(X)
    )
    again = SpectralPLSRegressor.from_config(regressor.to_config())
    assert again.get_params() == clone(regressor).get_params() == regressor.get_params()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scalings": ()}, r"scalings must hold one or more of None, 'snv', .* got \(\)"),
        ({"scalings": ("msc",)}, r"scalings must hold .* got \('msc',\)"),
        ({"scalings": ("snv", "snv")}, "each at most once"),
        ({"scalings": "snv"}, "'scalings' parameter"),
        ({"max_components": 0}, "'max_components' parameter"),
        ({"cv": 1}, "'cv' parameter"),
        ({"cv": True}, "'cv' parameter"),
        ({"cv": 100}, r"cv=100 folds need as many spectra or more, got n_samples=60\. Pass cv=60"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(calibration, parameters, message):
    with pytest.raises(ValueError, match=message):
        SpectralPLSRegressor(**parameters).fit(*calibration)


def test_what_cannot_be_learned_from_is_refused(calibration):
    X, y = calibration
    with pytest.raises(ValueError, match="Input X contains NaN"):
        SpectralPLSRegressor().fit(np.where(X > 1.5, np.nan, X), y)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        SpectralPLSRegressor().fit(X, np.where(y > 6, np.nan, y))
    with pytest.raises(ValueError, match="y is a masked array with masked values"):
        SpectralPLSRegressor().fit(X, np.ma.masked_greater(y, 10))
    for values in (y.astype(str), y.astype("datetime64[D]")):
        with pytest.raises(ValueError, match="y must hold numbers, got values of the type"):
            SpectralPLSRegressor().fit(X, values)
    with pytest.raises(ValueError, match=r"y has values of up to .*e\+201"):
        SpectralPLSRegressor().fit(X, y * 1e200)
    with pytest.raises(ValueError, match=r"X has values of up to .*e-80"):
        SpectralPLSRegressor().fit(X * 1e-80, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SpectralPLSRegressor().fit(X, y, groups=np.arange(10))
    with pytest.raises(ValueError, match="groups"):
        SpectralPLSRegressor(cv=5).fit(X, y, groups=np.arange(60) % 3)


def test_a_fit_that_fails_leaves_the_former_one(calibration):
    X, y = calibration
    regressor = SpectralPLSRegressor().fit(X, y)
    before = regressor.predict(X)
    with pytest.raises(ValueError, match="folds"):
        regressor.fit(X[:3, :10], y[:3])
    np.testing.assert_array_equal(regressor.predict(X), before)


def test_values_beyond_single_precision_are_refused_by_their_row(calibration):
    X, y = calibration
    regressor = SpectralPLSRegressor(scalings=(None,)).fit(X.astype(np.float32), y * 1e38)
    bright = np.array(X, np.float32)
    bright[3] *= 1e6
    with pytest.raises(ValueError, match="rows of X lead to values beyond the range of float32"):
        regressor.predict(bright)
