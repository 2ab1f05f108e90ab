"""A SavedModel computes what the pipeline computes, where only TensorFlow is installed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skhyp import (
    AdaptiveCosineEstimator,
    FullyConstrainedLeastSquares,
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)
from skhyp.export import to_saved_model

METHODS = [
    *("minmax", "deephyp-minmax", "l2", "l1", "snv", "msc", "standardize", "savgol", "continuum"),
    None,
]
WAVELENGTHS = np.linspace(400, 1000, 40)
# Two segments of 19 bands: one program of XLA computes the hulls of both.
TWO_DETECTORS = {"bands": [(690, 715)], "wavelengths": WAVELENGTHS}
SMALL = {"max_epochs": 1, "kernel_sizes": 8, "random_state": 0}
# As little as a network can be, where all that matters is what is around it.
SMALLEST = {**SMALL, "views": None, "n_filters": (2,), "dense_layer_sizes": ()}


def classifier(**parameters):
    return SpectralCNNClassifier(**SMALLEST | parameters)


def autoencoder(**parameters):
    small = {"hidden_layer_sizes": (12,), "n_components": 3, "max_epochs": 1, "random_state": 0}
    return SpectralAutoencoder(**small | parameters)


@pytest.fixture
def exported(tmp_path):
    """A function that writes a SavedModel and returns what TensorFlow loads."""
    loaded = []  # functions do not keep the model alive that they belong to

    def export(estimator, **parameters):
        to_saved_model(estimator, tmp_path / "model", **parameters)
        loaded.append(tf.saved_model.load(str(tmp_path / "model")))
        return loaded[-1]

    return export


@pytest.fixture(scope="module")
def exported_folder(fitted_classifier, tmp_path_factory):
    """The small classifier as a SavedModel that is only read."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    to_saved_model(fitted_classifier, folder)
    return folder


@pytest.fixture(scope="module")
def exported_classifier(exported_folder):
    """The same as TensorFlow loads it."""
    return tf.saved_model.load(str(exported_folder))


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert found.numpy().dtype == expected.dtype


# Methods by themselves go through float32 below. Computed in float64 is what comes in it alone;
# of integers, those of two bytes have a minmax of their own, and all else casts them.
@pytest.mark.parametrize(
    ("method", "dtype"),
    [
        *((method, "float64") for method in METHODS),
        *((method, "uint16") for method in ("minmax", "msc", None)),
        *((method, "int32") for method in ("minmax", "savgol")),
        *((method, "float32") for method in ("minmax", "standardize")),
    ],
)
def test_a_pipeline_goes_from_raw_spectra_to_labels(
    spectra, exported, assert_same_labels, method, dtype
):
    X = (4000 * spectra[0]).astype(dtype)
    pipeline = make_pipeline(
        HypPreprocessor(method=method, **TWO_DETECTORS), SpectralCNNClassifier(**SMALL)
    ).fit(X, spectra[1])
    model = exported(pipeline, dtype=dtype)
    expected = pipeline.predict_proba(X)
    assert_close(model.predict_proba(X), expected)
    assert_same_labels(model.predict(X), pipeline.predict(X), expected)
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


@pytest.mark.parametrize(
    ("n_targets", "dtype"), [(None, "float32"), (None, "float64"), (1, "uint16"), (2, "float32")]
)
def test_a_pipeline_goes_from_raw_spectra_to_values(measured, exported, dtype, n_targets):
    X, y = (4000 * measured[0]).astype(dtype), 100 + measured[1]
    targets = y if n_targets is None else np.c_[y, -y][:, :n_targets]
    pipeline = make_pipeline(
        HypPreprocessor(method="l2", **TWO_DETECTORS, nodata=0), SpectralCNNRegressor(**SMALL)
    ).fit(X, targets)
    expected = pipeline.predict(X)
    X[5, 3] = X[6] = 0
    model = exported(pipeline, dtype=dtype)
    found = model.predict(X)
    assert found.shape == targets.shape
    assert np.isnan(found[5:7]).all()
    others = np.delete(np.arange(len(X)), [5, 6])
    assert_close(tf.gather(found, others), expected[others])
    assert set(model.signatures) == {"predict", "serving_default"}
    np.testing.assert_array_equal(model.wavelengths, WAVELENGTHS)


