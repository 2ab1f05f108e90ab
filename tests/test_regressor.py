"""What SpectralCNNRegressor does, apart from what scikit-learn's suite asks of it."""

import copy
from decimal import Decimal
from fractions import Fraction

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor, SpectralCNNRegressor
from skhyp.graph.compilation import trace_counts

LOSSES = ["squared_error", "absolute_error", "huber", "quantile"]
N_LAYERS = 3  # of the small regressor: a convolution, a dense layer, the values


def two_targets(y):
    """Return a matrix of two targets, in units of their own."""
    return np.c_[y, 1000 - 50 * y]


@pytest.fixture
def in_parts(small_regressor):
    """Parameters of a small regressor that may be trained in parts."""
    return small_regressor | {"learning_rate_schedule": "constant"}


@pytest.mark.parametrize(
    ("given", "computed"),
    [("float64", "float64"), ("float32", "float32"), ("float16", "float32"), ("uint16", "float32")],
)
def test_shapes_and_dtypes_follow_the_spectra(measured, small_regressor, given, computed):
    X, y = (100 * measured[0]).astype(given), measured[1]
    regressor = SpectralCNNRegressor(**small_regressor).fit(X, y)
    assert regressor.parameters_.dtype == computed
    assert regressor.predict(X).dtype == regressor.predict_features(X).dtype == computed
    assert regressor.predict(X).shape == (120,)


def test_predictions_have_the_form_of_y(measured, small_regressor):
    X, y = measured
    flat, column, row_of_two = (
        SpectralCNNRegressor(**small_regressor).fit(X, targets)
        for targets in (y, y[:, None], two_targets(y))
    )
    assert (flat.n_outputs_, flat.target_ndim_, flat.predict(X).shape) == (1, 1, (120,))
    assert (column.n_outputs_, column.target_ndim_, column.predict(X).shape) == (1, 2, (120, 1))
    assert (row_of_two.n_outputs_, row_of_two.target_ndim_) == (2, 2)
    assert row_of_two.predict(X).shape == (120, 2)
    np.testing.assert_array_equal(column.predict(X)[:, 0], flat.predict(X))
    assert row_of_two.score(X, two_targets(y)) > 0.7


def test_a_target_that_mirrors_another_is_predicted_beside_it(measured, small_regressor):
    X, y = measured
    values = SpectralCNNRegressor(**small_regressor).fit(X, two_targets(y)).predict(X)
    assert np.corrcoef(values[:, 0], values[:, 1])[0, 1] < -0.95
    np.testing.assert_allclose(values.mean(axis=0), two_targets(y).mean(axis=0), rtol=0.05)


def test_default_regressor_learns_the_contents(measured_factory):
    X, y = measured_factory()
    X_new, y_new = measured_factory(seed=1)
    assert SpectralCNNRegressor(max_epochs=60, random_state=0).fit(X, y).score(X_new, y_new) > 0.95


@pytest.mark.parametrize(
    "parameters",
    [
        {"views": None},
        {"views": ("snv",)},
        {"views": ("bands",)},
        {"n_filters": (4, 3), "padding": "same", "strides": (2, 1)},
        {"dense_layer_sizes": ()},
        {"dropout": 0.3, "learning_rate_schedule": "exponential"},
        {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.0},
        *({"loss": loss} for loss in LOSSES),
    ],
)
def test_every_structure_and_loss_learns(measured, small_regressor, parameters):
    curve = SpectralCNNRegressor(**small_regressor | parameters).fit(*measured).loss_curve_
    assert np.isfinite(curve).all() and curve[-1] < 0.95 * curve[0]


@pytest.mark.parametrize("views", [("snv", "snv"), ("whitened",), {"snv", "bands"}])
def test_unknown_or_repeated_views_are_refused(measured, small_regressor, views):
    with pytest.raises(ValueError, match=r"views must be None or hold 'snv', .* and 'bands', each"):
        SpectralCNNRegressor(**small_regressor, views=views).fit(*measured)


