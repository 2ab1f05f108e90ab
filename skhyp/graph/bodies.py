"""The body that spectral networks share: convolutions over views of a spectrum, dense layers.

A head says how many values the last layer has, and what they mean: see :mod:`.classifiers`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .layers import Layers, dropout
from .parameters import Parameter, kernel_and_bias
from .stacks import ConvolutionStack, DenseStack
from .views import ConditioningViews, SpectralViews

Tensors = Mapping[str, tf.Tensor]

# The last layer starts at a tenth of the others: every answer is as likely as any other then.
OUTPUT_GAIN = 0.1


@dataclass(frozen=True, kw_only=True)
class ConvBody(SpectralViews, ABC):
    """Convolutions over the bands, dense layers, and a last layer of ``n_outputs`` values."""

    n_filters: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    dense_layer_sizes: tuple[int, ...]
    activation: str
    dropout: float
    # The precision of the layers in inference, where it is not that of the rest.
    layers_dtype: str | None = None

    has_convolutions: ClassVar[bool] = True
    is_penalized: ClassVar[bool] = False

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """How many values the last layer has."""

    @property
    def is_random(self) -> bool:
        """Whether training draws random numbers."""
        return self.dropout > 0

    @property
    def n_layers(self) -> int:
        """All layers: convolutions, dense layers, the last one."""
        return len(self.n_filters) + len(self.dense_layer_sizes) + 1

    def conditioning(self, n_values: int) -> ConditioningViews:
        """Return what computes the views alone, of ``n_values`` for each spectrum."""
        return ConditioningViews(
            n_bands=self.n_bands, views=self.views, dtype=self.dtype, n_values=n_values
        )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        dense = self._dense
        last = kernel_and_bias("output", (dense.sizes[-1], self.n_outputs), gain=OUTPUT_GAIN)
        return (*self._convolutions.parameters, *dense.parameters, *last)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of positions along the spectrum, from the input to the last convolution."""
        return self._convolutions.lengths

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the forward pass makes of a spectrum."""
        dense = self._dense
        last = dense.sizes[-1] * self.n_outputs
        return self._convolutions.multiply_adds + dense.multiply_adds + last

    @property
    def n_values(self) -> int:
        """How many values the layers have of a spectrum, and what is made before them."""
        conditioned = self.n_bands * self.n_channels
        dense = sum(self.dense_layer_sizes) + self.n_outputs
        return conditioned + self._convolutions.n_values + dense

    @property
    def _convolutions(self) -> ConvolutionStack:
        return ConvolutionStack(
            name="convolution",
            n_bands=self.n_bands,
            n_channels=self.n_channels,
            n_filters=self.n_filters,
            kernel_sizes=self.kernel_sizes,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
        )

    @property
    def _dense(self) -> DenseStack:
        return DenseStack(
            name="dense",
            sizes=(self._convolutions.n_flat, *self.dense_layer_sizes),
            activation=self.activation,
            last_activation=self.activation,
        )

    def output(self, layers: Layers, x: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Return the last values of conditioned spectra; with a seed, as training sees them."""
        return self.layer_values(layers, x, seed)[-1]

    def outputs(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the last layer's values (n, n_outputs) of spectra (n, bands)."""
        x = self.condition(layers, statistics, x)
        return layers.leave(self.output(layers, layers.enter(x)), self.dtype)

    def features(self, layers: Layers, statistics: Tensors, x: tf.Tensor, layer: int) -> tf.Tensor:
        """Return the values (n, n_values) of a layer, those of a convolution flattened."""
        x = self.condition(layers, statistics, x)
        values = layers.leave(self.layer_values(layers, layers.enter(x))[layer], self.dtype)
        return layers.ops.reshape(values, (-1, math.prod(values.shape[1:])))

    def layer_values(
        self, layers: Layers, x: tf.Tensor, seed: tf.Tensor | None = None
    ) -> list[tf.Tensor]:
        """Return the values of each layer: after its activation, and the last one's."""
        convolutions = self._convolutions
        _, values = convolutions.sums_and_values(layers, x)
        x = convolutions.flat(layers, values[-1])
        _, dense = self._dense.sums_and_values(
            layers, x, lambda x, layer: self._drop(x, seed, layer)
        )
        x = dense[-1] if dense else x
        return [*values, *dense, layers.dense(self._drop(x, seed, layer=0), "output")]

    def _drop(self, x: tf.Tensor, seed: tf.Tensor | None, layer: int) -> tf.Tensor:
        if seed is None or not self.dropout:
            return x
        return dropout(x, self.dropout, seed + tf.constant([layer, 0]))
