"""The continuum of a spectrum: its upper convex hull over wavelength.

The hulls of many spectra are found at once, band by band. XLA compiles the loop into one program,
as most of the time would pass between its many small operations otherwise. The program is shared
by all segments of as many bands, whatever their wavelengths: compiling takes longer than computing.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import tensorflow as tf


def remove_continuum(
    x: tf.Tensor, positions: Sequence[float], segments: Sequence[tuple[int, int]]
) -> tf.Tensor:
    """Return spectra (n, bands) over their upper convex hull, segment by segment.

    Values below zero count as zero. Where the hull is zero there is nothing to absorb: the result
    is 1, as on the hull itself. Rows with a value that is not finite come out as NaN.

    ``positions`` are wavelengths or band numbers; within a segment, from its first band to the
    one before its end, they rise or fall throughout.
    """
    is_finite = tf.reduce_all(tf.math.is_finite(x), axis=1, keepdims=True)
    spectra = tf.maximum(tf.where(is_finite, x, tf.zeros_like(x)), 0)
    # In double precision and over the largest value: no difference overflows or is lost.
    y = tf.cast(spectra, tf.float64)
    largest = tf.reduce_max(y, axis=1, keepdims=True)
    y /= tf.where(largest > 0, largest, tf.ones_like(largest))

    hulls = []
    for start, end in segments:
        distances = np.abs(np.subtract(positions[start:end], positions[start]))
        hulls.append(_hull_of_segment(tf.constant(distances, y.dtype), y[:, start:end]))
    hull = tf.concat(hulls, axis=1)
    # Not within XLA, which divides by multiplying: the hull itself would not give 1.
    ratio = tf.minimum(y / tf.where(hull > 0, hull, tf.ones_like(hull)), 1)
    ratio = tf.cast(tf.where(hull > 0, ratio, tf.ones_like(ratio)), x.dtype)
    return tf.where(is_finite, ratio, tf.constant(np.nan, x.dtype))


def _hull_of_segment(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    n_bands = x.shape[0]
    return y if n_bands <= 2 else _compiled_hull(n_bands)(x, y)


@lru_cache(maxsize=32)
def _compiled_hull(n_bands: int) -> Callable:
    """Return a compiled function of so many positions, and spectra (n, n_bands), in float64."""
    signature = [tf.TensorSpec((n_bands,), tf.float64), tf.TensorSpec((None, n_bands), tf.float64)]
    return tf.function(upper_hull, signature, autograph=False, jit_compile=True)


def upper_hull(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return the upper convex hull of the rows of y (n, 3 bands or more) over x, which rises.

    Andrew's monotone chain: each band is added to the hull of those before it, and points that lie
    under the chord to the new one are taken off.
    """
    n_bands, n_rows = x.shape[0], tf.shape(y)[0]
    rows = tf.range(n_rows)
    heights = tf.transpose(y)  # (bands, n)

    def of_each_row(values: tf.Tensor, band: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.reshape(values, (-1,)), band * n_rows + rows)

    def add(band: tf.Tensor, before: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Write which point of the hull comes before this band, if it is the last there is."""

        def take_off(point: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            previous = of_each_row(before, point)
            height = of_each_row(heights, previous)
            rise_to_point = (of_each_row(heights, point) - height) * (
                x[band] - tf.gather(x, previous)
            )
            rise_to_band = (heights[band] - height) * (tf.gather(x, point) - tf.gather(x, previous))
            is_under = (point > 0) & (rise_to_point <= rise_to_band)
            return tf.where(is_under, previous, point), tf.reduce_any(is_under)

        start = (tf.fill((n_rows,), band - 1), tf.constant(True))
        point, _ = tf.while_loop(lambda _, goes_on: goes_on, take_off, start)
        return band + 1, tf.tensor_scatter_nd_update(before, [[band]], point[None, :])

    _, before = tf.while_loop(
        lambda band, _: band < n_bands,
        add,
        (tf.constant(1), tf.zeros((n_bands, n_rows), tf.int32)),
        parallel_iterations=1,
    )

    def draw(
        band: tf.Tensor, left: tf.Tensor, right: tf.Tensor, hull: tf.TensorArray
    ) -> tuple[tf.Tensor, ...]:
        """Write the hull at a band, coming from the last one; a point is right of itself."""
        right = tf.where(left == band, left, right)
        left = tf.where(left == band, of_each_row(before, right), left)
        from_left, width = x[band] - tf.gather(x, left), tf.gather(x, right) - tf.gather(x, left)
        # By shares: nothing is cancelled.
        share = from_left / tf.where(width > 0, width, tf.ones_like(width))
        chord = (1 - share) * of_each_row(heights, left) + share * of_each_row(heights, right)
        height = tf.where(right == band, heights[band], chord)
        return band - 1, left, right, hull.write(band, height)

    end = tf.fill((n_rows,), n_bands - 1)
    hull = tf.TensorArray(y.dtype, n_bands, element_shape=(None,))
    *_, hull = tf.while_loop(
        lambda band, *_: band >= 0,
        draw,
        (tf.constant(n_bands - 1), end, end, hull),
        parallel_iterations=1,
    )
    return tf.transpose(hull.stack())