@pytest.mark.parametrize(
    ("unit", "zero"),
    [(2.0**-20, 0.0), (2.0**20, 0.0), (1e-6, 0.0), (1e6, 0.0), (1.0, 1e4)],
)
def test_the_unit_of_the_target_does_not_matter(measured, small_regressor, unit, zero):
    X, y = measured[0].astype(np.float64), measured[1]
    expected = SpectralCNNRegressor(**small_regressor).fit(X, y)
    found = SpectralCNNRegressor(**small_regressor).fit(X, unit * y + zero)
    values = (found.predict(X) - zero) / unit
    np.testing.assert_allclose(values, expected.predict(X), rtol=1e-8)
    if np.log2(unit) % 1 == 0 and not zero:  # which is exact
        np.testing.assert_array_equal(found.parameters_, expected.parameters_)
        np.testing.assert_array_equal(values, expected.predict(X))


@pytest.mark.parametrize(("unit", "zero"), [(1e-6, 0), (1e6, 0), (1e30, 0), (1e-30, 0), (1, 1e4)])
def test_nor_does_it_in_single_precision(measured, fitted_regressor, small_regressor, unit, zero):
    X, y = measured
    found = SpectralCNNRegressor(**small_regressor).fit(X, unit * y + zero)
    values = (found.predict(X).astype(np.float64) - zero) / unit
    # Around 1e4, float32 goes by steps of 0.001.
    np.testing.assert_allclose(values, fitted_regressor.predict(X), atol=0.01)


CONTAINERS = {
    "list": lambda y: y.tolist(),
    "Series": pd.Series,
    "one column": lambda y: pd.DataFrame({"protein": y}),
    "objects": lambda y: y.astype(object),
    "fractions": lambda y: np.array([Fraction(value) for value in y]),
    "decimals": lambda y: np.array([Decimal(value) for value in y]),
    "big-endian": lambda y: y.astype(">f8"),
    "no mask": lambda y: np.ma.array(y),
}


@pytest.mark.parametrize("contain", CONTAINERS.values(), ids=CONTAINERS)
def test_values_may_come_in_any_container(measured, fitted_regressor, small_regressor, contain):
    X, y = measured
    found = SpectralCNNRegressor(**small_regressor).fit(X, contain(y))
    values = found.predict(X).reshape(120)
    np.testing.assert_array_equal(values, fitted_regressor.predict(X))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "float16", "longdouble", "Int64"])
def test_values_may_be_of_any_type_of_number(measured, small_regressor, dtype):
    X, y = measured[0], np.rint(measured[1])
    given = pd.Series(y).astype(dtype) if dtype == "Int64" else y.astype(dtype)
    found = SpectralCNNRegressor(**small_regressor).fit(X, given).predict(X)
    expected = SpectralCNNRegressor(**small_regressor).fit(X, y).predict(X)
    np.testing.assert_array_equal(found, expected)


def test_truth_values_are_numbers(measured, small_regressor):
    X, y = measured
    values = SpectralCNNRegressor(**small_regressor).fit(X, y > 10).predict(X)
    assert values[y > 13].mean() > 0.7 and values[y < 7].mean() < 0.3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda y: np.r_[y[:-1], np.nan], "Input y contains NaN"),
        (lambda y: np.r_[y[:-1], np.inf], "Input y contains infinity"),
        (lambda y: np.array([*y[:-1], None]), "y must hold numbers, got None among its values"),
        (lambda y: np.array([*y[:-1], np.inf], object), "y has values that are infinite"),
        (lambda y: np.array([*y[:-1], 10**400], object), "y has a value larger than any float"),
        (lambda y: y.astype(str), "y must hold numbers, got values of the type <U"),
        (lambda y: y.astype(bytes), r"y must hold numbers, got values of the type \|S"),
        (lambda y: y.astype(str).astype(object), "y must hold numbers, got '[0-9.]*' among"),
        (lambda y: pd.DataFrame({"a": y, "b": "high"}), "y must hold numbers, got 'high' among"),
        (lambda y: np.arange(120).astype("M8[D]"), "y must hold numbers, got .*datetime64"),
        (lambda y: y * 1j, "Complex data not supported"),
        (lambda y: sparse.csr_matrix(y[:, None]), "y must be a dense array of numbers"),
        (lambda y: np.ma.masked_less(y, 7), r"y is a masked array .* X\[~y.mask\], y\[~y.mask\]"),
        (lambda y: y[:-1], r"inconsistent numbers of samples: \[120, 119\]"),
        (lambda y: y[:, None, None], "Found array with dim 3"),
        (lambda y: y[:, None][:, :0], r"0 feature\(s\)"),
        (lambda y: None, "requires y to be passed"),
    ],
)
def test_values_that_are_none_are_refused(measured, small_regressor, spoil, message):
    X, y = measured
    regressor = SpectralCNNRegressor(**small_regressor)
    with pytest.raises(ValueError, match=message):
        regressor.fit(X, spoil(y))
    assert vars(regressor) == regressor.get_params()


