"""Other light in the compiled graph, against the formula written down row by row."""

import numpy as np
import pytest
import tensorflow as tf

from skhyp.graph.autoencoders import DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.convolutions import BLOCKS, PRODUCTS
from skhyp.graph.corruptions import Corruption, light_factors, uniforms
from skhyp.graph.kernels import Kernels
from skhyp.graph.layers import Layers
from skhyp.graph.losses import LOSSES
from skhyp.graph.parameters import initial_vector, split
from skhyp.graph.training import TrainingData, TrainingState, Updates, run_updates
from skhyp.graph.updates import Objective

KERNELS = {
    "one by one": Kernels(BLOCKS, uses_xla=False, n_parts=1),
    "two parts": Kernels(BLOCKS, uses_xla=False, n_parts=2),
    "XLA": Kernels(PRODUCTS, uses_xla=True, n_parts=2),
}
N_BANDS, N_ROWS = 12, 20
WAVELENGTHS = np.linspace(400, 2400, N_BANDS)
CURVES = np.stack([(WAVELENGTHS / 550) ** power for power in (-4.0, -1.3, 0.0)])
# Share, shadow and weight, then from where to where: sunlight, sky view, three amplitudes.
NUMBERS = np.array([0.6, 0.5, 0.3, 0.2, 1.0, 0.3, 1.0, 0.05, 0.2, 0.02, 0.15, 0.0, 0.05])
SEED = np.array([7, 3], np.int32)
CLASSIFIER = ConvClassifier(
    n_bands=N_BANDS,
    n_classes=3,
    views=("snv", "bands"),
    n_filters=(3,),
    kernel_sizes=(4,),
    strides=(1,),
    padding="valid",
    dense_layer_sizes=(6,),
    activation="tanh",
    dropout=0.0,
    dtype="float64",
)
AUTOENCODER = DenseAutoencoder(
    n_bands=N_BANDS,
    hidden_layer_sizes=(5,),
    n_components=2,
    activation="tanh",
    latent_activation="linear",
    output_activation="softplus",
    tied_weights=(False, False),
    skip_connections=False,
    scaled=True,
    dtype="float64",
)
LOSS_OF = [
    *((CLASSIFIER, loss) for loss in ["cross_entropy"]),
    *((AUTOENCODER, loss) for loss in ("csa", "sa", "sid", "sse")),
]


def _formula(x, drawn, may_change):
    """A spectrum in another light, band by band, in plain Python."""
    u_share, u_shadow, u_sun, u_sky, *u_parts = (float(u) for u in drawn)
    share, shadow = NUMBERS[:2]
    if not may_change or u_share >= share:
        return x

    def between(i, u):
        lowest, highest = NUMBERS[3 + 2 * i : 5 + 2 * i]
        return lowest + (highest - lowest) * u

    sees_sun = 0.0 if u_shadow < shadow else 1.0
    slope, sky = between(0, u_sun), between(1, u_sky)
    rayleigh, aerosol, constant = (between(2 + i, u) for i, u in enumerate(u_parts))
    relit = []
    for value, nm in zip(x, WAVELENGTHS, strict=True):
        rho = rayleigh * (nm / 550) ** -4 + aerosol * (nm / 550) ** -1.3 + constant
        # V = 1, cos = 1 and sky view 1 before.
        relit.append(value * (sees_sun * slope + sky * rho) / (1.0 * 1.0 + 1.0 * rho))
    return np.array(relit)


@pytest.fixture(scope="module")
def spectra():
    return np.random.default_rng(1).uniform(0.1, 1, (N_ROWS, N_BANDS))


def test_light_is_that_of_the_formula(spectra):
    rng = np.random.default_rng(0)
    drawn, may_change = rng.uniform(size=(N_ROWS, 7)), rng.uniform(size=N_ROWS) < 0.8
    made = light_factors(*map(tf.constant, (drawn, may_change, NUMBERS, CURVES)))
    factors, weights = (tensor.numpy() for tensor in made)
    expected = [_formula(x, u, c) for x, u, c in zip(spectra, drawn, may_change, strict=True)]
    np.testing.assert_allclose(spectra * factors, expected, rtol=1e-12)
    is_another = may_change & (drawn[:, 0] < NUMBERS[0])
    assert 0 < is_another.sum() < N_ROWS
    np.testing.assert_array_equal((factors == 1).all(axis=1), ~is_another)
    np.testing.assert_array_equal(weights, np.where(is_another, NUMBERS[2], 1))


def test_fractions_are_the_same_in_both_precisions_and_by_xla():
    found = uniforms(tf.constant(SEED), tf.constant(500), 7, tf.float64).numpy()
    assert found.min() >= 0 and found.max() < 1
    assert abs(found.mean() - 0.5) < 0.02
    for dtype in (tf.float32, tf.float64):
        by_xla = tf.function(
            lambda seed, dtype=dtype: uniforms(seed, 500, 7, dtype), jit_compile=True
        )
        np.testing.assert_array_equal(by_xla(tf.constant(SEED)).numpy(), found)
    other = uniforms(tf.constant(SEED + np.int32([0, 1])), tf.constant(500), 7, tf.float64).numpy()
    assert not np.isin(other, found).any()


