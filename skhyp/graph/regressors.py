"""The convolutional regressor as a value: a frozen description that computes pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from .bodies import ConvBody
from .layers import Layers
from .parameters import Parameter

Tensors = Mapping[str, tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class ConvRegressor(ConvBody):
    """A convolutional body whose last layer has a value for each target, in its deviations."""

    n_targets: int

    @property
    def n_outputs(self) -> int:
        return self.n_targets

    @property
    def targets(self) -> tuple[tuple[int, ...], str]:
        """The shape and the dtype of what is learned of each spectrum."""
        return (self.n_targets,), self.dtype

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """What is learned before training: for the views, and of the targets."""
        of_targets = (self.n_targets,)
        return (
            *super().statistics,
            Parameter("target_mean", of_targets),
            Parameter("target_scale", of_targets),
        )

    def values(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the targets (n, n_targets) of spectra (n, bands), in their unit."""
        outputs = self.outputs(layers, statistics, x)
        return outputs * statistics["target_scale"] + statistics["target_mean"]

    def value(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the only target (n,) of spectra (n, bands)."""
        return layers.ops.squeeze(self.values(layers, statistics, x), axis=1)
