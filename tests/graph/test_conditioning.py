"""What networks see of spectra: the same bits by a function that they share."""

from dataclasses import replace

import numpy as np
import pytest

from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.compilation import trace_counts
from skhyp.graph.conditioning import CHUNK_VALUES, apply_conditioning
from skhyp.graph.inference import apply_rows, rows_per_chunk
from skhyp.graph.parameters import vector_size
from skhyp.graph.regressors import ConvRegressor

LAYERS = {"n_filters": (3,), "kernel_sizes": (4,), "strides": (2,), "padding": "valid"}
AUTOENCODER = {
    "n_bands": 17,
    "n_components": 2,
    "activation": "relu",
    "latent_activation": "linear",
    "output_activation": "linear",
    "tied_weights": (False,),
    "skip_connections": False,
    "scaled": True,
    "dtype": "float32",
}
BODY = {
    "n_bands": 17,
    "dense_layer_sizes": (5,),
    "activation": "relu",
    "dropout": 0.0,
    "dtype": "float32",
    **LAYERS,
}
DENSE = DenseAutoencoder(hidden_layer_sizes=(), **AUTOENCODER)
CONV = ConvAutoencoder(**LAYERS, **AUTOENCODER)
CLASSIFIER = ConvClassifier(n_classes=3, views=("snv", "whitened", "bands"), **BODY)
REGRESSOR = ConvRegressor(n_targets=2, views=("snv", "slope", "curvature", "bands"), **BODY)
NETWORKS = {"dense": DENSE, "conv": CONV, "classifier": CLASSIFIER, "regressor": REGRESSOR}
FUNCTIONS = [
    *((network, "condition", {}) for network in NETWORKS.values()),
    (replace(DENSE, scaled=False), "condition", {}),
    (replace(CLASSIFIER, views=()), "condition", {}),
    (CLASSIFIER, "standard_normal_variate", {}),
    (REGRESSOR, "derivative", {"view": "slope"}),
]


def _statistics(network):
    rng = np.random.default_rng(0)
    return rng.uniform(0.5, 1.5, vector_size(network.statistics)).astype(network.dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("network", "function", "options"), FUNCTIONS)
def test_it_has_the_bits_of_the_network_s_own_function(network, function, options, dtype):
    network = replace(network, dtype=dtype)
    statistics = _statistics(network)
    X = np.random.default_rng(1).uniform(0, 1, (50, 17)).astype(dtype)
    parameters = np.zeros(vector_size(network.parameters), dtype)
    expected = apply_rows(network, function, parameters, statistics, X, **options)
    found = apply_conditioning(network, function, statistics, X, **options)
    np.testing.assert_array_equal(found, expected, strict=True)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_networks_of_other_layers_trace_nothing_anew(network):
    X = np.random.default_rng(1).uniform(0, 1, (50, 17)).astype("float32")
    expected = apply_conditioning(network, "condition", _statistics(network), X)
    before = trace_counts()
    for changes in ({"activation": "tanh"}, {"layers_dtype": "bfloat16"}):
        other = replace(network, **changes)
        found = apply_conditioning(other, "condition", _statistics(network), X)
        np.testing.assert_array_equal(found, expected)
    assert trace_counts() == before


@pytest.mark.parametrize("n_bands", [17, 200, 700, 3000, 20_000])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_its_chunks_are_those_of_the_network(network, n_bands):
    chunk_rows = rows_per_chunk(replace(network, n_bands=n_bands))
    assert rows_per_chunk(network.conditioning(CHUNK_VALUES // chunk_rows)) == chunk_rows