@pytest.mark.parametrize("value", [0.0, 3.0, -1e-9, 1e9])
def test_a_constant_is_learned_in_its_own_unit(measured, small_regressor, value):
    X, y = measured
    constant = SpectralCNNRegressor(**small_regressor).fit(X, np.full(120, value)).predict(X)
    np.testing.assert_allclose(constant, value, rtol=0.2, atol=0 if value else 0.2)
    beside = SpectralCNNRegressor(**small_regressor).fit(X, np.c_[y, np.full(120, value)])
    values = beside.predict(X)
    np.testing.assert_allclose(values[:, 1], value, rtol=0.5, atol=0 if value else 0.5)
    assert np.corrcoef(values[:, 0], y)[0, 1] > 0.8


@pytest.mark.parametrize("unit", [1e38, 1e300, 1e-40, 1e-300])
def test_values_beyond_the_range_of_the_computation_are_refused_by_name(
    measured, small_regressor, unit
):
    X, y = measured
    with pytest.raises(ValueError, match=r"y has values beyond the range of float32.*as float64"):
        SpectralCNNRegressor(**small_regressor).fit(X, y * unit)
    regressor = SpectralCNNRegressor(**small_regressor).fit(X.astype(np.float64), y * unit)
    values = regressor.predict(X.astype(np.float64)) / unit
    assert np.corrcoef(values, y)[0, 1] > 0.8
    with pytest.raises(ValueError, match=r"beyond the range of float32.*Pass X as float64"):
        regressor.predict(X)


@pytest.mark.parametrize("zero", [1e7, 1e12])
def test_values_that_differ_by_less_than_predictions_can_are_refused(
    measured, small_regressor, zero
):
    X, y = measured
    with pytest.raises(ValueError, match=r"y has values around .* predictions in float32 go by"):
        SpectralCNNRegressor(**small_regressor).fit(X, y + zero)
    exact = SpectralCNNRegressor(**small_regressor).fit(X.astype(np.float64), y + zero)
    assert exact.score(X.astype(np.float64), y + zero) > 0.7
    with pytest.raises(ValueError, match=r"predictions in float32 go by .*Pass X as float64"):
        exact.predict(X)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_value_without_a_loss_is_refused_by_name(measured, small_regressor, loss):
    X, y = measured
    wrong = np.where(np.arange(120) == 7, 1e30, y)
    regressor = SpectralCNNRegressor(**small_regressor, loss=loss)
    if loss == "squared_error":
        with pytest.raises(
            ValueError, match=r"y has a value .*'squared_error' has no .*float32.*loss=.huber"
        ):
            regressor.fit(X, wrong)
    else:
        assert np.isfinite(regressor.fit(X, wrong).loss_curve_).all()
    with pytest.raises(ValueError, match=f"y has a value .* loss='{loss}' has no number"):
        regressor.fit(X, np.where(np.arange(120) == 7, 1e37, y * 1e-6))


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_wrong_values_in_y_weigh_less_in_losses_that_withstand_them(measured_factory, loss):
    X, y = measured_factory()
    wrong = np.where(np.arange(120) % 8 == 0, y + 200, y)
    parameters = {"views": ("snv",), "max_epochs": 60, "learning_rate": 0.01, "random_state": 0}

    def error(loss):
        regressor = SpectralCNNRegressor(**parameters, loss=loss).fit(X, wrong)
        return np.median(np.abs(regressor.predict(X) - y))

    assert error(loss) < 0.5 * error("squared_error")


@pytest.fixture(scope="module")
def noisy(measured_factory):
    """More spectra, in float64, and contents that are known within three percent."""
    X, y = measured_factory(400)
    return X.astype(np.float64), y + np.random.default_rng(0).uniform(-3, 3, 400)


def below(noisy, quantile, **parameters):
    """Return which values are below the predicted quantile."""
    given = {"kernel_sizes": 8, "n_filters": (4,), "dense_layer_sizes": (), "learning_rate": 0.01}
    regressor = SpectralCNNRegressor(
        **given | parameters, loss="quantile", quantile=quantile, max_epochs=60, random_state=0
    )
    return noisy[1] < regressor.fit(*noisy).predict(noisy[0])


