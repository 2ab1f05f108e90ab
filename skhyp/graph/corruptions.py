"""What training makes of a spectrum before the network sees it: another light, drawn anew.

Each corruption is a function of spectra, of the seed of an update, and of numbers and curves over
the bands that are arguments of the graph: another range traces nothing anew.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

# Added to the seed of an update, far from what dropout adds for its layers.
_OWN_SEED = 1 << 20
# Fractions are made of so many bits, which either precision holds: both draw the same.
_BITS = 24
_DRAWS_OF_A_LIGHT = 7


class Corruption(NamedTuple):
    """What corrupts the rows of a training: numbers, curves over the bands, and which rows may be.

    ``statistics`` condition the network's input, which is done in each update then.
    """

    may_change: tf.Tensor
    numbers: tf.Tensor
    curves: tf.Tensor
    statistics: tf.Tensor

    @classmethod
    def of_arrays(
        cls, may_change: np.ndarray, numbers: np.ndarray, curves: np.ndarray, statistics: np.ndarray
    ) -> "Corruption":
        """Return arrays as tensors, all in the precision of the statistics."""
        dtype = statistics.dtype
        return cls(
            tf.constant(may_change),
            tf.constant(numbers, dtype),
            tf.constant(curves, dtype),
            tf.constant(statistics),
        )


def uniforms(seed: tf.Tensor, n_rows: tf.Tensor, n_draws: int, dtype: tf.DType) -> tf.Tensor:
    """Return numbers (n_rows, n_draws) from 0 to below 1, a function of the seed."""
    # Made of whole numbers, as XLA makes other fractions of these than TensorFlow.
    shape, seed = (n_rows, n_draws), seed + tf.constant([_OWN_SEED, 0])
    bits = tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, alg="philox")
    bits = tf.bitwise.right_shift(bits, tf.constant(32 - _BITS, tf.uint32))
    return tf.cast(tf.cast(bits, tf.int32), dtype) * 2.0**-_BITS


def light_factors(
    drawn: tf.Tensor, may_change: tf.Tensor, numbers: tf.Tensor, curves: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return what the light of each row is of full light, (n, bands), and the row's weight, (n,).

    Parameters
    ----------
    drawn : tensor of shape (n, 7)
        From 0 to below 1: whether the light is another one, whether the sun is hidden, sunlight,
        sky view, and the amplitudes of the three curves.
    may_change : tensor of bool, shape (n,)
    numbers : tensor of shape (13,)
        The share of rows that change, the share of these in shadow, their weight, and from where
        to where sunlight, sky view and the amplitudes go.
    curves : tensor of shape (3, bands)
        What skylight over sunlight is made of.
    """
    share, shadow, weight = numbers[0], numbers[1], numbers[2]
    lowest, highest = numbers[3::2], numbers[4::2]
    within = lowest + (highest - lowest) * drawn[:, 2:]
    sun = tf.where(drawn[:, 1] < shadow, tf.zeros((), drawn.dtype), within[:, 0])
    sky_to_sun = tf.linalg.matmul(within[:, 2:], curves)
    factors = (sun[:, None] + within[:, 1:2] * sky_to_sun) / (1 + sky_to_sun)
    is_another = may_change & (drawn[:, 0] < share)
    one = tf.ones((), drawn.dtype)
    return tf.where(is_another[:, None], factors, one), tf.where(is_another, weight, one)


def _relit(
    x: tf.Tensor, seed: tf.Tensor, may_change: tf.Tensor, *light: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    drawn = uniforms(seed, tf.shape(x)[0], _DRAWS_OF_A_LIGHT, x.dtype)
    factors, weights = light_factors(drawn, may_change, *light)
    return x * factors, weights


# By name: from (spectra, seed, which may change, numbers, curves) to spectra and their weights.
CORRUPTIONS: dict[str, Callable[..., Any]] = {"relighting": _relit}
