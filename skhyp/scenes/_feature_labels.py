"""From polygons and points with classes to pixels: where they lie in a scene, and which agree."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user

from ._feature_places import SHOWN, geometries_in_pixels, shown_numbers
from ._point_labels import is_missing_label
from ._polygon_pixels import pixels_within
from ._scene import Scene
from .reading._reference_systems import system_name
from .reading._vector_files import Features

_POLYGONS = ("Polygon", "MultiPolygon")
_POINTS = ("Point", "MultiPoint")
_POINT_IDS = (0, 4)


def feature_pixels(
    features: Features,
    scene: Scene,
    *,
    min_coverage: float | None,
    overlaps: str,
    outside: str,
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.intp]]:
    """Return positions, row by row, their classes, and the numbers of their features."""
    if overlaps not in ("raise", "drop"):
        raise ValueError(f"overlaps must be 'raise' or 'drop', got {overlaps!r}.")
    if outside not in ("warn", "raise", "drop"):
        raise ValueError(f"outside must be 'warn', 'raise' or 'drop', got {outside!r}.")
    if scene.transform is None:
        raise ValueError(f"{scene.name} does not say where it lies: it has no transform.")
    classes, numbers = _usable(features)
    geometries = geometries_in_pixels(features, numbers, scene)
    is_inside = _lies_inside(geometries, scene.shape[:2])
    _tell_of_outside(features, numbers[~is_inside], len(numbers), scene, outside)
    found, of_feature, without = [np.empty((0, 2), np.intp)], [np.empty(0, np.intp)], []
    for number, geometry in zip(numbers[is_inside], geometries[is_inside], strict=True):
        positions = _positions(geometry, scene.shape[:2], min_coverage)
        found.append(positions)
        of_feature.append(np.full(len(positions), number, np.intp))
        if not len(positions):
            without.append(number)
    _tell_of_small(features, without, len(numbers), min_coverage)
    positions, numbers = np.concatenate(found), np.concatenate(of_feature)
    kept = _kept(positions, numbers, classes, features, scene, overlaps)
    if not len(kept) and not (outside == "drop" and not is_inside.any()):
        raise ValueError(
            f"No pixel of {scene.name} is labelled by {features.name}: "
            + (
                "all lie within features of different classes."
                if len(positions)
                else "no feature has one. Lower min_coverage, or draw larger polygons."
            )
        )
    return positions[kept], classes[numbers[kept]], numbers[kept]


def check_coverage(min_coverage: Any) -> None:
    """Raise if what a pixel has to be covered by is no share of it."""
    is_number = isinstance(min_coverage, Real) and not isinstance(min_coverage, bool)
    if min_coverage is not None and not (is_number and 0 < min_coverage <= 1):
        raise ValueError(
            "min_coverage must be None or a share of a pixel, above 0 and up to 1; got "
            f"{min_coverage!r}."
        )


def _usable(features: Features) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the classes of all features, and the numbers of those with class and geometry."""
    import shapely

    is_missing = np.array([is_missing_label(c) for c in features.classes.tolist()], bool)
    is_empty = shapely.is_missing(features.geometries) | shapely.is_empty(features.geometries)
    for is_so, what in ((is_missing, f"no {features.column}"), (is_empty, "no geometry")):
        if is_so.any():
            warn_user(
                f"{np.count_nonzero(is_so)} of {len(is_so)} features of {features.name} have "
                f"{what}, and are left out: {shown_numbers(np.flatnonzero(is_so))}."
            )
    numbers = np.flatnonzero(~(is_missing | is_empty))
    if not len(numbers):
        raise ValueError(f"{features.name} has no feature with a geometry and a class.")
    kinds = np.array([geometry.geom_type for geometry in features.geometries[numbers]])
    others = numbers[~np.isin(kinds, _POLYGONS + _POINTS)]
    if len(others):
        kind_names = ", ".join(sorted(set(kinds) - {*_POLYGONS, *_POINTS}))
        raise ValueError(
            f"{features.name} must have polygons and points; {len(others)} of {len(numbers)} "
            f"features are {kind_names}: {shown_numbers(others)}. Leave them out, or draw a buffer "
            "around lines."
        )
    present = features.classes[~is_missing].tolist()
    if len({isinstance(label, str) for label in present}) > 1:
        raise ValueError(
            f"{features.column} of {features.name} has both texts and numbers: make it one of them."
        )
    typed = np.asarray(present)
    if typed.dtype.kind not in "biufU" or typed.ndim != 1:
        raise ValueError(
            f"{features.column} of {features.name} must have texts or numbers; got {present[0]!r}."
        )
    classes = np.zeros(len(is_missing), typed.dtype)
    if features.classes.dtype.kind in "biufU":
        classes = classes.astype(features.classes.dtype)
    classes[~is_missing] = typed
    return classes, numbers


