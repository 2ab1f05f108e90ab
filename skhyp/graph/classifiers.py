"""The convolutional classifier as a value: a frozen description that computes pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .bodies import ConvBody
from .layers import Layers

Tensors = Mapping[str, tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class ConvClassifier(ConvBody):
    """A convolutional body whose last layer has a logit for each class."""

    n_classes: int

    # The shape and the dtype of what is learned of each spectrum: the place of its class.
    targets: ClassVar[tuple] = ((), "int32")

    @property
    def n_outputs(self) -> int:
        return self.n_classes

    def logits(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the logits (n, n_classes) of spectra (n, bands)."""
        return self.outputs(layers, statistics, x)

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
