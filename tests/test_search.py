"""Searches, folds and threads: one estimator many times, side by side."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.metrics import make_scorer, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)

IN_A_FORK = """
import json, multiprocessing, os
import numpy as np
from sklearn.base import clone
from skhyp import HypPreprocessor

X = np.random.default_rng(0).uniform(size=(100, 20)).astype("float32")
preprocessor = HypPreprocessor(method="l2").fit(X)
scaled = preprocessor.transform(X)

def clones():
    import skhyp, skhyp.scenes
    ok = clone(preprocessor).get_params() == preprocessor.get_params()
    os._exit(0 if ok else 1)

def transforms():
    os._exit(0 if np.array_equal(preprocessor.transform(X), scaled) else 1)

context, outcome = multiprocessing.get_context("fork"), {}
for task in (clones, transforms):
    child = context.Process(target=task)
    child.start()
    child.join(300)  # far longer than either takes
    outcome[task.__name__] = "hangs" if child.is_alive() else child.exitcode
    child.kill()
    child.join()
print(json.dumps(outcome))
"""


SMALL = {"n_filters": (4,), "kernel_sizes": 8, "dense_layer_sizes": (8,), "max_epochs": 15}


def _search(**options):
    pipeline = Pipeline(
        [
            ("preprocessor", HypPreprocessor()),
            ("classifier", SpectralCNNClassifier(random_state=0)),
        ]
    )
    pipeline.set_params(**{f"classifier__{name}": value for name, value in SMALL.items()})
    grid = {
        "preprocessor__method": ["minmax", "snv"],
        "classifier__learning_rate": [0.0003, 0.01],
    }
    return GridSearchCV(pipeline, grid, cv=2, error_score="raise", **options)


@pytest.fixture(scope="module")
def sequential(spectra):
    """The search, one fit after the other."""
    return _search(n_jobs=1).fit(*spectra)


def _assert_same_results(search, expected, X):
    names = [name for name in expected.cv_results_ if name.endswith("_test_score")]
    assert len(names) == 5
    for name in names:
        assert search.cv_results_[name].tolist() == expected.cv_results_[name].tolist()
    assert search.best_params_ == expected.best_params_
    assert np.array_equal(search.predict_proba(X), expected.predict_proba(X))


def test_a_search_finds_something(sequential):
    scores = sequential.cv_results_["mean_test_score"]
    assert scores.max() > 0.8 and np.ptp(scores) > 0
    assert sequential.best_params_["classifier__learning_rate"] == 0.01


def test_processes_find_what_one_process_finds(spectra, sequential):
    with joblib.parallel_config("loky"):
        search = _search(n_jobs=2).fit(*spectra)
    _assert_same_results(search, sequential, spectra[0])


def test_threads_find_what_one_thread_finds(spectra, sequential):
    with joblib.parallel_config("threading"):
        search = _search(n_jobs=2).fit(*spectra)
    _assert_same_results(search, sequential, spectra[0])


def test_a_search_over_losses_needs_no_scorer(spectra, small_autoencoder):
    grid = {"loss": ["csa", "sse"], "n_components": [1, 4]}
    autoencoder = SpectralAutoencoder(**small_autoencoder | {"hidden_layer_sizes": ()})
    search = GridSearchCV(autoencoder, grid, cv=2, error_score="raise").fit(spectra[0])
    assert (search.cv_results_["mean_test_score"] < 0).all()
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert search.transform(spectra[0]).shape == (120, search.best_params_["n_components"])


def _regressor_search(**options):
    regressor = SpectralCNNRegressor(**SMALL, quantile=0.7, random_state=0)
    grid = [
        {"loss": ["huber", "quantile"], "dense_layer_sizes": [()]},
        {"loss": ["quantile"], "dense_layer_sizes": [(8,)]},
    ]
    return GridSearchCV(regressor, grid, cv=2, error_score="raise", **options)


@pytest.fixture(scope="module")
def sequential_regressor(measured):
    """The search over regressors, one fit after the other."""
    return _regressor_search(n_jobs=1).fit(*measured)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_search_over_losses_and_sizes_of_a_regressor_is_the_same_side_by_side(
    measured, sequential_regressor, backend
):
    with joblib.parallel_config(backend):
        side_by_side = _regressor_search(n_jobs=2).fit(*measured)
    searches = sequential_regressor, side_by_side
    scores = [search.cv_results_["mean_test_score"].tolist() for search in searches]
    assert scores[0] == scores[1] and len(set(scores[0])) == 3
    found, expected = (search.predict(measured[0]) for search in searches)
    np.testing.assert_array_equal(found, expected)


def test_a_search_over_quantiles_traces_nothing_anew(measured, small_regressor):
    from skhyp.graph.compilation import trace_counts

    X, y = measured
    regressor = SpectralCNNRegressor(**small_regressor | {"max_epochs": 2}, loss="quantile")
    scorer = make_scorer(mean_pinball_loss, greater_is_better=False, alpha=0.9)
    regressor.fit(X[:60], y[:60]).predict(X[60:])
    before = trace_counts()
    search = GridSearchCV(
        regressor, {"quantile": [0.1, 0.5, 0.9]}, cv=2, scoring=scorer, refit=False
    )
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert trace_counts() == before
    assert len(set(scores)) == 3 and np.argmax(scores) == 2


def test_cross_validation_scores(spectra, measured, small_autoencoder, small_classifier):
    determinations = cross_val_score(
        SpectralCNNRegressor(**small_classifier | {"max_epochs": 40}), *measured, cv=3
    )
    assert 0.6 < determinations.min() <= determinations.max() < 1
    accuracies = cross_val_score(SpectralCNNClassifier(**small_classifier), *spectra, cv=3)
    angles = cross_val_score(SpectralAutoencoder(**small_autoencoder), spectra[0], cv=3)
    assert accuracies.min() > 0.8
    assert -0.5 < angles.min() <= angles.max() < 0


def test_threads_predict_side_by_side(spectra, fitted_classifier):
    rows = [spectra[0][start : start + 37] for start in range(0, 80, 4)]
    expected = [fitted_classifier.predict_proba(X) for X in rows]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(fitted_classifier.predict_proba, rows))
    assert all(map(np.array_equal, found, expected))


def test_threads_trace_one_graph_side_by_side(spectra):
    from skhyp.graph.compilation import trace_counts

    def fit(seed):
        parameters = {"hidden_layer_sizes": (17,), "n_components": 2, "max_epochs": 3}
        return SpectralAutoencoder(**parameters, random_state=seed).fit(spectra[0]).parameters_

    before = trace_counts().get("update_loop", 0)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(fit, range(6)))
    assert trace_counts()["update_loop"] == before + 1
    assert all(map(np.array_equal, found, map(fit, range(6))))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_after_use_does_not_hang_and_says_why_it_cannot_compute(run_forked):
    finished = run_forked(IN_A_FORK)
    assert finished.returncode == 0, finished.stderr
    outcome = json.loads(finished.stdout)
    assert outcome == {"clones": 0, "transforms": 1}
    assert "forked from one that had used TensorFlow" in finished.stderr
