"""MapLayout: what a map is like, but for its values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows of a map that are handed to a writer at once, by their size.
STRIP_BYTES = 2**24


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
    class_colours: dict[int, tuple[int, int, int]] | None = None
    output_names: Sequence[str] | None = None
    description: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array of its values."""
        outputs = () if self.n_outputs is None else (self.n_outputs,)
        return (self.rows, self.columns, *outputs)

    @property
    def n_pixels(self) -> int:
        """The number of its pixels."""
        return self.rows * self.columns

    def has_data(self, values: NDArray[Any]) -> bool:
        """Return whether any of some values is a result."""
        if np.isnan(self.missing):
            return not np.isnan(values).all()
        return bool((values != self.missing).any())

    @property
    def row_bytes(self) -> int:
        """The size of a row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize
