"""The rule that chooses the kernels of a training: what it sees, and what it makes of it."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.convolutions import BLOCKS, PRODUCTS
from skhyp.graph.kernels import Kernels, choose_kernels
from skhyp.graph.parameters import vector_size
from skhyp.graph.training import TrainingData, TrainingState, Updates, run_updates
from skhyp.graph.updates import Objective

SHARED = {
    "n_bands": 103,
    "n_components": 3,
    "activation": "relu",
    "latent_activation": "linear",
    "output_activation": "linear",
    "skip_connections": False,
    "scaled": True,
    "dtype": "float32",
}
DENSE = DenseAutoencoder(hidden_layer_sizes=(50, 30, 10), tied_weights=(False,) * 4, **SHARED)
CONV = ConvAutoencoder(
    n_filters=(10, 10, 10),
    kernel_sizes=(20, 10, 10),
    strides=(1, 1, 1),
    padding="valid",
    tied_weights=(False,) * 3,
    **SHARED,
)
CLASSIFIER = ConvClassifier(
    n_bands=103,
    n_classes=9,
    views=("snv", "whitened", "bands"),
    n_filters=(16,),
    kernel_sizes=(16,),
    strides=(4,),
    padding="valid",
    dense_layer_sizes=(128,),
    activation="relu",
    dropout=0.0,
    dtype="float32",
)
DROPPING = replace(CLASSIFIER, dropout=0.3)
NETWORKS = {"dense": DENSE, "conv": CONV, "classifier": CLASSIFIER}
MANY = 100_000


def of_networks(**networks):
    return pytest.mark.parametrize("network", networks.values(), ids=networks)


@of_networks(**NETWORKS, dropping=DROPPING)
@pytest.mark.parametrize("n_updates", [0, 1, 100])
@pytest.mark.parametrize("batch_rows", [1, 32, 1000])
def test_a_few_updates_are_not_worth_compiling(network, batch_rows, n_updates):
    kernels = choose_kernels(network, batch_rows, n_updates)
    assert kernels.form == BLOCKS and not kernels.uses_xla


@of_networks(conv=CONV, classifier=CLASSIFIER)
def test_many_small_convolutional_updates_are_compiled_as_products(network):
    assert choose_kernels(network, 32, MANY) == Kernels(PRODUCTS, uses_xla=True, n_parts=2)


def test_many_small_dense_updates_are_compiled_and_large_ones_are_not():
    assert choose_kernels(DENSE, 64, MANY).uses_xla
    assert not choose_kernels(DENSE, 1000, MANY).uses_xla


@pytest.mark.parametrize("n_updates", [1, 1000, MANY, 10**9])
def test_large_batches_are_convolved_by_onednn_however_many_updates_there_are(n_updates):
    for network, batch_rows in [(CONV, 1000), (CLASSIFIER, 5000), (DROPPING, 5000)]:
        kernels = choose_kernels(network, batch_rows, n_updates)
        assert kernels == Kernels(BLOCKS, uses_xla=False, n_parts=1)


@of_networks(**NETWORKS)
@pytest.mark.parametrize("batch_rows", [32, 33, 1000])
def test_more_updates_never_speak_against_compiling(network, batch_rows):
    compiled = [choose_kernels(network, batch_rows, 2**i).uses_xla for i in range(30)]
    assert compiled == sorted(compiled)
    assert not compiled[0]


@pytest.mark.parametrize("n_updates", [1, MANY])
@pytest.mark.parametrize("batch_rows", [1, 31, 33, 999])
def test_an_odd_batch_is_not_cut(batch_rows, n_updates):
    for network in NETWORKS.values():
        assert choose_kernels(network, batch_rows, n_updates).n_parts == 1


@pytest.mark.parametrize("n_updates", [1, MANY])
def test_an_even_batch_of_a_dense_network_is_cut_in_two(n_updates):
    for batch_rows in (2, 32, 1000):
        assert choose_kernels(DENSE, batch_rows, n_updates).n_parts == 2


def test_a_batch_from_which_values_are_dropped_is_not_cut():
    # Of two parts, the second would draw what the first one draws.
    assert DROPPING.is_random and not CLASSIFIER.is_random
    kernels = choose_kernels(DROPPING, 32, MANY)
    assert kernels == choose_kernels(CLASSIFIER, 32, MANY)._replace(n_parts=1)
    assert kernels.uses_xla


def test_convolutions_by_onednn_are_not_cut():
    # They use all cores by themselves.
    assert choose_kernels(CONV, 32, 1).n_parts == 1


def test_parts_are_of_equal_size_and_kernels_are_hashable():
    for network, batch_rows, n_updates in product(
        [*NETWORKS.values(), DROPPING], (1, 2, 7, 32, 100, 1000), (1, 5000, MANY)
    ):
        kernels = choose_kernels(network, batch_rows, n_updates)
        assert batch_rows % kernels.n_parts == 0
        # Convolutions of XLA are slow, and products without it are.
        if network.has_convolutions:
            assert kernels.uses_xla == (kernels.form == PRODUCTS)
        assert hash(kernels) == hash(choose_kernels(replace(network), batch_rows, n_updates))


def _train(network, n_updates):
    parameters = np.zeros(vector_size(network.parameters), network.dtype)
    state = TrainingState.start(parameters, "sgd")
    data = TrainingData.of_arrays(
        np.ones((4, network.n_bands), np.float32), None, np.ones(4, np.float32), loss_scale=1.0
    )
    zeros = np.zeros(n_updates)
    seeds = np.zeros((n_updates, 2), np.int32)
    updates = Updates(np.zeros((n_updates, 2), np.int32), zeros, zeros, zeros, seeds)
    kernels = choose_kernels(network, 2, n_updates)
    return run_updates(Objective(network, "sse", "sgd"), state, data, updates, kernels)


def test_the_rule_does_not_remember_what_was_trained():
    def choose_all():
        return [
            choose_kernels(network, batch_rows, n_updates)
            for network in NETWORKS.values()
            for batch_rows in (32, 1000)
            for n_updates in (10, 2000, 3000, MANY)
        ]

    before = choose_all()
    assert len(set(before)) > 2
    _train(DENSE, 3)
    _train(replace(CONV, n_filters=(2,), kernel_sizes=(3,), strides=(1,), tied_weights=(False,)), 3)
    assert choose_all() == before
    assert choose_all()[::-1] == before[::-1]


@of_networks(**NETWORKS)
def test_precision_and_activation_do_not_change_the_kernels(network):
    other = replace(network, dtype="float64", activation="tanh")
    for batch_rows, n_updates in product((32, 1000), (10, 3000, MANY)):
        chosen = choose_kernels(network, batch_rows, n_updates)
        assert choose_kernels(other, batch_rows, n_updates) == chosen


def test_the_multiplications_of_a_network_are_those_of_its_layers():
    dense = 103 * 50 + 50 * 30 + 30 * 10 + 10 * 3
    assert DENSE.multiply_adds == 2 * dense
    convolutions = 84 * 20 * 10 + 75 * 10 * 100 + 66 * 10 * 100
    assert CONV.multiply_adds == 2 * (convolutions + 660 * 3)
    assert CLASSIFIER.multiply_adds == 22 * 16 * 3 * 16 + 352 * 128 + 128 * 9
    # A tied layer computes like any other.
    assert replace(DENSE, tied_weights=(True,) * 4).multiply_adds == DENSE.multiply_adds
    assert replace(CONV, tied_weights=(True,) * 3).multiply_adds == CONV.multiply_adds


def test_only_dropout_is_random_and_only_a_dense_autoencoder_has_no_convolutions():
    assert [n.is_random for n in (DENSE, CONV, CLASSIFIER, DROPPING)] == [False, False, False, True]
    assert [n.has_convolutions for n in (DENSE, CONV, CLASSIFIER)] == [False, True, True]
