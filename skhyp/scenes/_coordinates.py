"""Points as pixels, as coordinates of a scene, and in other reference systems."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package

from .reading._reference_systems import system_name

Transform = tuple[float, ...]
# So many points on each side are an outline, in any system.
POINTS_ON_SIDE = 21


def pixel_coordinates(transform: Transform, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns and rows, from the corner of the first pixel, of points (x, y)."""
    a, b, c, d, e, f = transform
    x, y = points.T
    determinant = a * e - b * d
    across = (e * (x - c) - b * (y - f)) / determinant
    down = (a * (y - f) - d * (x - c)) / determinant
    return np.column_stack([across, down])


def placed(transform: Transform, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points (x, y) of columns and rows."""
    a, b, c, d, e, f = transform
    across, down = pixels.T
    return np.column_stack([a * across + b * down + c, d * across + e * down + f])


def outline(transform: Transform, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return points (x, y) along the four sides of so many rows and columns."""
    along = np.linspace(0, 1, POINTS_ON_SIDE)
    across = [np.column_stack([along, np.full_like(along, end)]) for end in (0, 1)]
    sides = np.concatenate([*across, *(side[:, ::-1] for side in across)])
    return placed(transform, sides * [shape[1], shape[0]])


def reprojected(
    points: NDArray[np.float64], crs: Any, to_crs: str | None, name: str, mend: str = "."
) -> NDArray[np.float64]:
    """Return points of a file in another reference system."""
    optional_package("rasterio", "labelled_pixels in another reference system")
    from rasterio.warp import transform

    try:
        return np.column_stack(transform(crs, to_crs, *points.T.tolist()))
    except Exception as error:  # PROJ's have no class of their own
        raise ValueError(
            f"{name}: these coordinates do not go from {system_name(str(crs))} to "
            f"{system_name(to_crs)}: {error}. They lie between {points.min(axis=0).tolist()} and "
            f"{points.max(axis=0).tolist()}{mend}"
        ) from error
