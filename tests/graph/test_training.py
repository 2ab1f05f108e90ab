"""Compiled training against a plain loop, and what must not change its result."""

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from skhyp.graph import epochs as epochs_module
from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.compilation import trace_counts
from skhyp.graph.convolutions import BLOCKS, DIRECT, PRODUCTS
from skhyp.graph.epochs import Epochs, TrainingDivergedError, run_epochs
from skhyp.graph.kernels import Kernels
from skhyp.graph.layers import Layers
from skhyp.graph.losses import LOSSES
from skhyp.graph.milestones import Milestone
from skhyp.graph.parameters import initial_vector, split
from skhyp.graph.training import (
    TrainingData,
    TrainingState,
    Updates,
    batch_order,
    mean_loss,
    rows_per_batch,
    run_updates,
)
from skhyp.graph.updates import (
    EVALUATION_ROWS,
    GROUP_UPDATES,
    GROUP_VALUES,
    Objective,
    updates_per_group,
)

ONE_BY_ONE = Kernels(BLOCKS, uses_xla=False, n_parts=1)
IN_TWO_PARTS = ONE_BY_ONE._replace(n_parts=2)
WITH_XLA = Kernels(PRODUCTS, uses_xla=True, n_parts=2)
KERNELS = {
    "direct": ONE_BY_ONE._replace(form=DIRECT),
    "blocks": ONE_BY_ONE,
    "two parts": IN_TWO_PARTS,
    "XLA": WITH_XLA,
}
DENSE = DenseAutoencoder(
    n_bands=7,
    hidden_layer_sizes=(5,),
    n_components=2,
    activation="tanh",
    latent_activation="linear",
    output_activation="softplus",
    tied_weights=(True, False),
    skip_connections=False,
    scaled=False,
    dtype="float64",
)
CONV = ConvAutoencoder(
    n_bands=12,
    n_components=2,
    n_filters=(3,),
    kernel_sizes=(4,),
    strides=(2,),
    padding="same",
    activation="relu",
    latent_activation="linear",
    output_activation="linear",
    tied_weights=(False,),
    skip_connections=False,
    scaled=False,
    dtype="float64",
)
CLASSIFIER = ConvClassifier(
    n_bands=12,
    n_classes=4,
    views=(),
    n_filters=(3,),
    kernel_sizes=(4,),
    strides=(1,),
    padding="valid",
    dense_layer_sizes=(6,),
    activation="relu",
    dropout=0.0,
    dtype="float64",
)
EPOCHS = Epochs(
    n_epochs=6,
    first_epoch=0,
    n_epochs_planned=6,
    batch_size=32,
    shuffle=True,
    seed=5,
    weight_decay=0.0,
    epsilon=1e-8,
    schedule="constant",
    learning_rate=0.01,
    decay_steps=1,
    decay_rate=1.0,
    boundaries=(),
    values=(),
)


def _state(objective, seed=0):
    network = objective.network
    vector = initial_vector(
        network.parameters,
        np.random.default_rng(seed),
        initializer="glorot",
        initializer_std=0.1,
        dtype=network.dtype,
    )
    return TrainingState.start(vector, objective.optimizer)


def _data(network, n=50, weights=None, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.1, 1, (n, network.n_bands)).astype(network.dtype)
    weights = tf.constant(np.ones(n) if weights is None else weights, network.dtype)
    if isinstance(network, ConvClassifier):
        targets = rng.integers(0, network.n_classes, n).astype(np.int32)
        return TrainingData(tf.constant(X[:, :, None]), tf.constant(targets), weights)
    return TrainingData(tf.constant(X), None, weights)


def _updates(order, rate=0.01, decay=0.0):
    order = np.asarray(order, np.int32)
    n = len(order)
    return Updates(
        order=order,
        step_sizes=np.linspace(rate, rate / 2, n),
        decays=np.full(n, decay),
        epsilons=np.geomspace(1e-8, 1e-2, n),
        seeds=np.stack([np.full(n, 3), np.arange(n)], axis=1).astype(np.int32),
    )


def _random_order(n_updates, batch_rows, n_rows=50, seed=2):
    return np.random.default_rng(seed).integers(0, n_rows, (n_updates, batch_rows))


def _part(updates, start, stop):
    return Updates(*(values[start:stop] for values in updates))


def _loss_and_gradient(objective, parameters, data, rows):
    """The weighted mean loss of a batch and its gradient, without compiling."""
    network = objective.network
    vector = tf.constant(parameters)
    x = tf.gather(data.spectra, rows)
    target = x if data.targets is None else tf.gather(data.targets, rows)
    with tf.GradientTape() as tape:
        tape.watch(vector)
        named, start = {}, 0
        for p in network.parameters:
            named[p.name] = tf.reshape(vector[start : start + p.size], p.shape)
            start += p.size
        output = network.output(Layers(named, DIRECT), x)
        losses = LOSSES[objective.loss](target, output)
        loss = tf.reduce_mean(tf.gather(data.weights, rows) * losses)
    return loss.numpy(), tape.gradient(loss, vector).numpy()