def _lies_inside(geometries: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which have a part in a scene; what only touches its edge has none."""
    import shapely

    is_empty = shapely.is_empty(geometries)
    left, top, right, bottom = shapely.bounds(geometries).T
    # What has no place in the system of the scene is not finite.
    inside = is_empty | ((left < shape[1]) & (top < shape[0]) & (right >= 0) & (bottom >= 0))
    near = np.flatnonzero(inside & ~is_empty)
    is_point = np.isin(shapely.get_type_id(geometries[near]), _POINT_IDS)
    for i in near[is_point]:
        inside[i] = len(_positions(geometries[i], shape, None)) > 0
    area = shapely.box(0, 0, shape[1], shape[0])
    polygons = geometries[near[~is_point]]
    inside[near[~is_point]] = area.intersects(polygons) & ~area.touches(polygons)
    return inside


def _positions(geometry: Any, shape: tuple[int, int], min_coverage: float | None) -> Any:
    import shapely

    if geometry.is_empty:  # it had no area, and was mended to nothing
        return np.empty((0, 2), np.intp)
    if geometry.geom_type in _POLYGONS:
        return pixels_within(geometry, shape, min_coverage)
    positions = np.floor(shapely.get_coordinates(geometry))[:, ::-1].astype(np.intp)
    return np.unique(positions[np.all((positions >= 0) & (positions < shape), axis=1)], axis=0)


def _tell_of_outside(
    features: Features, numbers: NDArray[np.intp], n_usable: int, scene: Scene, outside: str
) -> None:
    if outside == "drop" or not len(numbers):
        return
    n_outside = len(numbers)
    message = f"{n_outside} of {n_usable} features of {features.name} lie outside of {scene.name}"
    if n_outside == n_usable or outside == "raise":
        raise ValueError(
            f"{message}: {shown_numbers(numbers)}. They are taken to be in "
            f"{system_name(features.crs)}, the scene is in {system_name(scene.crs)}; crs= says it "
            "where the file has it wrong. "
            "Where features may lie on other tiles, outside='drop' leaves them out."
        )
    warn_user(f"{message}, and are left out: {shown_numbers(numbers)}.")


def _tell_of_small(
    features: Features, numbers: Sequence[int], n_usable: int, min_coverage: float | None
) -> None:
    if not numbers:
        return
    named = ", ".join(features.called(number) for number in numbers[:SHOWN])
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    reason = (
        "cover the centre of no pixel: they are small or narrow. min_coverage=0.5 takes pixels "
        "that are half covered, whatever part of them"
        if min_coverage is None
        else f"cover no pixel by {min_coverage:g}. Lower min_coverage"
    )
    warn_user(f"{len(numbers)} of {n_usable} features of {features.name} {reason}: {named}{more}.")


def _kept(
    positions: NDArray[np.intp],
    numbers: NDArray[np.intp],
    classes: NDArray[Any],
    features: Features,
    scene: Scene,
    overlaps: str,
) -> NDArray[np.intp]:
    """Return which to take, row by row: each pixel once, by its first feature, if all agree."""
    pixels = positions[:, 0] * scene.shape[1] + positions[:, 1]
    order = np.lexsort((numbers, pixels))
    pixels, sorted_classes = pixels[order], classes[numbers[order]]
    is_first = np.diff(pixels, prepend=-1) != 0
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1] if len(pixels) else pixels
    differs = sorted_classes != sorted_classes[first]
    if not differs.any():
        return order[is_first]
    if overlaps == "drop":
        return order[is_first & ~np.isin(pixels, pixels[differs])]
    clashes = np.column_stack([numbers[order[first[differs]]], numbers[order[differs]]])
    pairs, counts = np.unique(clashes, axis=0, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:SHOWN]
    named = "; ".join(
        f"{features.called(a)} and {features.called(b)}, {count}"
        for (a, b), count in zip(pairs[most], counts[most], strict=True)
    )
    more = f"; and {len(pairs) - SHOWN} more pairs" if len(pairs) > SHOWN else ""
    n_pixels = len(np.unique(pixels[differs]))
    row, column = positions[order[np.flatnonzero(differs)[0]]]
    raise ValueError(
        f"{n_pixels} pixels of {scene.name} lie within features of different {features.column}, "
        f"the first in row {row} and column {column}. Features and pixels of both: {named}{more}. "
        "Mend the polygons, or leave these pixels out with overlaps='drop'."
    )
