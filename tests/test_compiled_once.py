"""A hundred fits in one process: nothing is compiled anew and nothing piles up."""

import gc
import os
import sys
from pathlib import Path

import pytest
from sklearn.base import clone

from skhyp import (
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)

# The first fit of each estimator, some more for allocators to settle, and all.
N_FIRST, N_WARM_UP, N_FITS = 4, 24, 112
MEGABYTE = 2**20
SMALL = {
    SpectralAutoencoder: {"hidden_layer_sizes": (9,), "n_components": 2, "max_epochs": 2},
    SpectralUnmixer: {"n_endmembers": 3, "max_epochs": 2},
    SpectralCNNClassifier: {
        "n_filters": (3,),
        "kernel_sizes": 5,
        "dense_layer_sizes": (7,),
        "max_epochs": 2,
    },
    SpectralCNNRegressor: {
        "n_filters": (3,),
        "kernel_sizes": 5,
        "dense_layer_sizes": (7,),
        "loss": "quantile",
        "max_epochs": 2,
    },
}


def _resident_bytes():
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _variation(estimator, i):
    """Return what a search may vary without changing the network, and how many rows it gets."""
    parameters = {
        "random_state": i,
        "learning_rate": 0.001 * (1 + i % 7),
        "weight_decay": 0.01 * (i % 3),
        "decay_rate": 0.5 + 0.1 * (i % 5),
        "learning_rate_schedule": ("constant", "cosine", "exponential")[i % 3],
        "shuffle": i % 4 > 0,
    }
    if estimator is SpectralUnmixer:
        parameters["volume_weight"] = 0.5 * (1 + i % 5)
    else:
        parameters["initializer"] = ("glorot", "he")[i % 2]
    if estimator is SpectralCNNClassifier:
        parameters["class_weight"] = (None, "balanced", {0: 1, 1: 1 + i, 2: 1})[i % 3]
    if estimator is SpectralCNNRegressor:
        parameters["quantile"] = 0.05 * (1 + i % 19)
    return parameters, 100 + i % 20


@pytest.fixture(scope="module")
def many_fits(spectra):
    """Trace counts and resident bytes after some of many fits, of each estimator in turn."""
    from skhyp.graph.compilation import trace_counts

    X, y = spectra
    estimators = [estimator(**parameters) for estimator, parameters in SMALL.items()]
    traces, resident = {}, {}
    for i in range(1, N_FITS + 1):
        estimator = estimators[i % len(estimators)]
        parameters, n_rows = _variation(type(estimator), i)
        fitted = clone(estimator).set_params(**parameters).fit(X[:n_rows], y[:n_rows])
        fitted.score(X[:n_rows], y[:n_rows])
        if i in (N_FIRST, N_WARM_UP, N_FITS):
            traces[i] = trace_counts()
            resident[i] = _resident_bytes() if sys.platform == "linux" else None
    return traces, resident


def test_nothing_is_traced_after_the_first_fit(many_fits):
    traces, _ = many_fits
    assert traces[N_FIRST]["update_loop"] > 0
    assert traces[N_WARM_UP] == traces[N_FITS] == traces[N_FIRST]


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_memory_does_not_grow(many_fits):
    _, resident = many_fits
    grown = resident[N_FITS] - resident[N_WARM_UP]
    assert grown < 10 * MEGABYTE, f"{grown / MEGABYTE:.1f} MB more"


def test_another_architecture_is_traced(spectra):
    from skhyp.graph.compilation import trace_counts

    before = trace_counts().get("update_loop", 0)
    for units in (13, 14, 13):
        SpectralAutoencoder(hidden_layer_sizes=(units,), max_epochs=1).fit(spectra[0])
    assert trace_counts()["update_loop"] == before + 2


@pytest.mark.parametrize("method", ["transform", "reconstruct"])
def test_any_number_of_rows_shares_a_graph(spectra, fitted_autoencoder, method):
    from skhyp.graph.compilation import trace_counts

    getattr(fitted_autoencoder, method)(spectra[0])
    before = trace_counts()
    for n_rows in (1, 2, 31, 33, 119):
        getattr(fitted_autoencoder, method)(spectra[0][:n_rows])
    assert trace_counts() == before