# A batch takes 25 ms by hand: enough of them for moments to matter, and no more.
N_BY_HAND = 6


@lru_cache(maxsize=1)
def _trained_by_hand(objective, n_updates, decay, is_weighted):
    """A training that several kernels are compared with: data, updates, and what comes of them."""
    weights = np.random.default_rng(4).uniform(0, 2, 50) if is_weighted else None
    data = _data(objective.network, weights=weights)
    updates = _updates(_random_order(n_updates, 8), decay=decay)
    return data, updates, _train_by_hand(objective, _state(objective), data, updates)


def _train_by_hand(objective, state, data, updates):
    """A plain loop; the step sizes hold Adam's correction already."""
    parameters = state.parameters.copy()
    m, v = np.zeros((2, len(parameters)))
    kernels = np.concatenate(
        [np.full(p.size, len(p.shape) > 1) for p in objective.network.parameters]
    )
    losses = []
    for rows, step_size, decay, epsilon, _ in zip(*updates, strict=True):
        loss, gradient = _loss_and_gradient(objective, parameters, data, rows[rows >= 0])
        losses.append(loss)
        parameters[kernels] *= 1 - decay
        if objective.optimizer == "sgd":
            parameters -= step_size * gradient
        else:
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient**2
            parameters -= step_size * m / (np.sqrt(v) + epsilon)
    return parameters, (m, v), losses


def _assert_is_a_plain_loop(
    objective, kernels, rtol=1e-8, *, decay, n_updates=N_BY_HAND, is_weighted=False
):
    by_hand = _trained_by_hand(objective, n_updates, decay, is_weighted)
    data, updates, (expected, moments, losses) = by_hand
    found, found_losses = run_updates(objective, _state(objective), data, updates, kernels)
    np.testing.assert_allclose(found.parameters, expected, rtol=rtol, atol=rtol / 100)
    np.testing.assert_allclose(found_losses, losses, rtol=1e-9)
    assert found.n_updates == len(updates.order)
    if objective.optimizer == "adam":
        np.testing.assert_allclose(found.moments, moments, rtol=1e-6, atol=1e-12)
    else:
        assert found.moments.shape == (0, len(expected))
    assert losses[-1] != losses[0]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize(
    ("loss", "decay"), [("sse", 0.0), ("sse", 0.02), ("csa", 0.02), ("sa", 0.02), ("sid", 0.02)]
)
def test_training_is_a_plain_loop_of_updates(optimizer, decay, loss):
    objective = Objective(DENSE, loss, optimizer)
    _assert_is_a_plain_loop(objective, ONE_BY_ONE, decay=decay, is_weighted=True)


