"""What to_keras gives computes what the estimator computes, and is Keras's own."""

import copy

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)

AUTOENCODERS = {
    "dense": {"hidden_layer_sizes": (12, 6)},
    "dense, no hidden layer": {"hidden_layer_sizes": ()},
    "dense, tied and skips": {
        "hidden_layer_sizes": (12,),
        "tied_weights": (True, False),
        "skip_connections": True,
        "activation": "elu",
    },
    "dense, SID": {"loss": "sid", "activation": "sigmoid", "latent_activation": "softplus"},
    "conv": {"architecture": "conv", "n_filters": (4, 3), "kernel_sizes": (7, 4)},
    "conv, same, strides": {
        "architecture": "conv",
        "n_filters": (4, 3),
        "kernel_sizes": (6, 5),
        "strides": (3, 2),
        "padding": "same",
        "tied_weights": True,
        "skip_connections": True,
    },
    "conv, strides that leave bands over": {
        "architecture": "conv",
        "n_filters": (4, 3),
        "kernel_sizes": (4, 2),
        "strides": (3, 5),
        "scale_input": False,
        "activation": "tanh",
    },
}
CLASSIFIERS = {
    "all views": {},
    "the spectrum itself": {"views": None, "n_filters": (4, 3), "kernel_sizes": (5, 3)},
    "the bands, no dense layer": {"views": ("bands",), "dense_layer_sizes": ()},
    "same, strides": {"padding": "same", "strides": 3, "dropout": 0.5},
}
REGRESSORS = {
    "both views": {},
    "the spectrum itself": {"views": None, "n_filters": (4, 3), "kernel_sizes": (5, 3)},
    "the bands, no dense layer": {"views": ("bands",), "dense_layer_sizes": (), "loss": "huber"},
}
# Of Keras, when it reads its variables to write them.
writes_with_keras = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
METHODS = [
    *("minmax", "deephyp-minmax", "l2", "l1", "snv", "msc", "standardize", "savgol", "continuum"),
    None,
]
# Two segments of 19 bands: one program of XLA computes the hulls of both.
BANDS = np.delete(np.arange(40), [19, 20])
SMALL = {"n_filters": (2,), "kernel_sizes": 8, "dense_layer_sizes": (4,), "max_epochs": 1}


def in_types(cases, twice):
    """Return all cases in single precision, and in double those that differ in what is done."""
    return [
        pytest.param(parameters, dtype, id=f"{name}, {dtype}")
        for name, parameters in cases.items()
        for dtype in ("float32", "float64")
        if dtype == "float32" or name in twice
    ]


def fitted(kind, spectra, **parameters):
    return kind(n_components=3, max_epochs=1, random_state=0, **parameters).fit(*spectra)


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert found.dtype == expected.dtype


@pytest.mark.parametrize(
    ("parameters", "dtype"),
    in_types(AUTOENCODERS, ("dense, tied and skips", "dense, SID", "conv, same, strides")),
)
def test_an_autoencoder_gives_its_codes_and_reconstructions(spectra, parameters, dtype):
    X = 4000 * spectra[0].astype(dtype)
    autoencoder = fitted(SpectralAutoencoder, (X,), **parameters)
    codes = autoencoder.transform(X)
    assert_close(autoencoder.to_keras()(X).numpy(), codes)
    model = autoencoder.to_keras(method="reconstruct")
    assert_close(model(X).numpy(), autoencoder.reconstruct(X))
    if not autoencoder.skip_connections:
        model = autoencoder.to_keras(method="inverse_transform")
        assert_close(model(codes).numpy(), autoencoder.inverse_transform(codes))


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_unmixer_gives_its_abundances_and_mixtures(spectra, dtype, positive):
    X = 4000 * spectra[0].astype(dtype)
    unmixer = SpectralUnmixer(n_endmembers=3, positive=positive, max_epochs=1, random_state=0)
    abundances = unmixer.fit(X).transform(X)
    assert_close(unmixer.to_keras()(X).numpy(), abundances)
    assert_close(unmixer.to_keras(method="reconstruct")(X).numpy(), unmixer.reconstruct(X))
    model = unmixer.to_keras(method="inverse_transform")
    assert_close(model(abundances).numpy(), unmixer.inverse_transform(abundances))


@pytest.mark.parametrize(("parameters", "dtype"), in_types(CLASSIFIERS, ("all views",)))
def test_a_classifier_gives_its_probabilities(spectra, parameters, dtype):
    X = spectra[0].astype(dtype).copy()
    classifier = SpectralCNNClassifier(max_epochs=1, random_state=0, **parameters)
    classifier.fit(X, spectra[1])
    X[:4] = [[0], [0.1], [1e18], [-1]]  # flat spectra, which have no normal variate
    model = classifier.to_keras()
    assert_close(model(X).numpy(), classifier.predict_proba(X))
    logits = keras.Model(model.input, model.get_layer("output").output)
    scores = classifier.decision_function(X)
    assert_close(logits(X).numpy(), scores)


