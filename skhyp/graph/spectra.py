"""Scalings of spectra, row by row, as a frozen value like a network without parameters."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from .layers import Layers
from .parameters import Parameter

Tensors = Mapping[str, tf.Tensor]

# Values that differ by less than this many units in the last place are one value with rounding.
_ROUNDING_UNITS = 10
# What is computed of spectra near the end of the range is computed of this part of them.
_PART = 2.0**-26
# Bytes of the integers that every float type holds exactly.
_SHORT_INTEGER = 2


@dataclass(frozen=True, kw_only=True)
class SpectralScaling:
    """A selection of bands, and a scaling of each spectrum.

    ``kept`` are the selected bands' indices (``None``: all). A spectrum that has a value of
    ``nodata`` in a kept band is missing. For the method "continuum" there are the ``positions`` of
    the kept bands and ``segments`` of them, from a first one to before an end.
    """

    method: str | None
    n_bands: int
    kept: tuple[int, ...] | None
    dtype: str
    nodata: tuple[float, ...] = ()
    positions: tuple[float, ...] = ()
    segments: tuple[tuple[int, int], ...] = ()

    parameters = ()
    casts_input: ClassVar[bool] = True

    @property
    def n_values(self) -> int:
        """How many values are computed of a spectrum."""
        # A hull takes several arrays of doubles.
        return (16 if self.method == "continuum" else 4) * self.n_bands

    @property
    def statistics(self) -> tuple[Parameter, ...]:
        """What the method learned in fit, per kept band."""
        return tuple(
            Parameter(name, (self.n_bands,) * n_axes)
            for name, n_axes in _STATISTICS.get(self.method, {}).items()
        )

    def scale(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the scaled spectra (n, kept bands) of spectra (n, bands) of any type.

        Those of missing spectra are NaN.
        """
        x = self._select(layers, x)
        scaled = self._scale(layers, statistics, x)
        if not self.nodata:
            return scaled
        is_missing = layers.ops.any(self._is_nodata(layers, x), axis=1, keepdims=True)
        return layers.ops.where(is_missing, _constant(np.nan, scaled), scaled)

    def unscale(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return the spectra of which these are the scaled ones, on the kept bands."""
        x = layers.ops.cast(x, self.dtype)
        if self.method == "standardize":
            scale, mean = _normal_or_one(layers.ops, statistics["scale"]), statistics["mean"]
            part = _part_of_large(layers.ops, layers.ops.maximum(scale, layers.ops.abs(mean)))
            return (x * (scale * part) + mean * part) / part
        return x

    def has_data(self, layers: Layers, _: Tensors, x: tf.Tensor) -> tf.Tensor:
        """Return which spectra (n, bands) of any type are not missing, (n,)."""
        return ~layers.ops.any(self._is_nodata(layers, self._select(layers, x)), axis=1)

    def _select(self, layers: Layers, x: tf.Tensor) -> tf.Tensor:
        return x if self.kept is None else layers.ops.take(x, self.kept, axis=1)

    def _scale(self, layers: Layers, statistics: Tensors, x: tf.Tensor) -> tf.Tensor:
        if self.method == "minmax" and _is_short_integer(x):
            return _integer_min_max(layers.ops, x, self.dtype)
        x = layers.ops.cast(x, self.dtype)
        if self.method == "continuum":
            return layers.remove_continuum(x, self.positions, self.segments)
        if self.method is None:
            return x
        if self.method == "savgol":
            part = _part_of_large(layers.ops, _largest(layers.ops, x))
            return layers.product(x * part, "filter", statistics["filter"]) / part
        return _METHODS[self.method](layers.ops, x, **statistics)

    def _is_nodata(self, layers: Layers, x: tf.Tensor) -> tf.Tensor:
        if tf.as_dtype(x.dtype).is_bool:
            x = layers.ops.cast(x, "uint8")
        dtype = tf.as_dtype(x.dtype)
        is_nan = layers.ops.not_equal(x, x)
        masks = [
            is_nan if np.isnan(value) else layers.ops.equal(x, _constant(value, x))
            for value in self.nodata
            if np.isnan(value) or _is_held(value, dtype)
        ]
        return functools.reduce(layers.ops.logical_or, masks or [is_nan])


def _is_held(value: float, dtype: tf.DType) -> bool:
    """Return whether a type has the value, but for the rounding of floats."""
    return dtype.is_floating or (dtype.min <= value <= dtype.max and value == int(value))


def computed_where_known(function: Callable, ops: Any, network: Any, x: tf.Tensor) -> tf.Tensor:
    """Return a function of rows, and NaN for the rows with a NaN among the bands that it sees.

    Networks do not pass NaN on: what is clipped, or passes a ReLU, may be a number again. Their
    estimators refuse such rows; models that leave them are given any.
    """
    y = function(x)
    kept = getattr(network, "kept", None)
    seen = ops.cast(x if kept is None else ops.take(x, kept, axis=1), network.dtype)
    is_unknown = ops.any(ops.isnan(seen), axis=1, keepdims=len(y.shape) > 1)
    return ops.where(is_unknown, _constant(np.nan, y), y)


def divide_or_zero(
    ops: Any, x: tf.Tensor, divisor: tf.Tensor, is_degenerate: tf.Tensor
) -> tf.Tensor:
    """Return x / divisor, and zero in the rows that have nothing to divide by."""
    # Over infinity, a row is zero; to choose row by row takes no pass over the spectra.
    return x / ops.where(is_degenerate, _constant(np.inf, x), divisor)


def unit_magnitude(ops: Any, x: tf.Tensor) -> tf.Tensor:
    """Return the rows over their largest magnitude: their squares neither overflow nor vanish."""
    largest = _largest(ops, x)
    return divide_or_zero(ops, x, largest, largest < _smallest_normal(x))


def standard_normal_variate(ops: Any, x: tf.Tensor) -> tf.Tensor:
    """Return the rows with zero mean and unit standard deviation; a flat one becomes zero."""
    x = unit_magnitude(ops, x)
    centred = x - ops.mean(x, axis=1, keepdims=True)
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=1, keepdims=True))
    return divide_or_zero(ops, centred, deviation, deviation <= _rounding(x))


def _min_max(ops: Any, x: tf.Tensor) -> tf.Tensor:
    # Halves are exact, and their differences cannot overflow.
    x = x / 2
    lowest = ops.min(x, axis=1, keepdims=True)
    highest = ops.max(x, axis=1, keepdims=True)
    span = highest - lowest
    largest = ops.maximum(ops.abs(lowest), ops.abs(highest))
    return divide_or_zero(ops, x - lowest, span, span <= largest * _rounding(x))


def _integer_min_max(ops: Any, x: tf.Tensor, dtype: str) -> tf.Tensor:
    """Do the same to short integers, which floats hold exactly, and whose extremes cost less."""
    lowest = ops.cast(ops.min(x, axis=1, keepdims=True), dtype)
    span = ops.cast(ops.max(x, axis=1, keepdims=True), dtype) - lowest
    return divide_or_zero(ops, ops.cast(x, dtype) - lowest, span, ops.equal(span, 0))


def _deephyp_min_max(ops: Any, x: tf.Tensor) -> tf.Tensor:
    lowest = ops.min(x, axis=1, keepdims=True)
    highest = ops.max(x, axis=1, keepdims=True)
    part = _part_of_large(ops, ops.maximum(ops.abs(lowest), ops.abs(highest)))
    distance = x * part - (lowest - 1e-3) * part
    is_zero = ops.abs(highest) < _smallest_normal(x)
    return divide_or_zero(ops, distance, highest * part, is_zero)


def unit_length(ops: Any, x: tf.Tensor) -> tf.Tensor:
    """Return the rows over their lengths; one of zeros stays as it is."""
    x = unit_magnitude(ops, x)
    length = ops.sqrt(ops.sum(ops.square(x), axis=1, keepdims=True))
    return divide_or_zero(ops, x, length, ops.equal(length, 0))


def _unit_area(ops: Any, x: tf.Tensor) -> tf.Tensor:
    x = unit_magnitude(ops, x)
    area = ops.sum(ops.abs(x), axis=1, keepdims=True)
    return divide_or_zero(ops, x, area, ops.equal(area, 0))


def _scatter_correction(ops: Any, x: tf.Tensor, reference: tf.Tensor) -> tf.Tensor:
    """Regress each row on the reference and undo offset and slope; a flat row stays flat."""
    x = unit_magnitude(ops, x)
    centred = x - ops.mean(x, axis=1, keepdims=True)
    largest = ops.max(ops.abs(reference))
    reference = unit_magnitude(ops, reference[None, :])
    level = ops.mean(reference)
    shape = reference - level
    variance = ops.mean(ops.square(shape))
    slope = ops.mean(centred * shape, axis=1, keepdims=True)
    # The slope in units of the reference: zero for a row that shares nothing with it.
    has_no_slope = ops.abs(slope) <= ops.sqrt(variance) * _rounding(x)
    return (divide_or_zero(ops, centred * variance, slope, has_no_slope) + level) * largest


def _standardize(ops: Any, x: tf.Tensor, mean: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    scale = _normal_or_one(ops, scale)
    part = _part_of_large(ops, ops.maximum(scale, ops.abs(mean)))
    return (x * part - mean * part) / (scale * part)


def _normal_or_one(ops: Any, scale: tf.Tensor) -> tf.Tensor:
    """Return the scales, 1 for those that TensorFlow, which flushes subnormals, takes for zero."""
    return ops.where(scale < _smallest_normal(scale), _constant(1, scale), scale)


def _largest(ops: Any, x: tf.Tensor) -> tf.Tensor:
    return ops.max(ops.abs(x), axis=1, keepdims=True)


def _part_of_large(ops: Any, largest: tf.Tensor) -> tf.Tensor:
    """Return 1, and for values near the end of the range a power of two that makes room.

    Values times it, and what is computed of them over it, are the same to the last bit.
    """
    is_large = largest > _constant(_limits(largest).max * _PART, largest)
    return ops.where(is_large, _constant(_PART, largest), _constant(1, largest))


def _constant(value: float | np.floating, like: tf.Tensor) -> np.ndarray:
    # Keras takes a plain number for one of single precision.
    return np.asarray(value, tf.as_dtype(like.dtype).as_numpy_dtype)


def _is_short_integer(x: tf.Tensor) -> bool:
    dtype = tf.as_dtype(x.dtype)
    return dtype.is_integer and dtype.size <= _SHORT_INTEGER


def _smallest_normal(x: tf.Tensor) -> np.ndarray:
    return _constant(_limits(x).tiny, x)


def _rounding(x: tf.Tensor) -> np.ndarray:
    return _constant(_ROUNDING_UNITS * _limits(x).eps, x)


def _limits(x: tf.Tensor) -> np.finfo:
    return np.finfo(tf.as_dtype(x.dtype).as_numpy_dtype)


_METHODS: dict[str, Callable[..., tf.Tensor]] = {
    "minmax": _min_max,
    "deephyp-minmax": _deephyp_min_max,
    "l2": unit_length,
    "l1": _unit_area,
    "snv": standard_normal_variate,
    "msc": _scatter_correction,
    "standardize": _standardize,
}
# The arrays a method learns, and how many axes (of bands) each has.
_STATISTICS: dict[str | None, dict[str, int]] = {
    "msc": {"reference": 1},
    "standardize": {"mean": 1, "scale": 1},
    "savgol": {"filter": 2},
}