@pytest.mark.parametrize("kernels", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize(("loss", "optimizer"), [("sse", "adam"), ("sa", "sgd")])
def test_all_kernels_make_the_updates_of_the_plain_loop(loss, optimizer, kernels):
    objective = Objective(DENSE, loss, optimizer)
    _assert_is_a_plain_loop(objective, kernels, decay=0.02, is_weighted=True)


@pytest.mark.parametrize("kernels", KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("network", [CONV, CLASSIFIER], ids=["conv", "classifier"])
def test_convolutional_networks_are_trained_by_the_same_loop(network, kernels):
    objective = Objective(network, "sse" if network is CONV else "cross_entropy", "adam")
    _assert_is_a_plain_loop(objective, kernels, rtol=1e-7, decay=0.01)


def test_xla_trains_tied_layers_with_skip_connections_by_the_same_loop():
    ties = {"tied_weights": (True, False), "skip_connections": True}
    network = replace(CONV, n_filters=(3, 2), kernel_sizes=(4, 3), strides=(2, 1), **ties)
    objective = Objective(network, "csa", "adam")
    _assert_is_a_plain_loop(objective, WITH_XLA, rtol=1e-7, decay=0.01)


def test_updates_beyond_a_group_of_xla_are_the_next_ones_of_the_plain_loop():
    n_updates = 2 * GROUP_UPDATES + 1
    assert updates_per_group(DENSE, 8) == GROUP_UPDATES
    objective = Objective(DENSE, "sse", "adam")
    _assert_is_a_plain_loop(objective, WITH_XLA, decay=0.001, n_updates=n_updates)


@pytest.mark.parametrize("kernels", KERNELS.values(), ids=KERNELS)
def test_balanced_batches_weight_rows_by_how_rare_their_class_is_in_the_batch(kernels):
    data = _data(CLASSIFIER)
    rows = np.array([[4, 9, 2, 30, 31, 32, -1, -1]])
    classes = data.targets.numpy()[rows[0, :6]]
    counts = np.bincount(classes, minlength=4) + 1
    assert counts.min() < counts.max()
    weighted = _data(CLASSIFIER, weights=(counts.max() / counts)[data.targets.numpy()])
    plain = Objective(CLASSIFIER, "cross_entropy", "sgd")
    balanced = plain._replace(balance_batches=True)
    state, updates = _state(plain), _updates(rows)
    expected, expected_loss = run_updates(plain, state, weighted, updates, ONE_BY_ONE)
    found, loss = run_updates(balanced, state, data, updates, kernels)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=1e-10)


@pytest.mark.parametrize("kernels", [ONE_BY_ONE, WITH_XLA], ids=["one by one", "XLA"])
def test_decay_shrinks_kernels_and_leaves_biases(kernels):
    objective = Objective(DENSE, "sa", "sgd")
    state, data = _state(objective), _data(DENSE)
    state = state._replace(parameters=state.parameters + 0.5)
    updates = _updates(np.arange(16).reshape(2, 8), decay=0.1)._replace(step_sizes=np.zeros(2))
    decayed, _ = run_updates(objective, state, data, updates, kernels)
    found = split(decayed.parameters, DENSE.parameters)
    before = split(state.parameters, DENSE.parameters)
    for name, values in before.items():
        factor = 0.9**2 if name.endswith("kernel") else 1
        np.testing.assert_allclose(found[name], factor * values, rtol=1e-12)


@pytest.mark.parametrize("kernels", KERNELS.values(), ids=KERNELS)
def test_rows_that_pad_a_batch_change_nothing(kernels):
    # The second part of the batch is nothing but padding.
    objective = Objective(DENSE, "sa", "sgd")
    state, data = _state(objective), _data(DENSE)
    exact, losses = run_updates(objective, state, data, _updates([[7, 8, 9]]), ONE_BY_ONE)
    updates = _updates([[7, 8, 9, -1, -1, -1, -1, -1]])
    padded, its_losses = run_updates(objective, state, data, updates, kernels)
    np.testing.assert_allclose(padded.parameters, exact.parameters, rtol=1e-9)
    np.testing.assert_allclose(its_losses, losses, rtol=1e-12)


@pytest.mark.parametrize("network", [DENSE, CLASSIFIER], ids=["dense", "classifier"])
@pytest.mark.parametrize(
    ("dtype", "kernels"),
    [
        ("float32", ONE_BY_ONE),
        ("float64", ONE_BY_ONE),
        ("float32", IN_TWO_PARTS),
        ("float32", WITH_XLA),
    ],
    ids=["float32", "float64", "two parts", "XLA"],
)
def test_what_rows_of_no_weight_hold_changes_no_bit(network, dtype, kernels):
    network = replace(network, dtype=dtype)
    loss = "sa" if isinstance(network, DenseAutoencoder) else "cross_entropy"
    objective, weights = Objective(network, loss, "adam"), np.ones(50)
    weights[::5] = 0
    data = _data(network, weights=weights)
    X = data.spectra.numpy()
    X[::5] = 17.0
    others = data._replace(spectra=tf.constant(X))
    updates = _updates(batch_order(np.arange(50), 8))
    found, losses = run_updates(objective, _state(objective), data, updates, kernels)
    same, same_losses = run_updates(objective, _state(objective), others, updates, kernels)
    np.testing.assert_array_equal(found.parameters, same.parameters)
    np.testing.assert_array_equal(losses, same_losses)


DROPPING = replace(CLASSIFIER, dropout=0.5)
# Of parts of a batch, each would drop what the others drop.
XLA_OF_ONE_PART = WITH_XLA._replace(n_parts=1)


def _assert_cutting_changes_no_bit(objective, kernels, cuts):
    data, n_updates = _data(objective.network), cuts[-1]
    updates = _updates(_random_order(n_updates, 8), decay=0.001)
    whole, losses = run_updates(objective, _state(objective), data, updates, kernels)
    state, parts = _state(objective), []
    for start, stop in pairwise([0, *cuts]):
        part_of_them = _part(updates, start, stop)
        state, part = run_updates(objective, state, data, part_of_them, kernels)
        parts.append(part)
    np.testing.assert_array_equal(state.parameters, whole.parameters)
    np.testing.assert_array_equal(state.moments, whole.moments)
    np.testing.assert_array_equal(np.concatenate(parts), losses)
    assert np.any(whole.parameters != _state(objective).parameters)
    assert state.n_updates == whole.n_updates == n_updates


@pytest.mark.parametrize(("optimizer", "dtype"), [("adam", "float32"), ("sgd", "float64")])
@pytest.mark.parametrize(
    ("network", "kernels"),
    [(DENSE, ONE_BY_ONE), (DENSE, IN_TWO_PARTS), (CONV, ONE_BY_ONE), (DROPPING, ONE_BY_ONE)],
    ids=["dense", "dense in two parts", "conv", "classifier with dropout"],
)
def test_cutting_the_updates_into_calls_changes_no_bit(network, kernels, optimizer, dtype):
    network = replace(network, dtype=dtype)
    loss = "cross_entropy" if isinstance(network, ConvClassifier) else "sid"
    _assert_cutting_changes_no_bit(Objective(network, loss, optimizer), kernels, [1, 12, 13, 30])


@pytest.mark.parametrize(
    ("network", "loss", "optimizer", "kernels"),
    [
        (replace(DENSE, dtype="float32"), "sa", "adam", WITH_XLA),
        (DENSE, "sa", "sgd", WITH_XLA),
        (CONV, "sse", "adam", WITH_XLA),
        (DROPPING, "cross_entropy", "adam", XLA_OF_ONE_PART),
    ],
    ids=["single precision", "sgd", "conv", "classifier with dropout"],
)
def test_cutting_updates_across_the_groups_of_xla_changes_no_bit(network, loss, optimizer, kernels):
    # A call's last group is padded: here groups of every length, cut at any update.
    cuts = [1, GROUP_UPDATES - 1, GROUP_UPDATES + 8, 2 * GROUP_UPDATES + 8, 2 * GROUP_UPDATES + 9]
    _assert_cutting_changes_no_bit(Objective(network, loss, optimizer), kernels, cuts)


@pytest.mark.parametrize("n_updates", [1, 31, 32, 33])
def test_padding_a_group_repeats_nothing_and_adds_updates_that_are_never_made(n_updates):
    updates = _updates(_random_order(n_updates, 8), decay=0.1)
    padded = updates.padded(32)
    assert len(padded.order) == {1: 32, 31: 32, 32: 32, 33: 64}[n_updates]
    for values, its_values in zip(updates, padded, strict=True):
        assert its_values.dtype == values.dtype and len(its_values) == len(padded.order)
        np.testing.assert_array_equal(its_values[:n_updates], values)


def test_a_group_of_xla_holds_a_bounded_number_of_values():
    wide, huge = replace(DENSE, n_bands=2000), replace(DENSE, n_bands=10**6)
    assert updates_per_group(DENSE, 1) == updates_per_group(DENSE, 1000) == GROUP_UPDATES
    assert updates_per_group(wide, 1000) == GROUP_VALUES // 2_000_000
    assert updates_per_group(huge, 1000) == 1
    assert updates_per_group(replace(CLASSIFIER, n_bands=2000), 1000) == 2


def test_dropout_follows_the_seed_of_each_update():
    objective = Objective(DROPPING, "cross_entropy", "sgd")
    data, updates = _data(CLASSIFIER), _updates([[0, 1, 2, 3]])
    found, _ = run_updates(objective, _state(objective), data, updates, ONE_BY_ONE)
    again, _ = run_updates(objective, _state(objective), data, updates, ONE_BY_ONE)
    other = updates._replace(seeds=updates.seeds + 1)
    different, _ = run_updates(objective, _state(objective), data, other, ONE_BY_ONE)
    np.testing.assert_array_equal(found.parameters, again.parameters)
    assert np.any(found.parameters != different.parameters)


def test_xla_drops_what_is_dropped_without_it():
    objective, data = Objective(DROPPING, "cross_entropy", "adam"), _data(CLASSIFIER)
    updates = _updates(_random_order(20, 8))
    expected, losses = run_updates(objective, _state(objective), data, updates, ONE_BY_ONE)
    found, its_losses = run_updates(objective, _state(objective), data, updates, XLA_OF_ONE_PART)
    np.testing.assert_allclose(its_losses, losses, rtol=1e-9)
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=1e-7, atol=1e-9)
    undropped = objective._replace(network=CLASSIFIER)
    different, _ = run_updates(undropped, _state(objective), data, updates, ONE_BY_ONE)
    assert np.abs(found.parameters - different.parameters).max() > 1e-3