def test_values_that_the_type_cannot_tell_apart_are_not_exported_in_it(
    measured, small_regressor, tmp_path
):
    X, y = measured[0].astype(np.float64), measured[1]
    regressor = SpectralCNNRegressor(**small_regressor | {"max_epochs": 1}).fit(X, 1e9 + y)
    with pytest.raises(ValueError, match=r"go by steps of .* Export it with dtype='float64'"):
        to_saved_model(regressor, tmp_path / "model")


def test_all_three_in_a_row_and_pipelines_in_pipelines(spectra, exported):
    X, y = spectra
    inner = make_pipeline(HypPreprocessor(method="snv"), "passthrough", autoencoder(n_components=9))
    pipeline = make_pipeline(inner, classifier()).fit(X, y)
    assert_close(exported(pipeline).predict_proba(X), pipeline.predict_proba(X))


def test_one_preprocessor_twice_is_applied_twice(spectra, exported):
    preprocessor = HypPreprocessor(method="savgol", window_length=5).fit(spectra[0])
    pipeline = make_pipeline(preprocessor, preprocessor)
    assert_close(exported(pipeline).transform(spectra[0]), pipeline.transform(spectra[0]))


def test_of_a_search_the_best_estimator(spectra, exported):
    search = GridSearchCV(classifier(), {"learning_rate": [1e-3, 1e-2]}, cv=2).fit(*spectra)
    assert_close(exported(search).predict_proba(spectra[0]), search.predict_proba(spectra[0]))


def test_two_exports_have_the_same_variables_and_methods_share_them(spectra, tmp_path):
    pipeline = make_pipeline(HypPreprocessor(method="msc"), autoencoder()).fit(spectra[0])
    names = []
    for name in ("a", "b"):
        to_saved_model(pipeline, tmp_path / name)
        saved = tf.train.list_variables(str(tmp_path / name / "variables" / "variables"))
        names.append([variable for variable, _ in saved])
        n_values = sum(np.prod(shape, dtype=int) for _, shape in saved if shape)
    assert names[0] == names[1]
    assert n_values < pipeline[-1].parameters_.size + 100


def test_an_estimator_alone(spectra, exported):
    X, y = spectra
    network = classifier().fit(X, y)
    assert_close(exported(network).predict_proba(X), network.predict_proba(X))
    preprocessor = HypPreprocessor(method="snv").fit(X)
    assert_close(exported(preprocessor).transform(X), preprocessor.transform(X))


@pytest.mark.parametrize("dtype", [str, object, np.uint8, np.int64, np.float64, bool])
def test_labels_keep_their_type(spectra, exported, assert_same_labels, dtype):
    X, y = (
        spectra[0],
        np.array(["0", "1"] if dtype in (str, object) else [0, 1], dtype)[spectra[1] // 2],
    )
    network = classifier().fit(X, y)
    predicted = exported(network).predict(X).numpy()
    expected = network.predict(X)
    if dtype in (str, object):
        expected = np.char.encode(expected.astype(str))
    elif dtype is not bool:  # which become integers
        assert predicted.dtype == expected.dtype
    assert_same_labels(predicted, expected, network.predict_proba(X))


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        ([3, 5, 7], 0),
        ([0, 1, 2], -1),
        ([-5, 0, 2], -6),
        (np.uint8([0, 1, 255]), 2),
        ([False, True, True], -1),
        (["clay", "lime", "mud"], b""),
        ([0.0, 1, 2], np.nan),
    ],
)
def test_pixels_without_data_have_no_label(spectra, exported, assert_same_labels, labels, missing):
    X, y = spectra[0].copy(), np.asarray(labels)[spectra[1]]
    pipeline = make_pipeline(HypPreprocessor(nodata=-9999), classifier()).fit(X, y)
    expected, scores = pipeline.predict(X), pipeline.predict_proba(X)
    expected = expected.astype("S") if missing == b"" else expected
    X[5, 3] = X[6] = -9999
    model = exported(pipeline)
    predicted = model.predict(X).numpy()
    np.testing.assert_array_equal(predicted[5:7], [missing, missing])
    others = np.delete(np.arange(len(X)), [5, 6])
    assert_same_labels(predicted[others], expected[others], scores[others])
    np.testing.assert_array_equal(model.missing_label, missing)
    assert np.isnan(model.predict_proba(X)[5:7]).all()


