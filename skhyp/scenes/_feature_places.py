"""Where polygons and points lie in a scene: their geometries in columns and rows of its pixels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user

from ._coordinates import outline, pixel_coordinates, reprojected
from ._scene import Scene
from .reading._reference_systems import are_same_systems, system_name
from .reading._vector_files import Features

# So many features are named in messages.
SHOWN = 8
# An edge that is straight in one system and not in another may be this part of a pixel off.
_STRAIGHT = 0.01
_MOST_PARTS = 1000
_POLYGON_IDS = (3, 6)


def geometries_in_pixels(
    features: Features, numbers: NDArray[np.intp], scene: Scene
) -> NDArray[Any]:
    """Return geometries in columns and rows of a scene, mended where their rings cross."""
    import shapely

    geometries = features.geometries[numbers].copy()
    is_invalid = ~shapely.is_valid(geometries)
    if is_invalid.any():
        reason = shapely.is_valid_reason(geometries[is_invalid][0])
        warn_user(
            f"{np.count_nonzero(is_invalid)} of {len(numbers)} features of {features.name} are not "
            "valid, as where rings cross, and are mended: "
            f"{shown_numbers(numbers[is_invalid])} (the first: {reason})."
        )
        mended = shapely.make_valid(geometries[is_invalid])
        geometries[is_invalid] = [_polygons_of(geometry) for geometry in mended]
    if features.crs is None and scene.crs is not None:
        raise ValueError(
            f"{features.name} has no reference system. Pass the one that it was drawn in, as with "
            f"crs='EPSG:4326', or crs=scene.crs for that of the scene, {system_name(scene.crs)}."
        )
    if scene.crs is None and features.crs is not None:
        raise ValueError(
            f"{scene.name} has no reference system that {features.name} could be brought to. Say "
            "which it has, as with dataclasses.replace(scene, crs='EPSG:32633')."
        )
    if not are_same_systems(features.crs, scene.crs):
        mend = "; crs= says what they are where the file has it wrong."
        to_scene = partial(
            reprojected, crs=features.crs, to_crs=scene.crs, name=features.name, mend=mend
        )
        to_features = partial(
            reprojected, crs=scene.crs, to_crs=features.crs, name=scene.name, mend=mend
        )
        near = _around(scene, to_features)
        is_near = np.isin(shapely.get_type_id(geometries), _POLYGON_IDS)
        is_near &= shapely.intersects(geometries, near)
        # What lies far away alone may have no place in the system, or any: it is outside.
        geometries[is_near] = _divided(_cut(geometries[is_near], near), to_scene, scene)
        geometries = shapely.transform(geometries, to_scene)
    return shapely.transform(geometries, partial(pixel_coordinates, scene.transform or ()))


def _around(scene: Scene, to_features: Any) -> Any:
    """Return the rectangle in the system of features that has three times the size of a scene."""
    import shapely

    corners = to_features(outline(scene.transform or (), scene.shape))
    low, high = corners.min(axis=0), corners.max(axis=0)
    return shapely.box(*(2 * low - high), *(2 * high - low))


def _cut(geometries: NDArray[Any], near: Any) -> NDArray[Any]:
    """Return polygons without what lies beyond a rectangle."""
    import shapely

    is_cut = ~shapely.within(geometries, near)
    parts = shapely.intersection(geometries[is_cut], near)
    geometries[is_cut] = [_polygons_of(part) for part in parts]
    return geometries


def _divided(geometries: NDArray[Any], to_scene: Any, scene: Scene) -> NDArray[Any]:
    """Return geometries with points along those edges that are curved in the scene's system.

    One length is the limit in all of them: a common edge is divided alike on both of its sides.
    """
    import shapely

    rings = shapely.get_rings(shapely.get_parts(geometries))
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = of_ring[:-1] == of_ring[1:]
    start, stop = points[:-1][is_edge], points[1:][is_edge]
    places = to_scene(np.concatenate([start, stop, (start + stop) / 2]))
    first, last, middle = np.split(pixel_coordinates(scene.transform or (), places), 3)
    with np.errstate(invalid="ignore"):
        bow = np.abs(middle - (first + last) / 2).max(axis=1)
        is_bowed = np.isfinite(bow) & (bow > _STRAIGHT)
    if not is_bowed.any():
        return geometries
    lengths = np.hypot(*(stop - start)[is_bowed].T)
    # In n parts, the bow of each is a square of n less.
    n_parts = np.minimum(np.ceil(np.sqrt(bow[is_bowed] / _STRAIGHT)), _MOST_PARTS)
    return shapely.segmentize(geometries, (lengths / n_parts).min())


def _polygons_of(geometry: Any) -> Any:
    """Return the polygons of what a polygon was mended to; others, lines and points, have none."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def shown_numbers(numbers: NDArray[np.intp]) -> str:
    """Return numbers for messages, the first of them if there are many."""
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(map(str, numbers[:SHOWN].tolist())) + more
