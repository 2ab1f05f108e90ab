"""The linear mixing model as a network: abundances in a simplex, endmembers at its corners.

Spectra that are mixtures of p endmembers lie, noise aside, in a simplex of p - 1 dimensions. The
corners are what is trained, in the principal axes of the data, at unit variance: so all of them
are of one size, and a step of the optimizer means the same in each direction. The encoder has no
weights of its own: a spectrum's barycentric coordinates in the simplex of least distance are a
product with a matrix that follows from the corners.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import tensorflow as tf

from .autoencoders import Coder
from .layers import Layers
from .parameters import Parameter

# This share of its mean diagonal is added to a matrix of squares before it is inverted: a simplex
# that is flat has coordinates as well, and a volume.
_RIDGE = 1e-5


@dataclass(frozen=True, kw_only=True)
class LinearUnmixer(Coder):
    """Shares of endmembers, which are not negative and add up to one.

    ``positive``: endmembers have no negative values. ``scaled`` is always true.
    """

    n_endmembers: int
    positive: bool

    has_convolutions: ClassVar[bool] = False
    is_penalized: ClassVar[bool] = True

    @property
    def n_axes(self) -> int:
        """The dimension of the simplex."""
        return self.n_endmembers - 1

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The corners, which are trained, and the frame that they are given in."""
        return (
            Parameter("corners", (self.n_endmembers, self.n_axes)),
            Parameter("axes", (self.n_axes, self.n_bands), is_trained=False),
            Parameter("center", (self.n_bands,), is_trained=False),
            Parameter("noise_variances", (self.n_axes,), is_trained=False),
            Parameter("volume_weight", (1,), is_trained=False),
        )

    @property
    def multiply_adds(self) -> int:
        """How many multiplications the forward pass makes of a spectrum."""
        return 2 * self.n_bands * self.n_endmembers

    @property
    def n_values(self) -> int:
        """How many values there are of a spectrum."""
        return 2 * self.n_bands + self.n_endmembers

    def encode(self, layers: Layers, x: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Return the abundances of scaled spectra; nothing is carried past them."""
        ops = layers.ops
        matrix, offset = self.shares_of_differences(layers)
        shares = layers.product(x - layers.array("center"), "shares", matrix)
        shares = layers.activate(shares + offset, "relu")
        # They add up to one before the negative ones are left out, and to no less after that,
        # unless the simplex is too flat to tell.
        total = ops.sum(shares, axis=1, keepdims=True)
        even = ops.ones((1, self.n_endmembers), self.dtype) / self.n_endmembers
        return ops.where(total > 0, shares / ops.where(total > 0, total, 1.0), even), []

    def shares_of_differences(self, layers: Layers) -> tuple[Any, Any]:
        """Return the matrix and the offset that give shares, of differences from the center."""
        _, corners = self._endmembers_and_corners(layers)
        barycentric = self._barycentric(layers, corners)
        return layers.ops.matmul(self._onto_axes(layers), barycentric[:-1]), barycentric[-1]

    def decode(self, layers: Layers, z: tf.Tensor, skips: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the scaled spectra of abundances."""
        endmembers, _ = self._endmembers_and_corners(layers)
        return layers.product(z, "mixture", endmembers)

    def penalty(self, layers: Layers) -> tf.Tensor:
        """Return the logarithm of the simplex's volume, widened by the noise, by its weight.

        It is the weight that ``skhyp.fitting._simplex`` gives it that keeps it in proportion to
        the loss.
        """
        _, corners = self._endmembers_and_corners(layers)
        from_mean = corners - tf.reduce_mean(corners, axis=0)
        # The covariance of even abundances is this share of the corners' scatter.
        share = 1 / (self.n_endmembers * (self.n_endmembers + 1))
        covariance = share * tf.linalg.matmul(from_mean, from_mean, transpose_a=True)
        covariance += tf.linalg.diag(layers.array("noise_variances"))
        covariance, unknown = self._invertible(layers, covariance)
        log_volume = 0.5 * tf.linalg.logdet(covariance) + unknown
        return layers.array("volume_weight")[0] * log_volume

    def _endmembers_and_corners(self, layers: Layers) -> tuple[Any, Any]:
        """Return the endmembers (n_endmembers, n_bands) and their coordinates."""
        ops = layers.ops
        corners, axes, center = map(layers.array, ("corners", "axes", "center"))
        endmembers = ops.matmul(corners, axes) + center
        if not self.positive:
            return endmembers, corners
        endmembers = ops.maximum(endmembers, 0.0)
        return endmembers, ops.matmul(endmembers - center, self._onto_axes(layers))

    def _onto_axes(self, layers: Layers) -> Any:
        """Return the matrix (n_bands, n_axes) that gives coordinates along the axes."""
        ops, axes = layers.ops, layers.array("axes")
        return ops.transpose(axes / ops.sum(ops.square(axes), axis=1, keepdims=True))

    def _barycentric(self, layers: Layers, corners: Any) -> Any:
        """Return the matrix (n_axes + 1, n_endmembers) from coordinates, and a one, to shares."""
        ops = layers.ops
        ones = ops.ones((self.n_endmembers, 1), self.dtype)
        corners = ops.concatenate([corners, ones], axis=1)
        squares = ops.matmul(corners, ops.transpose(corners))
        squares, unknown = self._invertible(layers, squares)
        return ops.matmul(ops.transpose(corners), ops.inv(squares)) + unknown

    def _invertible(self, layers: Layers, squares: Any) -> tuple[Any, Any]:
        """Return a matrix of squares that can be inverted, and zero, or NaN if it has no numbers.

        TensorFlow ends with an error where a training that diverges is to be told as such.
        """
        ops = layers.ops
        identity = ops.eye(squares.shape[0], dtype=self.dtype)
        mean = ops.sum(squares * identity) / squares.shape[0]
        unknown = 0 * ops.sum(squares)
        squares = ops.where(ops.isnan(unknown), identity, squares + _RIDGE * mean * identity)
        return squares, unknown
