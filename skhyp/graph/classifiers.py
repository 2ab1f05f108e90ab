"""The convolutional classifier as a value: a frozen description that computes pure functions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from .convolutions import convolved_lengths
from .layers import Layers, dropout
from .parameters import Parameter, kernel_and_bias
from .spectra import standard_normal_variate

Tensors = Mapping[str, tf.Tensor]

# Standardised values are kept within this many deviations: one huge pixel moves nothing else.
CLIPPING = 10.0
# How much each view of a spectrum weighs beside the others, at the start of training.
VIEW_WEIGHTS = {"snv": 1.0, "bands": 0.3, "whitened": 0.5}
# The last layer starts at a tenth of the others: every class is as likely as any other then.
OUTPUT_GAIN = 0.1


@dataclass(frozen=True, kw_only=True)
class ConvClassifier:
    """Convolutions over the bands, dense layers, and a logit for each class.

    ``views`` are the input channels made of each spectrum; without any, the spectrum itself is
    the one channel.
    """

    n_bands: int
    n_classes: int
    views: tuple[str, ...]
    n_filters: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    dense_layer_sizes: tuple[int, ...]
    activation: str
    dropout: float
    dtype: str
    # The precision of the layers in inference, where it is not that of the rest.
    layers_dtype: str | None = None

    has_convolutions: ClassVar[bool] = True

    @property
    def is_random(self) -> bool:
        """Whether training draws random numbers."""
        return self.dropout > 0

    @property
    def n_channels(self) -> int:
        return max(1, len(self.views))

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.n_bands, self.n_channels)

    @property
    def n_layers(self) -> int:
        """All layers: convolutions, dense layers, logits."""
        return len(self.n_filters) + len(self.dense_layer_sizes) + 1

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """What is learned from the training spectra before training, for the views."""
        per_band = (self.n_bands,)
        described = []
        if "bands" in self.views:
            described += [Parameter("bands_mean", per_band), Parameter("bands_scale", per_band)]
        if "snv" in self.views or "whitened" in self.views:
            described += [Parameter("snv_mean", per_band), Parameter("snv_scale", per_band)]
        if "whitened" in self.views:
            described += [Parameter("whitening", (self.n_bands, self.n_bands))]
        return tuple(described)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        channels = (self.n_channels, *self.n_filters)
        described = []
        for i, width in enumerate(self.kernel_sizes):
            shape = (width, channels[i], channels[i + 1])
            described += kernel_and_bias(f"convolution_{i + 1}", shape)
        sizes = (self._n_flat, *self.dense_layer_sizes)
        for i in range(len(sizes) - 1):
            described += kernel_and_bias(f"dense_{i + 1}", (sizes[i], sizes[i + 1]))
        described += kernel_and_bias("output", (sizes[-1], self.n_classes), gain=OUTPUT_GAIN)
        return tuple(described)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of positions along the spectrum, from the input to the last convolution."""
        return convolved_lengths(self.n_bands, self.kernel_sizes, self.strides, self.padding)

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the forward pass makes of a spectrum."""
        kernels = [p for p in self.parameters if not p.is_bias]
        n_dense = len(kernels) - len(self.n_filters)
        positions = (*self.lengths[1:], *[1] * n_dense)
        return sum(n * kernel.size for n, kernel in zip(positions, kernels, strict=True))

    @property
    def n_values(self) -> int:
        """How many values the layers have of a spectrum."""
        layers = zip(self.lengths, (2 * self.n_channels, *self.n_filters), strict=True)
        convolved = sum(n * n_filters for n, n_filters in layers)
        return convolved + sum(self.dense_layer_sizes) + self.n_classes

    @property
    def _n_flat(self) -> int:
        """The number of values that the last convolution gives."""
        return self.lengths[-1] * self.n_filters[-1]

    def standard_normal_variate(
        self, layers: Layers, statistics: Tensors, x: tf.Tensor
    ) -> tf.Tensor:
        """Return the standard normal variate of spectra, standardised per band."""
        snv = standard_normal_variate(layers.ops, x)
        return _standardize(layers.ops, snv, statistics["snv_mean"], statistics["snv_scale"])

    def condition(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the views (n, bands, channels) of spectra (n, bands)."""
        ops = layers.ops
        if not self.views:
            return ops.expand_dims(x, 2)
        made = {}
        if "bands" in self.views:
            mean, scale = statistics["bands_mean"], statistics["bands_scale"]
            made["bands"] = _standardize(ops, x, mean, scale)
        if "snv" in self.views or "whitened" in self.views:
            made["snv"] = self.standard_normal_variate(layers, statistics, x)
        if "whitened" in self.views:
            made["whitened"] = layers.product(made["snv"], "whitening", statistics["whitening"])
        return ops.stack([VIEW_WEIGHTS[view] * made[view] for view in self.views], axis=2)

    def output(self, layers: Layers, x: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Return the logits of conditioned spectra; with a seed, as training sees them."""
        return self.layer_values(layers, x, seed)[-1]

    def logits(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the logits (n, n_classes) of spectra (n, bands)."""
        x = self.condition(layers, statistics, x)
        return layers.leave(self.output(layers, layers.enter(x)), self.dtype)

    def probabilities(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the probabilities (n, n_classes) of spectra (n, bands)."""
        # Not tf.nn.softmax, whose last digits depend on where a row stands.
        ops, logits = layers.ops, self.logits(layers, statistics, x)
        odds = ops.exp(logits - ops.max(logits, axis=1, keepdims=True))
        return odds / ops.sum(odds, axis=1, keepdims=True)

    def places(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the place (n,) of the most probable class, the first of several.

        It is -1 where the probabilities are no numbers.
        """
        probabilities = self.probabilities(layers, statistics, x)
        places = tf.argmax(probabilities, axis=1)
        return tf.where(tf.math.is_nan(probabilities[:, 0]), tf.constant(-1, places.dtype), places)

    def log_probabilities(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the logarithms of the probabilities, exact where these round to 0 or 1."""
        return tf.nn.log_softmax(self.logits(layers, statistics, x))

    def features(self, layers: Layers, statistics: Tensors, x: tf.Tensor, layer: int) -> tf.Tensor:
        """Return the values (n, n_values) of a layer, those of a convolution flattened."""
        x = self.condition(layers, statistics, x)
        values = layers.leave(self.layer_values(layers, layers.enter(x))[layer], self.dtype)
        return layers.ops.reshape(values, (-1, math.prod(values.shape[1:])))

    def layer_values(
        self, layers: Layers, x: tf.Tensor, seed: tf.Tensor | None = None
    ) -> list[tf.Tensor]:
        """Return the values of each layer: after its activation, and the logits."""
        values = []
        for i, stride in enumerate(self.strides, start=1):
            x = layers.convolution(x, f"convolution_{i}", stride=stride, padding=self.padding)
            x = layers.activate(x, self.activation)
            values.append(x)
        x = layers.ops.reshape(x, (-1, self._n_flat))
        for i in range(1, len(self.dense_layer_sizes) + 1):
            x = layers.dense(self._drop(x, seed, layer=i), f"dense_{i}")
            x = layers.activate(x, self.activation)
            values.append(x)
        values.append(layers.dense(self._drop(x, seed, layer=0), "output"))
        return values

    def _drop(self, x: tf.Tensor, seed: tf.Tensor | None, layer: int) -> tf.Tensor:
        if seed is None or not self.dropout:
            return x
        return dropout(x, self.dropout, seed + tf.constant([layer, 0]))


def _standardize(ops: Any, x: tf.Tensor, mean: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return ops.clip((x - mean) / scale, -CLIPPING, CLIPPING)
