"""Autoencoder networks as values: frozen descriptions that compute pure functions."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .layers import Layers
from .losses import LOSSES
from .parameters import Parameter, kernel_and_bias
from .spectra import unit_length
from .stacks import ConvolutionStack, DenseStack

Tensors = Mapping[str, tf.Tensor]

# What the network sees is kept within this many times the scale of the training spectra, so that
# a saturated pixel weighs like a very bright one and not like all the others together.
SATURATION = 10.0
_LARGE_SCALE = 2.0**64


@dataclass(frozen=True, kw_only=True)
class SpectralScale:
    """Spectra over the scale that the training spectra have, if they are ``scaled``.

    With ``own_scale``, each is over its own root mean square instead.
    """

    n_bands: int
    scaled: bool
    dtype: str
    own_scale: bool = False

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """What is learned from the spectra before training: one scale for all bands."""
        return (Parameter("scale", (1,)),) if self.scaled else ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.n_bands,)

    def condition(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return what the network sees, and learns to reconstruct, of spectra (n, bands)."""
        if self.own_scale:
            return unit_length(layers.ops, x) * self.n_bands**0.5
        if not self.scaled:
            return x
        return layers.ops.clip(x / statistics["scale"], -SATURATION, SATURATION)


@dataclass(frozen=True, kw_only=True)
class ConditioningScale(SpectralScale):
    """The scale alone, as a network without parameters."""

    n_values: int

    parameters = ()


