"""What holds for every estimator, whatever its parameters and its spectra are like.

Each example follows from its number; SKHYP_PROPERTY_EXAMPLES asks for so many of each estimator.
"""

import os
import pickle
import warnings

import joblib
import numpy as np
import pytest
import skops.io
import tensorflow as tf
from sklearn.base import clone

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)
from skhyp.export import to_saved_model
from skhyp.inputs._validation import computation_dtype

from .draws import Draws
from .estimators import (
    autoencoder_parameters,
    classifier_parameters,
    draw_labels,
    draw_values,
    preprocessor_parameters,
    regressor_parameters,
    unmixer_parameters,
)
from .spectra import draw_spectra

METHODS = {
    HypPreprocessor: ["transform"],
    SpectralAutoencoder: ["transform", "reconstruct", "reconstruction_error"],
    SpectralUnmixer: ["transform", "reconstruct", "reconstruction_error"],
    SpectralCNNClassifier: ["predict_proba", "decision_function", "predict"],
    SpectralCNNRegressor: ["predict"],
}
NOT_EXPORTED = ("float16", "uint64", "bool")


def examples(n_examples):
    n_examples = int(os.environ.get("SKHYP_PROPERTY_EXAMPLES", n_examples))
    return pytest.mark.parametrize("example", range(n_examples))


@examples(10)
def test_autoencoders(example, tmp_path):
    draws = Draws(example)
    loss = draws.one_of("csa", "sa", "sid", "sse")
    X = draw_spectra(draws, positive=loss == "sid")
    estimator = SpectralAutoencoder(**autoencoder_parameters(draws, len(X.values), loss))
    check_network(estimator, X, None, tmp_path, exports=example % 3 == 0)


@examples(10)
def test_unmixers(example, tmp_path):
    draws = Draws(example)
    loss = draws.one_of("csa", "sa", "sid", "sse")
    X = draw_spectra(draws, positive=loss == "sid")
    parameters = unmixer_parameters(draws, X.values, loss)
    check_network(SpectralUnmixer(**parameters), X, None, tmp_path, exports=example % 3 == 0)


@examples(10)
def test_classifiers(example, tmp_path):
    draws = Draws(example)
    X = draw_spectra(draws, n_rows=300 if example % 10 == 9 else None)
    y = draw_labels(draws, len(X.values))
    parameters = classifier_parameters(draws, len(X.values))
    counts = np.unique(y, return_counts=True)[1]
    if counts.min() < 4:  # too few to hold out some of each
        parameters.pop("early_stopping", None)
    estimator = SpectralCNNClassifier(**parameters)
    check_network(estimator, X, y, tmp_path, exports=example % 3 == 0)


@examples(10)
def test_regressors(example, tmp_path):
    draws = Draws(example)
    X = draw_spectra(draws)
    y = draw_values(draws, len(X.values))
    estimator = SpectralCNNRegressor(**regressor_parameters(draws, len(X.values)))
    check_network(estimator, X, y, tmp_path, exports=example % 3 == 0)


@examples(30)
def test_preprocessors(example, tmp_path):
    draws = Draws(example)
    X = draw_spectra(draws)
    preprocessor = HypPreprocessor(**preprocessor_parameters(draws, X.values))
    print(X.description, preprocessor)
    try:
        fit(preprocessor, X.given)
    except ValueError as error:
        refused = str(error)
        assert "there is nothing to learn from" in refused
        return
    again = fit(of_config(preprocessor), X.values)
    assert_same_outputs(again, X.values, preprocessor, X.given)
    found = again.transform(X.values)
    assert (np.isnan(found).any(axis=1) == np.isnan(found).all(axis=1)).all()
    if preprocessor.nodata is None:
        assert np.isfinite(found).all()
    assert not np.isinf(found).any()
    check_what_is_fitted(again, X.values, tmp_path, exports=example % 6 == 0)


