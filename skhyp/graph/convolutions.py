"""Convolutions along the spectrum, in three forms that differ by rounding alone.

Convolutions over spectra have few channels, and processors want many: with ten channels most of a
vector register is padding. The remedy is to compute several neighbouring outputs at once. Bands
are taken together in *blocks*, each of which holds the inputs between the first of ``outputs``
neighbouring positions and the first of the next ones; then one position of the blocks sees
``outputs`` times the channels, and the kernel becomes a block-Toeplitz array, most of whose rows
hold the kernel shifted by some positions.

* :data:`DIRECT` is TensorFlow's own convolution: the reference that the others are tested by.
* :data:`BLOCKS` is a convolution over blocks, for oneDNN: the fastest where much is computed at
  once, as in inference and for large batches.
* :data:`PRODUCTS` is a product of matrices over windows of blocks, for XLA, whose convolutions are
  slow and whose products and copies are fast: the fastest for small batches.
"""

import math
from typing import NamedTuple

import tensorflow as tf

DIRECT, BLOCKS, PRODUCTS = "direct", "blocks", "products"
FORMS = (DIRECT, BLOCKS, PRODUCTS)

# oneDNN pads channels to this many (a vector of AVX-512); narrower vectors waste no more by it.
_VECTOR = 16
# A product of matrices is fast from about this many columns on.
_COLUMNS = 30
# Up to this many channels of input are not padded.
_FEW_CHANNELS = 3
# Blocks of more outputs multiply more zeros of the Toeplitz array than they save.
_MAX_OUTPUTS = 8
# Blocks are taken where they make less than this share of the multiplications.
_WORTHWHILE = 0.85


class BlockGeometry(NamedTuple):
    """How positions of a convolution without padding are taken together.

    ``outputs`` neighbouring positions make one block of output; their inputs lie in ``window``
    blocks of ``inputs`` bands each; there are ``n_blocks`` blocks of output.
    """

    outputs: int
    inputs: int
    window: int
    n_blocks: int

    @property
    def n_input_blocks(self) -> int:
        return self.n_blocks + self.window - 1

    @classmethod
    def of(cls, outputs: int, length: int, kernel_size: int, stride: int) -> "BlockGeometry":
        """Return the geometry of a convolution along ``length`` bands."""
        n_positions = convolved_length(length, kernel_size, stride, "valid")
        reach = (outputs - 1) * stride + kernel_size
        inputs = outputs * stride
        return cls(outputs, inputs, math.ceil(reach / inputs), math.ceil(n_positions / outputs))


def convolution(
    x: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor,
    *,
    stride: int,
    padding: str,
    form: str = DIRECT,
) -> tf.Tensor:
    """Convolve spectra (n, length, channels) by a kernel (width, channels, filters)."""
    if form == DIRECT:
        return tf.nn.bias_add(tf.nn.conv1d(x, kernel, stride, padding.upper()), bias)
    before, after = padding_around(x.shape[1], kernel.shape[0], stride, padding)
    length, n_channels, n_filters = before + x.shape[1] + after, x.shape[2], kernel.shape[2]
    geometry = block_geometry(form, length, kernel.shape, stride)
    n_bands = geometry.n_input_blocks * geometry.inputs
    x = _cut_or_pad(tf.pad(x, [[0, 0], [before, after], [0, 0]]) if before + after else x, n_bands)
    x = tf.reshape(x, (-1, geometry.n_input_blocks, geometry.inputs * n_channels))
    bias = _block_bias(bias, geometry.outputs, form)
    y = _convolve_blocks(x, _toeplitz(kernel, stride, geometry), bias, geometry, form)
    y = tf.reshape(y, (-1, geometry.n_blocks * geometry.outputs, n_filters))
    return _cut_or_pad(y, convolved_length(length, kernel.shape[0], stride, "valid"))


