"""The networks against plain loops in NumPy, and what makes them values."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_softmax, softmax

from skhyp.graph.autoencoders import SATURATION, ConvAutoencoder, DenseAutoencoder
from skhyp.graph.classifiers import ConvClassifier
from skhyp.graph.convolutions import (
    DIRECT,
    FORMS,
    convolution,
    convolved_length,
    fitting_kernel_sizes,
    transposed_convolution,
)
from skhyp.graph.inference import apply_rows
from skhyp.graph.layers import ACTIVATIONS, Layers, dropout
from skhyp.graph.parameters import split
from skhyp.graph.views import CLIPPING, VIEW_WEIGHTS

BY_HAND = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": expit,
    "linear": lambda x: x,
    "tanh": np.tanh,
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "softplus": lambda x: np.logaddexp(0, x),
}
DENSE = DenseAutoencoder(
    n_bands=12,
    hidden_layer_sizes=(7, 5),
    n_components=3,
    activation="tanh",
    latent_activation="sigmoid",
    output_activation="linear",
    tied_weights=(False, False, False),
    skip_connections=False,
    scaled=False,
    dtype="float64",
)
CONV = ConvAutoencoder(
    n_bands=17,
    n_components=3,
    n_filters=(4, 5),
    kernel_sizes=(5, 3),
    strides=(1, 1),
    padding="valid",
    activation="tanh",
    latent_activation="sigmoid",
    output_activation="linear",
    tied_weights=(False, False),
    skip_connections=False,
    scaled=False,
    dtype="float64",
)
CLASSIFIER = ConvClassifier(
    n_bands=17,
    n_classes=4,
    views=(),
    n_filters=(4, 5),
    kernel_sizes=(5, 3),
    strides=(1, 1),
    padding="valid",
    dense_layer_sizes=(8, 6),
    activation="tanh",
    dropout=0.0,
    dtype="float64",
)
DENSE_SHAPES = {
    "two hidden layers": {},
    "no hidden layer": {"hidden_layer_sizes": (), "tied_weights": (False,)},
    "one band, one component": {"n_bands": 1, "n_components": 1},
    "wider inside": {"n_bands": 5, "hidden_layer_sizes": (9, 2), "n_components": 6},
}
CONV_SHAPES = {
    "valid": {},
    "same": {"padding": "same"},
    "valid, strides": {"strides": (2, 3), "n_bands": 23},
    "same, strides": {"padding": "same", "strides": (3, 2), "n_bands": 20},
    "even kernels": {"padding": "same", "kernel_sizes": (4, 6), "strides": (2, 1)},
    "bands left over by the stride": {"kernel_sizes": (4, 2), "strides": (3, 2), "n_bands": 18},
    "kernels as long as the spectrum": {"kernel_sizes": (17, 1)},
}
ALL_TIES = [(a, b) for a in (False, True) for b in (False, True)]


def _random_parameters(network, seed=0):
    size = sum(p.size for p in network.parameters)
    vector = 0.5 * np.random.default_rng(seed).standard_normal(size)
    return vector.astype(network.dtype)


def _random_spectra(network, n=5, seed=1):
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 1.0, (n, network.n_bands)).astype(network.dtype)


def _apply(network, function, vector, X, statistics=(), **options):
    statistics = np.asarray(statistics, network.dtype)
    return apply_rows(network, function, vector, statistics, X, **options)


def _named(network, vector):
    return split(vector, network.parameters)


def _tensors(network, vector):
    return {name: tf.constant(value) for name, value in _named(network, vector).items()}


def _eagerly(network, vector, X):
    """Codes and output without compiling."""
    layers, x = Layers(_tensors(network, vector)), tf.constant(X)
    return network.codes(layers, {}, x).numpy(), network.output(layers, x).numpy()


def _left_padding(length, width, stride, padding):
    if padding == "valid":
        return 0
    positions = -(-length // stride)
    return max(0, (positions - 1) * stride + width - length) // 2


def _positions(length, width, stride, padding):
    return -(-length // stride) if padding == "same" else (length - width) // stride + 1


def _convolve(x, kernel, bias, stride, padding):
    """Slide the kernel along the bands, one position, one band at a time."""
    length, width = x.shape[1], len(kernel)
    left = _left_padding(length, width, stride, padding)
    out = np.tile(bias, (len(x), _positions(length, width, stride, padding), 1))
    for position in range(out.shape[1]):
        for tap in range(width):
            band = position * stride + tap - left
            if 0 <= band < length:
                out[:, position] += x[:, band] @ kernel[tap]
    return out


def _transpose_convolve(x, kernel, bias, length, stride, padding):
    """Spread each position over the bands that the convolution would have taken it from."""
    width = len(kernel)
    left = _left_padding(length, width, stride, padding)
    out = np.tile(bias, (len(x), length, 1))
    for position in range(x.shape[1]):
        for tap in range(width):
            band = position * stride + tap - left
            if 0 <= band < length:
                out[:, band] += x[:, position] @ kernel[tap].T
    return out


def _dense_by_hand(network, vector, X):
    named, n = _named(network, vector), len(network.hidden_layer_sizes) + 1
    sums, x = [X], X
    for i in range(1, n + 1):
        sums.append(x @ named[f"encoder_{i}_kernel"] + named[f"encoder_{i}_bias"])
        x = BY_HAND[network.activation if i < n else network.latent_activation](sums[-1])
    z = x
    for i in range(1, n + 1):
        tied = network.tied_weights[i - 1]
        mirrored = n + 1 - i
        kernel = named[f"encoder_{mirrored}_kernel"].T if tied else named[f"decoder_{i}_kernel"]
        x = x @ kernel + named[f"decoder_{i}_bias"]
        if network.skip_connections:
            x = x + sums[mirrored - 1]
        x = BY_HAND[network.activation if i < n else network.output_activation](x)
    return z, x


def _conv_by_hand(network, vector, X):
    named, n = _named(network, vector), len(network.n_filters)
    x = X[:, :, None]
    sums = [x]
    for i, stride in enumerate(network.strides, start=1):
        kernel, bias = named[f"encoder_{i}_kernel"], named[f"encoder_{i}_bias"]
        sums.append(_convolve(x, kernel, bias, stride, network.padding))
        x = BY_HAND[network.activation](sums[-1])
    flat = x.reshape(len(X), -1)
    z = flat @ named["latent_kernel"] + named["latent_bias"]
    z = BY_HAND[network.latent_activation](z)
    x = (z @ named["unfold_kernel"] + named["unfold_bias"]).reshape(x.shape)
    if network.skip_connections:
        x = x + sums[n]
    x = BY_HAND[network.activation](x)
    for i in range(1, n + 1):
        mirrored = n + 1 - i
        tied = network.tied_weights[i - 1]
        kernel = named[f"encoder_{mirrored}_kernel" if tied else f"decoder_{i}_kernel"]
        length, stride = sums[mirrored - 1].shape[1], network.strides[mirrored - 1]
        bias = named[f"decoder_{i}_bias"]
        x = _transpose_convolve(x, kernel, bias, length, stride, network.padding)
        if network.skip_connections:
            x = x + sums[mirrored - 1]
        x = BY_HAND[network.activation if i < n else network.output_activation](x)
    return z, x[:, :, 0]


def _classifier_by_hand(network, vector, conditioned):
    named, x = _named(network, vector), conditioned
    activation = BY_HAND[network.activation]
    layers = []
    for i, stride in enumerate(network.strides, start=1):
        kernel, bias = named[f"convolution_{i}_kernel"], named[f"convolution_{i}_bias"]
        x = activation(_convolve(x, kernel, bias, stride, network.padding))
        layers.append(x.reshape(len(x), -1))
    x = layers[-1]
    for i in range(1, len(network.dense_layer_sizes) + 1):
        x = activation(x @ named[f"dense_{i}_kernel"] + named[f"dense_{i}_bias"])
        layers.append(x)
    return [*layers, x @ named["output_kernel"] + named["output_bias"]]


def _by_hand(network, vector, X):
    compute = _dense_by_hand if isinstance(network, DenseAutoencoder) else _conv_by_hand
    return compute(network, vector, X)


def _assert_computes_as_by_hand(network):
    vector, X = _random_parameters(network), _random_spectra(network)
    z, reconstruction = _by_hand(network, vector, X)
    found_z, found_reconstruction = _eagerly(network, vector, X)
    np.testing.assert_allclose(found_z, z, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found_reconstruction, reconstruction, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", DENSE_SHAPES)
def test_dense_autoencoders_of_any_shape_compute_as_by_hand(shape):
    _assert_computes_as_by_hand(replace(DENSE, **DENSE_SHAPES[shape]))


@pytest.mark.parametrize("shape", CONV_SHAPES)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("skips", [False, True])
def test_convolutional_autoencoders_of_any_shape_compute_as_by_hand(shape, tied, skips):
    network = replace(CONV, **CONV_SHAPES[shape])
    _assert_computes_as_by_hand(replace(network, tied_weights=(tied,) * 2, skip_connections=skips))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", CONV_SHAPES)
def test_all_forms_of_convolutions_compute_the_same_networks(shape, form):
    autoencoder = replace(CONV, tied_weights=(True, False), skip_connections=True)
    for given in (autoencoder, CLASSIFIER):
        network = replace(given, **CONV_SHAPES[shape])
        parameters = _tensors(network, _random_parameters(network))
        x = tf.reshape(_random_spectra(network), (-1, *network.input_shape))
        expected = network.output(Layers(parameters, DIRECT), x)
        np.testing.assert_allclose(
            network.output(Layers(parameters, form), x), expected, rtol=1e-11, atol=1e-12
        )


@pytest.mark.parametrize("tied", [(*ties, last) for ties in ALL_TIES for last in (False, True)])
@pytest.mark.parametrize("skips", [False, True])
def test_dense_layers_are_tied_one_by_one(tied, skips):
    _assert_computes_as_by_hand(replace(DENSE, tied_weights=tied, skip_connections=skips))


@pytest.mark.parametrize("tied", ALL_TIES)
@pytest.mark.parametrize("skips", [False, True])
def test_transposed_convolutions_are_tied_one_by_one(tied, skips):
    network = replace(CONV, strides=(2, 1), tied_weights=tied, skip_connections=skips)
    _assert_computes_as_by_hand(network)


@pytest.mark.parametrize("network", [DENSE, CONV], ids=["dense", "conv"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("where", ["activation", "latent_activation", "output_activation"])
def test_each_activation_acts_where_it_is_asked_for(network, activation, where):
    _assert_computes_as_by_hand(replace(network, **{where: activation}))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("network", [DENSE, CONV], ids=["dense", "conv"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compiling_changes_no_result(network, activation, dtype):
    # TensorFlow rewrites compiled graphs; a transposed convolution, bias and relu broke once.
    network = replace(network, activation=activation, output_activation=activation, dtype=dtype)
    vector, X = _random_parameters(network), _random_spectra(network)
    _, expected = _by_hand(network, vector.astype(np.float64), X.astype(np.float64))
    found = _apply(network, "reconstruction", vector, X)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4 if dtype == "float32" else 1e-10)


@pytest.mark.parametrize("network", [DENSE, CONV], ids=["dense", "conv"])
def test_decoding_the_codes_is_reconstructing(network):
    vector, X = _random_parameters(network), _random_spectra(network)
    codes = _apply(network, "codes", vector, X)
    assert codes.shape == (len(X), network.n_components)
    np.testing.assert_allclose(
        _apply(network, "spectra", vector, codes), _by_hand(network, vector, X)[1], rtol=1e-10
    )


@pytest.mark.parametrize("network", [DENSE, CONV], ids=["dense", "conv"])
def test_a_scaled_network_sees_spectra_over_their_scale_and_gives_them_back(network):
    scaled = replace(network, scaled=True)
    assert [(p.name, p.shape) for p in scaled.statistics] == [("scale", (1,))]
    assert network.statistics == ()
    vector, X = _random_parameters(network), _random_spectra(network)
    z, reconstruction = _by_hand(network, vector, X)
    large = 4000.0 * X
    np.testing.assert_allclose(_apply(scaled, "codes", vector, large, [4000]), z, rtol=1e-10)
    np.testing.assert_allclose(
        _apply(scaled, "reconstruction", vector, large, [4000]), 4000 * reconstruction, rtol=1e-10
    )
    np.testing.assert_allclose(
        _apply(scaled, "spectra", vector, z, [4000]), 4000 * reconstruction, rtol=1e-10
    )
    expected = np.sum((X - reconstruction) ** 2, axis=1)
    errors = _apply(scaled, "errors", vector, large, [4000], measure="sse")
    np.testing.assert_allclose(errors, expected * 4000**2, rtol=1e-9)


def test_a_saturated_pixel_is_clipped_before_a_scaled_network_sees_it():
    network = replace(DENSE, scaled=True)
    X = np.full((1, network.n_bands), 2.0 * 3)
    X[0, :2] = 1e9, -1e9
    seen = _apply(network, "condition", _random_parameters(network), X, [2.0])
    np.testing.assert_array_equal(seen[0, :3], [SATURATION, -SATURATION, 3])


def test_a_dense_autoencoder_names_its_parameters_layer_by_layer():
    assert [(p.name, p.shape) for p in DENSE.parameters] == [
        ("encoder_1_kernel", (12, 7)),
        ("encoder_1_bias", (7,)),
        ("encoder_2_kernel", (7, 5)),
        ("encoder_2_bias", (5,)),
        ("encoder_3_kernel", (5, 3)),
        ("encoder_3_bias", (3,)),
        ("decoder_1_kernel", (3, 5)),
        ("decoder_1_bias", (5,)),
        ("decoder_2_kernel", (5, 7)),
        ("decoder_2_bias", (7,)),
        ("decoder_3_kernel", (7, 12)),
        ("decoder_3_bias", (12,)),
    ]


def test_a_convolutional_autoencoder_names_its_parameters_layer_by_layer():
    assert CONV.lengths == (17, 13, 11)
    assert [(p.name, p.shape) for p in CONV.parameters] == [
        ("encoder_1_kernel", (5, 1, 4)),
        ("encoder_1_bias", (4,)),
        ("encoder_2_kernel", (3, 4, 5)),
        ("encoder_2_bias", (5,)),
        ("latent_kernel", (55, 3)),
        ("latent_bias", (3,)),
        ("unfold_kernel", (3, 55)),
        ("unfold_bias", (55,)),
        ("decoder_1_kernel", (3, 4, 5)),
        ("decoder_1_bias", (4,)),
        ("decoder_2_kernel", (5, 1, 4)),
        ("decoder_2_bias", (1,)),
    ]


def test_a_classifier_names_its_parameters_layer_by_layer():
    network = replace(CLASSIFIER, views=("snv", "bands"))
    assert [(p.name, p.shape) for p in network.parameters] == [
        ("convolution_1_kernel", (5, 2, 4)),
        ("convolution_1_bias", (4,)),
        ("convolution_2_kernel", (3, 4, 5)),
        ("convolution_2_bias", (5,)),
        ("dense_1_kernel", (55, 8)),
        ("dense_1_bias", (8,)),
        ("dense_2_kernel", (8, 6)),
        ("dense_2_bias", (6,)),
        ("output_kernel", (6, 4)),
        ("output_bias", (4,)),
    ]


@pytest.mark.parametrize(
    ("network", "sizes"), [(DENSE, [15, 35, 84]), (CONV, [60, 20])], ids=["dense", "conv"]
)
@pytest.mark.parametrize("layer", [0, 1])
def test_a_tied_kernel_is_no_parameter_and_its_bias_is(network, sizes, layer):
    ties = tuple(i == layer for i in range(len(network.tied_weights)))
    tied = replace(network, tied_weights=ties)
    missing = {p.name for p in network.parameters} - {p.name for p in tied.parameters}
    assert missing == {f"decoder_{layer + 1}_kernel"}
    saved = sum(p.size for p in network.parameters) - sum(p.size for p in tied.parameters)
    assert saved == sizes[layer]


@pytest.mark.parametrize("network", [DENSE, CONV, CLASSIFIER], ids=["dense", "conv", "classifier"])
def test_networks_are_values(network):
    twin = replace(network)
    assert twin is not network and twin == network and hash(twin) == hash(network)
    other = replace(network, dtype="float32")
    assert other != network and len({network, twin, other}) == 2
    with pytest.raises(FrozenInstanceError):
        network.n_bands = 3


@pytest.mark.parametrize("length", [1, 5, 12, 13])
@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_transposed_convolution_is_the_adjoint_of_the_convolution(
    length, width, stride, padding
):
    if width > length and padding == "valid":
        width = length
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((3, length, 2)), rng.standard_normal((width, 2, 4))
    mapped = convolution(tf.constant(x), kernel, np.zeros(4), stride=stride, padding=padding)
    assert mapped.shape[1] == convolved_length(length, width, stride, padding)
    y = rng.standard_normal(mapped.shape)
    back = transposed_convolution(
        tf.constant(y), tf.constant(kernel), np.zeros(2), length=length, stride=stride,
        padding=padding,
    )  # fmt: skip
    np.testing.assert_allclose(np.vdot(mapped, y), np.vdot(x, back), rtol=1e-10)


@pytest.mark.parametrize(
    ("n_bands", "kernel_sizes", "strides", "padding", "expected"),
    [
        (200, (20, 10, 10), (1, 1, 1), "valid", (20, 10, 10)),
        (10, (20, 10), (1, 1), "valid", (10, 1)),
        (12, (5, 20), (2, 1), "valid", (5, 4)),
        (5, (9, 9), (2, 2), "same", (5, 3)),
        (1, (20, 10, 10), (1, 2, 3), "same", (1, 1, 1)),
    ],
)
def test_kernels_are_cut_to_what_they_are_applied_to(
    n_bands, kernel_sizes, strides, padding, expected
):
    assert fitting_kernel_sizes(n_bands, kernel_sizes, strides, padding) == expected


@pytest.mark.parametrize("shape", CONV_SHAPES)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_classifiers_of_any_shape_compute_as_by_hand(shape, activation):
    network = replace(CLASSIFIER, activation=activation, **CONV_SHAPES[shape])
    vector, X = _random_parameters(network), _random_spectra(network)
    layers = network.layer_values(
        Layers(_tensors(network, vector)), tf.constant(X[:, :, None]), None
    )
    expected = _classifier_by_hand(network, vector, X[:, :, None])
    assert len(layers) == len(expected) == network.n_layers
    for found, layer in zip(layers, expected, strict=True):
        found = found.numpy().reshape(layer.shape)
        np.testing.assert_allclose(found, layer, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("dense_layer_sizes", [(), (8,)])
def test_a_classifier_gives_logits_probabilities_and_features(dense_layer_sizes):
    network = replace(CLASSIFIER, dense_layer_sizes=dense_layer_sizes)
    vector, X = _random_parameters(network), _random_spectra(network)
    expected = _classifier_by_hand(network, vector, X[:, :, None])
    found = {
        name: _apply(network, name, vector, X)
        for name in ("logits", "probabilities", "log_probabilities")
    }
    np.testing.assert_allclose(found["logits"], expected[-1], rtol=1e-10)
    np.testing.assert_allclose(found["probabilities"], softmax(expected[-1], axis=1), rtol=1e-10)
    np.testing.assert_allclose(
        found["log_probabilities"], log_softmax(expected[-1], axis=1), rtol=1e-10
    )
    for layer, values in enumerate(expected):
        features = _apply(network, "features", vector, X, layer=layer)
        np.testing.assert_allclose(features, values, rtol=1e-10, atol=1e-13)


def test_log_probabilities_stay_exact_where_probabilities_vanish():
    network = replace(CLASSIFIER, dtype="float32")
    vector, X = _random_parameters(network), _random_spectra(network)
    vector[-4:] = [0, 500, 1000, -1000]
    assert _apply(network, "probabilities", vector, X).min() == 0
    expected = log_softmax(_apply(network, "logits", vector, X).astype(np.float64), axis=1)
    np.testing.assert_allclose(_apply(network, "log_probabilities", vector, X), expected, rtol=1e-5)


def _statistics(network, seed=3):
    """Plausible statistics: the flat vector, and by name."""
    rng = np.random.default_rng(seed)
    vector = rng.uniform(0.5, 1.5, sum(p.size for p in network.statistics))
    return vector, split(vector, network.statistics) if len(vector) else {}


def _views_by_hand(network, named, X):
    snv = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    clip = lambda x: np.clip(x, -CLIPPING, CLIPPING)  # noqa: E731
    made = {}
    if "snv_mean" in named:
        made["snv"] = clip((snv - named["snv_mean"]) / named["snv_scale"])
    if "bands_mean" in named:
        made["bands"] = clip((X - named["bands_mean"]) / named["bands_scale"])
    if "whitening" in named:
        made["whitened"] = made["snv"] @ named["whitening"]
    return np.stack([VIEW_WEIGHTS[view] * made[view] for view in network.views], axis=2)


@pytest.mark.parametrize(
    ("views", "statistics"),
    [
        (("snv",), ["snv_mean", "snv_scale"]),
        (("bands",), ["bands_mean", "bands_scale"]),
        (("whitened",), ["snv_mean", "snv_scale", "whitening"]),
        (("whitened", "snv"), ["snv_mean", "snv_scale", "whitening"]),
        (
            ("snv", "bands", "whitened"),
            ["bands_mean", "bands_scale", "snv_mean", "snv_scale", "whitening"],
        ),
    ],
)
def test_the_views_are_channels_made_of_each_spectrum(views, statistics):
    network = replace(CLASSIFIER, views=views)
    assert [p.name for p in network.statistics] == statistics
    assert network.input_shape == (17, len(views))
    vector, named = _statistics(network)
    X = _random_spectra(network)
    X[0, 3] = 1e3  # clipped as a band, dominating as snv
    parameters = _random_parameters(network)
    expected = _views_by_hand(network, named, X)
    found = _apply(network, "condition", parameters, X, vector)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    logits = _apply(network, "logits", parameters, X, vector)
    np.testing.assert_allclose(
        logits, _classifier_by_hand(network, parameters, expected)[-1], rtol=1e-9
    )


def test_without_views_the_spectrum_is_the_one_channel():
    assert CLASSIFIER.statistics == () and CLASSIFIER.input_shape == (17, 1)
    X = _random_spectra(CLASSIFIER)
    found = _apply(CLASSIFIER, "condition", _random_parameters(CLASSIFIER), X)
    np.testing.assert_array_equal(found, X[:, :, None])


def test_the_normal_variate_of_a_flat_spectrum_is_zero():
    network = replace(CLASSIFIER, views=("snv",))
    X = np.concatenate([np.zeros((1, 17)), np.full((1, 17), 0.1), np.full((1, 17), 1e18)])
    statistics = np.concatenate([np.zeros(17), np.ones(17)])
    found = _apply(network, "standard_normal_variate", _random_parameters(network), X, statistics)
    np.testing.assert_array_equal(found, np.zeros((3, 17)))


def _dropped(network, seed, n=5):
    """The logits of one spectrum, repeated, as training with this seed sees them."""
    X = np.repeat(_random_spectra(network, n=1)[:, :, None], n, axis=0)
    seed = None if seed is None else tf.constant(seed)
    layers = Layers(_tensors(network, _random_parameters(network)))
    return network.output(layers, tf.constant(X), seed).numpy()


def test_nothing_is_dropped_without_a_seed_or_without_a_rate():
    dropping = replace(CLASSIFIER, dropout=0.5)
    np.testing.assert_array_equal(_dropped(dropping, None), _dropped(CLASSIFIER, None))
    np.testing.assert_array_equal(_dropped(CLASSIFIER, [1, 2]), _dropped(CLASSIFIER, None))
    assert np.any(_dropped(dropping, [1, 2]) != _dropped(dropping, None))


def test_what_is_dropped_is_a_function_of_the_seed():
    network = replace(CLASSIFIER, dropout=0.5)
    np.testing.assert_array_equal(_dropped(network, [1, 2]), _dropped(network, [1, 2]))
    for other in ([1, 3], [2, 2]):
        assert np.any(_dropped(network, [1, 2]) != _dropped(network, other))


def test_rows_and_layers_are_dropped_from_independently():
    network = replace(CLASSIFIER, dropout=0.5, dense_layer_sizes=(55,))
    assert len(np.unique(_dropped(network, [1, 2], n=20), axis=0)) == 20
    x, rate = tf.ones((4, 55)), network.dropout
    masks = [network._drop(x, tf.constant([1, 2]), layer).numpy() for layer in (0, 1)]
    assert 0.3 < np.mean(masks[0] == masks[1]) < 0.7
    assert set(np.unique(masks)) == {0, 1 / (1 - rate)}


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropping_leaves_the_expectation_as_it_is(rate):
    n = 100_000
    values = dropout(tf.ones(n, tf.float64), rate, tf.constant([3, 4])).numpy()
    np.testing.assert_allclose(np.unique(values), [0, 1 / (1 - rate)])
    deviation = np.sqrt(rate / (1 - rate) / n)
    assert abs(values.mean() - 1) < 5 * deviation
    # Through linear layers the expectation passes unchanged, whatever was dropped before.
    network = replace(CLASSIFIER, activation="linear", dropout=rate)
    logits = _dropped(network, [5, 6], n=20_000)
    error = logits.std(axis=0) / np.sqrt(len(logits))
    assert np.all(np.abs(logits.mean(axis=0) - _dropped(network, None, n=1)[0]) < 5 * error)
