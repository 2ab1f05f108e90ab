"""One seed, one model; and nothing of the user's process is touched on the way."""

import functools
import hashlib
import json
import os
import random
import warnings

import numpy as np
import pytest

from skhyp import (
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)

# Several calls of several updates, in every kind of network.
SHORT = {"max_epochs": 12, "batch_size": 32, "learning_rate": 0.01}
MODELS = {
    "dense": (SpectralAutoencoder, {**SHORT, "hidden_layer_sizes": (12,), "n_components": 3}),
    "conv": (
        SpectralAutoencoder,
        {**SHORT, "architecture": "conv", "n_filters": (4, 4), "kernel_sizes": (9, 5)},
    ),
    "unmixer": (SpectralUnmixer, {**SHORT, "n_endmembers": 3}),
    "classifier": (SpectralCNNClassifier, {**SHORT, "n_filters": (4,), "kernel_sizes": 8}),
    "dropout": (
        SpectralCNNClassifier,
        {**SHORT, "n_filters": (4,), "kernel_sizes": 8, "dropout": 0.4},
    ),
    "regressor": (
        SpectralCNNRegressor,
        {**SHORT, "n_filters": (4,), "kernel_sizes": 8, "dropout": 0.4, "loss": "huber"},
    ),
}
IN_A_FRESH_PROCESS = """
import gc, hashlib, json, os, sys, warnings
import numpy as np
import skhyp
loaded = [name for name in sys.modules if name.split(".")[0] in ("tensorflow", "keras")]
environment, filters = dict(os.environ), list(warnings.filters)
data = np.load(sys.argv[1])
fingerprints = {}
for name, (estimator, parameters) in json.loads(sys.argv[2]).items():
    fitted = getattr(skhyp, estimator)(**parameters, random_state=0).fit(data["X"], data["y"])
    fingerprints[name] = hashlib.sha256(fitted.parameters_.tobytes()).hexdigest()
print(json.dumps({
    "loaded by import": loaded[:3],
    "loaded by use": "tensorflow" in sys.modules,
    "same environment": dict(os.environ) == environment,
    "same search for garbage": gc.isenabled(),
    # Packages that TensorFlow imports add filters for warnings of their own.
    "same filters": [f for f in warnings.filters if f in filters] == filters,
    "fingerprints": fingerprints,
}))
"""


def _fit(name, spectra, **parameters):
    estimator, given = MODELS[name]
    return estimator(**given | {"random_state": 0} | parameters).fit(*spectra)


@pytest.fixture(scope="module")
def fitted(spectra):
    """A function that gives the model of a name, fitted once."""
    return functools.cache(lambda name: _fit(name, spectra))


@pytest.fixture(scope="module")
def fresh_process(run_python, spectra, tmp_path_factory):
    """A process that imported skhyp and fitted all models: what it saw and wrote."""
    path = tmp_path_factory.mktemp("spectra") / "spectra.npz"
    np.savez(path, X=spectra[0], y=spectra[1])
    models = {name: (kind.__name__, parameters) for name, (kind, parameters) in MODELS.items()}
    finished = run_python(IN_A_FRESH_PROCESS, path, json.dumps(models))
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout), finished.stderr


@pytest.mark.parametrize("name", MODELS)
def test_one_seed_is_one_model(spectra, fitted, name):
    first, second = fitted(name), _fit(name, spectra)
    assert first.parameters_.dtype == np.float32
    assert np.array_equal(first.parameters_, second.parameters_)
    assert first.loss_curve_ == second.loss_curve_


@pytest.mark.parametrize("name", MODELS)
def test_one_seed_is_one_model_in_every_process(fresh_process, fitted, name):
    # Here other networks were trained before, and the spectra lie elsewhere in memory.
    seen, _ = fresh_process
    here = hashlib.sha256(fitted(name).parameters_.tobytes()).hexdigest()
    assert seen["fingerprints"][name] == here


@pytest.mark.parametrize("name", MODELS)
def test_another_seed_is_another_model(spectra, fitted, name):
    other = _fit(name, spectra, random_state=1)
    assert not np.allclose(fitted(name).parameters_, other.parameters_)