def transposed_convolution(
    x: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor,
    *,
    length: int,
    stride: int,
    padding: str,
    form: str = DIRECT,
) -> tf.Tensor:
    """Undo the shape of a convolution: (n, shorter, filters) to (n, length, channels).

    The kernel is that of the convolution whose transpose this is, (width, channels, filters), so
    that a tied layer passes the encoder's kernel as it stands.
    """
    n_channels = kernel.shape[1]
    if form == DIRECT:
        output_shape = tf.stack([tf.shape(x)[0], length, n_channels])
        y = tf.nn.conv1d_transpose(x, kernel, output_shape, stride, padding.upper())
        # Not bias_add: TensorFlow's rewriting of graphs (seen in 2.21) breaks a transposed
        # convolution, bias_add and relu.
        return tf.ensure_shape(y, (None, length, n_channels)) + bias
    before, after = padding_around(length, kernel.shape[0], stride, padding)
    geometry = block_geometry(
        form, before + length + after, kernel.shape, stride, is_transposed=True
    )
    x = _cut_or_pad(x, geometry.n_blocks * geometry.outputs)
    x = tf.reshape(x, (-1, geometry.n_blocks, geometry.outputs * kernel.shape[2]))
    y = _transpose_blocks(x, _toeplitz(kernel, stride, geometry), geometry, form)
    y = tf.reshape(y, (-1, geometry.n_input_blocks * geometry.inputs, n_channels))
    y = _cut(y, before, y.shape[1] - before) if before else y
    return _cut_or_pad(y, length) + bias


def block_geometry(
    form: str,
    length: int,
    kernel_shape: tuple[int, int, int],
    stride: int,
    *,
    is_transposed: bool = False,
) -> BlockGeometry:
    """Return the cheapest blocks for a form, by the multiplications that it makes.

    Single positions are preferred where blocks of more do not save a fair share.
    """
    kernel_size, n_channels, n_filters = kernel_shape
    n_positions = convolved_length(length, kernel_size, stride, "valid")

    def cost(geometry: BlockGeometry) -> float:
        inputs, outputs = geometry.inputs * n_channels, geometry.outputs * n_filters
        if form == PRODUCTS:
            outputs = max(outputs, _COLUMNS)
        else:
            # The first convolution of a network, with few channels, is one that oneDNN pads not.
            is_first = inputs <= _FEW_CHANNELS and not is_transposed
            inputs = inputs if is_first else _rounded_up(inputs, _VECTOR)
            outputs = _rounded_up(outputs, _VECTOR)
        return geometry.window * inputs * outputs * geometry.n_blocks

    single, *others = (
        BlockGeometry.of(outputs, length, kernel_size, stride)
        for outputs in range(1, min(_MAX_OUTPUTS, n_positions) + 1)
    )
    best = min(others, key=cost, default=single)
    return best if cost(best) < _WORTHWHILE * cost(single) else single


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


def padding_around(length: int, kernel_size: int, stride: int, padding: str) -> tuple[int, int]:
    """Return how many zeros TensorFlow's padding adds before and after ``length`` bands."""
    if padding == "valid":
        return 0, 0
    last = (convolved_length(length, kernel_size, stride, padding) - 1) * stride
    total = max(last + kernel_size - length, 0)
    return total // 2, total - total // 2


def _cut_or_pad(x: tf.Tensor, length: int) -> tf.Tensor:
    """Return (n, length, channels): cut at the end, or padded with zeros."""
    missing = length - x.shape[1]
    if missing > 0:
        return tf.pad(x, [[0, 0], [0, missing], [0, 0]])
    return _cut(x, 0, length) if missing else x


def _cut(x: tf.Tensor, first: int, length: int) -> tf.Tensor:
    # Not by an index, whose gradient (a strided slice's) takes ten times as long.
    return tf.slice(x, (0, first, 0), (-1, length, x.shape[2]))


