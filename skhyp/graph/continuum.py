"""The continuum of a spectrum: its upper convex hull over wavelength."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def remove_continuum(
    x: tf.Tensor, positions: Sequence[float], segments: Sequence[tuple[int, int]]
) -> tf.Tensor:
    """Return spectra (n, bands) over their upper convex hull, segment by segment.

    Values below zero count as zero. Where the hull is zero there is nothing to absorb: the result
    is 1, as on the hull itself. NaN stays where it is.

    ``positions`` are wavelengths or band numbers; within a segment, from its first band to the
    one before its end, they rise or fall throughout.
    """
    is_nan = tf.math.is_nan(x)
    spectra = tf.maximum(tf.where(is_nan, tf.zeros_like(x), x), 0)
    ratios = [_over_hull(spectra[:, start:end], positions[start:end]) for start, end in segments]
    return tf.where(is_nan, x, tf.concat(ratios, axis=1))


def _over_hull(spectra: tf.Tensor, positions: Sequence[float]) -> tf.Tensor:
    # In double precision and over the largest value: no difference overflows or is lost.
    y = tf.cast(spectra, tf.float64)
    largest = tf.reduce_max(y, axis=1, keepdims=True)
    y /= tf.where(largest > 0, largest, tf.ones_like(largest))
    hull = _upper_hull(y, np.abs(np.subtract(positions, positions[0])))
    ratio = tf.minimum(y / tf.where(hull > 0, hull, tf.ones_like(hull)), 1)
    return tf.cast(tf.where(hull > 0, ratio, tf.ones_like(ratio)), spectra.dtype)


def _upper_hull(y: tf.Tensor, positions: np.ndarray) -> tf.Tensor:
    """Return the upper convex hull of every row at every band.

    Jarvis's march, all rows at once: from a point of the hull, the next one is where the line of
    sight rises most.
    """
    x = tf.constant(positions, y.dtype)
    last = len(positions) - 1
    bands = tf.range(last + 1)

    def march(point: tf.Tensor, hull: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        distance = x - tf.gather(x, point)[:, None]
        height = tf.gather(y, point, batch_dims=1)[:, None]
        is_ahead = distance > 0
        slope = tf.where(is_ahead, (y - height) / distance, tf.constant(-np.inf, y.dtype))
        following = tf.argmax(slope, axis=1, output_type=tf.int32)
        following = tf.where(point < last, following, last)
        step = (tf.gather(x, following) - tf.gather(x, point))[:, None]
        share = distance / tf.where(step > 0, step, tf.ones_like(step))
        next_height = tf.gather(y, following, batch_dims=1)[:, None]
        chord = (1 - share) * height + share * next_height
        return following, tf.where(is_ahead & (bands < following[:, None]), chord, hull)

    start = tf.zeros_like(y[:, 0], tf.int32)
    _, hull = tf.while_loop(lambda point, _: tf.reduce_any(point < last), march, (start, y))
    return hull
