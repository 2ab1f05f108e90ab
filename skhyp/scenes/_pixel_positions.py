"""Where pixels lie: a row and a column each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def validate_positions(
    positions: Any, n_pixels: int | None = None, *, within: Sequence[int] | None = None
) -> NDArray[np.intp]:
    """Return positions as integers of shape (n_pixels, 2).

    With ``within``, the rows and columns of a scene, they must lie in it.
    """
    values = np.asarray(positions)
    if values.ndim != 2 or values.shape[1] != 2 or values.dtype.kind not in "iu":
        raise ValueError(
            "positions must be integers of shape (n_pixels, 2), a row and a column each, as "
            "skhyp.scenes.labelled_pixels returns them; got dtype "
            f"{values.dtype} and shape {values.shape}."
        )
    if n_pixels is not None and len(values) != n_pixels:
        raise ValueError(
            f"positions must have one row for each of the {n_pixels} samples; got {len(values)}. "
            "Positions given at construction are of all samples that are split."
        )
    if within is not None:
        rows, columns = within
        is_outside = np.any((values < 0) | (values >= [rows, columns]), axis=1)
        if is_outside.any():
            raise ValueError(
                f"positions must lie within {rows} rows and {columns} columns; got "
                f"{values[is_outside][0].tolist()}."
            )
    return values.astype(np.intp)