def test_so_many_values_are_below_a_quantile(noisy):
    before = trace_counts().get("update_loop", 0)
    for quantile in (0.05, 0.25, 0.5, 0.9, Fraction(19, 20)):
        assert np.mean(below(noisy, quantile)) == pytest.approx(float(quantile), abs=0.05)
    assert trace_counts()["update_loop"] <= before + 1, "a quantile is an argument of the graph"


def test_a_median_is_what_the_absolute_error_gives(noisy):
    X, y = noisy
    parameters = {"kernel_sizes": 8, "n_filters": (4,), "dense_layer_sizes": (), "max_epochs": 5}
    median, absolute = (
        SpectralCNNRegressor(**parameters, loss=loss, epsilon=epsilon, random_state=0).fit(X, y)
        for loss, epsilon in (("quantile", 0.5e-8), ("absolute_error", 1e-8))
    )
    # Half the loss has half the gradient, which Adam takes the same steps for.
    np.testing.assert_allclose(median.predict(X), absolute.predict(X), rtol=1e-9)


@pytest.mark.parametrize("quantile", [0, 1, -0.5, np.nan, True, "0.5", None])
def test_a_quantile_lies_between_0_and_1(measured, small_regressor, quantile):
    with pytest.raises(ValueError, match="'quantile' parameter of SpectralCNNRegressor must be"):
        SpectralCNNRegressor(**small_regressor, loss="quantile", quantile=quantile).fit(*measured)


@pytest.mark.parametrize("quantile", [1e-50, 1 - 1e-12])
def test_a_quantile_that_is_rounded_away_is_refused(measured, small_regressor, quantile):
    X, y = measured
    regressor = SpectralCNNRegressor(**small_regressor, loss="quantile", quantile=quantile)
    with pytest.raises(ValueError, match=r"quantile=.* is rounded to [01] in float32"):
        regressor.fit(X, y)
    assert regressor.fit(X.astype(np.float64), y).n_iter_ == 20


@pytest.mark.parametrize(("layer", "n_values"), [(0, 4 * 9), (1, 16), (2, 1)])
def test_features_of_every_layer_by_either_index(measured, fitted_regressor, layer, n_values):
    features = fitted_regressor.predict_features(measured[0], layer=layer)
    from_the_end = fitted_regressor.predict_features(measured[0], layer=layer - N_LAYERS)
    assert features.shape == (120, n_values) and np.ptp(features) > 0
    np.testing.assert_array_equal(features, from_the_end)


def test_features_lead_to_the_values(measured, fitted_regressor):
    X, w = measured[0], fitted_regressor.weights_
    outputs = fitted_regressor.predict_features(X) @ w["output_kernel"] + w["output_bias"]
    last = fitted_regressor.predict_features(X, layer=-1)
    np.testing.assert_allclose(outputs, last, rtol=1e-4, atol=1e-5)
    mean, scale = fitted_regressor.statistics_[-2:]
    np.testing.assert_allclose(last[:, 0] * scale + mean, fitted_regressor.predict(X), rtol=1e-5)
    assert mean == pytest.approx(measured[1].mean()) and scale == pytest.approx(measured[1].std())


@pytest.mark.parametrize(
    "views", [("snv", "bands"), ("bands",), ("snv", "slope", "curvature", "bands")]
)
def test_one_faulty_spectrum_does_not_spoil_the_others(
    measured, measured_factory, small_regressor, views
):
    X, y = measured
    faulty = np.array([np.full(40, 0.5), np.zeros(40), np.full(40, 1e30), np.full(40, -5e3)])
    X_faulty, y_faulty = np.r_[X, faulty.astype(np.float32)], np.r_[y, [10, 5, 15, 9]]
    X_new, y_new = measured_factory(seed=1)
    parameters = small_regressor | {"views": views, "max_epochs": 60}
    clean = SpectralCNNRegressor(**parameters).fit(X, y).score(X_new, y_new)
    found = SpectralCNNRegressor(**parameters).fit(X_faulty, y_faulty)
    assert clean > 0.8 and found.score(X_new, y_new) > clean - 0.1
    assert np.isfinite(found.predict(X_faulty)).all()


