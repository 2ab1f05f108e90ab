"""Models that deephyp 0.1.5 trained, computed and trained on here: the same numbers come out."""

import json
from dataclasses import replace

import numpy as np
import pytest

CASES = [
    "ae_mlp_basic",
    "ae_mlp_tied_skip_sid",
    "ae_cnn_basic",
    "ae_cnn_same_tied_skip",
    "clf_cnn_basic",
    "clf_cnn_stride_same",
]
AUTOENCODERS = [case for case in CASES if case.startswith("ae")]
CLASSIFIERS = [case for case in CASES if case.startswith("clf")]


@pytest.fixture
def folder(shared_folder, request):
    """The model directory of the case, as deephyp wrote it."""
    folder = shared_folder / "oracles" / "deephyp" / request.param
    if not folder.is_dir():
        pytest.skip(f"no model of deephyp at {folder}")
    return folder


def of_cases(cases):
    return pytest.mark.parametrize("folder", cases, indirect=True)


def _autoencoder(config):
    from skhyp.graph.autoencoders import ConvAutoencoder, DenseAutoencoder

    shared = {
        "n_bands": config["inputSize"],
        "activation": config["activationFunc"],
        "latent_activation": config["activationFunc"],  # deephyp has one for all of the encoder
        "output_activation": config["activationFuncFinal"],
        "tied_weights": tuple(bool(tied) for tied in config["tiedWeights"]),
        "skip_connections": config["skipConnect"],
        "scaled": False,
        "dtype": "float32",
    }
    if "encodersize" in config:
        *hidden, n_components = config["encodersize"]
        return DenseAutoencoder(
            hidden_layer_sizes=tuple(hidden), n_components=n_components, **shared
        )
    return ConvAutoencoder(
        n_components=config["zDim"],
        n_filters=tuple(config["encoderNumfilters"]),
        kernel_sizes=tuple(config["encoderFiltersize"]),
        strides=tuple(config["encoderStride"]),
        padding=config["padding"].lower(),
        **shared,
    )


def _classifier(config):
    from skhyp.graph.classifiers import ConvClassifier

    return ConvClassifier(
        n_bands=config["inputSize"],
        n_classes=config["numClasses"],
        views=(),
        n_filters=tuple(config["convNumFilters"]),
        kernel_sizes=tuple(config["convFilterSize"]),
        strides=tuple(config["convStride"]),
        padding=config["padding"].lower(),
        dense_layer_sizes=tuple(config["fcSize"]),
        activation=config["activationFunc"],
        dropout=0.0,
        dtype="float32",
    )


def _network(folder):
    config = json.loads((folder / "config.json").read_text())
    return _classifier(config) if "numClasses" in config else _autoencoder(config)


def _oracle(folder):
    with np.load(folder / "oracle.npz") as arrays:
        return dict(arrays)


def _deephyp_order(network):
    """Our names of deephyp's variables, in the order in which deephyp creates them."""
    if hasattr(network, "n_classes"):
        layers = [f"convolution_{i + 1}" for i in range(len(network.n_filters))]
        layers += [f"dense_{i + 1}" for i in range(len(network.dense_layer_sizes))]
        layers += ["output"]
        return [f"{name}_kernel" for name in layers] + [f"{name}_bias" for name in layers]
    encoder = [f"encoder_{i + 1}" for i in range(network.n_layers)]
    decoder = [f"decoder_{i + 1}" for i in range(network.n_layers)]
    untied = [name for name, tied in zip(decoder, network.tied_weights, strict=True) if not tied]
    if hasattr(network, "n_filters"):
        encoder, decoder, untied = [*encoder, "latent"], ["unfold", *decoder], ["unfold", *untied]
    kernels = [f"{name}_kernel" for name in encoder + untied]
    return kernels + [f"{name}_bias" for name in encoder + decoder]


def _vector(network, reader, slot=""):
    """Our flat vector of deephyp's variables, or of what its optimizer keeps of each."""
    names = _deephyp_order(network)
    assert sorted(names) == sorted(p.name for p in network.parameters)
    variables = ["Variable", *(f"Variable_{i}" for i in range(1, len(names)))]
    values = {
        name: reader.get_tensor(variable + slot)
        for name, variable in zip(names, variables, strict=True)
    }
    for parameter in network.parameters:
        assert values[parameter.name].shape == parameter.shape
    return np.concatenate([values[p.name].ravel() for p in network.parameters])


