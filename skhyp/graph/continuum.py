"""The continuum of a spectrum: its upper convex hull over wavelength.

Two algorithms find the same hull, all spectra at once. A march from one point of the hull to the
next is the faster one for spectra of some hundred bands, whose hulls have few points. Its time
grows with the number of bands times that of points, so longer spectra, as those of a laboratory,
which may be smooth and have every band on the hull, take a chain that looks at each band once.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# Up to so many bands a march is as fast as a chain on noisy spectra, and faster on others.
MAX_MARCHED_BANDS = 256


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
    ratios = [_over_hull(spectra[:, start:end], positions[start:end]) for start, end in segments]
    return tf.where(is_finite, tf.concat(ratios, axis=1), tf.constant(np.nan, x.dtype))


def _over_hull(spectra: tf.Tensor, positions: Sequence[float]) -> tf.Tensor:
    if len(positions) <= 2:  # which are on the hull
        return tf.ones_like(spectra)
    # In double precision and over the largest value: no difference overflows or is lost.
    y = tf.cast(spectra, tf.float64)
    largest = tf.reduce_max(y, axis=1, keepdims=True)
    y /= tf.where(largest > 0, largest, tf.ones_like(largest))
    x = tf.constant(np.abs(np.subtract(positions, positions[0])), y.dtype)
    hull = (marched_hull if len(positions) <= MAX_MARCHED_BANDS else chained_hull)(x, y)
    ratio = tf.minimum(y / tf.where(hull > 0, hull, tf.ones_like(hull)), 1)
    return tf.cast(tf.where(hull > 0, ratio, tf.ones_like(ratio)), spectra.dtype)


def marched_hull(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return the upper convex hull of the rows of y (n, bands) over x (bands,), which rises.

    Jarvis's march: from a point of the hull, the next one is where the line of sight rises most.
    """
    last = x.shape[0] - 1
    bands = tf.range(last + 1)

    def march(point: tf.Tensor, hull: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        distance = x - tf.gather(x, point)[:, None]
        height = tf.gather(y, point, batch_dims=1)[:, None]
        is_ahead = distance > 0
        slope = tf.where(is_ahead, (y - height) / distance, tf.constant(-np.inf, y.dtype))
        following = tf.argmax(slope, axis=1, output_type=tf.int32)
        # Forward in any case, whatever was rounded to nothing.
        following = tf.where(point < last, tf.maximum(following, point + 1), last)
        next_height = tf.gather(y, following, batch_dims=1)[:, None]
        chord = _chord(
            x, tf.gather(x, point)[:, None], tf.gather(x, following)[:, None], height, next_height
        )
        return following, tf.where(is_ahead & (bands < following[:, None]), chord, hull)

    start = tf.zeros_like(y[:, 0], tf.int32)
    _, hull = tf.while_loop(lambda point, _: tf.reduce_any(point < last), march, (start, y))
    return hull


def chained_hull(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Return the upper convex hull of the rows of y (n, bands) over x (bands,), which rises.

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
        chord = _chord(
            x[band],
            tf.gather(x, left),
            tf.gather(x, right),
            of_each_row(heights, left),
            of_each_row(heights, right),
        )
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


def _chord(
    x: tf.Tensor, left: tf.Tensor, right: tf.Tensor, left_height: tf.Tensor, right_height: tf.Tensor
) -> tf.Tensor:
    """Return the height at x of the line between two points, by shares: nothing is cancelled."""
    width = right - left
    share = (x - left) / tf.where(width > 0, width, tf.ones_like(width))
    return (1 - share) * left_height + share * right_height