@pytest.mark.parametrize(
    ("method", "dtype", "nodata"),
    [
        *((method, "int16", -9999) for method in METHODS),
        *((method, "float32", np.nan) for method in ("minmax", "savgol", None)),
    ],
)
def test_a_preprocessor_alone_leaves_missing_pixels_missing(
    spectra, exported, method, dtype, nodata
):
    X = (4000 * spectra[0]).astype(dtype)
    X[5, 3] = X[6] = nodata
    X[7, 20] = nodata  # of a band that is not used
    preprocessor = HypPreprocessor(method=method, **TWO_DETECTORS, nodata=nodata).fit(X)
    expected = preprocessor.transform(X)
    found = exported(preprocessor, dtype=dtype).transform(X).numpy()
    assert np.flatnonzero(np.isnan(found).any(axis=1)).tolist() == [5, 6]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("method", METHODS)
def test_nan_in_one_band_makes_the_spectrum_unknown(spectra, exported, method):
    preprocessor = HypPreprocessor(method=method, **TWO_DETECTORS).fit(spectra[0])
    X, expected = spectra[0].copy(), preprocessor.transform(spectra[0])
    X[5, 3] = expected[5] = np.nan
    found = exported(preprocessor).transform(X).numpy()
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.nanmax(np.abs(expected)))


def test_numbers_of_another_type_are_cast_without_a_word(spectra, exported, fitted_classifier):
    model = exported(fitted_classifier, dtype="uint16")
    found = model.predict_proba(1.7 * spectra[0])
    assert_close(found, fitted_classifier.predict_proba((1.7 * spectra[0]).astype("uint16")))


@pytest.mark.parametrize("n_rows", [0, 1, 119, 12_001])
def test_any_number_of_spectra_passes_in_chunks(
    spectra, exported_classifier, fitted_classifier, n_rows
):
    X = np.resize(spectra[0], (n_rows, 40))
    found = exported_classifier.predict_proba(X)
    assert found.shape == (n_rows, 3)
    if n_rows:
        assert_close(found, fitted_classifier.predict_proba(X))


