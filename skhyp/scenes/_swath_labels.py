"""Labels that lie on the ground, of a scene in the geometry of its instrument."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._scene import Scene
from ._swath_lookups import SwathLookup

# The table is read in parts of so many places.
_PLACES_AT_ONCE = 2**20
_ROUNDING = 1e-6


def place_of(scene: Scene) -> Scene:
    """Return the grid on the ground that a scene is found by: its own, or its lookup table's.

    Of the latter it is a scene of the rows of the swath: only its shape and its place are meant.
    """
    lookup = scene.lookup
    if scene.transform is not None or lookup is None or lookup.transform is None:
        return scene
    of_scene = dict.fromkeys(
        ("wavelengths", "fwhm", "good_bands", "source_bands", "band_names", "units")
    )
    return replace(
        scene,
        source=lookup.rows,
        crs=lookup.crs,
        transform=lookup.transform,
        lookup=None,
        **of_scene,  # type: ignore[arg-type]
    )


def swath_positions(lookup: SwathLookup, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the row and the column in the swath of places on the ground, -1 of none."""
    found = np.full(places.shape, -1, np.intp)
    is_place = places[:, 0] >= 0
    if is_place.any():
        rows = slice(int(places[is_place, 0].min()), int(places[is_place, 0].max()) + 1)
        row, column = places[is_place].T
        found[is_place] = lookup.read(rows)[row - rows.start, column]
    return found


def labels_of_swath(
    lookup: SwathLookup,
    places: NDArray[np.intp],
    classes: NDArray[Any],
    numbers: NDArray[np.intp] | None = None,
    *,
    min_coverage: float | None = None,
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.intp]]:
    """Return the pixels of a swath that labelled places show, their classes and features.

    Of all the places that show a pixel, its class has most, and more than are unlabelled, or at
    least the share ``min_coverage``; a pixel of which no class has that is unlabelled. Of the
    features of this class, it has the one with most of its places, of several the first. Pixels
    come row by row of the swath.
    """
    numbers = np.zeros(len(places), np.intp) if numbers is None else numbers
    positions = swath_positions(lookup, places)
    is_there = positions[:, 0] >= 0
    pixels = positions[is_there, 0] * lookup.swath[1] + positions[is_there, 1]
    known, codes = np.unique(classes[is_there], return_inverse=True)
    numbers = numbers[is_there]
    pairs, counts = np.unique(np.column_stack([pixels, codes]), axis=0, return_counts=True)
    is_most = counts == _most_of_each(pairs[:, 0], counts)
    n_best = np.bincount(pairs[is_most, 0], minlength=1) if len(pairs) else np.zeros(1, np.intp)
    of_all = _places_of_each(lookup)
    labelled = np.bincount(pixels, minlength=len(of_all))
    if min_coverage is None:
        is_enough = counts > (of_all - labelled)[pairs[:, 0]]
    else:
        is_enough = counts >= min_coverage * of_all[pairs[:, 0]] - _ROUNDING
    pairs = pairs[is_most & is_enough & (n_best[pairs[:, 0]] == 1)]
    best = np.full(lookup.swath[0] * lookup.swath[1], -1, np.intp)
    best[pairs[:, 0]] = pairs[:, 1]
    is_best = best[pixels] == codes
    of_features, counts = np.unique(
        np.column_stack([pixels[is_best], numbers[is_best]]), axis=0, return_counts=True
    )
    is_most = counts == _most_of_each(of_features[:, 0], counts)
    taken, first = np.unique(of_features[is_most, 0], return_index=True)
    positions = np.column_stack(np.divmod(taken, lookup.swath[1])).astype(np.intp)
    return positions, known[best[taken]], of_features[is_most, 1][first]


def _places_of_each(lookup: SwathLookup) -> NDArray[np.intp]:
    """Return how many places on the ground show each pixel of a swath, row by row."""
    n_rows, n_columns = lookup.shape
    counts = np.zeros(lookup.swath[0] * lookup.swath[1], np.intp)
    step = max(1, _PLACES_AT_ONCE // n_columns)
    for first in range(0, n_rows, step):
        positions = lookup.read(slice(first, min(first + step, n_rows))).reshape(-1, 2)
        row, column = positions[positions[:, 0] >= 0].T
        counts += np.bincount(row * lookup.swath[1] + column, minlength=len(counts))
    return counts


def _most_of_each(groups: NDArray[np.intp], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for each row, the largest count of its group."""
    most = np.zeros(int(groups.max()) + 1 if len(groups) else 0, np.intp)
    np.maximum.at(most, groups, counts)
    return most[groups]
