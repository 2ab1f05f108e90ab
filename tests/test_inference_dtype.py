"""Inference in reduced precision: where it acts, how far off it is, and that it is refused well."""

import copy
import functools

import numpy as np
import pytest
from sklearn.base import clone

from skhyp import SpectralAutoencoder, SpectralCNNClassifier, SpectralCNNRegressor

AUTOENCODERS = [
    SpectralAutoencoder(hidden_layer_sizes=(20,), n_components=3, max_epochs=20, random_state=0),
    SpectralAutoencoder(
        architecture="conv",
        n_filters=(4, 4),
        kernel_sizes=5,
        n_components=3,
        max_epochs=5,
        random_state=0,
    ),
]
SMALL = {"n_filters": (4,), "kernel_sizes": 8, "dense_layer_sizes": (16,), "random_state": 0}
CLASSIFIER = SpectralCNNClassifier(**SMALL, max_epochs=10)


@pytest.fixture(scope="module")
def fitted(spectra):
    """A function that gives a copy of an estimator that was fitted once."""
    once = functools.cache(lambda estimator: clone(estimator).fit(*spectra))
    return lambda estimator: copy.deepcopy(once(estimator))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_near_the_exact_ones_and_of_their_dtype(spectra, dtype):
    X, y = spectra[0].astype(dtype), spectra[1]
    fitted = clone(CLASSIFIER).fit(X, y)
    exact = fitted.predict_proba(X)
    reduced = fitted.set_params(inference_dtype="bfloat16").predict_proba(X)
    assert reduced.dtype == exact.dtype == dtype
    assert 0 < np.abs(reduced - exact).max() < 0.1
    np.testing.assert_allclose(reduced.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_near_the_exact_ones_in_their_unit_and_of_their_dtype(measured, dtype):
    X, y = measured[0].astype(dtype), 1e4 + measured[1]
    fitted = SpectralCNNRegressor(**SMALL, max_epochs=10).fit(X, y)
    exact = fitted.predict(X)
    reduced = fitted.set_params(inference_dtype="bfloat16").predict(X)
    assert reduced.dtype == exact.dtype == dtype
    assert 0 < np.abs(reduced - exact).max() < 0.1 * y.std()


@pytest.mark.parametrize("function", ["transform", "reconstruct"])
@pytest.mark.parametrize("autoencoder", AUTOENCODERS, ids=["dense", "conv"])
def test_codes_and_reconstructions_are_near_the_exact_ones(spectra, fitted, autoencoder, function):
    X, network = spectra[0], fitted(autoencoder)
    exact = getattr(network, function)(X)
    reduced = getattr(network.set_params(inference_dtype="bfloat16"), function)(X)
    assert reduced.dtype == exact.dtype
    assert 0 < np.abs(reduced - exact).max() < 0.05 * np.abs(exact).max()


def test_codes_are_mapped_back_in_reduced_precision(spectra, fitted):
    network = fitted(AUTOENCODERS[0])
    codes = network.transform(spectra[0])
    exact = network.inverse_transform(codes)
    reduced = network.set_params(inference_dtype="bfloat16").inverse_transform(codes)
    assert 0 < np.abs(reduced - exact).max() < 0.05 * np.abs(exact).max()


def test_training_is_not_changed(spectra, fitted):
    exact = fitted(CLASSIFIER)
    reduced = clone(CLASSIFIER).set_params(inference_dtype="bfloat16").fit(*spectra)
    np.testing.assert_array_equal(reduced.parameters_, exact.parameters_)
    assert reduced.architecture_ == exact.architecture_


def test_features_of_a_layer_are_computed_in_it_too(spectra, fitted):
    X, network = spectra[0], fitted(CLASSIFIER)
    exact = network.predict_features(X)
    reduced = network.set_params(inference_dtype="bfloat16").predict_features(X)
    assert reduced.dtype == exact.dtype
    assert 0 < np.abs(reduced - exact).max() < 0.05 * np.abs(exact).max()


def test_another_precision_is_refused_even_if_it_is_set_after_fit(spectra, fitted):
    network = fitted(CLASSIFIER).set_params(inference_dtype="float8")
    with pytest.raises(ValueError, match=r"'inference_dtype' parameter .* must be .*'float8'"):
        network.predict(spectra[0])
