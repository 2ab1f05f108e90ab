"""Layers and operations, by TensorFlow: what networks and scalings are written in.

:mod:`.keras_models` has the same by Keras, so that a network is described once.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import tensorflow as tf

from .continuum import remove_continuum
from .convolutions import BLOCKS, convolution, transposed_convolution

ACTIVATIONS = {
    "relu": tf.nn.relu,
    "sigmoid": tf.math.sigmoid,
    "linear": tf.identity,
    "tanh": tf.math.tanh,
    "elu": tf.nn.elu,
    "softplus": tf.math.softplus,
}

# By the names of keras.ops.
OPERATIONS = SimpleNamespace(
    abs=tf.abs,
    any=tf.reduce_any,
    cast=tf.cast,
    clip=tf.clip_by_value,
    concatenate=tf.concat,
    equal=tf.equal,
    exp=tf.exp,
    expand_dims=tf.expand_dims,
    eye=tf.eye,
    isnan=tf.math.is_nan,
    logical_or=tf.logical_or,
    inv=tf.linalg.inv,
    matmul=tf.linalg.matmul,
    max=tf.reduce_max,
    maximum=tf.maximum,
    mean=tf.reduce_mean,
    min=tf.reduce_min,
    not_equal=tf.not_equal,
    ones=tf.ones,
    reshape=tf.reshape,
    sqrt=tf.sqrt,
    square=tf.square,
    squeeze=tf.squeeze,
    stack=tf.stack,
    sum=tf.reduce_sum,
    take=lambda x, indices, axis: tf.gather(x, indices, axis=axis),
    transpose=tf.transpose,
    where=tf.where,
)


class Layers:
    """The layers of a network, which find their arrays by their names.

    Parameters
    ----------
    arrays : mapping of str to tensor
        Of each layer ``name``, a "name_kernel" and a "name_bias".
    form : str
        That of the convolutions, see :mod:`.convolutions`.
    dtype : str, default=None
        The precision of the layers, where it is not that of the arrays.
    """

    ops: Any = OPERATIONS

    def __init__(
        self, arrays: Mapping[str, Any], form: str = BLOCKS, dtype: str | None = None
    ) -> None:
        self._dtype = dtype
        if dtype is not None:
            arrays = {name: tf.cast(array, dtype) for name, array in arrays.items()}
        self._arrays = arrays
        self._form = form

    def enter(self, x: tf.Tensor) -> tf.Tensor:
        """Return what the first layer is given, in the precision of the layers."""
        return x if self._dtype is None else tf.cast(x, self._dtype)

    def leave(self, y: tf.Tensor, dtype: str) -> tf.Tensor:
        """Return what the last layer gave, in the precision of all else."""
        return tf.cast(y, dtype)

    def activate(self, x: tf.Tensor, activation: str) -> tf.Tensor:
        """Apply the activation function of that name, element by element."""
        return ACTIVATIONS[activation](x)

    def dense(
        self,
        x: tf.Tensor,
        name: str,
        *,
        tied_to: str | None = None,
        skip: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Map rows (n, inputs) to (n, outputs), and add a skip.

        A layer that is tied to another has the transpose of its kernel.
        """
        kernel = self._kernel(name) if tied_to is None else tf.transpose(self._kernel(tied_to))
        product = tf.linalg.matmul(x, kernel)
        if skip is None:
            return tf.nn.bias_add(product, self._bias(name))
        # Not bias_add: TensorFlow's rewriting of graphs (seen in 2.21) breaks bias_add, add and
        # relu.
        return product + self._bias(name) + skip

    def product(self, x: tf.Tensor, name: str, matrix: tf.Tensor) -> tf.Tensor:
        """Map rows by a matrix that is not trained; only a layer of Keras needs a name."""
        return tf.linalg.matmul(x, matrix)

    def convolution(self, x: tf.Tensor, name: str, *, stride: int, padding: str) -> tf.Tensor:
        """Convolve spectra (n, length, channels) to (n, positions, filters)."""
        return convolution(
            x,
            self._kernel(name),
            self._bias(name),
            stride=stride,
            padding=padding,
            form=self._form,
        )

    def transposed_convolution(
        self,
        x: tf.Tensor,
        name: str,
        *,
        tied_to: str | None = None,
        length: int,
        stride: int,
        padding: str,
    ) -> tf.Tensor:
        """Undo the shape of a convolution: (n, positions, filters) to (n, length, channels).

        A layer that is tied to a convolution has its kernel.
        """
        return transposed_convolution(
            x,
            self._kernel(tied_to or name),
            self._bias(name),
            length=length,
            stride=stride,
            padding=padding,
            form=self._form,
        )

    def remove_continuum(
        self, x: tf.Tensor, positions: Sequence[float], segments: Sequence[tuple[int, int]]
    ) -> tf.Tensor:
        """Return spectra over their upper convex hulls, see :mod:`.continuum`."""
        return remove_continuum(x, positions, segments)

    def array(self, name: str) -> Any:
        """Return an array of the network that is not the kernel or the bias of a layer."""
        return self._arrays[name]

    def _kernel(self, name: str) -> Any:
        return self._arrays[f"{name}_kernel"]

    def _bias(self, name: str) -> Any:
        return self._arrays[f"{name}_bias"]


def dropout(x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Silence a share ``rate`` of the values and scale up the others; a function of ``seed``."""
    # Whole numbers are compared, as XLA makes other fractions of them than TensorFlow.
    drawn = tf.random.stateless_uniform(tf.shape(x), seed, None, None, tf.uint32, alg="philox")
    is_kept = drawn >= tf.constant(round(rate * 2**32), tf.uint32)
    return tf.where(is_kept, x / (1 - rate), tf.zeros_like(x))
