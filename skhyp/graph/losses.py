"""Losses per row: four measures between spectra, cross-entropy, and those of regression.

None of them can produce a NaN or an infinite gradient from finite spectra whose squares are
finite: directions are taken after a division by the largest magnitude, the spectral angle is an
``atan2`` of two chord lengths, and logarithms see floored values. :mod:`skhyp.metrics` has the
same definitions in NumPy, where they are documented.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import tensorflow as tf

from skhyp.metrics import SID_FLOOR

# Errors beyond so many deviations of the target are outliers to the loss of Huber.
HUBER_DELTA = 0.3


def sum_of_squared_errors(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the squared distance of each row of ``output`` to that of ``target``."""
    return tf.reduce_sum(tf.math.squared_difference(target, output), axis=-1)


def cosine_spectral_angle(
    target: tf.Tensor, output: tf.Tensor, *, row_by_row: bool = True
) -> tf.Tensor:
    """Return one minus the cosine of the angle between the rows.

    The gradient, with respect to the output alone, is written down (as that of the angle is): it
    takes half the operations that differentiating each step would.
    """
    return _of_directions(target, output, _half_squared_chord, 1.0, row_by_row)


def spectral_angle(target: tf.Tensor, output: tf.Tensor, *, row_by_row: bool = True) -> tf.Tensor:
    """Return the angle between the rows in radians."""
    return _of_directions(target, output, _angle, np.pi / 2, row_by_row)


def spectral_information_divergence(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the symmetric divergence between the rows, taken as distributions over the bands."""
    p, q = _distribution(target), _distribution(output)
    return tf.reduce_sum((p - q) * (tf.math.log(p) - tf.math.log(q)), axis=-1)


def cross_entropy(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return minus the log-probability that the logits ``output`` give the class ``target``."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=output)


def mean_squared_error(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the mean over the targets of squared errors."""
    return tf.reduce_mean(tf.math.squared_difference(target, output), axis=-1)


def mean_absolute_error(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the mean over the targets of absolute errors."""
    return tf.reduce_mean(tf.abs(target - output), axis=-1)


def huber(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Return the mean of errors squared up to :data:`HUBER_DELTA`, and linear beyond.

    As far as they are squared it is the squared error; where the two meet, it is smooth.
    """
    errors = tf.abs(target - output)
    near = tf.minimum(errors, tf.constant(HUBER_DELTA, errors.dtype))
    return tf.reduce_mean(near * (2 * errors - near), axis=-1)


def pinball(target: tf.Tensor, output: tf.Tensor, level: tf.Tensor) -> tf.Tensor:
    """Return the mean of the loss that the quantile of a level has the least of."""
    errors = target - output
    return tf.reduce_mean(tf.maximum(level * errors, (level - 1) * errors), axis=-1)


LOSSES: dict[str, Callable[..., tf.Tensor]] = {
    "sse": sum_of_squared_errors,
    "csa": cosine_spectral_angle,
    "sa": spectral_angle,
    "sid": spectral_information_divergence,
    "cross_entropy": cross_entropy,
    "squared_error": mean_squared_error,
    "absolute_error": mean_absolute_error,
    "huber": huber,
    "quantile": pinball,
}
# These depend on one number more, which may be another in each training.
_WITH_LEVEL = (pinball,)
# In training the last digits of a row may depend on the rows beside it, for some speed.
TRAINING_LOSSES: dict[str, Callable[..., tf.Tensor]] = {
    **LOSSES,
    "csa": partial(cosine_spectral_angle, row_by_row=False),
    "sa": partial(spectral_angle, row_by_row=False),
}


def loss_of_rows(
    loss: Callable, target: tf.Tensor, output: tf.Tensor, level: tf.Tensor
) -> tf.Tensor:
    """Return a loss of each row, at a level if it has one."""
    return loss(target, output, level) if loss in _WITH_LEVEL else loss(target, output)


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


def _of_directions(
    target: tf.Tensor,
    output: tf.Tensor,
    measure: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, Callable]],
    farthest: float,
    row_by_row: bool,
) -> tf.Tensor:
    """Return a measure between the directions of the rows, with its gradient.

    Two zero spectra agree; a zero and another one are as far apart as orthogonal ones.
    """

    direction = _direction if row_by_row else _direction_of_ordinary

    @tf.custom_gradient
    def measured(target, output):
        x, _, x_is_zero = direction(target)
        y, inverse_length, y_is_zero = direction(output)
        values, scaled = measure(x, y)
        differs, is_missing = tf.not_equal(x_is_zero, y_is_zero), x_is_zero | y_is_zero
        values = tf.where(tf.squeeze(differs, -1), tf.constant(farthest, x.dtype), values)

        def gradient(upstream):
            # What of the chord is tangent to the sphere at y: only that changes the direction.
            chord = y - x
            tangent = chord - tf.reduce_sum(chord * y, axis=-1, keepdims=True) * y
            factor = upstream[:, None] * inverse_length
            factor = tf.where(is_missing, tf.zeros_like(factor), factor)
            return None, factor * scaled(tangent)

        return values, gradient

    return measured(target, output)