@pytest.mark.parametrize("unit", [-1, 1e30, 1e-30])
def test_spectra_may_be_negative_or_of_any_unit(measured, small_regressor, unit):
    X, y = measured[0] * np.float32(unit), measured[1]
    assert SpectralCNNRegressor(**small_regressor).fit(X, y).score(X, y) > 0.5


@pytest.mark.parametrize("parameters", [{}, {"views": None}, {"padding": "same"}])
def test_one_band_is_enough(parameters):
    X = np.linspace(-1, 1, 60, dtype=np.float32)[:, None]
    regressor = SpectralCNNRegressor(**parameters, random_state=0, max_epochs=200)
    assert regressor.fit(X, 3 * X[:, 0] + 7).score(X, 3 * X[:, 0] + 7) > 0.95


def test_one_spectrum_is_learned(measured, small_regressor):
    X, y = measured[0][:1], measured[1][:1]
    values = SpectralCNNRegressor(**small_regressor).fit(X, y).predict(X)
    np.testing.assert_allclose(values, y, rtol=0.1)


def test_two_spectra_can_be_stopped_early_and_one_cannot(measured, small_regressor):
    X, y = measured
    regressor = SpectralCNNRegressor(**small_regressor, early_stopping=True)
    assert len(regressor.fit(X[:2], y[:2]).validation_loss_curve_) >= 1
    with pytest.raises(ValueError, match="holds out 1 of 1 samples and leaves too few"):
        regressor.fit(X[:1], y[:1])


def test_early_stopping_stops_and_keeps_the_best_epoch(measured_factory, in_parts):
    measured = measured_factory(noise=0.1)
    parameters = in_parts | {"early_stopping": True, "patience": 4}
    stopped = SpectralCNNRegressor(**parameters | {"max_epochs": 500}).fit(*measured)
    best = int(np.argmin(stopped.validation_loss_curve_))
    assert stopped.n_iter_ == len(stopped.validation_loss_curve_) == best + 5 < 500
    until_best = SpectralCNNRegressor(**parameters | {"max_epochs": best + 1}).fit(*measured)
    np.testing.assert_array_equal(stopped.parameters_, until_best.parameters_)


@pytest.mark.parametrize("loss", LOSSES)
def test_integer_weights_are_repeats(measured, small_regressor, loss):
    X, Y = measured[0].astype(np.float64), two_targets(measured[1])
    weights = np.arange(len(X)) % 3
    parameters = small_regressor | {"batch_size": 256, "loss": loss, "quantile": 0.8}
    weighted = SpectralCNNRegressor(**parameters).fit(X, Y, sample_weight=weights)
    repeated = SpectralCNNRegressor(**parameters).fit(
        np.repeat(X, weights, axis=0), np.repeat(Y, weights, axis=0)
    )
    values = weighted.predict(X)
    np.testing.assert_allclose(values, repeated.predict(X), rtol=1e-6)
    unweighted = SpectralCNNRegressor(**parameters).fit(X, Y)
    assert not np.allclose(values, unweighted.predict(X), rtol=1e-6)


def test_spectra_of_weight_zero_are_left_out(measured, small_regressor):
    X, y = measured
    kept = np.arange(120) % 4 > 0
    weighted = SpectralCNNRegressor(**small_regressor).fit(
        X, np.where(kept, y, 1e36), sample_weight=kept * 1.0
    )
    left_out = SpectralCNNRegressor(**small_regressor).fit(X[kept], y[kept])
    np.testing.assert_array_equal(weighted.parameters_, left_out.parameters_)
    np.testing.assert_array_equal(weighted.statistics_, left_out.statistics_)


@pytest.mark.parametrize(("weight", "message"), [(0, "weight.*zero"), (-1, "negative")])
def test_useless_weights_are_refused(measured, small_regressor, weight, message):
    with pytest.raises(ValueError, match=f"(?i){message}"):
        SpectralCNNRegressor(**small_regressor).fit(*measured, sample_weight=np.full(120, weight))


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_warm_start_twice_is_one_longer_fit(measured, in_parts, dropout):
    parameters = in_parts | {"dropout": dropout, "batch_size": 50}
    whole = SpectralCNNRegressor(**parameters | {"max_epochs": 20}).fit(*measured)
    parts = SpectralCNNRegressor(**parameters | {"max_epochs": 10, "warm_start": True})
    parts.fit(*measured).fit(*measured)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    assert parts.loss_curve_ == whole.loss_curve_ and parts.n_iter_ == 20


