"""MapLayout: what a map is like, but for its values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._swath_lookups import SwathLookup

# Rows of a map that are handed to a writer at once, by their size.
_STRIP_BYTES = 2**24


@dataclass(frozen=True, eq=False, kw_only=True)
class MapLayout:
    """What a map is like, but for its values."""

    rows: int
    columns: int
    # None is a map of single values.
    n_outputs: int | None
    dtype: np.dtype
    missing: float
    crs: str | None = None
    transform: tuple[float, ...] | None = None
    class_names: dict[int, str] | None = None
    # As "#rrggbb".
    class_colours: dict[int, str] | None = None
    output_names: Sequence[str] | None = None
    # Of all values; what each output is of, where that differs, is its name.
    long_name: str | None = None
    # One for each output.
    units: Sequence[str] | None = None
    description: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array of its values."""
        outputs = () if self.n_outputs is None else (self.n_outputs,)
        return (self.rows, self.columns, *outputs)

    def on_ground(self, lookup: SwathLookup) -> MapLayout:
        """Return the layout of the map of a swath when it lies on the ground."""
        rows, columns = lookup.shape
        return replace(self, rows=rows, columns=columns, crs=lookup.crs, transform=lookup.transform)

    @property
    def n_pixels(self) -> int:
        """The number of its pixels."""
        return self.rows * self.columns

    def has_data(self, values: NDArray[Any]) -> bool:
        """Return whether any of some values is a result."""
        if np.isnan(self.missing):
            return not np.isnan(values).all()
        return bool((values != self.missing).any())

    def strips(self, multiple: int = 1) -> Iterator[slice]:
        """Yield rows that are written at once: a multiple of so many, of bounded size."""
        step = max(1, _STRIP_BYTES // self.row_bytes // multiple) * multiple
        for start in range(0, self.rows, step):
            yield slice(start, min(start + step, self.rows))

    @property
    def row_bytes(self) -> int:
        """The size of a row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize
