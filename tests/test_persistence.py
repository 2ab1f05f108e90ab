"""Fitted estimators are NumPy: saved, copied and loaded anywhere without loss."""

import copy
import pickle
import pickletools

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.pipeline import make_pipeline

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)
from skhyp.fitting import CSVLogger

OUTPUTS = {
    "autoencoder": ["transform"],
    "unmixer": ["transform"],
    "classifier": ["predict", "predict_proba", "decision_function"],
    "regressor": ["predict"],
}
PREDICTIONS = {
    "autoencoder": ["transform", "reconstruct", "reconstruction_error", "score"],
    "unmixer": ["transform", "reconstruct", "reconstruction_error", "score"],
    "classifier": ["predict", "predict_proba", "decision_function", "predict_features"],
    "regressor": ["predict", "predict_features", "score"],
}
KINDS = list(OUTPUTS)
NETWORKS = [SpectralAutoencoder, SpectralUnmixer, SpectralCNNClassifier, SpectralCNNRegressor]
LOAD_AND_APPLY = """
import sys
from pathlib import Path
import joblib
import numpy as np
folder = Path(sys.argv[1])
X = np.load(folder / "X.npy")
for path in sorted(folder.glob("*.joblib")):  # the autoencoder first
    pipeline = joblib.load(path)
    assert "tensorflow" not in sys.modules or path.stem != "autoencoder"
    for method in sys.argv[2].split(","):
        if hasattr(pipeline, method):
            np.save(folder / f"{path.stem}-{method}.npy", getattr(pipeline, method)(X))
"""


@pytest.fixture(scope="module")
def pipelines(spectra):
    """A pipeline of each kind of network, fitted on spectra scaled by a preprocessor."""
    networks = {
        "autoencoder": SpectralAutoencoder(
            n_components=3, hidden_layer_sizes=(20,), max_epochs=5, random_state=0
        ),
        "unmixer": SpectralUnmixer(n_endmembers=3, positive=False, max_epochs=5, random_state=0),
        "classifier": SpectralCNNClassifier(
            n_filters=(6,), kernel_sizes=8, dense_layer_sizes=(32,), max_epochs=5, random_state=0
        ),
        "regressor": SpectralCNNRegressor(
            n_filters=(6,), kernel_sizes=8, dense_layer_sizes=(32,), max_epochs=5, random_state=0
        ),
    }
    return {
        kind: make_pipeline(HypPreprocessor(method="snv"), network).fit(*spectra)
        for kind, network in networks.items()
    }


@pytest.fixture(scope="module")
def loaded_elsewhere(pipelines, spectra, run_python, tmp_path_factory):
    """The folder into which a fresh process wrote what the loaded pipelines gave."""
    folder = tmp_path_factory.mktemp("models")
    np.save(folder / "X.npy", spectra[0])
    for kind, pipeline in pipelines.items():
        joblib.dump(pipeline, folder / f"{kind}.joblib")
    methods = ",".join(method for of_kind in OUTPUTS.values() for method in of_kind)
    finished = run_python(LOAD_AND_APPLY, folder, methods)
    assert finished.returncode == 0, finished.stderr
    return folder


@pytest.mark.parametrize(
    ("kind", "method"), [(kind, method) for kind in KINDS for method in OUTPUTS[kind]]
)
def test_a_saved_pipeline_gives_the_same_bits_in_another_process(
    pipelines, spectra, loaded_elsewhere, kind, method
):
    there = np.load(loaded_elsewhere / f"{kind}-{method}.npy")
    here = getattr(pipelines[kind], method)(spectra[0])
    assert there.dtype == here.dtype and there.tobytes() == here.tobytes()


# The names of an unmixer's parameters alone take more room than its arrays.
@pytest.mark.parametrize("estimator", [n for n in NETWORKS if n is not SpectralUnmixer])
@pytest.mark.parametrize("n_bands", [40, 200])
def test_a_file_is_as_small_as_the_arrays_in_it(spectra_factory, tmp_path, estimator, n_bands):
    X, y = spectra_factory(n_bands=n_bands)
    network = estimator(max_epochs=1).fit(X, y)
    path = tmp_path / "model.joblib"
    joblib.dump(make_pipeline(HypPreprocessor(method="snv").fit(X), network), path)
    assert path.stat().st_size <= 3 * (network.parameters_.nbytes + network.statistics_.nbytes)
    assert path.stat().st_size <= 3 * network.parameters_.nbytes


@pytest.mark.parametrize("method", ["fit", "partial_fit", "warm_start"])
@pytest.mark.parametrize("estimator", NETWORKS)
def test_nothing_of_tensorflow_is_saved(spectra, estimator, method):
    network = estimator(max_epochs=1, warm_start=method == "warm_start")
    if method == "partial_fit":
        network.set_params(learning_rate_schedule="constant")
        classes = {"classes": [0, 1, 2]} if estimator is SpectralCNNClassifier else {}
        network.partial_fit(*spectra, **classes)
    else:
        network.fit(*spectra)
    words = [arg for _, arg, _ in pickletools.genops(pickle.dumps(network)) if isinstance(arg, str)]
    assert any(word.startswith("skhyp.") for word in words)
    assert not [word for word in words if word.startswith(("tensorflow", "keras"))]