def test_no_seed_is_a_new_model_each_time(spectra):
    fitted = [_fit("dense", spectra, random_state=None) for _ in range(2)]
    assert not np.array_equal(fitted[0].parameters_, fitted[1].parameters_)


def test_dropout_depends_on_the_seed_alone(fitted):
    assert not np.array_equal(fitted("dropout").parameters_, fitted("classifier").parameters_)


def test_a_random_state_instance_advances(spectra):
    def two_fits():
        instance = np.random.RandomState(3)
        return [_fit("dense", spectra, random_state=instance).parameters_ for _ in range(2)]

    first, second = two_fits()
    assert not np.array_equal(first, second)
    assert all(map(np.array_equal, two_fits(), (first, second)))


@pytest.mark.parametrize("random_state", [0, None])
def test_python_s_generator_is_left_alone(spectra, random_state):
    before = random.getstate()
    _fit("dropout", spectra, random_state=random_state, early_stopping=True)
    assert random.getstate() == before


def test_numpy_s_generator_is_left_alone(spectra):
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    _fit("dropout", spectra, early_stopping=True).predict(spectra[0])
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert np.array_equal(before["state"]["key"], after["state"]["key"])
    assert before["state"]["pos"] == after["state"]["pos"]


def test_tensorflow_s_generator_is_left_alone(spectra):
    import tensorflow as tf

    def draws(between):
        tf.random.set_seed(7)
        first = tf.random.uniform((3,)).numpy()
        between()
        return np.r_[first, tf.random.uniform((3,)).numpy(), tf.random.normal((3,)).numpy()]

    expected = draws(lambda: None)
    for _ in range(2):  # so many units are used nowhere else: the first time, graphs are traced
        found = draws(lambda: _fit("dropout", spectra, dense_layer_sizes=(21,)).predict(spectra[0]))
        assert np.array_equal(found, expected)


def test_the_user_s_tensorflow_seed_does_not_matter(spectra):
    import tensorflow as tf

    fitted = []
    for seed in (1, 2):
        tf.random.set_seed(seed)
        fitted.append(_fit("dropout", spectra).parameters_)
    assert np.array_equal(*fitted)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_cutting_training_into_calls_changes_nothing(spectra, monkeypatch, name, early_stopping):
    from skhyp.graph import epochs

    run, n_calls, fitted = epochs.run_updates, [], []
    for seconds, first in ((0, 1), (1e9, 1000)):
        calls = []

        def counted(*arguments, calls=calls):
            calls.append(arguments)
            return run(*arguments)

        monkeypatch.setattr(epochs, "run_updates", counted)
        monkeypatch.setattr(epochs, "SECONDS_PER_CALL", seconds)
        monkeypatch.setattr(epochs, "FIRST_CALL_UPDATES", first)
        fitted.append(_fit(name, spectra, early_stopping=early_stopping))
        n_calls.append(len(calls))
    assert n_calls[0] >= 12 and n_calls[1] == (12 if early_stopping else 1)
    assert np.array_equal(fitted[0].parameters_, fitted[1].parameters_)
    assert fitted[0].loss_curve_ == fitted[1].loss_curve_


def test_environment_and_warnings_filters_are_left_alone(spectra):
    _fit("classifier", spectra)  # imports packages that add filters for warnings of their own
    before = dict(os.environ), list(warnings.filters)
    _fit("classifier", spectra).predict(spectra[0])
    assert (dict(os.environ), list(warnings.filters)) == before


def test_tensorflow_is_loaded_by_use_and_not_by_import(fresh_process):
    seen, _ = fresh_process
    assert seen["loaded by import"] == [] and seen["loaded by use"]


@pytest.mark.parametrize("what", ["environment", "filters", "search for garbage"])
def test_first_use_leaves_the_process_alone(fresh_process, what):
    seen, _ = fresh_process
    assert seen[f"same {what}"]


def test_first_use_writes_nothing(fresh_process):
    _, written = fresh_process
    assert written == ""
