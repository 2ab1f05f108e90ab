"""Losses per row: four measures between spectra, and cross-entropy.

None of them can produce a NaN or an infinite gradient from finite spectra whose squares are
finite: directions are taken after a division by the largest magnitude, the spectral angle is an
``atan2`` of two chord lengths, and logarithms see floored values. :mod:`skhyp.metrics` has the
same definitions in NumPy, where they are documented.
"""

import numpy as np
import tensorflow as tf

from ..metrics import SID_FLOOR


def sum_of_squared_errors(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the squared distance of each row of ``output`` to that of ``target``."""
    return tf.reduce_sum(tf.math.squared_difference(target, output), axis=-1)


def cosine_spectral_angle(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return one minus the cosine of the angle between the rows."""
    x, x_is_zero = _direction(target)
    y, y_is_zero = _direction(output)
    half_chord = 0.5 * tf.reduce_sum(tf.math.squared_difference(x, y), axis=-1)
    return _where_a_direction_is_missing(x_is_zero, y_is_zero, 1.0, half_chord)


def spectral_angle(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the angle between the rows in radians."""
    x, x_is_zero = _direction(target)
    y, y_is_zero = _direction(output)
    angle = 2 * tf.math.atan2(_length(x - y), _length(x + y))
    return _where_a_direction_is_missing(x_is_zero, y_is_zero, np.pi / 2, angle)


def spectral_information_divergence(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the symmetric divergence between the rows, taken as distributions over the bands."""
    p, q = _distribution(target), _distribution(output)
    return tf.reduce_sum((p - q) * (tf.math.log(p) - tf.math.log(q)), axis=-1)


def cross_entropy(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return minus the log-probability that the logits ``output`` give the class ``target``."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=output)


LOSSES = {
    "sse": sum_of_squared_errors,
    "csa": cosine_spectral_angle,
    "sa": spectral_angle,
    "sid": spectral_information_divergence,
    "cross_entropy": cross_entropy,
}


def batch_balancing_weights(
    target: tf.Tensor, is_real: tf.Tensor, n_classes: int, dtype: tf.DType
) -> tf.Tensor:
    """Return deephyp's weight of each row: by how rare its class is in the batch.

    Each class counts one more than it has rows; the weight of a row is the largest of these
    counts over that of its own class.
    """
    present = tf.cast(is_real, dtype)
    counts = 1 + tf.math.unsorted_segment_sum(present, target, n_classes)
    return tf.gather(tf.reduce_max(counts) / counts, target)


def _direction(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the rows at unit length, and which rows are zero (and stay so).

    A direction does not change with the scale, so dividing by the largest magnitude first, as by
    a constant, leaves value and gradient exact while no square overflows or underflows.
    """
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(x), axis=-1, keepdims=True))
    is_zero = largest < np.finfo(x.dtype.as_numpy_dtype).tiny
    one = tf.ones_like(largest)
    x = tf.where(is_zero, tf.zeros_like(x), x / tf.where(is_zero, one, largest))
    squares = tf.reduce_sum(tf.square(x), axis=-1, keepdims=True)
    return x * tf.math.rsqrt(tf.where(is_zero, one, squares)), tf.squeeze(is_zero, -1)


def _length(x: tf.Tensor) -> tf.Tensor:
    """Return the Euclidean length of the rows, with a zero gradient where it is zero."""
    squares = tf.reduce_sum(tf.square(x), axis=-1)
    is_zero = squares <= 0
    root = tf.sqrt(tf.where(is_zero, tf.ones_like(squares), squares))
    return tf.where(is_zero, tf.zeros_like(squares), root)


def _where_a_direction_is_missing(
    x_is_zero: tf.Tensor, y_is_zero: tf.Tensor, farthest: float, otherwise: tf.Tensor
) -> tf.Tensor:
    """Two zero spectra agree; a zero and another one are as far apart as orthogonal ones."""
    only_one = tf.fill(tf.shape(otherwise), tf.constant(farthest, otherwise.dtype))
    result = tf.where(tf.not_equal(x_is_zero, y_is_zero), only_one, otherwise)
    return tf.where(x_is_zero & y_is_zero, tf.zeros_like(otherwise), result)


def _distribution(x: tf.Tensor) -> tf.Tensor:
    """Return the rows as floored distributions; one without a positive value counts as flat."""
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(x), axis=-1, keepdims=True))
    # As in _direction, a row below the smallest normal number is zero (on any processor, whether
    # or not it flushes such numbers): over infinity, its values and its gradient are.
    is_zero = largest < np.finfo(x.dtype.as_numpy_dtype).tiny
    largest = tf.where(is_zero, tf.constant(np.inf, x.dtype), largest)
    positive = tf.nn.relu(x / largest)
    total = tf.reduce_sum(positive, axis=-1, keepdims=True)
    is_flat = total <= 0
    shares = positive / tf.where(is_flat, tf.ones_like(total), total)
    n_bands = tf.cast(tf.shape(x)[-1], x.dtype)
    shares = tf.where(is_flat, tf.ones_like(shares) / n_bands, shares)
    return tf.maximum(shares, tf.constant(SID_FLOOR, x.dtype))
