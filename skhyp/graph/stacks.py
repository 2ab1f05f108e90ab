"""Convolutions one after another, and dense layers one after another: what networks are built of.

A stack is a value, as networks are: it knows the parameters of its layers and computes their
values. Layer i of a stack, counted from 1, is called "name_i".
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import tensorflow as tf

from .convolutions import convolved_lengths
from .layers import Layers
from .parameters import Parameter, kernel_and_bias


@dataclass(frozen=True, kw_only=True)
class ConvolutionStack:
    """Convolutions along spectra (n, n_bands, n_channels), each followed by its activation."""

    name: str
    n_bands: int
    n_channels: int
    n_filters: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    activation: str

    @property
    def channels(self) -> tuple[int, ...]:
        """How many channels go into the first layer, and come out of each."""
        return (self.n_channels, *self.n_filters)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of positions along the spectrum, from the input to the last convolution."""
        return convolved_lengths(self.n_bands, self.kernel_sizes, self.strides, self.padding)

    @property
    def n_flat(self) -> int:
        """The number of values that the last convolution gives."""
        return self.lengths[-1] * self.n_filters[-1]

    @property
    def parameters(self) -> list[Parameter]:
        """Kernels and biases, layer by layer."""
        described: list[Parameter] = []
        for i, (width, shape) in enumerate(
            zip(self.kernel_sizes, pairwise(self.channels), strict=True), start=1
        ):
            described += kernel_and_bias(f"{self.name}_{i}", (width, *shape))
        return described

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the layers make of a spectrum."""
        kernels = [parameter.size for parameter in self.parameters if not parameter.is_bias]
        return sum(n * size for n, size in zip(self.lengths[1:], kernels, strict=True))

    @property
    def n_values(self) -> int:
        """How many values the layers and their input have of a spectrum."""
        return sum(n * n_filters for n, n_filters in zip(self.lengths, self.channels, strict=True))

    def sums_and_values(
        self, layers: Layers, x: tf.Tensor
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Return what each layer gives, before its activation and after."""
        sums, values = [], []
        for i, stride in enumerate(self.strides, start=1):
            x = layers.convolution(x, f"{self.name}_{i}", stride=stride, padding=self.padding)
            sums.append(x)
            x = layers.activate(x, self.activation)
            values.append(x)
        return sums, values

    def flat(self, layers: Layers, x: tf.Tensor) -> tf.Tensor:
        """Return the values (n, n_flat) of the last layer (n, positions, filters)."""
        return layers.ops.reshape(x, (-1, self.n_flat))


@dataclass(frozen=True, kw_only=True)
class DenseStack:
    """Dense layers over rows (n, sizes[0]); all but the last have the same activation."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    last_activation: str

    @property
    def n_layers(self) -> int:
        return len(self.sizes) - 1

    @property
    def parameters(self) -> list[Parameter]:
        """Kernels and biases, layer by layer."""
        described: list[Parameter] = []
        for i, shape in enumerate(pairwise(self.sizes), start=1):
            described += kernel_and_bias(f"{self.name}_{i}", shape)
        return described

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the layers make of a row."""
        return sum(inputs * outputs for inputs, outputs in pairwise(self.sizes))

    def sums_and_values(
        self,
        layers: Layers,
        x: tf.Tensor,
        prepare: Callable[[tf.Tensor, int], tf.Tensor] = lambda x, layer: x,
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """Return what each layer gives, before its activation and after.

        ``prepare`` is what is done to the input of a layer, as dropout, given its number.
        """
        sums, values = [], []
        for i in range(1, self.n_layers + 1):
            x = layers.dense(prepare(x, i), f"{self.name}_{i}")
            sums.append(x)
            is_last = i == self.n_layers
            x = layers.activate(x, self.last_activation if is_last else self.activation)
            values.append(x)
        return sums, values