def _checkpoint(folder, epoch):
    import tensorflow as tf

    return tf.train.load_checkpoint(str(folder / f"epoch_{epoch}" / "model.ckpt"))


def _trained(folder):
    network = _network(folder)
    return network, _vector(network, _checkpoint(folder, 3)), _oracle(folder)


def _apply(network, function, vector, X, **options):
    from skhyp.graph.inference import apply_rows

    return apply_rows(network, function, vector, np.zeros(0, np.float32), X, **options)


def _assert_close(found, expected, tolerance=1e-5):
    """Equal to within ``tolerance`` of the largest magnitude."""
    expected = expected.reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@of_cases(AUTOENCODERS)
def test_an_autoencoder_of_deephyp_encodes_and_reconstructs_the_same(folder):
    network, vector, oracle = _trained(folder)
    _assert_close(_apply(network, "codes", vector, oracle["X"]), oracle["latent"])
    found = _apply(network, "reconstruction", vector, oracle["X"])
    _assert_close(found, oracle["reconstruction"])


@of_cases(["ae_mlp_basic", "ae_cnn_basic"])
def test_an_autoencoder_of_deephyp_decodes_the_same(folder):
    network, vector, oracle = _trained(folder)
    _assert_close(_apply(network, "spectra", vector, oracle["latent"]), oracle["decoded"])


@of_cases(AUTOENCODERS)
@pytest.mark.parametrize("measure", ["sse", "csa", "sa", "sid"])
def test_losses_are_those_of_deephyp_where_it_has_numbers(folder, measure):
    network, vector, oracle = _trained(folder)
    expected = oracle[f"loss_{measure.upper()}"]
    found = _apply(network, "errors", vector, oracle["X"], measure=measure).sum()
    assert np.isfinite(found)
    if np.isnan(expected):
        # deephyp takes logarithms of a reconstruction with negative values.
        assert measure == "sid" and oracle["reconstruction"].min() < 0
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@of_cases(CLASSIFIERS)
def test_a_classifier_of_deephyp_predicts_the_same(folder):
    network, vector, oracle = _trained(folder)
    _assert_close(_apply(network, "logits", vector, oracle["X"]), oracle["logits"])
    probabilities = _apply(network, "probabilities", vector, oracle["X"])
    _assert_close(probabilities, oracle["scores"])
    np.testing.assert_array_equal(probabilities.argmax(axis=1) + 1, oracle["labels"])


@of_cases(CLASSIFIERS)
def test_the_layers_of_a_classifier_of_deephyp_are_the_same(folder):
    network, vector, oracle = _trained(folder)
    n_oracles = sum(name.startswith("features_") for name in oracle)
    assert n_oracles == network.n_layers
    for layer in range(n_oracles):
        found = _apply(network, "features", vector, oracle["X"], layer=layer)
        _assert_close(found, oracle[f"features_{layer + 1}"])


def _objective(folder, network):
    from skhyp.graph.updates import Objective

    recipe = json.loads((folder / "recipe.json").read_text())
    options = recipe["train_op"]
    loss = (recipe["loss"] or "cross_entropy").lower()
    optimizer = options.get("method", "Adam").lower()
    return Objective(network, loss, optimizer, options.get("balance_classes", False)), options


def _step_sizes(optimizer, options, steps):
    """The step sizes of deephyp's schedule; its learning rate is 0.001 unless told."""
    from skhyp.graph.optimizers import learning_rates, step_sizes

    if "piecewise_bounds" in options:
        schedule = "piecewise"
    else:
        schedule = "exponential" if "decay_steps" in options else "constant"
    rates = learning_rates(
        schedule,
        steps,
        learning_rate=options.get("learning_rate", 1e-3),
        decay_steps=options.get("decay_steps", 1),
        decay_rate=options.get("decay_rate", 1.0),
        boundaries=options.get("piecewise_bounds", ()),
        values=options.get("piecewise_values", ()),
        n_steps_total=1,
    )
    return step_sizes(optimizer, rates, steps)


def _start(network, reader, optimizer):
    """The state in which deephyp left epoch 0, with the moments of its Adam."""
    from skhyp.graph.training import TrainingState

    n_updates = int(reader.get_tensor("global_step"))
    state = TrainingState.start(_vector(network, reader).astype(network.dtype), optimizer)
    if optimizer == "adam":
        for power, beta in [("beta1_power", 0.9), ("beta2_power", 0.999)]:
            # TensorFlow 1 multiplies after the update: the power is that of the next one.
            np.testing.assert_allclose(reader.get_tensor(power), beta ** (n_updates + 1), rtol=1e-5)
        slots = [_vector(network, reader, slot) for slot in ("/Adam", "/Adam_1")]
        state = state._replace(moments=np.stack(slots).astype(network.dtype))
    return state._replace(n_updates=n_updates)