@pytest.mark.parametrize(("parameters", "dtype"), in_types(REGRESSORS, ("both views",)))
def test_a_regressor_gives_its_values_in_their_units(measured, parameters, dtype):
    X, y = measured[0].astype(dtype).copy(), measured[1]
    targets = np.c_[y, 1e4 - 3e3 * y]
    regressor = SpectralCNNRegressor(max_epochs=1, random_state=0, **parameters)
    regressor.fit(X, targets)
    X[:4] = [[0], [0.1], [1e18], [-1]]  # flat spectra, which have no normal variate
    model = regressor.to_keras()
    for target, expected in zip(model(X).numpy().T, regressor.predict(X).T, strict=True):
        assert_close(target, expected)
    outputs = keras.Model(model.input, model.get_layer("output").output)
    assert_close(outputs(X).numpy(), regressor.predict_features(X, layer=-1))


def test_one_value_of_a_spectrum_is_one_column(measured, fitted_regressor):
    model = fitted_regressor.to_keras()
    assert model.output.shape == (None, 1) and model.name == "SpectralCNNRegressor"
    assert_close(model(measured[0]).numpy()[:, 0], fitted_regressor.predict(measured[0]))


# What is missing is found before a method is applied: each method is in both types, each nodata in
# both, but not every method with each nodata.
@pytest.mark.parametrize(
    ("method", "dtype", "nodata"),
    [
        (method, dtype, [None, -9999.0, np.nan][(i + shift) % 3])
        for i, method in enumerate(METHODS)
        for shift, dtype in enumerate(["float32", "float64"])
    ],
)
def test_a_preprocessor_gives_clean_spectra(spectra, method, dtype, nodata):
    X = spectra[0].astype(dtype).copy()
    if nodata is not None:
        X[3, 5] = nodata
    preprocessor = HypPreprocessor(method=method, bands=BANDS, nodata=nodata).fit(X)
    X[:2] = [[0], [0.1]]  # flat spectra
    expected = preprocessor.transform(X)
    found = preprocessor.to_keras(dtype=dtype)(X).numpy()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert_close(found[~np.isnan(found)], expected[~np.isnan(expected)])


@pytest.mark.parametrize("nodata", [-9999.0, np.nan])
def test_a_pixel_without_data_is_nan_to_the_end(spectra, nodata):
    X, y = spectra[0].copy(), spectra[1]
    preprocessor = HypPreprocessor(method="snv", nodata=nodata).fit(X)
    networks = [
        SpectralCNNClassifier(**SMALL).fit(preprocessor.transform(X), y),
        SpectralAutoencoder(hidden_layer_sizes=(12,), max_epochs=1).fit(preprocessor.transform(X)),
        SpectralCNNRegressor(**SMALL).fit(preprocessor.transform(X), y),
    ]
    X[5, 3] = nodata
    for network in networks:
        model = keras.Sequential([preprocessor.to_keras(), network.to_keras()])
        is_nan = np.isnan(model(X).numpy()).all(axis=1)
        assert is_nan[5] and is_nan.sum() == 1


@writes_with_keras
@pytest.mark.parametrize("method", METHODS)
def test_a_keras_file_gives_the_same(spectra, tmp_path, method):
    preprocessor = HypPreprocessor(method=method, bands=BANDS).fit(spectra[0])
    preprocessor.to_keras().save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_close(loaded(spectra[0]).numpy(), preprocessor.transform(spectra[0]))