def check_network(estimator, X, y, folder, *, exports):
    """Check that a fit gives a model that computes numbers, or a clear error and nothing else."""
    print(X.description, estimator)
    try:
        fit(estimator, X.given, y)
    except ValueError as error:
        assert "diverged" in str(error)  # noqa: PT017
        assert not hasattr(estimator, "parameters_")
        return
    again = fit(of_config(estimator), X.values, y)
    assert again.parameters_.tobytes() == estimator.parameters_.tobytes()
    assert again.statistics_.tobytes() == estimator.statistics_.tobytes()
    assert again.loss_curve_ == estimator.loss_curve_
    assert np.isfinite([*again.loss_curve_, *again.validation_loss_curve_]).all()
    assert_same_outputs(again, X.values, estimator, X.given)
    for method in METHODS[type(estimator)]:
        check_numbers(output_of(again, method, X.values))
    if has_finite_squares(X.values):
        assert np.isfinite(again.score(X.values, y))
    check_what_is_fitted(again, X.values, folder, exports=exports)


def check_numbers(output):
    """Check that results are finite, if they were not refused."""
    if output is not None and output.dtype.kind == "f":
        assert np.isfinite(output).all()


def output_of(estimator, method, X):
    """Return what a method gives, or None where it refuses spectra whose squares are infinite."""
    try:
        return getattr(estimator, method)(X)
    except ValueError as error:
        if "lead to values beyond the range" not in str(error) or has_finite_squares(X):
            raise
        return None


def has_finite_squares(X):
    X = np.asarray(X)
    with np.errstate(over="ignore"):
        return bool(np.isfinite(np.square(X.astype(computation_dtype(X.dtype))).sum()))


def fit(estimator, X, y=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # kernels that shrink, spectra far too bright
        return estimator.fit(X, y)


def of_config(estimator):
    """Return a clone of an estimator, made of its config."""
    return clone(type(estimator).from_config(estimator.to_config()))


def check_what_is_fitted(estimator, X, folder, *, exports):
    """Check that what is fitted can be kept and exported, and computes each row by itself."""
    joblib.dump(estimator, folder / "model.joblib")
    skops.io.dump(estimator, folder / "model.skops")
    types = skops.io.get_untrusted_types(file=folder / "model.skops")
    for loaded in (
        pickle.loads(pickle.dumps(estimator)),
        joblib.load(folder / "model.joblib"),
        skops.io.load(folder / "model.skops", trusted=types),
    ):
        assert_same_outputs(loaded, X, estimator, X)
    method = METHODS[type(estimator)][0]
    expected = getattr(estimator, method)(X)
    # exp(x) - 1 is exact to the last bit of 1, however small it is.
    activations = {getattr(estimator, f"{which}activation", None) for which in ("", "latent_")}
    rounding = 4 * np.finfo(expected.dtype).eps if "elu" in activations else 0
    check_rows(getattr(estimator, method), X, expected, rounding)
    is_preprocessor = isinstance(estimator, HypPreprocessor)
    model = estimator.to_keras(**{"dtype": expected.dtype.name} if is_preprocessor else {})
    # Keras's model of a regressor has a column for each target, if there is but one.
    found = model(X.astype(model.input.dtype)).numpy().reshape(expected.shape)
    assert_close(found, expected, rounding)
    if exports and X.dtype.name not in NOT_EXPORTED:
        to_saved_model(estimator, folder / "model", dtype=X.dtype.name)
        saved = tf.saved_model.load(str(folder / "model"))
        assert_close(getattr(saved, method)(X).numpy(), expected, rounding)


def check_rows(method, X, expected, rounding):
    """Check that a row has the same bits whatever the others are, and the same value alone."""
    others = X[::-1].copy()
    others[0] = X[0]
    assert method(others)[0].tobytes() == expected[0].tobytes()
    assert_close(method(X[-1:]), expected[-1:], rounding)


def assert_same_outputs(found, X, expected, same_X):
    for method in METHODS[type(expected)]:
        one, other = output_of(found, method, X), output_of(expected, method, same_X)
        if one is None:
            assert other is None, method
            continue
        assert one.dtype == other.dtype, method
        assert one.tolist() == other.tolist() or one.tobytes() == other.tobytes(), method


def assert_close(found, expected, rounding):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * largest + rounding)
