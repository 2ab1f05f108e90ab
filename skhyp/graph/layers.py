"""Layers as pure functions of a tensor and its parameters: the plain reference form."""

import math

import tensorflow as tf

ACTIVATIONS = {
    "relu": tf.nn.relu,
    "sigmoid": tf.math.sigmoid,
    "linear": tf.identity,
    "tanh": tf.math.tanh,
    "elu": tf.nn.elu,
    "softplus": tf.math.softplus,
}


def activate(x: tf.Tensor, activation: str) -> tf.Tensor:
    """Apply the activation function of that name, element by element."""
    return ACTIVATIONS[activation](x)


def dense(
    x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, skip: tf.Tensor | None = None
) -> tf.Tensor:
    """Map rows (n, inputs) by a kernel (inputs, outputs) and a bias (outputs,), and add a skip."""
    product = tf.linalg.matmul(x, kernel)
    if skip is None:
        return tf.nn.bias_add(product, bias)
    # Not bias_add: TensorFlow's rewriting of graphs (seen in 2.21) breaks bias_add, add and relu.
    return product + bias + skip


def convolution(
    x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, *, stride: int, padding: str
) -> tf.Tensor:
    """Convolve spectra (n, length, channels) by a kernel (width, channels, filters)."""
    return tf.nn.bias_add(tf.nn.conv1d(x, kernel, stride, padding.upper()), bias)


def transposed_convolution(
    x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, *, length: int, stride: int, padding: str
) -> tf.Tensor:
    """Undo the shape of a convolution: (n, shorter, filters) to (n, length, channels).

    The kernel is that of the convolution whose transpose this is, (width, channels, filters), so
    that a tied layer passes the encoder's kernel as it stands.
    """
    output_shape = tf.stack([tf.shape(x)[0], length, kernel.shape[1]])
    output = tf.nn.conv1d_transpose(x, kernel, output_shape, stride, padding.upper())
    # Not bias_add, as above: here it is a transposed convolution, bias_add and relu.
    return tf.ensure_shape(output, (None, length, kernel.shape[1])) + bias


def dropout(x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Silence a share ``rate`` of the values and scale up the others; a function of ``seed``."""
    return tf.nn.experimental.stateless_dropout(x, rate, seed)


def convolved_length(length: int, kernel_size: int, stride: int, padding: str) -> int:
    """Return the number of positions at which a kernel is applied along ``length`` bands."""
    positions = length if padding == "same" else length - kernel_size + 1
    return math.ceil(positions / stride)


def convolved_lengths(
    n_bands: int, kernel_sizes: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> tuple[int, ...]:
    """Return the lengths along stacked convolutions, from the input to the last one's output."""
    lengths = [n_bands]
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        lengths.append(convolved_length(lengths[-1], kernel_size, stride, padding))
    return tuple(lengths)


def fitting_kernel_sizes(
    n_bands: int, kernel_sizes: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> tuple[int, ...]:
    """Return the sizes of stacked kernels, each cut to the length that it is applied to."""
    length, fitting = n_bands, []
    for kernel_size, stride in zip(kernel_sizes, strides, strict=True):
        fitting.append(min(kernel_size, length))
        length = convolved_length(length, fitting[-1], stride, padding)
    return tuple(fitting)
