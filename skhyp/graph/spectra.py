"""Scalings of spectra, row by row, as a frozen value like a network without parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from .continuum import remove_continuum
from .parameters import Parameter

Tensors = Mapping[str, tf.Tensor]

# Values that differ by less than this many units in the last place are one value with rounding.
_ROUNDING_UNITS = 10
# Bytes of the integers that every float type holds exactly.
_SHORT_INTEGER = 2


@dataclass(frozen=True, kw_only=True)
class SpectralScaling:
    """A selection of bands, and a scaling of each spectrum.

    ``kept`` are the selected bands' indices (``None``: all). A spectrum that has the value
    ``nodata`` in a kept band is missing. For the method "continuum" there are the ``positions`` of
    the kept bands and ``segments`` of them, from a first one to before an end.
    """

    method: str | None
    n_bands: int
    kept: tuple[int, ...] | None
    dtype: str
    nodata: float | None = None
    positions: tuple[float, ...] = ()
    segments: tuple[tuple[int, int], ...] = ()

    parameters = ()
    casts_input: ClassVar[bool] = True

    @property
    def n_values(self) -> int:
        """How many values are computed of a spectrum."""
        return (16 if self.method == "continuum" else 4) * self.n_bands

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """What the method learned in fit, per kept band."""
        return tuple(
            Parameter(name, (self.n_bands,) * n_axes)
            for name, n_axes in _STATISTICS.get(self.method, {}).items()
        )

    def scale(self, _: Tensors, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the scaled spectra (n, kept bands) of spectra (n, bands) of any type.

        Those of missing spectra are NaN.
        """
        x = self._select(x)
        scaled = self._scale(statistics, x)
        if self.nodata is None:
            return scaled
        is_missing = tf.reduce_any(self._is_nodata(x), axis=1, keepdims=True)
        return tf.where(is_missing, tf.constant(np.nan, scaled.dtype), scaled)

    def unscale(self, _: Tensors, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the spectra of which these are the scaled ones, on the kept bands."""
        x = tf.cast(x, self.dtype)
        if self.method == "standardize":
            return x * _normal_or_one(statistics["scale"]) + statistics["mean"]
        return x

    def has_data(self, _: Tensors, __: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return which spectra (n, bands) of any type are not missing, (n,)."""
        return ~tf.reduce_any(self._is_nodata(self._select(x)), axis=1)

    def _select(self, x: tf.Tensor) -> tf.Tensor:
        return x if self.kept is None else tf.gather(x, self.kept, axis=1)

    def _scale(self, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        if self.method == "minmax" and x.dtype.is_integer and x.dtype.size <= _SHORT_INTEGER:
            return _integer_min_max(x, self.dtype)
        x = tf.cast(x, self.dtype)
        if self.method == "continuum":
            return remove_continuum(x, self.positions, self.segments)
        return _METHODS[self.method](x, **statistics)

    def _is_nodata(self, x: tf.Tensor) -> tf.Tensor:
        if np.isnan(self.nodata):
            return x != x  # as tf.math.is_nan, which integers do not have
        if x.dtype.is_floating:
            return tf.equal(x, tf.constant(self.nodata, x.dtype))
        if x.dtype.is_bool:
            x = tf.cast(x, tf.uint8)
        if not _is_held(self.nodata, x.dtype):
            return tf.zeros_like(x, tf.bool)
        return tf.equal(x, tf.constant(int(self.nodata), x.dtype))


def _is_held(value: float, dtype: tf.DType) -> bool:
    """Return whether a type of integers has the value."""
    return dtype.min <= value <= dtype.max and value == int(value)


def divide_or_zero(x: tf.Tensor, divisor: tf.Tensor, is_degenerate: tf.Tensor) -> tf.Tensor:
    """Return x / divisor, and zero in the rows that have nothing to divide by."""
    # Over infinity, a row is zero; to choose row by row takes no pass over the spectra.
    return x / tf.where(is_degenerate, tf.constant(np.inf, x.dtype), divisor)


def unit_magnitude(x: tf.Tensor) -> tf.Tensor:
    """Return the rows over their largest magnitude: their squares neither overflow nor vanish."""
    largest = tf.reduce_max(tf.abs(x), axis=1, keepdims=True)
    return divide_or_zero(x, largest, largest < _smallest_normal(x))


def standard_normal_variate(x: tf.Tensor) -> tf.Tensor:
    """Return the rows with zero mean and unit standard deviation; a flat one becomes zero."""
    x = unit_magnitude(x)
    centred = x - tf.reduce_mean(x, axis=1, keepdims=True)
    deviation = tf.sqrt(tf.reduce_mean(tf.square(centred), axis=1, keepdims=True))
    return divide_or_zero(centred, deviation, deviation <= _rounding(x))


def _min_max(x: tf.Tensor) -> tf.Tensor:
    # Halves are exact, and their differences cannot overflow.
    x = x / 2
    lowest = tf.reduce_min(x, axis=1, keepdims=True)
    highest = tf.reduce_max(x, axis=1, keepdims=True)
    span = highest - lowest
    largest = tf.maximum(tf.abs(lowest), tf.abs(highest))
    return divide_or_zero(x - lowest, span, span <= _rounding(x) * largest)


def _integer_min_max(x: tf.Tensor, dtype: str) -> tf.Tensor:
    """Do the same to short integers, which floats hold exactly, and whose extremes cost less."""
    lowest = tf.cast(tf.reduce_min(x, axis=1, keepdims=True), dtype)
    span = tf.cast(tf.reduce_max(x, axis=1, keepdims=True), dtype) - lowest
    return divide_or_zero(tf.cast(x, dtype) - lowest, span, tf.equal(span, 0))


def _deephyp_min_max(x: tf.Tensor) -> tf.Tensor:
    lowest = tf.reduce_min(x, axis=1, keepdims=True)
    highest = tf.reduce_max(x, axis=1, keepdims=True)
    return divide_or_zero(x - (lowest - 1e-3), highest, tf.equal(highest, 0))


def _unit_length(x: tf.Tensor) -> tf.Tensor:
    x = unit_magnitude(x)
    length = tf.sqrt(tf.reduce_sum(tf.square(x), axis=1, keepdims=True))
    return divide_or_zero(x, length, tf.equal(length, 0))


def _unit_area(x: tf.Tensor) -> tf.Tensor:
    x = unit_magnitude(x)
    area = tf.reduce_sum(tf.abs(x), axis=1, keepdims=True)
    return divide_or_zero(x, area, tf.equal(area, 0))


def _scatter_correction(x: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
    """Regress each row on the reference and undo offset and slope; a flat row stays flat."""
    x = unit_magnitude(x)
    centred = x - tf.reduce_mean(x, axis=1, keepdims=True)
    largest = tf.reduce_max(tf.abs(reference))
    reference = unit_magnitude(reference[None, :])
    level = tf.reduce_mean(reference)
    shape = reference - level
    variance = tf.reduce_mean(tf.square(shape))
    slope = tf.reduce_mean(centred * shape, axis=1, keepdims=True)
    # The slope in units of the reference: zero for a row that shares nothing with it.
    has_no_slope = tf.abs(slope) <= _rounding(x) * tf.sqrt(variance)
    return largest * (level + divide_or_zero(centred * variance, slope, has_no_slope))


def _standardize(x: tf.Tensor, mean: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return (x - mean) / _normal_or_one(scale)


def _filter(x: tf.Tensor, filter: tf.Tensor) -> tf.Tensor:
    return tf.linalg.matmul(x, filter)


def _normal_or_one(scale: tf.Tensor) -> tf.Tensor:
    """Return the scales, 1 for those that TensorFlow, which flushes subnormals, takes for zero."""
    return tf.where(scale < _smallest_normal(scale), tf.ones_like(scale), scale)


def _smallest_normal(x: tf.Tensor) -> float:
    return float(np.finfo(x.dtype.as_numpy_dtype).tiny)


def _rounding(x: tf.Tensor) -> float:
    return _ROUNDING_UNITS * float(np.finfo(x.dtype.as_numpy_dtype).eps)


_METHODS = {
    None: tf.identity,
    "minmax": _min_max,
    "deephyp-minmax": _deephyp_min_max,
    "l2": _unit_length,
    "l1": _unit_area,
    "snv": standard_normal_variate,
    "msc": _scatter_correction,
    "standardize": _standardize,
    "savgol": _filter,
}
# The arrays a method learns, and how many axes (of bands) each has.
_STATISTICS = {
    "msc": {"reference": 1},
    "standardize": {"mean": 1, "scale": 1},
    "savgol": {"filter": 2},
}