def test_partial_fit_epochs_are_those_of_fit(measured, in_parts):
    X, Y = measured[0], two_targets(measured[1])
    parameters = in_parts | {"batch_size": 50, "max_epochs": 4}
    whole = SpectralCNNRegressor(**parameters).fit(X, Y)
    parts = SpectralCNNRegressor(**parameters)
    for _ in range(4):
        parts.partial_fit(X, Y)
    np.testing.assert_array_equal(parts.parameters_, whole.parameters_)
    np.testing.assert_array_equal(parts.predict(X), whole.predict(X))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_another_number_of_targets_is_not_gone_on_with(measured, in_parts, method):
    X, y = measured
    regressor = SpectralCNNRegressor(**in_parts, warm_start=True).fit(X, y)
    before = dict(vars(regressor))
    with pytest.raises(ValueError, match=r"y must have as many targets as .* fit, 1; got"):
        getattr(regressor, method)(X, two_targets(y))
    assert all(vars(regressor)[name] is value for name, value in before.items())
    assert getattr(regressor, method)(X, y[:, None]).predict(X).shape == (120, 1)


def test_parts_keep_the_unit_of_the_first(measured, in_parts):
    X, y = measured
    regressor = SpectralCNNRegressor(**in_parts).partial_fit(X, y)
    statistics = regressor.statistics_
    regressor.partial_fit(X[:5], y[:5]).partial_fit(X[:1], y[:1])
    assert regressor.statistics_ is statistics and regressor.n_iter_ == 3


def test_a_schedule_that_ends_leaves_no_training_in_parts(measured, small_regressor):
    with pytest.raises(ValueError, match=r"partial_fit has no last epoch .* 'constant'"):
        SpectralCNNRegressor(**small_regressor, learning_rate_schedule="cosine").partial_fit(
            *measured
        )


def test_by_default_the_rate_falls_in_fit_and_stays_in_parts(measured, small_regressor):
    def fitted(schedule):
        model = SpectralCNNRegressor(**small_regressor | {"learning_rate_schedule": schedule})
        return model

    cosine, constant, auto = (fitted(name) for name in ("cosine", "constant", "auto"))
    assert SpectralCNNRegressor().learning_rate_schedule == "auto"
    np.testing.assert_array_equal(
        auto.fit(*measured).parameters_, cosine.fit(*measured).parameters_
    )
    auto, constant = clone(auto), clone(constant)
    for _ in range(2):
        auto.partial_fit(*measured)
        constant.partial_fit(*measured)
    np.testing.assert_array_equal(auto.parameters_, constant.parameters_)


@pytest.mark.parametrize(
    "parameters",
    [{"loss": "huber"}, {"loss": "quantile", "quantile": 0.9}, {"dense_layer_sizes": (3,)}],
)
def test_parameters_that_are_set_after_fit_change_no_prediction(
    measured, fitted_regressor, parameters
):
    changed = copy.deepcopy(fitted_regressor).set_params(**parameters)
    expected = fitted_regressor.predict(measured[0])
    np.testing.assert_array_equal(changed.predict(measured[0]), expected)


def test_a_warm_start_may_go_on_with_another_loss_and_quantile(noisy):
    X, y = noisy
    regressor = SpectralCNNRegressor(
        n_filters=(4,), kernel_sizes=8, dense_layer_sizes=(), learning_rate=0.01, max_epochs=60,
        warm_start=True, random_state=0,
    )  # fmt: skip
    regressor.fit(X, y)
    for quantile in (0.9, 0.1):
        regressor.set_params(loss="quantile", quantile=quantile).fit(X, y)
        assert np.mean(y < regressor.predict(X)) == pytest.approx(quantile, abs=0.05)
    assert regressor.n_iter_ == 180


def test_a_warm_start_with_another_network_is_refused(measured, in_parts):
    regressor = SpectralCNNRegressor(**in_parts, warm_start=True).fit(*measured)
    with pytest.raises(ValueError, match="these have changed since: dense_layer_sizes"):
        regressor.set_params(dense_layer_sizes=(3,)).fit(*measured)


