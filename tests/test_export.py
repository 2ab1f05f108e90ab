"""A SavedModel computes what the pipeline computes, where only TensorFlow is installed."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, SpectralAutoencoder, SpectralCNNClassifier
from skhyp.export import to_saved_model

METHODS = [
    *("minmax", "deephyp-minmax", "l2", "l1", "snv", "msc", "standardize", "savgol", "continuum"),
    None,
]
WAVELENGTHS = np.linspace(400, 1000, 40)


def classifier(**parameters):
    return SpectralCNNClassifier(max_epochs=2, kernel_sizes=8, random_state=0, **parameters)


def autoencoder(**parameters):
    return SpectralAutoencoder(max_epochs=2, random_state=0, **parameters)


@pytest.fixture
def exported(tmp_path):
    """A function that writes a SavedModel and returns what TensorFlow loads."""
    loaded = []  # functions do not keep the model alive that they belong to

    def export(estimator, **parameters):
        to_saved_model(estimator, tmp_path / "model", **parameters)
        loaded.append(tf.saved_model.load(str(tmp_path / "model")))
        return loaded[-1]

    return export


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert found.numpy().dtype == expected.dtype


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint16", "int32"])
@pytest.mark.parametrize("method", METHODS)
def test_a_pipeline_goes_from_raw_spectra_to_labels(spectra, exported, method, dtype):
    X = (4000 * spectra[0]).astype(dtype)
    pipeline = make_pipeline(
        HypPreprocessor(method=method, bands=[(500, 520)], wavelengths=WAVELENGTHS), classifier()
    ).fit(X, spectra[1])
    model = exported(pipeline, dtype=dtype)
    assert_close(model.predict_proba(X), pipeline.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), pipeline.predict(X))
    np.testing.assert_array_equal(model.classes, pipeline.classes_)
    np.testing.assert_array_equal(model.wavelengths, WAVELENGTHS)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"loss": "sid", "tied_weights": True},
        {"architecture": "conv", "n_filters": (4,), "kernel_sizes": 5, "skip_connections": True},
    ],
    ids=["dense", "tied, SID", "conv, skips"],
)
def test_a_pipeline_goes_from_raw_spectra_to_codes(spectra, exported, parameters):
    X = spectra[0]
    preprocessor = HypPreprocessor(method="l2")
    pipeline = make_pipeline(preprocessor, autoencoder(**parameters)).fit(X)
    model = exported(pipeline)
    assert_close(model.transform(X), pipeline.transform(X))
    clean = preprocessor.transform(X)
    assert_close(model.reconstruct(X), pipeline[-1].reconstruct(clean))
    assert_close(model.reconstruction_error(X), pipeline[-1].reconstruction_error(clean))


def test_all_three_in_a_row_and_pipelines_in_pipelines(spectra, exported):
    X, y = spectra
    inner = make_pipeline(HypPreprocessor(method="snv"), "passthrough", autoencoder(n_components=9))
    pipeline = make_pipeline(inner, classifier()).fit(X, y)
    assert_close(exported(pipeline).predict_proba(X), pipeline.predict_proba(X))


def test_an_estimator_alone(spectra, exported):
    X, y = spectra
    network = classifier().fit(X, y)
    assert_close(exported(network).predict_proba(X), network.predict_proba(X))
    preprocessor = HypPreprocessor(method="snv").fit(X)
    assert_close(exported(preprocessor).transform(X), preprocessor.transform(X))


@pytest.mark.parametrize("dtype", [str, object, np.uint8, np.int64, np.float64, bool])
def test_labels_keep_their_type(spectra, exported, dtype):
    X, y = (
        spectra[0],
        np.array(["0", "1"] if dtype in (str, object) else [0, 1], dtype)[spectra[1] // 2],
    )
    network = classifier().fit(X, y)
    predicted = exported(network).predict(X).numpy()
    expected = network.predict(X)
    if dtype in (str, object):
        expected = np.char.encode(expected.astype(str))
    else:
        assert predicted.dtype == expected.dtype
    np.testing.assert_array_equal(predicted, expected)


@pytest.mark.parametrize(
    ("labels", "missing"), [([3, 5, 7], 0), (["clay", "lime", "mud"], b""), ([0.0, 1, 2], np.nan)]
)
def test_pixels_without_data_have_no_label(spectra, exported, labels, missing):
    X, y = spectra[0].copy(), np.asarray(labels)[spectra[1]]
    pipeline = make_pipeline(HypPreprocessor(nodata=-9999), classifier()).fit(X, y)
    expected = pipeline.predict(X).astype("S") if missing == b"" else pipeline.predict(X)
    X[5, 3] = X[6] = -9999
    model = exported(pipeline)
    predicted = model.predict(X).numpy()
    np.testing.assert_array_equal(predicted[5:7], [missing, missing])
    others = np.delete(np.arange(len(X)), [5, 6])
    np.testing.assert_array_equal(predicted[others], expected[others])
    assert np.isnan(model.predict_proba(X)[5:7]).all()


@pytest.mark.parametrize("n_rows", [0, 1, 119, 12_001])
def test_any_number_of_spectra_passes_in_chunks(spectra, exported, fitted_classifier, n_rows):
    X = np.resize(spectra[0], (n_rows, 40))
    model = exported(fitted_classifier)
    found = model.predict_proba(X)
    assert found.shape == (n_rows, 3)
    if n_rows:
        assert_close(found, fitted_classifier.predict_proba(X))


def test_each_method_is_a_signature_and_scores_are_the_default(
    spectra, exported, fitted_classifier
):
    signatures = exported(fitted_classifier).signatures
    assert set(signatures) == {"predict_proba", "predict", "serving_default"}
    x = tf.constant(spectra[0][:5])
    expected = fitted_classifier.predict_proba(spectra[0][:5])
    assert_close(signatures["serving_default"](spectra=x)["predict_proba"], expected)
    np.testing.assert_array_equal(signatures["predict"](x)["predict"], expected.argmax(axis=1))


def test_reduced_precision_is_exported_as_it_is_used(spectra, exported):
    network = classifier(inference_dtype="bfloat16").fit(*spectra)
    assert_close(exported(network).predict_proba(spectra[0]), network.predict_proba(spectra[0]))


RUN_ELSEWHERE = """
import sys
for name in ("skhyp", "sklearn", "scipy", "joblib", "keras"):
    sys.modules[name] = None
