"""What a fit refuses: numbers that it cannot compute with, and states that compute no number."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skhyp import SpectralAutoencoder, SpectralCNNClassifier, SpectralCNNRegressor
from skhyp.fitting import Callback, saved_epochs
from skhyp.graph import kernels

SMALL = {"max_epochs": 2, "random_state": 0}
ESTIMATORS = {
    "autoencoder": SpectralAutoencoder(hidden_layer_sizes=(5,), n_components=2, **SMALL),
    "classifier": SpectralCNNClassifier(
        n_filters=(3,), kernel_sizes=5, dense_layer_sizes=(6,), **SMALL
    ),
    "regressor": SpectralCNNRegressor(
        n_filters=(3,),
        kernel_sizes=5,
        dense_layer_sizes=(6,),
        learning_rate_schedule="constant",
        **SMALL,
    ),
}
RESPONSES = {"autoencoder": "transform", "classifier": "predict_proba", "regressor": "predict"}
of_all = pytest.mark.parametrize("name", ESTIMATORS)
# One update so large that the loss after it is no number; the one before it is.
LAST_UPDATE = {"optimizer": "sgd", "learning_rate": 1e30, "max_epochs": 1}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    X = rng.uniform(0.2, 1, (3, 24))[y] * rng.uniform(0.5, 1, (60, 1))
    return (X + rng.normal(0, 0.02, X.shape)).astype(np.float32), y


def fitted(name, data, sample_weight=None, **parameters):
    X, y = data
    estimator = clone(ESTIMATORS[name]).set_params(**parameters)
    return estimator.fit(X, y, sample_weight=sample_weight)


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"dropout": 0.5}])
@of_all
def test_what_the_last_update_has_broken_is_refused_and_the_former_state_kept(
    name, data, tmp_path, parameters
):
    if name == "autoencoder":  # whose angles are numbers however long the spectra are
        parameters = {"loss": "sse", **parameters}
        parameters.pop("dropout", None)
    estimator = fitted(name, data)
    before = estimator.parameters_, list(estimator.loss_curve_)
    folder = tmp_path / "checkpoints"
    estimator.set_params(checkpoint_dir=folder, save_epochs=1, **LAST_UPDATE, **parameters)
    with pytest.raises(ValueError, match=r"learning_rate or weight_decay"):
        estimator.fit(*data)
    assert estimator.parameters_ is before[0] and estimator.loss_curve_ == before[1]
    assert saved_epochs(folder) == [], "nothing that a training could go on from"


@of_all
def test_a_part_whose_update_breaks_the_network_is_refused(name, data):
    X, y = data
    estimator = fitted(name, data)
    before = estimator.parameters_
    estimator.set_params(**LAST_UPDATE, **{"loss": "sse"} if name == "autoencoder" else {})
    with pytest.raises(ValueError, match="Training diverged"):
        estimator.partial_fit(X, y)
    assert estimator.parameters_ is before


@of_all
def test_initial_weights_beyond_all_numbers_are_told_of_before_anything_is_learned(name, data):
    with pytest.raises(ValueError, match=r"no finite number|no longer a finite number"):
        fitted(name, data, initializer="normal", initializer_std=1e30)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epsilon": 1e-40}, "epsilon=1e-40 is out of the range of float32"),
        ({"learning_rate": 1e-40}, "learning_rate=1e-40 is out of the range of float32"),
        ({"learning_rate": 1e300}, r"learning_rate=1e\+300 is out of the range of float32"),
        ({"learning_rate": np.inf}, "'learning_rate' parameter .* Got inf"),
        ({"weight_decay": np.inf}, "'weight_decay' parameter .* Got inf"),
        ({"initializer_std": np.inf}, "'initializer_std' parameter .* Got inf"),
        ({"batch_size": True}, "'batch_size' parameter .* Got True"),
        ({"max_epochs": True}, "'max_epochs' parameter .* Got True"),
        ({"learning_rate": True}, "'learning_rate' parameter .* Got True"),
        ({"save_epochs": True}, "'save_epochs' parameter .* Got True"),
        ({"save_epochs": {}}, "save_epochs must be an integer of at least 1"),
        ({"save_epochs": {2}}, "save_epochs must be an integer of at least 1"),
        ({"save_epochs": (True,)}, "save_epochs must be an integer of at least 1"),
        ({"save_epochs": np.array(2.5)}, "save_epochs must be an integer of at least 1"),
        ({"save_epochs": (10**400,)}, "save_epochs must be an integer of at least 1"),
        ({"learning_rate": Fraction(10**400)}, "'learning_rate' parameter .* must be"),
        ({"weight_decay": 10**400}, "'weight_decay' parameter .* must be"),
        ({"max_epochs": 10**400}, "'max_epochs' parameter .* must be"),
        ({"patience": 10**400}, "'patience' parameter .* must be"),
        ({"decay_steps": 2**64, "learning_rate_schedule": "exponential"}, "'decay_steps' param"),
        ({"validation_fraction": Fraction(10**400)}, "'validation_fraction' parameter .* must be"),
    ],
)
@of_all
def test_a_number_that_cannot_be_computed_with_is_refused_by_name(name, data, parameters, message):
    with pytest.raises(ValueError, match=message):
        fitted(name, data, **parameters)


@pytest.mark.parametrize(
    ("boundaries", "values"),
    [((1,), (np.inf,)), ((np.nan,), (0.1,)), ((1, np.inf), (0.1, 0.2)), ((1,), (np.nan,))],
)
def test_a_schedule_of_numbers_that_are_none_is_refused(data, boundaries, values):
    piecewise = {"learning_rate_schedule": "piecewise", "learning_rate_boundaries": boundaries}
    with pytest.raises(ValueError, match="learning_rate_values must be positive and finite"):
        fitted("autoencoder", data, learning_rate_values=values, **piecewise)


@pytest.mark.parametrize("name", ["learning_rate_boundaries", "learning_rate_values"])
@pytest.mark.parametrize("listed", [["0"], [None], [False], np.array([True]), {0: 1}, [10**400]])
def test_a_list_of_a_schedule_that_holds_no_numbers_is_refused_by_name(data, name, listed):
    lists = {"learning_rate_boundaries": [1], "learning_rate_values": [0.1], name: listed}
    with pytest.raises(ValueError, match=f"^{name} must be a list of numbers"):
        fitted("autoencoder", data, learning_rate_schedule="piecewise", **lists)


def test_lists_of_a_schedule_that_is_not_used_are_left_alone(data):
    unused = {"learning_rate_boundaries": [None], "learning_rate_values": ["x"]}
    found, expected = fitted("autoencoder", data, **unused), fitted("autoencoder", data)
    np.testing.assert_array_equal(found.parameters_, expected.parameters_)


@of_all
def test_weights_larger_than_any_float_are_refused_by_name(name, data):
    X, y = data
    estimator = fitted(name, data)
    with pytest.raises(ValueError, match="sample_weight has a value larger than any float"):
        estimator.fit(X, y, sample_weight=[10**400] * len(X))


@pytest.mark.parametrize("weight", [10**400, True, "1", np.nan])
def test_a_class_weight_that_is_no_number_of_the_computation_is_refused(data, weight):
    with pytest.raises(ValueError, match="class_weight must be a number of 0 or more"):
        fitted("classifier", data, class_weight={0: weight, 1: 1, 2: 1})


@pytest.mark.parametrize("name", ["n_filters", "kernel_sizes", "strides", "dense_layer_sizes"])
@pytest.mark.parametrize("sizes", [(True, 1), np.array([True, False]), (10**400, 1), "12"])
def test_layers_are_counted_in_integers(data, name, sizes):
    with pytest.raises(ValueError, match=f"{name}.* must "):
        fitted("classifier", data, **{"n_filters": (2, 2), name: sizes})


class _Interrupting(Callback):
    def on_epoch_end(self, epoch, losses):
        raise KeyboardInterrupt


@of_all
def test_as_many_epochs_as_an_integer_holds_may_be_asked_for(name, data, monkeypatch):
    # So many make XLA pay, which takes seconds to compile: for the autoencoder alone.
    monkeypatch.setattr(kernels, "_MAX_XLA_CONVOLUTION", 0)
    asked = {"learning_rate_schedule": "cosine", "max_epochs": 2**63 - 1}
    with pytest.warns(ConvergenceWarning, match=f"of {2**63 - 1} epochs"):
        found = fitted(name, data, callbacks=[_Interrupting()], **asked)
    assert np.isfinite(found.loss_curve_).all()


@of_all
def test_fractions_and_numbers_of_numpy_are_numbers(name, data):
    expected = fitted(name, data, learning_rate=0.25, weight_decay=0.5)
    for parameters in (
        {"learning_rate": Fraction(1, 4), "weight_decay": Fraction(1, 2)},
        {"learning_rate": np.float32(0.25), "weight_decay": np.float16(0.5)},
        {"learning_rate": 0.25, "weight_decay": 0.5, "save_epochs": np.array(2)},
    ):
        found = fitted(name, data, **parameters)
        np.testing.assert_array_equal(found.parameters_, expected.parameters_)


@pytest.mark.parametrize("unit", [1e300, 1e38, 1e-42, 1e-310])
@of_all
def test_weights_matter_beside_each_other_alone(name, data, unit):
    weights = np.where(np.arange(60) < 30, 1.0, 2.0)
    expected = fitted(name, data, weights)
    found = fitted(name, data, weights * unit)
    # In the least numbers that there are, 2 * 1e-310 is rounded.
    np.testing.assert_allclose(found.parameters_, expected.parameters_, rtol=1e-3, atol=1e-5)
    assert found.loss_curve_[0] == pytest.approx(expected.loss_curve_[0], rel=1e-5)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.r_[np.full(30, 1e-300), np.full(30, 1e300)], r"from 1e-300 to 1e\+300"),
        (np.r_[np.full(59, 1.0), np.inf], "sample_weight contains infinity"),
        (np.r_[np.full(59, 1.0), np.nan], "sample_weight contains NaN"),
        (np.r_[np.full(59, 1.0), -1], "sample_weight has negative values"),
    ],
)
@of_all
def test_weights_that_cannot_be_set_beside_each_other_are_refused(name, data, weights, message):
    with pytest.raises(ValueError, match=message):
        fitted(name, data, weights)


@of_all
def test_spectra_too_small_to_be_computed_with_are_refused(name, data):
    X, y = data
    with pytest.raises(ValueError, match=r"largest value of X is .*e-41: in float32"):
        fitted(name, (X * np.float32(1e-40), y))
    assert np.isfinite(fitted(name, (X.astype(np.float64) * 1e-40, y)).loss_curve_).all()


@of_all
def test_the_unit_of_spectra_may_be_any_that_a_type_has(name, data):
    X, y = data
    expected = fitted(name, (X.astype(np.float64), y))
    for power in (-1000, -300, 300, 530, 1020):
        scaled = fitted(name, (np.ldexp(X.astype(np.float64), power), y))
        np.testing.assert_allclose(scaled.parameters_, expected.parameters_, rtol=1e-6, atol=1e-9)
        assert np.isfinite(scaled.statistics_).all()
    for power in (-120, 60, 124):
        scaled = fitted(name, (np.ldexp(X, power), y))
        assert scaled.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=0.01)


@pytest.mark.parametrize("value", [-3.4028235e38, 1e38, 1e-30, 1e-45])
@of_all
def test_one_pixel_at_the_end_of_the_range_leaves_the_others_as_they_are(name, data, value):
    X, y = data
    X = X.copy()
    X[5, 3] = value
    X[7] = abs(value)
    estimator = clone(ESTIMATORS[name]).set_params(max_epochs=5)
    if abs(value) > 1 and name == "autoencoder":
        with pytest.warns(UserWarning, match="times brighter"):
            estimator.fit(X, y)
    else:
        estimator.fit(X, y)
    assert np.isfinite(estimator.loss_curve_).all()
    assert np.isfinite(getattr(estimator, RESPONSES[name])(X)).all()
    assert np.isfinite(estimator.score(X, y))


def test_a_progress_bar_needs_no_console(data, monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert fitted("autoencoder", data, verbose=1).n_iter_ == 2