OUR_TYPES = {
    "skhyp.autoencoder.SpectralAutoencoder",
    "skhyp.classifier.SpectralCNNClassifier",
    "skhyp.preprocessing.HypPreprocessor",
    "skhyp.regressor.SpectralCNNRegressor",
    "skhyp.unmixer.SpectralUnmixer",
}


@pytest.mark.parametrize("kind", KINDS)
def test_skops_needs_to_trust_no_types_but_ours(pipelines, spectra, tmp_path, kind):
    path = tmp_path / "model.skops"
    skops.io.dump(pipelines[kind], path)
    types = skops.io.get_untrusted_types(file=path)
    assert set(types) < OUR_TYPES and len(types) == 2
    loaded = skops.io.load(path, trusted=types)
    for method in OUTPUTS[kind]:
        expected = getattr(pipelines[kind], method)(spectra[0])
        assert np.array_equal(getattr(loaded, method)(spectra[0]), expected)


@pytest.mark.parametrize("method", ["savgol", "msc", "standardize", "continuum"])
def test_skops_keeps_all_of_a_preprocessor(spectra, method):
    columns = {f"{band}.5 nm": values for band, values in enumerate(spectra[0].T, start=400)}
    frame = pd.DataFrame(columns)
    preprocessor = HypPreprocessor(method=method, bands=[(419, 421)], nodata=np.nan).fit(frame)
    content = skops.io.dumps(preprocessor)
    loaded = skops.io.loads(content, trusted=["skhyp.preprocessing.HypPreprocessor"])
    assert np.array_equal(loaded.transform(frame), preprocessor.transform(frame))
    assert np.array_equal(loaded.get_feature_names_out(), preprocessor.get_feature_names_out())
    assert vars(loaded).keys() == vars(preprocessor).keys()


@pytest.mark.parametrize("estimator", NETWORKS)
def test_training_goes_on_from_what_skops_kept(spectra, estimator, tmp_path):
    callbacks = [CSVLogger(str(tmp_path / "losses.csv"))]
    network = estimator(max_epochs=2, warm_start=True, random_state=0, callbacks=callbacks)
    network.fit(*spectra)
    content = skops.io.dumps(network)
    types = skops.io.get_untrusted_types(data=content)
    assert set(types) == {
        f"{estimator.__module__}.{estimator.__name__}",
        f"{CSVLogger.__module__}.CSVLogger",
    }
    loaded = skops.io.loads(content, trusted=types)
    expected = network.fit(*spectra).parameters_
    assert np.array_equal(loaded.fit(*spectra).parameters_, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_memory_mapped_model_predicts(pipelines, spectra, tmp_path, kind):
    joblib.dump(pipelines[kind], tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(mapped[-1].parameters_, np.memmap)
    for method in OUTPUTS[kind]:
        expected = getattr(pipelines[kind], method)(spectra[0])
        assert np.array_equal(getattr(mapped, method)(spectra[0]), expected)


def test_a_memory_mapped_model_can_be_trained_further(spectra, tmp_path):
    network = SpectralAutoencoder(n_components=3, max_epochs=2, random_state=0)
    joblib.dump(network.partial_fit(spectra[0]), tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r").partial_fit(spectra[0])
    assert np.array_equal(mapped.parameters_, network.partial_fit(spectra[0]).parameters_)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_give_the_same(pipelines, spectra, kind, copied):
    twin = copied(pipelines[kind])
    for method in OUTPUTS[kind]:
        expected = getattr(pipelines[kind], method)(spectra[0])
        assert np.array_equal(getattr(twin, method)(spectra[0]), expected)


def test_a_deep_copy_is_independent(pipelines, spectra):
    twin = copy.deepcopy(pipelines["autoencoder"])
    codes = pipelines["autoencoder"].transform(spectra[0])
    twin[-1].parameters_ *= 2
    assert not np.array_equal(twin.transform(spectra[0]), codes)
    assert np.array_equal(pipelines["autoencoder"].transform(spectra[0]), codes)


@pytest.mark.parametrize(
    ("kind", "method"), [(kind, method) for kind in KINDS for method in PREDICTIONS[kind]]
)
def test_predicting_changes_nothing(pipelines, spectra, kind, method):
    network = pipelines[kind][-1]
    before, copied = dict(vars(network)), copy.deepcopy(vars(network))
    getattr(network, method)(*spectra if method == "score" else spectra[:1])
    assert list(vars(network)) == list(before)
    assert all(vars(network)[name] is value for name, value in before.items())
    assert pickle.dumps(vars(network)) == pickle.dumps(copied)


@pytest.mark.parametrize("estimator", NETWORKS)
def test_moments_are_kept_only_where_training_may_go_on(spectra, estimator):
    once = estimator(max_epochs=1).fit(*spectra)
    warm = estimator(max_epochs=1, warm_start=True).fit(*spectra)
    assert not hasattr(once, "_moments")
    assert warm._moments.shape == (2, once.parameters_.size)