@dataclass(frozen=True, kw_only=True)
class Coder(SpectralScale, ABC):
    """Scaled spectra, codes of them, and spectra of codes; the spectra themselves are learned."""

    # The precision of the layers in inference, where it is not that of the rest.
    layers_dtype: str | None = None

    is_random: ClassVar[bool] = False
    is_penalized: ClassVar[bool] = False
    targets: ClassVar[None] = None

    def conditioning(self, n_values: int) -> ConditioningScale:
        """Return what scales spectra alone, with ``n_values`` for each of them."""
        return ConditioningScale(
            n_bands=self.n_bands,
            scaled=self.scaled,
            own_scale=self.own_scale,
            dtype=self.dtype,
            n_values=n_values,
        )

    def output(self, layers: Layers, x: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Return the reconstruction of conditioned spectra; ``seed`` is not used."""
        z, skips = self.encode(layers, x)
        return self.decode(layers, z, skips)

    def codes(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the codes (n, n_components) of spectra (n, bands)."""
        x = self.condition(layers, statistics, x)
        z, _ = self.encode(layers, layers.enter(x))
        return layers.leave(z, self.dtype)

    def spectra(self, layers: Layers, statistics: Tensors, z: tf.Tensor) -> tf.Tensor:
        """Return the spectra that codes (n, n_components) stand for."""
        y = self.decode(layers, layers.enter(z), ())
        return self._rescale(statistics, layers.leave(y, self.dtype))

    def reconstruction(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return spectra (n, bands) as the network reconstructs them."""
        x = self.condition(layers, statistics, x)
        y = self.output(layers, layers.enter(x))
        return self._rescale(statistics, layers.leave(y, self.dtype))

    def errors(self, layers: Layers, statistics: Tensors, x: tf.Tensor, measure: str) -> tf.Tensor:
        """Return the error (n,) of the reconstruction of spectra (n, bands)."""
        conditioned = self.condition(layers, statistics, x)
        y = layers.leave(self.output(layers, layers.enter(conditioned)), self.dtype)
        if self.own_scale:
            return LOSSES[measure](conditioned, y)
        if measure == "sse" or not self.scaled:
            return LOSSES[measure](x, self._rescale(statistics, y))
        # The others do not depend on the unit: one in which the reconstruction cannot overflow.
        scale = statistics["scale"]
        return LOSSES[measure](x, y * tf.where(scale > _LARGE_SCALE, scale / _LARGE_SCALE, scale))

    def _rescale(self, statistics: Tensors, y: tf.Tensor) -> tf.Tensor:
        return y * statistics["scale"] if self.scaled else y

    @abstractmethod
    def encode(self, layers: Layers, x: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the codes of conditioned spectra, and what skip connections carry past them."""

    @abstractmethod
    def decode(self, layers: Layers, z: tf.Tensor, skips: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the conditioned spectra of codes; ``skips`` is needed with skip connections."""


@dataclass(frozen=True, kw_only=True)
class Autoencoder(Coder, ABC):
    """What both architectures share: codes, and a decoder that mirrors the encoder.

    ``tied_weights`` and the skip connections follow deephyp: decoder layer k mirrors encoder
    layer n - k, and a skip adds the mirrored layer's value before its activation (to the last
    decoder layer, the input).
    """

    n_components: int
    activation: str
    latent_activation: str
    output_activation: str
    tied_weights: tuple[bool, ...]
    skip_connections: bool


@dataclass(frozen=True, kw_only=True)
class DenseAutoencoder(Autoencoder):
    """Dense layers down to the code and, mirrored, back to the spectrum."""

    hidden_layer_sizes: tuple[int, ...]

    has_convolutions: ClassVar[bool] = False

    @property
    def _encoder(self) -> DenseStack:
        return DenseStack(
            name="encoder",
            sizes=(self.n_bands, *self.hidden_layer_sizes, self.n_components),
            activation=self.activation,
            last_activation=self.latent_activation,
        )

    @property
    def n_layers(self) -> int:
        """The number of encoder layers, and of decoder layers."""
        return self._encoder.n_layers

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the forward pass makes of a spectrum."""
        return 2 * self._encoder.multiply_adds

    @property
    def n_values(self) -> int:
        """How many values the layers have of a spectrum."""
        return 2 * sum(self._encoder.sizes)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        sizes = self._encoder.sizes
        described = self._encoder.parameters
        for i in range(self.n_layers):
            inputs, outputs = sizes[-1 - i], sizes[-2 - i]
            kernel, bias = kernel_and_bias(f"decoder_{i + 1}", (inputs, outputs))
            described += [bias] if self.tied_weights[i] else [kernel, bias]
        return tuple(described)

    def encode(self, layers: Layers, x: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the codes, and what skip connections carry: the input and each layer's sum."""
        sums, values = self._encoder.sums_and_values(layers, x)
        return values[-1], [x, *sums]

    def decode(self, layers: Layers, z: tf.Tensor, skips: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the spectra of codes; ``skips`` is used where there are skip connections."""
        x = z
        for i in range(1, self.n_layers + 1):
            mirror = f"encoder_{self.n_layers + 1 - i}" if self.tied_weights[i - 1] else None
            skip = skips[self.n_layers - i] if self.skip_connections else None
            x = layers.dense(x, f"decoder_{i}", tied_to=mirror, skip=skip)
            x = layers.activate(x, self.activation if i < self.n_layers else self.output_activation)
        return x


@dataclass(frozen=True, kw_only=True)
class ConvAutoencoder(Autoencoder):
    """Convolutions and a dense layer down to the code; a dense layer and their transposes back."""

    n_filters: tuple[int, ...]
    kernel_sizes: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str

    has_convolutions: ClassVar[bool] = True

    @property
    def _encoder(self) -> ConvolutionStack:
        return ConvolutionStack(
            name="encoder",
            n_bands=self.n_bands,
            n_channels=1,
            n_filters=self.n_filters,
            kernel_sizes=self.kernel_sizes,
            strides=self.strides,
            padding=self.padding,
            activation=self.activation,
        )

    @property
    def n_layers(self) -> int:
        """The number of convolutions, and of transposed ones."""
        return len(self.n_filters)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of positions along the spectrum, from the input to the last convolution."""
        return self._encoder.lengths

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the forward pass makes of a spectrum."""
        encoder = self._encoder
        return 2 * (encoder.multiply_adds + encoder.n_flat * self.n_components)

    @property
    def n_values(self) -> int:
        """How many values the layers have of a spectrum."""
        return 2 * (self._encoder.n_values + self.n_components)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        encoder = self._encoder
        described = encoder.parameters
        described += kernel_and_bias("latent", (encoder.n_flat, self.n_components))
        described += kernel_and_bias("unfold", (self.n_components, encoder.n_flat))
        for i in range(self.n_layers):
            layer = self.n_layers - 1 - i
            shape = (self.kernel_sizes[layer], *encoder.channels[layer : layer + 2])
            kernel, bias = kernel_and_bias(
                f"decoder_{i + 1}", shape, n_outputs=encoder.channels[layer]
            )
            described += [bias] if self.tied_weights[i] else [kernel, bias]
        return tuple(described)

    def encode(self, layers: Layers, x: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the codes, and what skip connections carry: the input and each layer's sum."""
        x = layers.ops.expand_dims(x, 2)
        sums, values = self._encoder.sums_and_values(layers, x)
        code = layers.dense(self._encoder.flat(layers, values[-1]), "latent")
        return layers.activate(code, self.latent_activation), [x, *sums]

    def decode(self, layers: Layers, z: tf.Tensor, skips: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the spectra of codes; ``skips`` is used where there are skip connections."""
        x = layers.dense(z, "unfold")
        x = layers.ops.reshape(x, (-1, self.lengths[-1], self.n_filters[-1]))
        if self.skip_connections:
            x += skips[self.n_layers]
        x = layers.activate(x, self.activation)
        for i in range(1, self.n_layers + 1):
            layer = self.n_layers - i
            x = layers.transposed_convolution(
                x,
                f"decoder_{i}",
                tied_to=f"encoder_{layer + 1}" if self.tied_weights[i - 1] else None,
                length=self.lengths[layer],
                stride=self.strides[layer],
                padding=self.padding,
            )
            if self.skip_connections:
                x += skips[layer]
            x = layers.activate(x, self.activation if layer else self.output_activation)
        return layers.ops.squeeze(x, axis=2)