def _toeplitz(kernel: tf.Tensor, stride: int, geometry: BlockGeometry) -> tf.Tensor:
    """Return the kernel of the blocks, (window * inputs * channels, outputs * filters)."""
    kernel_size, n_channels, n_filters = kernel.shape
    n_bands = geometry.window * geometry.inputs
    shifted = []
    for output in range(geometry.outputs):
        first = output * stride
        shifted.append(tf.pad(kernel, [[first, n_bands - kernel_size - first], [0, 0], [0, 0]]))
    n_rows, n_columns = n_bands * n_channels, geometry.outputs * n_filters
    return tf.reshape(tf.stack(shifted, axis=2), (n_rows, n_columns))


def _block_bias(bias: tf.Tensor, n_times: int, form: str) -> tf.Tensor:
    """Return the bias of each value of a block, in which the filters follow each other."""
    if form == BLOCKS or n_times == 1:
        return tf.tile(bias, [n_times])
    # XLA would look the filter of each value up again, by a division, wherever the bias is added.
    # It keeps the result of a product; this one is exact.
    unit_matrix = tf.eye(bias.shape[0], dtype=bias.dtype)
    return tf.squeeze(tf.linalg.matmul(bias[None], tf.tile(unit_matrix, [1, n_times])), 0)


def _convolve_blocks(
    x: tf.Tensor, toeplitz: tf.Tensor, bias: tf.Tensor, geometry: BlockGeometry, form: str
) -> tf.Tensor:
    """Convolve blocks (n, n_input_blocks, values) to blocks (n, n_blocks, values)."""
    n_values, n_columns = x.shape[2], toeplitz.shape[1]
    if form == BLOCKS:
        kernel = tf.reshape(toeplitz, (1, geometry.window, n_values, n_columns))
        y = tf.nn.conv2d(tf.expand_dims(x, 1), kernel, 1, "VALID")
        return tf.squeeze(tf.nn.bias_add(y, bias), 1)
    windows = _windows(x, geometry.n_blocks, geometry.window)
    y = tf.linalg.matmul(tf.reshape(windows, (-1, geometry.window * n_values)), toeplitz)
    return tf.reshape(tf.nn.bias_add(y, bias), (-1, geometry.n_blocks, n_columns))


def _transpose_blocks(
    x: tf.Tensor, toeplitz: tf.Tensor, geometry: BlockGeometry, form: str
) -> tf.Tensor:
    """Map blocks (n, n_blocks, values) to (n, n_input_blocks, values), the transpose of above."""
    n_values, window = x.shape[2], geometry.window
    per_block = toeplitz.shape[0] // window
    if form == BLOCKS:
        kernel = tf.reshape(toeplitz, (1, window, per_block, n_values))
        output_shape = tf.stack([tf.shape(x)[0], 1, geometry.n_input_blocks, per_block])
        y = tf.nn.conv2d_transpose(tf.expand_dims(x, 1), kernel, output_shape, 1, "VALID")
        return tf.ensure_shape(tf.squeeze(y, 1), (None, geometry.n_input_blocks, per_block))
    # An input block adds up what the output blocks before it, and its own, take from it.
    x = tf.pad(x, [[0, 0], [window - 1, window - 1], [0, 0]])
    windows = _windows(x, geometry.n_input_blocks, window)
    kernel = tf.reverse(tf.reshape(toeplitz, (window, per_block, n_values)), [0])
    kernel = tf.reshape(tf.transpose(kernel, (0, 2, 1)), (window * n_values, per_block))
    return tf.reshape(
        tf.linalg.matmul(tf.reshape(windows, (-1, window * n_values)), kernel),
        (-1, geometry.n_input_blocks, per_block),
    )


def _windows(x: tf.Tensor, n_windows: int, window: int) -> tf.Tensor:
    """Return each run of ``window`` blocks side by side, (n, n_windows, window * values)."""
    return tf.concat([_cut(x, first, n_windows) for first in range(window)], axis=2)


def _rounded_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