def _training_data(oracle, network):
    import tensorflow as tf

    from skhyp.graph.training import TrainingData

    spectra = tf.constant(oracle["train_X"].astype(network.dtype))
    if hasattr(network, "n_classes"):
        # deephyp divides the cross-entropy by the count of the batch, as we do.
        targets = tf.constant(oracle["train_y"].astype(np.int32) - 1)
        return TrainingData(spectra[:, :, None], targets, tf.ones(len(spectra), network.dtype))
    # deephyp's loss of spectra is a sum over the batch and ours a mean. A weight of the batch
    # size makes ours that sum, so that moments and Adam's epsilon mean the same.
    weights = np.full(len(spectra), oracle["batch_size"], network.dtype)
    return TrainingData(spectra, None, tf.constant(weights))


def _trajectory(folder, dtype, uses_xla=False):
    """The loss before each of the updates, continued from epoch 0, one batch a call."""
    from skhyp.graph.convolutions import BLOCKS, PRODUCTS
    from skhyp.graph.kernels import Kernels
    from skhyp.graph.training import Updates, run_updates

    network, oracle = replace(_network(folder), dtype=dtype), _oracle(folder)
    objective, options = _objective(folder, network)
    state = _start(network, _checkpoint(folder, 0), objective.optimizer)
    data = _training_data(oracle, network)
    batch = np.arange(oracle["batch_size"], dtype=np.int32)
    kernels = Kernels(PRODUCTS if uses_xla else BLOCKS, uses_xla, n_parts=1)
    losses = []
    for step in range(len(oracle["trajectory_loss"])):
        updates = Updates(
            order=(step * len(batch) + batch)[None] % len(data.spectra),
            step_sizes=_step_sizes(objective.optimizer, options, np.array([state.n_updates])),
            decays=np.zeros(1),
            seeds=np.zeros((1, 2), np.int32),
        )
        state, loss = run_updates(objective, state, data, updates, kernels)
        losses.append(loss[0])
    return np.array(losses), oracle["trajectory_loss"]


@of_cases([case for case in CASES if case != "clf_cnn_basic"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_goes_on_from_a_checkpoint_as_in_deephyp(folder, dtype):
    losses, expected = _trajectory(folder, dtype)
    assert len(losses) == 30
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


@of_cases(["ae_mlp_tied_skip_sid", "ae_cnn_same_tied_skip", "clf_cnn_stride_same"])
def test_training_by_xla_goes_on_from_a_checkpoint_as_in_deephyp(folder):
    losses, expected = _trajectory(folder, "float32", uses_xla=True)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


@of_cases(["clf_cnn_basic"])
def test_training_goes_on_as_in_deephyp_until_rounding_tells(folder):
    # Some units of this network are almost silent, so that Adam blows up the rounding of their
    # gradients: a last place more or less in the start moves the last losses by 1e-3 in float32.
    # In float64 ours do not move by 1e-8; what is left there, 3e-4, is deephyp's own rounding.
    losses, expected = _trajectory(folder, "float64")
    np.testing.assert_allclose(losses[:11], expected[:11], rtol=1e-6)
    np.testing.assert_allclose(losses[:26], expected[:26], rtol=1e-4)
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    losses, expected = _trajectory(folder, "float32")
    np.testing.assert_allclose(losses[:11], expected[:11], rtol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=5e-3)


@of_cases(CLASSIFIERS)
def test_the_loss_of_a_batch_is_that_of_deephyp(folder):
    import tensorflow as tf

    from skhyp.graph.losses import batch_balancing_weights, cross_entropy

    network, vector, oracle = _trained(folder)
    objective, _ = _objective(folder, network)
    target = tf.constant(oracle["loss_y"].astype(np.int32) - 1)
    losses = cross_entropy(target, _apply(network, "logits", vector, oracle["loss_X"]))
    if objective.balance_batches:
        is_real = tf.ones(len(target), tf.bool)
        losses *= batch_balancing_weights(target, is_real, network.n_classes, tf.float32)
    np.testing.assert_allclose(np.mean(losses), oracle["loss"], rtol=1e-5)
