"""Views of a spectrum, the input channels of convolutions, and what they learn before training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from .layers import Layers
from .parameters import Parameter
from .spectra import standard_normal_variate

Tensors = Mapping[str, tf.Tensor]

# Standardised values are kept within this many deviations: one huge pixel moves nothing else.
CLIPPING = 10.0
# How much each view of a spectrum weighs beside the others, at the start of training.
VIEW_WEIGHTS = {"snv": 1.0, "bands": 0.3, "whitened": 0.5, "slope": 1.0, "curvature": 1.0}
# Views that are derivatives of the standard normal variate.
DERIVATIVES = ("slope", "curvature")


@dataclass(frozen=True, kw_only=True)
class SpectralViews:
    """The input channels made of each spectrum; without any, the spectrum itself is the one."""

    n_bands: int
    views: tuple[str, ...]
    dtype: str

    @property
    def n_channels(self) -> int:
        return max(1, len(self.views))

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.n_bands, self.n_channels)

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
        for view in self.derivatives:
            described += [
                Parameter(f"{view}_filter", (self.n_bands, self.n_bands)),
                Parameter(f"{view}_mean", per_band),
                Parameter(f"{view}_scale", per_band),
            ]
        return tuple(described)

    @property
    def derivatives(self) -> list[str]:
        """The views that are derivatives, in a fixed order."""
        return [view for view in DERIVATIVES if view in self.views]

    def standard_normal_variate(
        self, layers: Layers, statistics: Tensors, x: tf.Tensor
    ) -> tf.Tensor:
        """Return the standard normal variate of spectra, standardised per band."""
        snv = standard_normal_variate(layers.ops, x)
        return _standardize(layers.ops, snv, statistics["snv_mean"], statistics["snv_scale"])

    def derivative(self, layers: Layers, statistics: Tensors, x: tf.Tensor, view: str) -> tf.Tensor:
        """Return a derivative of the standard normal variate of spectra, in its own unit."""
        snv = standard_normal_variate(layers.ops, x)
        return layers.product(snv, f"{view}_filter", statistics[f"{view}_filter"])

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
        for view in self.derivatives:
            derivative = self.derivative(layers, statistics, x, view)
            mean, scale = statistics[f"{view}_mean"], statistics[f"{view}_scale"]
            made[view] = _standardize(ops, derivative, mean, scale)
        return ops.stack([VIEW_WEIGHTS[view] * made[view] for view in self.views], axis=2)


@dataclass(frozen=True, kw_only=True)
class ConditioningViews(SpectralViews):
    """Views alone, as a network without parameters."""

    n_values: int

    parameters = ()


def _standardize(ops: Any, x: tf.Tensor, mean: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return ops.clip((x - mean) / scale, -CLIPPING, CLIPPING)