import numpy as np
import tensorflow as tf
folder = sys.argv[1]
model = tf.saved_model.load(folder + "/model")
np.save(folder + "/there.npy", model.predict_proba(np.load(folder + "/X.npy")))
"""


def test_tensorflow_alone_is_needed(spectra, fitted_classifier, tmp_path, run_python):
    to_saved_model(fitted_classifier, tmp_path / "model")
    np.save(tmp_path / "X.npy", spectra[0])
    finished = run_python(RUN_ELSEWHERE, tmp_path)
    assert finished.returncode == 0, finished.stderr
    expected = fitted_classifier.predict_proba(spectra[0])
    np.testing.assert_allclose(np.load(tmp_path / "there.npy"), expected, atol=1e-5)


def test_what_is_no_model_of_spectra_is_refused(spectra, tmp_path):
    for estimator in (PCA(), make_pipeline(PCA(9), classifier())):
        with pytest.raises(ValueError, match=r"can be made of HypPreprocessor, .*, got PCA\("):
            to_saved_model(estimator.fit(*spectra), tmp_path / "model")
    with pytest.raises(ValueError, match="no step that computes something"):
        to_saved_model(make_pipeline("passthrough"), tmp_path / "model")
    with pytest.raises(NotFittedError, match="SpectralAutoencoder"):
        to_saved_model(make_pipeline(HypPreprocessor().fit(spectra[0]), autoencoder()), "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["float16", "complex64", "string", "", None, 5])
def test_an_unknown_type_of_numbers_is_refused_by_name(fitted_classifier, tmp_path, dtype):
    with pytest.raises(ValueError, match=f"dtype must be one of float32, .*, got {dtype!r}"):
        to_saved_model(fitted_classifier, tmp_path / "model", dtype=dtype)


def test_only_a_saved_model_is_replaced(fitted_classifier, fitted_autoencoder, tmp_path):
    folder = tmp_path / "model"
    to_saved_model(fitted_autoencoder, folder)
    to_saved_model(fitted_classifier, folder)
    assert set(tf.saved_model.load(str(folder)).signatures) > {"predict_proba", "predict"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "results.txt").write_text("0.9")
    for path in (notes, notes / "results.txt"):
        with pytest.raises(FileExistsError, match=f"{path.name} is there already, and is not"):
            to_saved_model(fitted_classifier, path)
    assert (notes / "results.txt").read_text() == "0.9"