def test_divergence_names_the_learning_rate_and_keeps_the_former_fit(measured, small_regressor):
    X, y = measured
    regressor = SpectralCNNRegressor(**small_regressor).fit(X, y)
    values = regressor.predict(X)
    with pytest.raises(ValueError, match="learning_rate"):
        regressor.set_params(learning_rate=1e30).fit(X[:, :30], two_targets(y))
    np.testing.assert_array_equal(regressor.predict(X), values)
    unfitted = SpectralCNNRegressor(**small_regressor | {"learning_rate": 1e30})
    with pytest.raises(ValueError, match="learning_rate"):
        unfitted.fit(X, y)
    with pytest.raises(NotFittedError):
        unfitted.predict(X)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_leaves_a_usable_estimator(measured, in_parts, request, early_stopping):
    regressor = SpectralCNNRegressor(**in_parts, early_stopping=early_stopping)
    whole = clone(regressor).set_params(max_epochs=2).fit(*measured)
    request.getfixturevalue("interrupted_after_two_epochs")
    with pytest.warns(ConvergenceWarning, match="interrupted after 2 of 20 epochs"):
        regressor.fit(*measured)
    np.testing.assert_array_equal(regressor.predict(measured[0]), whole.predict(measured[0]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_seed_is_one_model_in_either_precision(measured, small_regressor, dtype):
    X, y = measured[0].astype(dtype), measured[1]
    one, same, other = (
        SpectralCNNRegressor(**small_regressor | {"random_state": seed}).fit(X, y)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.parameters_, same.parameters_)
    assert one.loss_curve_ == same.loss_curve_
    assert not np.array_equal(one.parameters_, other.parameters_)


@pytest.mark.parametrize("n_rows", [1, 31, 33, 120])
def test_a_row_does_not_depend_on_the_rows_beside_it(measured, fitted_regressor, n_rows):
    values = fitted_regressor.predict(measured[0][:n_rows])
    np.testing.assert_array_equal(values, fitted_regressor.predict(measured[0])[:n_rows])


def test_a_spectrum_beyond_what_raw_spectra_can_be_has_no_value(measured, small_regressor):
    regressor = SpectralCNNRegressor(**small_regressor, views=None, activation="linear")
    bright = measured[0][:3].copy()
    bright[1] = 3e38
    with pytest.raises(ValueError, match=r"1 of 3 rows of X .* row 1"):
        regressor.fit(*measured).predict(bright)


WRAPPED = {
    "pipeline": lambda small: make_pipeline(HypPreprocessor(method="snv"), small),
    "in logarithms": lambda small: TransformedTargetRegressor(
        small, func=np.log, inverse_func=np.exp
    ),
    "standardised": lambda small: TransformedTargetRegressor(small, transformer=StandardScaler()),
    "stacked": lambda small: StackingRegressor([("network", small), ("lines", Ridge())], cv=2),
    "bagged": lambda small: BaggingRegressor(small, n_estimators=2, random_state=0),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_it_takes_part_in_what_scikit_learn_makes_of_regressors(measured, small_regressor, wrap):
    model = wrap(SpectralCNNRegressor(**small_regressor | {"max_epochs": 40}))
    assert model.fit(*measured).score(*measured) > 0.7


def test_a_regressor_for_each_target_has_the_values_of_one_alone(
    measured, fitted_regressor, small_regressor
):
    X, y = measured
    each = MultiOutputRegressor(SpectralCNNRegressor(**small_regressor), n_jobs=2)
    with joblib.parallel_config(backend="threading"):  # for processes, see test_search.py
        values = each.fit(X, two_targets(y)).predict(X)
    np.testing.assert_array_equal(values[:, 0], fitted_regressor.predict(X))


def test_predictions_of_folds_have_the_form_of_y(measured, small_regressor):
    X, y = measured
    small = SpectralCNNRegressor(**small_regressor | {"max_epochs": 2})
    assert cross_val_predict(small, X, y, cv=2).shape == (120,)
    assert cross_val_predict(small, X, two_targets(y), cv=2).shape == (120, 2)


def test_bands_can_be_selected_by_their_scores(measured_factory):
    X, y = measured_factory(n_bands=4, noise=0)
    small = SpectralCNNRegressor(
        views=("bands",), n_filters=(2,), kernel_sizes=1, strides=1, dense_layer_sizes=(),
        max_epochs=3, random_state=0,
    )  # fmt: skip
    selector = SequentialFeatureSelector(small, n_features_to_select=2, cv=2).fit(X, y)
    assert selector.transform(X).shape == (120, 2)
