"""Which bands the last axis of an array has after it was indexed, as far as that is certain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def indexed_bands(
    wavelengths: NDArray[np.float64] | None, key: Any, ndim: int
) -> NDArray[np.float64] | None:
    """Return the wavelengths of the last axis of an indexed array, None where it is none of bands.

    Only what is certain is answered: a slice of the last axis that stays the last one, or a list
    of bands beside slices.
    """
    if wavelengths is None:
        return None
    items = key if isinstance(key, tuple) else (key,)
    items = tuple(item if _is_plain_index(item) else np.asarray(item) for item in items)
    axes = [_n_axes(item) for item in items]
    if None in axes:
        return None
    n_indexed = sum(axes)
    if any(item is Ellipsis for item in items):
        # What follows it counts from the end.
        if items[-1] is Ellipsis:
            return wavelengths if n_indexed < ndim else None
    elif n_indexed < ndim:
        return wavelengths
    bands, others = items[-1], items[:-1]
    if isinstance(bands, slice):
        return wavelengths[bands]
    if not isinstance(bands, np.ndarray) or bands.dtype.kind not in "biu":
        return None
    arrays = [item for item in others if not (isinstance(item, slice) or item is Ellipsis)]
    if bands.ndim == 1 and not arrays:
        return wavelengths[bands]
    # As numpy.ix_ has it: rows down, bands across.
    is_crossed = (
        bands.ndim == len(items) == ndim
        and bands.size == bands.shape[-1]
        and all(
            isinstance(item, np.ndarray) and item.ndim == ndim and item.shape[-1] == 1
            for item in others
        )
    )
    return wavelengths[bands.ravel()] if is_crossed else None


def _is_plain_index(item: Any) -> bool:
    is_number = isinstance(item, int | np.integer) and not isinstance(item, bool)
    return item is None or item is Ellipsis or isinstance(item, slice) or is_number


def _n_axes(item: Any) -> int | None:
    """Return how many axes an item of an index stands for, None where that is not certain."""
    if item is None or item is Ellipsis:
        return 0
    if _is_plain_index(item):
        return 1
    if isinstance(item, np.ndarray) and item.dtype.kind in "iu":
        return 1
    if isinstance(item, np.ndarray) and item.dtype.kind == "b":
        return item.ndim
    return None