class _CountsItsTraces(DenseAutoencoder):
    n_traces = 0

    def output(self, layers, x, seed=None):
        _CountsItsTraces.n_traces += 1
        return super().output(layers, x, seed)


def _nearly_the_identity():
    """A network with the state in which its output is the input but for rounding and a gain."""
    network = replace(DENSE, hidden_layer_sizes=(), tied_weights=(False,), n_components=7)
    network = replace(network, output_activation="linear", dtype="float32")
    noise = 1e-5 * np.random.default_rng(0).standard_normal((7, 7))
    kernels = {"encoder_1_kernel": np.eye(7), "decoder_1_kernel": 1.7 * np.eye(7) + noise}
    parts = [kernels.get(p.name, np.zeros(p.shape)).ravel() for p in network.parameters]
    state = TrainingState.start(np.concatenate(parts).astype(np.float32), "adam")
    return _CountsItsTraces(**vars(network)), state


@pytest.fixture(scope="module", params=KERNELS.values(), ids=KERNELS)
def learned_batch(request):
    """Updates by a batch that is learned: the state before, after, and after one that decays."""
    network, state = _nearly_the_identity()
    objective, data = Objective(network, "csa", "adam"), _data(network)
    before = _CountsItsTraces.n_traces
    updates = _updates([[0, 1, 2, 3]] * 3)
    found, losses = run_updates(objective, state, data, updates, request.param)
    updates = _updates([[0, 1, 2, 3]], decay=0.5)
    decayed, _ = run_updates(objective, state, data, updates, request.param)
    return SimpleNamespace(
        before=state.parameters,
        after=found.parameters,
        decayed=decayed.parameters,
        losses=losses,
        n_traces=_CountsItsTraces.n_traces - before,
    )