@writes_with_keras
@pytest.mark.parametrize("method", ["snv", "savgol"])
def test_a_keras_file_of_a_sequence_gives_the_same(spectra, fitted_classifier, tmp_path, method):
    preprocessor = HypPreprocessor(method=method, window_length=5).fit(spectra[0])
    model = keras.Sequential([preprocessor.to_keras(), fitted_classifier.to_keras()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = fitted_classifier.predict_proba(preprocessor.transform(spectra[0]))
    assert_close(loaded(spectra[0]).numpy(), expected)


LOAD_ELSEWHERE = """
import sys
import keras, numpy as np
sys.modules["skhyp"] = None
folder = sys.argv[1]
model = keras.models.load_model(folder + "/model.keras")
np.save(folder + "/there.npy", model.predict(np.load(folder + "/X.npy"), verbose=0))
"""


@writes_with_keras
def test_a_keras_file_is_read_where_skhyp_is_not(spectra, fitted_classifier, tmp_path, run_python):
    fitted_classifier.to_keras().save(tmp_path / "model.keras")
    np.save(tmp_path / "X.npy", spectra[0])
    finished = run_python(LOAD_ELSEWHERE, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert_close(np.load(tmp_path / "there.npy"), fitted_classifier.predict_proba(spectra[0]))


def test_the_layers_are_named_as_the_weights_are(fitted_autoencoder):
    model = fitted_autoencoder.to_keras(method="reconstruct")
    weights = fitted_autoencoder.weights_
    named = [layer for layer in model.layers if layer.weights]
    assert {layer.name for layer in named} == {name.rpartition("_")[0] for name in weights}
    for layer in named:
        kernel, bias = layer.get_weights()
        np.testing.assert_array_equal(kernel, weights[f"{layer.name}_kernel"])
        np.testing.assert_array_equal(bias, weights[f"{layer.name}_bias"])


@writes_with_keras
def test_a_file_is_not_much_larger_than_its_arrays(spectra_factory, tmp_path):
    X, y = spectra_factory((10, 10, 10), n_bands=300)
    classifier = SpectralCNNClassifier(**SMALL).fit(X, y)
    classifier.to_keras().save(tmp_path / "model.keras")
    n_bytes = classifier.parameters_.nbytes + classifier.statistics_.nbytes
    assert (tmp_path / "model.keras").stat().st_size < 1.3 * n_bytes + 100_000


@writes_with_keras
def test_a_file_of_a_regressor_gives_the_same(measured, fitted_regressor, tmp_path):
    fitted_regressor.to_keras().save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_close(loaded(measured[0]).numpy()[:, 0], fitted_regressor.predict(measured[0]))


def test_models_of_two_names_fit_into_one(spectra, fitted_classifier):
    x = keras.Input((40,))
    models = [fitted_classifier.to_keras(name=name) for name in ("first", "second")]
    both = keras.Model(x, keras.layers.Average()([model(x) for model in models]))
    assert_close(both(spectra[0]).numpy(), fitted_classifier.predict_proba(spectra[0]))


def test_only_what_was_trained_is_trained_further(spectra, fitted_classifier):
    model = fitted_classifier.to_keras()
    assert sum(w.shape.num_elements() for w in model.trainable_weights) == (
        fitted_classifier.parameters_.size
    )


def test_a_model_can_be_trained_further_by_keras(spectra, fitted_autoencoder):
    model = fitted_autoencoder.to_keras(method="reconstruct")
    before = fitted_autoencoder.parameters_.copy()
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.CosineSimilarity())
    history = model.fit(spectra[0], spectra[0], batch_size=40, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    np.testing.assert_array_equal(fitted_autoencoder.parameters_, before)


def test_reduced_precision_of_inference_is_not_for_keras(spectra, fitted_classifier):
    reduced = copy.deepcopy(fitted_classifier).set_params(inference_dtype="bfloat16")
    expected = fitted_classifier.predict_proba(spectra[0])
    assert_close(reduced.to_keras().predict(spectra[0], verbose=0), expected)


@pytest.mark.parametrize(
    "kind",
    [
        HypPreprocessor,
        SpectralAutoencoder,
        SpectralUnmixer,
        SpectralCNNClassifier,
        SpectralCNNRegressor,
    ],
)
def test_only_what_is_fitted_can_be_converted(kind):
    with pytest.raises(NotFittedError):
        kind().to_keras()


def test_an_unknown_method_or_type_is_refused_by_name(spectra, fitted_autoencoder):
    with pytest.raises(ValueError, match=r"'method' parameter of to_keras.*'predict'"):
        fitted_autoencoder.to_keras(method="predict")
    with pytest.raises(ValueError, match=r"'dtype' parameter of to_keras.*'float16'"):
        HypPreprocessor().fit(spectra[0]).to_keras(dtype="float16")


def test_there_is_no_decoder_of_codes_alone_where_there_are_skips(spectra):
    autoencoder = fitted(SpectralAutoencoder, spectra, **AUTOENCODERS["dense, tied and skips"])
    with pytest.raises(ValueError, match="no inverse_transform"):
        autoencoder.to_keras(method="inverse_transform")


def test_a_continuum_is_compiled_once_however_often_a_model_is_called(spectra, monkeypatch):
    from skhyp.graph import continuum

    traced, upper_hull = [], continuum.upper_hull
    monkeypatch.setattr(
        continuum, "upper_hull", lambda x, y: traced.append(x.shape) or upper_hull(x, y)
    )
    X = spectra[0][:5, :17]  # as no other test has
    model = HypPreprocessor(method="continuum").fit(X).to_keras()
    n_traced = len(traced)
    for _ in range(3):
        model(X)
    assert len(traced) == n_traced == 1