def _half_squared_chord(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    values = 0.5 * tf.reduce_sum(tf.math.squared_difference(x, y), axis=-1)
    return values, tf.identity


def _angle(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    values = 2 * tf.math.atan2(tf.norm(x - y, axis=-1), tf.norm(x + y, axis=-1))

    def at_unit_length(tangent: tf.Tensor) -> tf.Tensor:
        # It is as long as the sine of the angle; where that is rounding, there is no direction.
        squares = tf.reduce_sum(tf.square(tangent), axis=-1, keepdims=True)
        is_zero = squares < np.finfo(x.dtype.as_numpy_dtype).eps ** 2
        inverse = tf.math.rsqrt(tf.where(is_zero, tf.ones_like(squares), squares))
        return tf.where(is_zero, tf.zeros_like(squares), inverse) * tangent

    return values, at_unit_length


def _direction(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the rows at unit length, one over their lengths, and which are zero (and stay so).

    Dividing by the largest magnitude first leaves no square that overflows or underflows.
    """
    limits = np.finfo(x.dtype.as_numpy_dtype)
    largest = tf.reduce_max(tf.abs(x), axis=-1, keepdims=True)
    is_zero = largest < limits.tiny
    zero, one = tf.zeros_like(largest), tf.ones_like(largest)
    # One over the largest numbers would be flushed to zero: these rows are taken at a part.
    part = tf.where(largest > limits.max / 16, one / 16, one)
    inverse_largest = tf.where(is_zero, zero, 1 / tf.where(is_zero, one, largest * part))
    scaled = (x * part) * inverse_largest
    squares = tf.reduce_sum(tf.square(scaled), axis=-1, keepdims=True)
    inverse = tf.where(is_zero, zero, tf.math.rsqrt(tf.where(is_zero, one, squares)))
    return scaled * inverse, inverse / tf.where(is_zero, one, largest), is_zero


def _direction_of_ordinary(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the same, in half the passes where no row has squares that overflow or underflow."""
    squares = tf.reduce_sum(tf.square(x), axis=-1, keepdims=True)
    limits = np.finfo(x.dtype.as_numpy_dtype)
    # Above this sum, squares that were lost to underflow are lost to rounding as well.
    is_ordinary = (squares > limits.tiny / limits.eps**2) & (squares < limits.max)

    def divide() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        inverse = tf.math.rsqrt(squares)
        return x * inverse, inverse, tf.zeros_like(squares, tf.bool)

    return tf.cond(tf.reduce_all(is_ordinary), divide, lambda: _direction(x))


def _distribution(x: tf.Tensor) -> tf.Tensor:
    """Return the rows as floored distributions; one without a positive value counts as flat."""
    positive = tf.nn.relu(x)
    largest = tf.stop_gradient(tf.reduce_max(positive, axis=-1, keepdims=True))
    # As in _direction, a row below the smallest normal number is zero (on any processor, whether
    # or not it flushes such numbers): over infinity, its values and its gradient are.
    is_zero = largest < np.finfo(x.dtype.as_numpy_dtype).tiny
    largest = tf.where(is_zero, tf.constant(np.inf, x.dtype), largest)
    positive /= largest
    total = tf.reduce_sum(positive, axis=-1, keepdims=True)
    is_flat = total <= 0
    shares = positive / tf.where(is_flat, tf.ones_like(total), total)
    n_bands = tf.cast(tf.shape(x)[-1], x.dtype)
    shares = tf.where(is_flat, tf.ones_like(shares) / n_bands, shares)
    return tf.maximum(shares, tf.constant(SID_FLOOR, x.dtype))