def _training(network, loss, spectra):
    objective = Objective(network, loss, "sgd", corruption="relighting")
    rng = np.random.default_rng(2)
    vector = initial_vector(
        network.parameters, rng, initializer="glorot", initializer_std=0.1, dtype="float64"
    )
    statistics = rng.uniform(0.5, 1, sum(p.size for p in network.statistics))
    may_change = rng.uniform(size=N_ROWS) < 0.8
    targets = None if network is AUTOENCODER else tf.constant(rng.integers(0, 3, N_ROWS), tf.int32)
    corruption = Corruption.of_arrays(may_change, NUMBERS, CURVES, statistics)
    weights = tf.constant(rng.uniform(0.5, 2, N_ROWS))
    data = TrainingData(tf.constant(spectra), targets, weights, corruption=corruption)
    return objective, TrainingState.start(vector, "sgd"), data


def _updates():
    order = np.random.default_rng(3).integers(0, N_ROWS, (3, 8)).astype(np.int32)
    order[2, 6:] = -1
    none = np.zeros(3)
    seeds = np.stack([np.full(3, SEED[0]), np.arange(3)], axis=1).astype(np.int32)
    return Updates(order, none, none, np.ones(3), seeds)


def _losses_by_hand(objective, state, data, updates):
    """The losses of batches whose spectra were relit by the formula, then conditioned."""
    network, corruption = objective.network, data.corruption
    layers = Layers(split(state.parameters, network.parameters))
    learned = split(corruption.statistics.numpy(), network.statistics)
    losses = []
    for rows, seed in zip(updates.order, updates.seeds, strict=True):
        drawn = uniforms(tf.constant(seed), tf.constant(len(rows)), 7, tf.float64).numpy()
        is_real = rows >= 0
        rows, drawn = rows[is_real], drawn[is_real]
        x, may_change = data.spectra.numpy()[rows], corruption.may_change.numpy()[rows]
        relit = np.array([_formula(*each) for each in zip(x, drawn, may_change, strict=True)])
        output = network.output(layers, network.condition(layers, learned, tf.constant(relit)))
        if data.targets is None:
            target = network.condition(layers, learned, tf.constant(x))
        else:
            target = tf.gather(data.targets, rows)
        each = LOSSES[objective.loss](target, output).numpy()
        is_another = may_change & (drawn[:, 0] < NUMBERS[0])
        weights = data.weights.numpy()[rows] * np.where(is_another, NUMBERS[2], 1)
        losses.append(float(np.mean(weights * each)))
    return losses


@pytest.mark.parametrize(("network", "loss"), LOSS_OF, ids=[loss for _, loss in LOSS_OF])
def test_a_network_sees_the_spectrum_in_another_light_and_learns_what_it_was(
    spectra, network, loss
):
    objective, state, data = _training(network, loss, spectra)
    _, losses = run_updates(objective, state, data, _updates(), KERNELS["one by one"])
    expected = _losses_by_hand(objective, state, data, _updates())
    np.testing.assert_allclose(losses, expected, rtol=1e-9)


@pytest.mark.parametrize("kernels", ["two parts", "XLA"])
@pytest.mark.parametrize(("network", "loss"), [LOSS_OF[0], LOSS_OF[2]], ids=["classes", "codes"])
def test_all_kernels_draw_the_same_light(spectra, network, loss, kernels):
    objective, state, data = _training(network, loss, spectra)
    updates = _updates()._replace(step_sizes=np.full(3, 0.1))
    expected = run_updates(objective, state, data, updates, KERNELS["one by one"])
    found = run_updates(objective, state, data, updates, KERNELS[kernels])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-9)
    np.testing.assert_allclose(found[0].parameters, expected[0].parameters, rtol=1e-8)


def test_without_an_augmentation_the_graph_draws_nothing_and_takes_what_it_took():
    from skhyp.graph.compilation import compiled
    from skhyp.graph.updates import update_loop

    def operations(objective):
        concrete = compiled(update_loop, objective, 8, KERNELS["one by one"])
        names = {op.type for op in concrete.graph.get_operations()}
        for function in concrete.graph._functions.values():
            names |= {node.op for node in function.cached_definition.node_def}
        return names, len(concrete.inputs)

    plain = Objective(CLASSIFIER, "cross_entropy", "adam")
    names, n_inputs = operations(plain)
    relit_names, n_relit_inputs = operations(plain._replace(corruption="relighting"))
    assert not any("Random" in name for name in names)
    assert any("Random" in name for name in relit_names)
    assert n_relit_inputs == n_inputs + len(Corruption._fields)
