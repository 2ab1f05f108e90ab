"""The bands of the last axis of an array, and which it has after the array was indexed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class KnownBands:
    """The wavelengths of some bands in nm, and the index of each in the source they came from.

    Neither is to be written to. Without ``source_bands``, they are all that the source has. Widths
    ``fwhm`` in nm are there where they are known of all bands.
    """

    __slots__ = ("fwhm", "source_bands", "wavelengths")

    def __init__(
        self,
        wavelengths: NDArray[np.float64],
        source_bands: NDArray[np.intp] | None = None,
        fwhm: NDArray[np.float64] | None = None,
    ):
        if source_bands is None:
            source_bands = np.arange(len(wavelengths))
        self.wavelengths, self.source_bands = _frozen(wavelengths), _frozen(source_bands)
        self.fwhm = None if fwhm is None else _frozen(fwhm)

    def __len__(self) -> int:
        return len(self.wavelengths)

    def __getitem__(self, taken: Any) -> KnownBands:
        fwhm = None if self.fwhm is None else self.fwhm[taken]
        return KnownBands(self.wavelengths[taken], self.source_bands[taken], fwhm)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


def indexed_bands(bands: KnownBands | None, key: Any, ndim: int) -> KnownBands | None:
    """Return the bands of the last axis of an indexed array, None where it is none of bands.

    Only what is certain is answered: a slice of the last axis that stays the last one, or a list
    of bands beside slices.
    """
    if bands is None:
        return None
    items = key if isinstance(key, tuple) else (key,)
    items = tuple(item if _is_plain_index(item) else np.asarray(item) for item in items)
    axes = [_n_axes(item) for item in items]
    certain = [n_axes for n_axes in axes if n_axes is not None]
    if len(certain) < len(axes):
        return None
    n_indexed = sum(certain)
    if any(item is Ellipsis for item in items):
        # What follows it counts from the end.
        if items[-1] is Ellipsis:
            return bands if n_indexed < ndim else None
    elif n_indexed < ndim:
        return bands
    taken, others = items[-1], items[:-1]
    if isinstance(taken, slice):
        return bands[taken]
    if not isinstance(taken, np.ndarray) or taken.dtype.kind not in "biu":
        return None
    arrays = [item for item in others if not (isinstance(item, slice) or item is Ellipsis)]
    if taken.ndim == 1 and not arrays:
        return bands[taken]
    # As numpy.ix_ has it: rows down, bands across.
    is_crossed = (
        taken.ndim == len(items) == ndim
        and taken.size == taken.shape[-1]
        and all(
            isinstance(item, np.ndarray) and item.ndim == ndim and item.shape[-1] == 1
            for item in others
        )
    )
    return bands[taken.ravel()] if is_crossed else None


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
