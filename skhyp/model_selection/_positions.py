"""How far apart pixels lie, and which of them are meant."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree


def distances_to(positions: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how many pixels each position is from the nearest of others, diagonals counting one.

    Infinite where there are no others.
    """
    if not len(others) or not len(positions):
        return np.full(len(positions), np.inf)
    return KDTree(others).query(positions, p=np.inf)[0]


def as_indices(members: ArrayLike, n_pixels: int, name: str) -> NDArray[np.intp]:
    """Return the indices that integers or a mask stand for."""
    values = np.asarray(members)
    if values.dtype == bool:
        if values.shape != (n_pixels,):
            raise ValueError(
                f"{name} as a mask must have one entry for each of the {n_pixels} positions; got "
                f"shape {values.shape}."
            )
        return np.flatnonzero(values)
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be indices or a mask of pixels; got {members!r}.")
    if values.size and (values.min() < 0 or values.max() >= n_pixels):
        raise ValueError(f"{name} must have indices from 0 to {n_pixels - 1}.")
    return values.astype(np.intp)