def test_each_method_is_a_signature_and_scores_are_the_default(
    spectra, exported_classifier, fitted_classifier
):
    signatures = exported_classifier.signatures
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
model = tf.saved_model.load(sys.argv[2])
np.save(folder + "/there.npy", model.predict_proba(np.load(folder + "/X.npy")))
"""


def test_tensorflow_alone_is_needed(
    spectra, exported_folder, fitted_classifier, tmp_path, run_python
):
    np.save(tmp_path / "X.npy", spectra[0])
    finished = run_python(RUN_ELSEWHERE, tmp_path, exported_folder)
    assert finished.returncode == 0, finished.stderr
    expected = fitted_classifier.predict_proba(spectra[0])
    np.testing.assert_allclose(np.load(tmp_path / "there.npy"), expected, atol=1e-5)


def test_what_is_no_model_of_spectra_is_refused(spectra, tmp_path):
    for estimator in (PCA(), make_pipeline(PCA(9), classifier())):
        with pytest.raises(ValueError, match=r"estimator must be a HypPreprocessor, .*, got PCA\("):
            to_saved_model(estimator.fit(*spectra), tmp_path / "model")
    with pytest.raises(ValueError, match="estimator must have a step that computes"):
        to_saved_model(make_pipeline("passthrough"), tmp_path / "model")
    with pytest.raises(NotFittedError, match="SpectralAutoencoder"):
        to_saved_model(make_pipeline(HypPreprocessor().fit(spectra[0]), autoencoder()), "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", ["float16", "complex64", "string", "", None, 5])
def test_an_unknown_type_of_numbers_is_refused_by_name(fitted_classifier, tmp_path, dtype):
    with pytest.raises(ValueError, match=f"dtype must be one of float32, .*, got {dtype!r}"):
        to_saved_model(fitted_classifier, tmp_path / "model", dtype=dtype)


@pytest.fixture(scope="module")
def fitted_preprocessor(spectra):
    """What takes the least time to be exported."""
    return HypPreprocessor(method=None).fit(spectra[0])


def test_only_a_saved_model_is_replaced(
    fitted_classifier, fitted_preprocessor, exported_folder, tmp_path
):
    folder = tmp_path / "model"
    shutil.copytree(exported_folder, folder)
    to_saved_model(fitted_preprocessor, folder)
    assert set(tf.saved_model.load(str(folder)).signatures) == {"transform", "serving_default"}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "results.txt").write_text("0.9")
    for path in (notes, notes / "results.txt"):
        with pytest.raises(FileExistsError, match=f"{path.name}.* is there already.*: results.txt"):
            to_saved_model(fitted_classifier, path)
    assert (notes / "results.txt").read_text() == "0.9"
    (folder / "results.txt").write_text("0.9")
    with pytest.raises(FileExistsError, match=r"would be replaced.*: results.txt"):
        to_saved_model(fitted_classifier, folder)
    (tmp_path / "empty").mkdir()
    to_saved_model(fitted_preprocessor, tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"nowhere/model'.* no folder .*nowhere\."):
        to_saved_model(fitted_classifier, tmp_path / "nowhere" / "model")


def test_a_link_goes_on_pointing_to_what_is_replaced(
    fitted_preprocessor, exported_folder, tmp_path
):
    shutil.copytree(exported_folder, tmp_path / "version_3")
    (tmp_path / "current").symlink_to(tmp_path / "version_3")
    to_saved_model(fitted_preprocessor, tmp_path / "current", dtype="uint16")
    assert (tmp_path / "current").is_symlink()
    loaded = tf.saved_model.load(str(tmp_path / "version_3"))
    assert loaded.signatures["transform"].inputs[0].dtype == tf.uint16


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_fails_leaves_the_former_model(
    spectra, fitted_classifier, fitted_autoencoder, exported_folder, tmp_path, monkeypatch, error
):
    shutil.copytree(exported_folder, tmp_path / "model")

    def fail(module, folder, signatures):
        (Path(folder) / "saved_model.pb").write_bytes(b"the beginning")
        raise error

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(type(error)):
        to_saved_model(fitted_autoencoder, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    assert_close(loaded.predict_proba(spectra[0]), fitted_classifier.predict_proba(spectra[0]))


def test_labels_in_any_script_are_read_as_the_guide_says(spectra, exported):
    X, y = spectra
    network = classifier().fit(X, np.array(["Gräser", "水", "bare soil"])[y])
    labels = exported(network).predict(X)
    read = np.char.decode(labels.numpy().astype(bytes), "utf-8")
    np.testing.assert_array_equal(read, network.predict(X))


def test_a_model_beyond_the_range_of_the_dtype_says_which_one_holds_it(tmp_path):
    X = np.random.default_rng(0).random((40, 12)) + 0.2
    for model in (HypPreprocessor(method="standardize"), SpectralAutoencoder(max_epochs=1)):
        with pytest.raises(ValueError, match="Export it with dtype='float64'"):
            to_saved_model(model.fit(X * 1e-50), tmp_path / "model")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shares_and_scores_are_exported_with_what_is_before_them(exported, dtype):
    rng = np.random.default_rng(0)
    pure = 1 + np.cumsum(rng.uniform(-0.1, 0.1, (3, 40)), axis=1)
    X = (rng.dirichlet(np.ones(3), 300) @ pure + 0.02 * rng.normal(size=(300, 40))).astype(dtype)
    unmixing = make_pipeline(HypPreprocessor(method=None), FullyConstrainedLeastSquares())
    unmixing.set_params(fullyconstrainedleastsquares__endmembers=pure).fit(X)
    model = exported(unmixing, dtype=dtype)
    shares = model.transform(X).numpy()
    assert shares.dtype == dtype
    np.testing.assert_allclose(shares, unmixing.transform(X), atol=1e-6)
    errors = unmixing[-1].reconstruction_error(X)
    np.testing.assert_allclose(model.reconstruction_error(X).numpy(), errors, rtol=1e-4)
    missing = X[:2].copy()
    missing[0, 3] = np.nan
    assert np.isnan(model.transform(missing).numpy()).all(axis=1).tolist() == [True, False]
    detector = AdaptiveCosineEstimator(targets=pure[:1]).fit(X)
    scores = exported(detector, dtype=dtype).transform(X).numpy()
    np.testing.assert_allclose(scores, detector.transform(X), atol=1e-6)