def test_a_batch_that_is_learned_moves_the_parameters_by_decay_alone(learned_batch):
    # Adam would make full steps of a gradient that is nothing but rounding.
    assert np.all(learned_batch.losses > 0) and np.all(learned_batch.losses < 1e-7)
    np.testing.assert_array_equal(learned_batch.after, learned_batch.before)
    np.testing.assert_array_equal(learned_batch.decayed, learned_batch.before / 2)


def test_the_parts_of_a_batch_share_one_trace(learned_batch):
    assert learned_batch.n_traces == 1


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "expected"),
    [
        (1, 1, 1),
        (1, 100, 32),
        (33, 100, 64),
        (64, 100, 64),
        (65, 100, 100),
        (5000, 100, 100),
        (5000, 7000, 7000),
        (4097, 10_000, 8192),
    ],
)
def test_a_batch_has_few_different_numbers_of_rows(n_rows, batch_size, expected):
    assert rows_per_batch(n_rows, batch_size) == expected


@pytest.mark.parametrize("n_rows", [1, 31, 32, 33, 100])
def test_batches_hold_each_row_once_in_order_and_padding_last(n_rows):
    order = np.random.default_rng(0).permutation(n_rows)
    batches = batch_order(order, 32)
    assert batches.dtype == np.int32 and batches.shape == (-(-n_rows // 32), 32)
    np.testing.assert_array_equal(batches.ravel()[:n_rows], order)
    assert np.all(batches.ravel()[n_rows:] == -1)


@pytest.mark.parametrize("n", [1, 50, EVALUATION_ROWS, EVALUATION_ROWS + 1, 2500])
@pytest.mark.parametrize("loss", ["cross_entropy", "sse"])
def test_the_mean_loss_is_the_weighted_mean_over_the_rows(n, loss):
    # Nothing is dropped here, whatever the rate in training.
    network = DENSE if loss == "sse" else replace(CLASSIFIER, dropout=0.9)
    objective = Objective(network, loss, "adam")
    weights = np.random.default_rng(0).uniform(0, 2, n)
    data, vector = _data(network, n, weights), _state(objective).parameters
    named = {k: tf.constant(v) for k, v in split(vector, network.parameters).items()}
    output = network.output(Layers(named), data.spectra).numpy()
    if loss == "sse":
        losses = np.sum((data.spectra.numpy() - output) ** 2, axis=1)
    else:
        losses = -log_softmax(output, axis=1)[np.arange(n), data.targets.numpy()]
    found = mean_loss(objective, vector, data)
    assert found == pytest.approx(np.average(losses, weights=weights), rel=1e-10)


def _ignore(*_):
    """Report to nobody."""


def _run(objective, epochs, data=None, state=None, **options):
    data = _data(objective.network) if data is None else data
    state = _state(objective) if state is None else state
    start = Milestone(state)
    result = run_epochs(objective, start, data, epochs, **{"report": _ignore, **options})
    return SimpleNamespace(
        state=result.reached.learned,
        loss_curve=list(result.reached.losses),
        validation_loss_curve=list(result.reached.validation_losses),
        was_interrupted=result.was_interrupted,
    )


SSE = Objective(DENSE, "sse", "adam")


def test_data_of_other_lengths_and_other_rates_trace_nothing_anew():
    network = replace(DENSE, n_bands=8)  # of this test alone
    objective, before = SSE._replace(network=network), trace_counts().get("update_loop", 0)
    _run(objective, EPOCHS, _data(network, 64))  # two full batches
    assert trace_counts()["update_loop"] == before + 1
    for n in (65, 95, 200):
        _run(objective, EPOCHS, _data(network, n))
    _run(objective, replace(EPOCHS, learning_rate=0.5, weight_decay=0.1, seed=9, n_epochs=3))
    assert trace_counts()["update_loop"] == before + 1
    _run(objective, replace(EPOCHS, batch_size=16), _data(network, 64))
    assert trace_counts()["update_loop"] == before + 2


def test_updates_are_padded_by_updates_of_no_rows():
    updates = _updates([[4, 2], [7, -1], [0, 1]])
    padded = updates.padded(4)
    np.testing.assert_array_equal(padded.order, [[4, 2], [7, -1], [0, 1], [-1, -1]])
    assert {len(values) for values in padded} == {4} and padded.step_sizes[3] == 0
    assert updates.padded(3) is updates


def test_xla_compiles_once_whatever_the_numbers_of_rows_and_updates(report_of_a_process):
    # Only the last run has batches of another size.
    n_traced_and_compiled = report_of_a_process["compiled by XLA"]
    assert n_traced_and_compiled == [[1, 1], [1, 1], [1, 1], [1, 1], [2, 2]]


def _updates_of(epochs, n_rows, first, n_epochs, n_updates, objective=SSE):
    order = epochs.order(n_rows, first, n_epochs)
    return epochs.updates(objective, order, n_updates, len(order) // n_epochs)


def test_the_order_of_an_epoch_is_a_function_of_seed_and_epoch_alone():
    together = _updates_of(EPOCHS, 50, 0, 5, 0)
    alone = _updates_of(EPOCHS, 50, 3, 1, 6)
    n_batches = 2
    np.testing.assert_array_equal(together.order[3 * n_batches : 4 * n_batches], alone.order)
    np.testing.assert_array_equal(together.seeds[6:8], alone.seeds)
    np.testing.assert_array_equal(together.step_sizes[6:8], alone.step_sizes)
    other_seed = _updates_of(replace(EPOCHS, seed=6), 50, 3, 1, 6)
    assert np.any(other_seed.order != alone.order) and np.any(other_seed.seeds != alone.seeds)
    assert np.any(together.order[:2] != together.order[2:4])


def test_every_epoch_visits_every_row_once():
    order = EPOCHS.order(50, 2, 3)
    assert order.shape == (6, 32)
    for epoch in order.reshape(3, 64):
        assert sorted(epoch[epoch >= 0]) == list(range(50))


def test_without_shuffling_rows_come_in_order():
    order = replace(EPOCHS, shuffle=False).order(50, 2, 1)
    np.testing.assert_array_equal(order.ravel()[:50], np.arange(50))


def test_decay_follows_the_schedule_of_the_rate():
    epochs = replace(EPOCHS, schedule="cosine", weight_decay=0.1)
    updates = _updates_of(epochs, 50, 0, 6, 0, SSE._replace(optimizer="sgd"))
    expected = 0.01 * 0.5 * (1 + np.cos(np.pi * np.arange(12) / 12))
    np.testing.assert_allclose(updates.step_sizes, expected, rtol=1e-12)
    np.testing.assert_allclose(updates.decays, 0.1 * expected, rtol=1e-12)


@pytest.mark.parametrize("schedule", ["constant", "exponential", "cosine"])
def test_training_cut_in_two_is_training_in_one_go(schedule):
    epochs = replace(EPOCHS, schedule=schedule, decay_rate=0.9, weight_decay=0.01)
    whole = _run(SSE, epochs)
    first = _run(SSE, replace(epochs, n_epochs=2))
    second = _run(SSE, replace(epochs, n_epochs=4, first_epoch=2), state=first.state)
    np.testing.assert_array_equal(second.state.parameters, whole.state.parameters)
    assert first.loss_curve + second.loss_curve == whole.loss_curve
    assert second.state.n_updates == whole.state.n_updates == 12


def test_an_epoch_is_run_by_the_kernels_that_the_rule_names(monkeypatch):
    asked, calls = [], _count_calls(monkeypatch)

    def rule(*arguments):
        asked.append(arguments)
        return IN_TWO_PARTS

    monkeypatch.setattr(epochs_module, "choose_kernels", rule)
    first = _run(SSE, replace(EPOCHS, n_epochs=2))
    _run(SSE, replace(EPOCHS, n_epochs=4, first_epoch=2), state=first.state)
    # 50 rows are two batches of 32. Training that is continued counts from its first update.
    assert asked == [(DENSE, 32, 4), (DENSE, 32, 12)]
    assert {arguments[4] for arguments in calls} == {IN_TWO_PARTS}


def test_epochs_by_xla_are_those_of_one_update_after_the_other(monkeypatch):
    found = []
    for kernels, updates_per_call in [(ONE_BY_ONE, 1000), (WITH_XLA, 1000), (WITH_XLA, 3)]:
        monkeypatch.setattr(epochs_module, "choose_kernels", lambda *_, chosen=kernels: chosen)
        monkeypatch.setattr(epochs_module, "FIRST_CALL_UPDATES", updates_per_call)
        monkeypatch.setattr(epochs_module.Pace, "learn", lambda *_: None)
        found.append(_run(SSE, replace(EPOCHS, n_epochs=20)))
    one_by_one, whole, cut = found
    np.testing.assert_allclose(whole.state.parameters, one_by_one.state.parameters, rtol=1e-7)
    np.testing.assert_allclose(whole.loss_curve, one_by_one.loss_curve, rtol=1e-9)
    np.testing.assert_array_equal(cut.state.parameters, whole.state.parameters)
    assert cut.loss_curve == whole.loss_curve


@pytest.mark.parametrize("updates_per_call", [1, 3, 1000])
def test_how_many_updates_a_call_makes_changes_no_bit(monkeypatch, updates_per_call):
    calls = _count_calls(monkeypatch)
    whole = _run(SSE, replace(EPOCHS, n_epochs=20))
    n_calls = len(calls)
    monkeypatch.setattr(epochs_module, "FIRST_CALL_UPDATES", updates_per_call)
    monkeypatch.setattr(epochs_module.Pace, "learn", lambda *_: None)
    found = _run(SSE, replace(EPOCHS, n_epochs=20))
    np.testing.assert_array_equal(found.state.parameters, whole.state.parameters)
    assert found.loss_curve == whole.loss_curve and len(whole.loss_curve) == 20
    # An epoch is two updates here, so that calls of three hold one epoch, and of one, half of it.
    assert len(calls) - n_calls == {1: 40, 3: 20, 1000: 1}[updates_per_call]


def _count_calls(monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return run_updates(*arguments)

    monkeypatch.setattr(epochs_module, "run_updates", counted)
    return calls


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows():
    # With steps of size zero every row is evaluated by the same parameters.
    result = _run(SSE, replace(EPOCHS, learning_rate=0.0, n_epochs=3))
    expected = mean_loss(SSE, _state(SSE).parameters, _data(DENSE))
    np.testing.assert_allclose(result.loss_curve, [expected] * 3, rtol=1e-12)
    assert result.validation_loss_curve == [] and not result.was_interrupted


def test_training_lowers_the_loss():
    losses = _run(SSE, replace(EPOCHS, n_epochs=100)).loss_curve
    assert losses[-1] < losses[0] / 2


def test_every_report_tells_of_the_epochs_so_far():
    reports = []
    result = _run(SSE, EPOCHS, report=reports.append)
    assert list(reports[-1].losses) == result.loss_curve and reports[-1].n_epochs == 6
    n_epochs = [milestone.n_epochs for milestone in reports]
    assert n_epochs == sorted(set(n_epochs))


@pytest.mark.parametrize("every", [1, 2, 4])
def test_epochs_are_reported_wherever_training_is_to_stop(every):
    reports = []
    epochs = replace(EPOCHS, n_epochs=20)
    found = _run(SSE, epochs, report=reports.append, stops=lambda n: n % every == 0)
    n_epochs = [milestone.n_epochs for milestone in reports]
    assert set(range(every, 21, every)) <= set(n_epochs)
    np.testing.assert_array_equal(found.state.parameters, _run(SSE, epochs).state.parameters)


@pytest.mark.parametrize("validates", [False, True])
def test_training_goes_on_from_any_milestone_to_the_same_end(validates):
    validation = _data(DENSE, 20, seed=8) if validates else None
    options = {"validation": validation, "patience": 3}
    epochs, reports = replace(EPOCHS, n_epochs=12, learning_rate=0.2), []
    stops = {"stops": lambda n: True, "report": reports.append}
    whole = _run(SSE, epochs, **options, **stops)
    for milestone in reports:
        again = run_epochs(SSE, milestone, _data(DENSE), epochs, report=_ignore, **options).reached
        np.testing.assert_array_equal(again.learned.parameters, whole.state.parameters)
        assert list(again.losses) == whole.loss_curve
        assert list(again.validation_losses) == whole.validation_loss_curve


def _scripted(monkeypatch, losses, before=np.inf):
    """Make the validation losses come out as written, the first after that of the start."""
    script = iter([before, *losses])
    monkeypatch.setattr(epochs_module, "mean_loss", lambda *_: next(script))


@pytest.mark.parametrize(
    ("losses", "patience", "best_epoch"),
    [
        ([3.0, 1.0, 2.0, 2.5], 2, 2),
        ([3.0, 1.0, 2.0, 0.5, 0.6, 0.7], 2, 4),
        ([3.0, 2.0, 1.0, 0.9, 0.8, 0.7], 2, 6),
        ([1.0, 1.0], 1, 1),
    ],
)
def test_early_stopping_returns_the_parameters_of_the_best_epoch(
    monkeypatch, losses, patience, best_epoch
):
    expected = _run(SSE, replace(EPOCHS, n_epochs=best_epoch)).state
    _scripted(monkeypatch, losses)
    found = _run(SSE, EPOCHS, validation=_data(DENSE, 20), patience=patience)
    assert found.validation_loss_curve == losses
    assert len(found.loss_curve) == len(losses)
    np.testing.assert_array_equal(found.state.parameters, expected.parameters)
    np.testing.assert_array_equal(found.state.moments, expected.moments)
    assert found.state.n_updates == 2 * best_epoch


def test_early_stopping_keeps_the_start_if_nothing_is_better(monkeypatch):
    start = _state(SSE)
    _scripted(monkeypatch, [3.0, 2.0], before=1.0)
    found = _run(SSE, EPOCHS, validation=_data(DENSE, 20), patience=2)
    assert len(found.loss_curve) == 2
    np.testing.assert_array_equal(found.state.parameters, start.parameters)


def test_validation_losses_are_those_of_the_validation_data_after_each_epoch():
    validation, reports = _data(DENSE, 20, seed=8), []
    found = _run(
        SSE, replace(EPOCHS, n_epochs=2), validation=validation, patience=9,
        report=reports.append,
    )  # fmt: skip
    after_one = _run(SSE, replace(EPOCHS, n_epochs=1)).state.parameters
    assert found.validation_loss_curve[0] == mean_loss(SSE, after_one, validation)
    assert found.validation_loss_curve[1] == mean_loss(SSE, found.state.parameters, validation)
    assert list(reports[1].validation_losses) == found.validation_loss_curve


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("network", [DENSE, CONV], ids=["dense", "conv"])
def test_divergence_is_an_error_that_says_what_to_do(network, optimizer):
    network = replace(network, dtype="float32", output_activation="linear")
    objective = Objective(network, "sse", optimizer)
    with pytest.raises(TrainingDivergedError, match=r"within \d+ updates: .* Lower learning_rate"):
        _run(objective, replace(EPOCHS, learning_rate=1e30))


def test_divergence_is_an_error_under_xla_as_well(monkeypatch):
    monkeypatch.setattr(epochs_module, "choose_kernels", lambda *_: WITH_XLA)
    with pytest.raises(TrainingDivergedError, match="Lower learning_rate"):
        _run(SSE, replace(EPOCHS, weight_decay=1e200))


@pytest.mark.parametrize("call", [2, 3])
@pytest.mark.parametrize("validates", [False, True])
def test_control_c_ends_training_with_the_last_complete_state(monkeypatch, call, validates):
    states = [_state(SSE)]

    def interrupted(*arguments):
        if len(states) == call:
            raise KeyboardInterrupt
        result = run_updates(*arguments)
        states.append(result[0])
        return result

    monkeypatch.setattr(epochs_module, "FIRST_CALL_UPDATES", 2)
    monkeypatch.setattr(epochs_module, "run_updates", interrupted)
    if validates:
        _scripted(monkeypatch, [3.0, 2.0, 1.0])
    validation = _data(DENSE, 20) if validates else None
    found = _run(SSE, replace(EPOCHS, n_epochs=50), validation=validation, patience=9)
    assert found.was_interrupted and len(states) == call
    np.testing.assert_array_equal(found.state.parameters, states[-1].parameters)
    assert found.state.n_updates == states[-1].n_updates == 2 * len(found.loss_curve)


def test_control_c_within_the_first_epoch_is_passed_on_as_nothing_was_learned(monkeypatch):
    calls = _count_calls(monkeypatch)
    monkeypatch.setattr(epochs_module, "FIRST_CALL_UPDATES", 1)
    count_and_run = epochs_module.run_updates

    def interrupted(*arguments):
        if calls:
            raise KeyboardInterrupt
        return count_and_run(*arguments)

    monkeypatch.setattr(epochs_module, "run_updates", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _run(SSE, EPOCHS)
    assert len(calls) == 1


def test_control_c_between_calls_keeps_what_the_last_call_gave(monkeypatch):
    monkeypatch.setattr(epochs_module, "FIRST_CALL_UPDATES", 2)

    def interrupt(*_):
        raise KeyboardInterrupt

    found = _run(SSE, EPOCHS, report=interrupt)
    assert found.was_interrupted and len(found.loss_curve) == 1 and found.state.n_updates == 2
    expected = _run(SSE, replace(EPOCHS, n_epochs=1)).state
    np.testing.assert_array_equal(found.state.parameters, expected.parameters)
