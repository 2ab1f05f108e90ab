"""Components that are linear in scaled spectra, and the spectra that they stand for, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .layers import Layers
from .parameters import Parameter
from .spectra import SpectralScaling

Tensors = Mapping[str, tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class LinearComponents:
    """A scaling of each spectrum, the standardisation of its bands, and a projection."""

    n_bands: int
    n_components: int
    scaling: str | None
    dtype: str

    parameters = ()
    casts_input: ClassVar[bool] = True

    @property
    def n_values(self) -> int:
        """How many values are computed of a spectrum."""
        return 6 * self.n_bands + self.n_components

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """Of each band its mean and scale, the projection, and what a unit of each component is."""
        return (
            Parameter("mean", (self.n_bands,)),
            Parameter("scale", (self.n_bands,)),
            Parameter("projection", (self.n_bands, self.n_components)),
            Parameter("patterns", (self.n_components, self.n_bands)),
        )

    def components(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the components (n, components) of spectra (n, bands) of any type."""
        bands = {name: statistics[name] for name in ("mean", "scale")}
        x = self._scaling(self.scaling).scale(layers, {}, x)
        x = self._scaling("standardize").scale(layers, bands, x)
        return layers.product(x, "projection", statistics["projection"])

    def spectra(self, layers: Layers, statistics: Tensors, z: tf.Tensor) -> tf.Tensor:
        """Return the scaled spectra (n, bands) that components (n, components) stand for."""
        z = layers.ops.cast(z, self.dtype)
        x = layers.product(z, "patterns", statistics["patterns"])
        return self._scaling("standardize").unscale(layers, statistics, x)

    def _scaling(self, method: str | None) -> SpectralScaling:
        return SpectralScaling(method=method, n_bands=self.n_bands, kept=None, dtype=self.dtype)
