"""Scores of spectra against a background and targets, as a value like a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .layers import Layers
from .parameters import Parameter

Tensors = Mapping[str, tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class BackgroundScores:
    """What is made of spectra in which the background has the same variance in all directions.

    All is computed in double precision, as the directions in which the background hardly varies
    count as much as the others; ``output_dtype`` is what comes out.
    """

    kind: str
    n_bands: int
    n_targets: int
    output_dtype: str

    parameters = ()
    dtype: ClassVar[str] = "float64"
    casts_input: ClassVar[bool] = True

    @property
    def n_values(self) -> int:
        """How many values are computed of a spectrum, in double precision."""
        return 2 * (4 * self.n_bands + self.n_targets)

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """What is taken off spectra, what evens the background out, and the targets in that."""
        return (
            Parameter("mean", (self.n_bands,)),
            Parameter("whitening", (self.n_bands, self.n_bands)),
            Parameter("targets", (self.n_bands, self.n_targets)),
        )

    def scores(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the scores (n, n_targets) of spectra (n, bands) of any type."""
        x = tf.cast(x, self.dtype) - statistics["mean"]
        scores = _SCORES[self.kind](x, statistics["whitening"], statistics["targets"])
        return tf.cast(scores, self.output_dtype)


def _filtered(x: tf.Tensor, whitening: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Return projections on the targets, of which each has 1 on itself."""
    filters = tf.linalg.matmul(whitening, targets / tf.reduce_sum(tf.square(targets), axis=0))
    return tf.linalg.matmul(x, filters)


def _squared_cosines(x: tf.Tensor, whitening: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    x = tf.linalg.matmul(x, whitening)
    along = tf.linalg.matmul(x, targets / tf.sqrt(tf.reduce_sum(tf.square(targets), axis=0)))
    return tf.math.divide_no_nan(tf.square(along), _squared_lengths(x))


def _distances(x: tf.Tensor, whitening: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return _squared_lengths(tf.linalg.matmul(x, whitening))


def _squared_lengths(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(x), axis=1, keepdims=True)


_SCORES = {"filter": _filtered, "cosine": _squared_cosines, "distance": _distances}
