"""SpectralKernelRegressor: what is chosen by leaving out one spectrum, and what is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

from skhyp import HypPreprocessor, SpectralKernelRegressor
from skhyp.fitting._leave_one_out import leave_one_out
from skhyp.spectra import Spectra

WAVELENGTHS = np.linspace(1000, 1590, 60)


def make_calibration(n=60, noise=0.002, seed=0):
    """Return spectra that bend with two contents and vary in brightness, and the contents."""
    rng = np.random.default_rng(seed)
    bands = np.linspace(0, 1, 60)
    absorptions = np.exp(-((bands - np.array([[0.25], [0.5], [0.8]])) ** 2) / 0.01)
    contents = rng.uniform(0, 1, (n, 3))
    X = rng.uniform(0.8, 1.2, (n, 1)) * (1 + bands) * np.exp(-3 * contents @ absorptions)
    X += noise * rng.standard_normal(X.shape)
    return X, contents[:, :2] * [10, 300] + [5, -40]


@pytest.fixture(scope="module")
def calibration():
    X, y = make_calibration()
    X.flags.writeable = y.flags.writeable = False
    return X, y


def solved(kernel, targets, alpha):
    """Return dual coefficients and mean of a kernel ridge regression, by its equations."""
    n = len(kernel)
    equations = np.zeros((n + 1, n + 1))
    equations[:n, :n] = kernel + alpha * np.eye(n)
    equations[:n, n] = equations[n, :n] = 1
    solution = np.linalg.solve(equations, np.vstack([targets, np.zeros_like(targets[:1])]))
    return solution[:n], solution[n]


def refitted_without_each(kernel, targets, alpha):
    """Return what is predicted of each row by a regression on all others."""
    predicted = np.empty_like(targets)
    for row in range(len(kernel)):
        others = np.delete(np.arange(len(kernel)), row)
        dual, mean = solved(kernel[np.ix_(others, others)], targets[others], alpha)
        predicted[row] = kernel[row, others] @ dual + mean
    return predicted


@pytest.mark.parametrize("gamma", [0.003, 0.3])
def test_leaving_out_in_closed_form_is_to_refit_without_each_row(gamma):
    rng = np.random.default_rng(0)
    points, targets = rng.standard_normal((25, 4)), rng.standard_normal((25, 2))
    targets -= targets.mean(axis=0)
    kernel, alphas = rbf_kernel(points, gamma=gamma), np.array([1e-6, 1e-2, 1.0])
    dual, errors = leave_one_out(kernel.copy(), targets, alphas)
    for alpha, coefficients, left in zip(alphas, dual, errors, strict=True):
        np.testing.assert_allclose(coefficients, solved(kernel, targets, alpha)[0], rtol=1e-5)
        expected = targets - refitted_without_each(kernel, targets, alpha)
        np.testing.assert_allclose(left, expected, rtol=1e-5)


def test_leaving_out_is_exact_where_a_regression_goes_through_all_rows():
    rng = np.random.default_rng(0)
    points, targets = rng.standard_normal((12, 3)), rng.standard_normal((12, 1))
    kernel = rbf_kernel(points, gamma=1)
    (dual,), (errors,) = leave_one_out(kernel, targets - targets.mean(), np.array([1e-12]))
    np.testing.assert_allclose((kernel @ dual).std(), targets.std(), rtol=1e-3)
    expected = targets - refitted_without_each(kernel, targets, 1e-12)
    np.testing.assert_allclose(errors, expected, rtol=1e-8)


def test_errors_by_scaling_width_and_penalty_are_those_of_refits(calibration):
    X, y = calibration
    regressor = SpectralKernelRegressor(
        scalings=(None, "snv"), gammas=(0.1, 1.0), alpha_range=(1e-4, 1.0), n_alphas=3
    ).fit(X, y)
    expected = np.empty((2, 2, 3))
    for s, method in enumerate([None, "snv"]):
        scaled = np.asarray(HypPreprocessor(method=method).fit_transform(X))
        spectra = (scaled - scaled.mean(axis=0)) / scaled.std(axis=0)
        distances = euclidean_distances(spectra, squared=True)
        distances /= np.median(distances[np.triu_indices(60, 1)])
        for g, gamma in enumerate([0.1, 1.0]):
            for a, alpha in enumerate([1e-4, 1e-2, 1.0]):
                left = y - refitted_without_each(np.exp(-gamma * distances), y, alpha)
                expected[s, g, a] = np.mean(left**2 / y.var(axis=0))
    np.testing.assert_allclose(regressor.loo_errors_, expected, rtol=1e-6)


def test_what_is_chosen_has_the_least_error_and_is_fitted_to_all_spectra(calibration):
    X, y = calibration
    regressor = SpectralKernelRegressor(scalings=("snv", "slope")).fit(X, y)
    least = regressor.loo_errors_.min()
    left = regressor.loo_predictions_ - y
    np.testing.assert_allclose(np.mean(left**2 / y.var(axis=0)), least, rtol=1e-10)
    kernel = rbf_kernel(regressor.X_fit_, gamma=regressor.gamma_)
    dual, mean = solved(kernel, y, regressor.alpha_)
    np.testing.assert_allclose(regressor.predict(X), kernel @ dual + mean, rtol=1e-6)
    np.testing.assert_allclose(regressor.dual_coef_, dual, rtol=1e-4, atol=1e-4 * dual.std())
    np.testing.assert_allclose(regressor.intercept_, mean, rtol=1e-4)
    expected = refitted_without_each(kernel, y, regressor.alpha_)
    np.testing.assert_allclose(regressor.loo_predictions_, expected, rtol=1e-5)


def test_it_follows_bends_in_new_spectra(calibration):
    X, y = make_calibration(n=100, seed=1)
    regressor = SpectralKernelRegressor().fit(*calibration)
    assert regressor.score(X, y) > 0.98


def test_penalties_are_in_equal_ratios_over_their_range(calibration):
    one = SpectralKernelRegressor(gammas=(0.1,)).fit(*calibration)
    assert one.loo_errors_.shape == (1, 1, 19)
    assert one.alpha_ in np.geomspace(1e-8, 10, 19)
    fixed = SpectralKernelRegressor(gammas=(0.1,), alpha_range=(0.01, 0.01), n_alphas=1)
    assert fixed.fit(*calibration).alpha_ == 0.01


def test_units_of_targets_change_nothing(calibration):
    X, y = calibration
    one = SpectralKernelRegressor().fit(X, y)
    other = SpectralKernelRegressor().fit(X, y * [1e6, 1e-6] + [3, 4])
    assert (one.gamma_, one.alpha_) == (other.gamma_, other.alpha_)
    expected = one.predict(X) * [1e6, 1e-6] + [3, 4]
    np.testing.assert_allclose(other.predict(X), expected, rtol=1e-6)


def test_the_unit_of_spectra_changes_nothing(calibration):
    X, y = calibration
    one = SpectralKernelRegressor(scalings=(None,)).fit(X, y)
    other = SpectralKernelRegressor(scalings=(None,)).fit(1e-9 * X, y)
    np.testing.assert_allclose(other.loo_errors_, one.loo_errors_, rtol=1e-5)


def test_a_list_and_a_column_of_values_are_given_back_as_such(calibration):
    X, y = calibration[0], calibration[1][:, 0]
    as_list, as_column = (SpectralKernelRegressor().fit(X, targets) for targets in (y, y[:, None]))
    assert as_list.predict(X).shape == as_list.loo_predictions_.shape == (60,)
    assert as_column.predict(X).shape == as_column.loo_predictions_.shape == (60, 1)
    assert as_list.dual_coef_.shape == (60,) and as_column.dual_coef_.shape == (60, 1)
    np.testing.assert_array_equal(as_list.predict(X), as_column.predict(X)[:, 0])
    assert isinstance(as_list.intercept_, float)


def test_rows_in_blocks_are_predicted_like_rows_at_once(calibration, monkeypatch):
    X, y = calibration
    regressor = SpectralKernelRegressor().fit(X, y)
    at_once = regressor.predict(X)
    monkeypatch.setattr("skhyp.fitting._scaled_regressor._BLOCK_VALUES", 7 * 60)
    np.testing.assert_allclose(regressor.predict(X), at_once, rtol=1e-9)


@pytest.mark.parametrize("scaling", [None, "snv", "curvature"])
@pytest.mark.parametrize("value", [0.1, 7.0, 0.0])
def test_where_nothing_varies_the_mean_is_predicted(calibration, value, scaling):
    X, y = calibration
    regressor = SpectralKernelRegressor(scalings=(scaling,)).fit(np.full_like(X, value), y)
    expected = np.tile(y.mean(axis=0), (60, 1))
    np.testing.assert_allclose(regressor.predict(np.full_like(X, value)), expected)
    of_others = (60 * y.mean(axis=0) - y) / 59
    np.testing.assert_allclose(regressor.loo_predictions_, of_others, rtol=1e-6)
    regressor = SpectralKernelRegressor(scalings=(scaling,)).fit(X, np.full(60, value))
    np.testing.assert_allclose(regressor.predict(X), np.full(60, value), rtol=1e-14)


def test_spectra_that_are_mostly_equal_have_the_median_distance_of_the_others(calibration):
    X, y = calibration
    X, y = X[np.r_[np.zeros(50, int), 1:11]], y[np.r_[np.zeros(50, int), 1:11]]
    regressor = SpectralKernelRegressor(gammas=(1.0,)).fit(X, y)
    distances = euclidean_distances(regressor.X_fit_, squared=True)[np.triu_indices(60, 1)]
    median = np.median(distances[distances > 1e-6])
    np.testing.assert_allclose(regressor.gamma_, 1 / median)
    assert np.isfinite(regressor.predict(X)).all()


def test_two_spectra_are_enough(calibration):
    X, y = calibration
    regressor = SpectralKernelRegressor().fit(X[:2], y[:2])
    np.testing.assert_allclose(regressor.loo_predictions_, y[1::-1], rtol=1e-6)


def test_numbers_of_any_type_give_the_same_to_their_precision(calibration):
    X, y = calibration
    stored = np.round(X * 10_000).astype(np.uint16)
    of_integers = SpectralKernelRegressor().fit(stored, y)
    of_doubles = SpectralKernelRegressor().fit(stored.astype(np.float64), y)
    np.testing.assert_array_equal(of_integers.dual_coef_, of_doubles.dual_coef_)
    assert of_integers.predict(stored).dtype == np.float32
    assert of_doubles.predict(stored.astype(np.float64)).dtype == np.float64
    single = SpectralKernelRegressor().fit(X.astype(np.float32), y).predict(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, SpectralKernelRegressor().fit(X, y).predict(X), rtol=1e-3)


def test_it_knows_its_bands(calibration):
    X, y = calibration
    regressor = SpectralKernelRegressor().fit(Spectra(X, WAVELENGTHS), y)
    np.testing.assert_array_equal(regressor.wavelengths_, WAVELENGTHS)
    with pytest.raises(ValueError, match="X has other bands than those that SpectralKernel"):
        regressor.predict(Spectra(X, WAVELENGTHS + 5))
    frame = pd.DataFrame(X, columns=[f"{wavelength:g} nm" for wavelength in WAVELENGTHS])
    of_frame = SpectralKernelRegressor().fit(frame, y)
    np.testing.assert_array_equal(of_frame.predict(frame), regressor.predict(X))
    assert list(of_frame.feature_names_in_) == list(frame.columns)


def test_it_is_kept_by_pickle_clone_and_config(calibration):
    X, y = calibration
    regressor = SpectralKernelRegressor(gammas=(0.1, 1.0), n_alphas=4).fit(X, y)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(regressor)).predict(X), regressor.predict(X)
    )
    again = SpectralKernelRegressor.from_config(regressor.to_config())
    assert again.get_params() == clone(regressor).get_params() == regressor.get_params()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scalings": ("msc",)}, r"scalings must hold .* got \('msc',\)"),
        ({"gammas": ()}, r"gammas must hold numbers from 1e-12 to 1e12, got \(\)"),
        ({"gammas": (0.1, 0)}, r"gammas must hold numbers from 1e-12 to 1e12, got \(0\.1, 0\)"),
        ({"gammas": (np.nan,)}, "gammas must hold numbers"),
        ({"gammas": 0.1}, "'gammas' parameter"),
        ({"alpha_range": (-1, 1)}, "alpha_range must hold numbers"),
        ({"alpha_range": (1, 0.1)}, "alpha_range must be two numbers, the lower one first"),
        ({"alpha_range": (1,)}, "alpha_range must be two numbers"),
        ({"n_alphas": 0}, "'n_alphas' parameter"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(calibration, parameters, message):
    with pytest.raises(ValueError, match=message):
        SpectralKernelRegressor(**parameters).fit(*calibration)


def test_what_cannot_be_learned_from_is_refused(calibration):
    X, y = calibration
    with pytest.raises(ValueError, match="Input X contains NaN"):
        SpectralKernelRegressor().fit(np.where(X > 1.5, np.nan, X), y)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        SpectralKernelRegressor().fit(X, np.where(y > 6, np.nan, y))
    with pytest.raises(ValueError, match="y is a masked array with masked values"):
        SpectralKernelRegressor().fit(X, np.ma.masked_greater(y, 10))
    for values in (y.astype(str), y.astype("datetime64[D]")):
        with pytest.raises(ValueError, match="y must hold numbers, got values of the type"):
            SpectralKernelRegressor().fit(X, values)
    with pytest.raises(ValueError, match="a minimum of 2 is required"):
        SpectralKernelRegressor().fit(X[:1], y[:1])


def test_too_many_spectra_are_refused_with_what_to_do():
    X = np.zeros((20_001, 2), np.float32)
    with pytest.raises(ValueError, match=r"20000 spectra at most.* got 20001\. Fit it to a part"):
        SpectralKernelRegressor().fit(X, X[:, 0])


def test_a_fit_that_fails_leaves_the_former_one(calibration):
    X, y = calibration
    regressor = SpectralKernelRegressor().fit(X, y)
    before = regressor.predict(X)
    with pytest.raises(ValueError, match="minimum of 2"):
        regressor.fit(X[:1, :10], y[:1])
    np.testing.assert_array_equal(regressor.predict(X), before)
