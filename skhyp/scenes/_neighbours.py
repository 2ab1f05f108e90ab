"""Pairs of neighbouring pixels: how far apart their spectra are, and what is typical of a scene.

All is computed number by number, band after band: what comes out for a pair of pixels does not
depend on the block that they are in, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._image import Image
from ._nodata import complete_pixels
from ._windows import Window

# To the right and down; the pixels to the left and above see these pairs from their side.
BESIDE_AND_BELOW = ((0, 1), (1, 0))
STEPS = (*BESIDE_AND_BELOW, (1, 1), (1, -1))
# So many values of a scene are looked at at a time.
_VALUES_AT_ONCE = 2**22
# Numbers are counted by the leading bits of float32: the exponent, and so many of the fraction.
_FRACTION_BITS = 6
_DROPPED_BITS = 23 - _FRACTION_BITS
_N_BINS = 2 ** (8 + _FRACTION_BITS)


class Pairs(NamedTuple):
    """Where the first and the second pixels of the pairs of one step are, in a plane."""

    first: tuple[slice, slice]
    second: tuple[slice, slice]

    @classmethod
    def of(cls, step: tuple[int, int], shape: tuple[int, int]) -> Pairs:
        """Return the pairs of a step, down and to the right, among so many rows and columns."""
        rows = _first_and_second(step[0], shape[0])
        columns = _first_and_second(step[1], shape[1])
        return cls((rows[0], columns[0]), (rows[1], columns[1]))


def _first_and_second(step: int, length: int) -> tuple[slice, slice]:
    n_pairs = max(0, length - abs(step))
    start = max(0, -step)
    return slice(start, start + n_pairs), slice(start + step, start + step + n_pairs)


def squared_distances(
    block: NDArray[Any],
    has_data: NDArray[np.bool_],
    units: NDArray[np.float64],
    steps: tuple[tuple[int, int], ...] = STEPS,
) -> list[NDArray[np.float64]]:
    """Return the mean square of what bands differ by, in units of their own, for pairs by steps.

    A band whose unit is NaN does not count. Pairs with a pixel that has no data are infinitely far
    apart.
    """
    pairs = [Pairs.of(step, has_data.shape) for step in steps]
    sums = [np.zeros(has_data[first].shape) for first, _ in pairs]
    bands = np.flatnonzero(np.isfinite(units))
    with np.errstate(over="ignore", invalid="ignore"):  # infinitely far, then
        for band in bands:
            plane = np.where(has_data, block[..., band], 0) / units[band]
            for total, (first, second) in zip(sums, pairs, strict=True):
                difference = plane[second] - plane[first]
                difference *= difference
                total += difference
    for total, (first, second) in zip(sums, pairs, strict=True):
        total /= len(bands)
        total[~(has_data[first] & has_data[second]) | np.isnan(total)] = np.inf
    return sums


def typical_differences(scene: Image, bands: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what neighbours differ by in some bands, in units in which their distance is 1.

    Both are medians, of the pairs that do differ: a band has one, and the distance over all bands.
    NaN are bands in which no two neighbours differ. The blocks that a scene is read by do not
    matter, as all that is added up are counts.
    """
    counts = np.zeros((len(bands), _N_BINS), np.int64)
    for block, has_data, step in _blocks_of_pairs(scene, bands):
        first, second = Pairs.of(step, has_data.shape)
        both = has_data[first] & has_data[second]
        for number in range(len(bands)):
            plane = block[..., number].astype(np.float64)
            counts[number] += _counts(np.abs(plane[second][both] - plane[first][both]))
    units = np.array([_median(of_band) for of_band in counts])
    if np.isnan(units).all():
        return units
    of_distances = np.zeros(_N_BINS, np.int64)
    for block, has_data, step in _blocks_of_pairs(scene, bands):
        (squares,) = squared_distances(block, has_data, units, (step,))
        of_distances += _counts(squares[np.isfinite(squares)])
    return units * np.sqrt(_median(of_distances))


def _blocks_of_pairs(
    scene: Image, bands: NDArray[np.intp]
) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_], tuple[int, int]]]:
    """Yield blocks, where they have data, and a step, so that each pair comes once."""
    n_rows, n_columns, _ = scene.shape
    for window in scene.windows(max(1, _VALUES_AT_ONCE // len(bands))):
        rows, columns = window
        wider = Window(
            slice(rows.start, min(rows.stop + 1, n_rows)),
            slice(columns.start, min(columns.stop + 1, n_columns)),
        )
        block = scene.source.read(wider, bands)
        has_data = complete_pixels(block, scene.nodata)
        for down, right in BESIDE_AND_BELOW:
            cut = np.s_[: window.shape[0] + down, : window.shape[1] + right]
            yield block[cut], has_data[cut], (down, right)


def _counts(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many of some numbers, that are not 0, are in each bin."""
    with np.errstate(over="ignore"):  # the largest are infinite, and counted as that
        bits = values.astype(np.float32).view(np.uint32)
    return np.bincount(bits[bits > 0] >> _DROPPED_BITS, minlength=_N_BINS)


def _median(counts: NDArray[np.int64]) -> float:
    """Return the middle of the bin that the median of counted numbers is in; NaN without any."""
    if not counts.any():
        return np.nan
    place = np.searchsorted(np.cumsum(counts), (counts.sum() + 1) // 2)
    bits = np.uint32((int(place) << _DROPPED_BITS) + (1 << (_DROPPED_BITS - 1)))
    return float(bits.view(np.float32))
