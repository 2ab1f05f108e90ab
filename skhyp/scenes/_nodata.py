"""Which pixels have data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def complete_pixels(block: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """Return which pixels of a block (rows, columns, bands) have data in all of its bands."""
    complete = np.ones(block.shape[:2], bool)
    if block.dtype.kind == "f":
        complete &= np.isfinite(block).all(axis=2)
    marker = marker_of(nodata, block.dtype)
    if marker is not None:
        complete &= (block != marker).all(axis=2)
    return complete


def missing_values(values: NDArray[Any], nodata: float | None) -> NDArray[np.bool_] | None:
    """Return which values are no data, or None if there are none."""
    missing = ~np.isfinite(values) if values.dtype.kind == "f" else None
    if (marker := marker_of(nodata, values.dtype)) is not None:
        is_marked = values == marker
        missing = is_marked if missing is None else missing | is_marked
    return missing if missing is not None and missing.any() else None


def marker_of(nodata: float | None, dtype: np.dtype) -> Any:
    """Return what marks missing data among numbers of a dtype, or None where nothing can."""
    if nodata is None or np.isnan(nodata):
        return None  # NaN is missing anyway
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return dtype.type(nodata)  # rounded as the data were when they were stored
    bounds = np.iinfo(dtype) if dtype.kind != "b" else np.iinfo(np.uint8)
    if not bounds.min <= nodata <= bounds.max or nodata != int(nodata):
        return None
    return dtype.type(int(nodata))
