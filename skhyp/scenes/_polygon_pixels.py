"""Which pixels a polygon covers, by their centres or by how much of each.

Polygons are edges here, in coordinates of pixels: x counts columns and y rows, from the corner of
the first pixel. Each row is computed by itself, so that blocks of rows leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._windows import Window, covering_windows

# So many pixels of a polygon's rectangle are looked at together.
_PIXELS_AT_ONCE = 2**22
# Shares are sums of areas with rounded corners: what is whole may be this much less.
_ROUNDING = 1e-9


def pixels_within(
    polygon: Any,
    shape: tuple[int, int],
    min_coverage: float | None,
    max_pixels: int = _PIXELS_AT_ONCE,
) -> NDArray[np.intp]:
    """Return the positions of pixels of a scene within a polygon or multi-polygon, row by row.

    None of ``min_coverage`` takes those whose centre is within; a centre on the common edge of
    two polygons is within one of them. Shares that are covered are exact, but for rounding.
    """
    edges = _edges(polygon)
    parts = [np.empty((0, 2), np.intp)]
    for window in _windows_around(edges, shape, max_pixels):
        if min_coverage is None:
            is_within = _centres_within(edges, window)
        else:
            is_within = _covered_shares(edges, window) >= max(min_coverage - _ROUNDING, _ROUNDING)
        corner = np.array([window.rows.start, window.columns.start])
        parts.append(np.argwhere(is_within) + corner)
    return np.concatenate(parts)


def _edges(polygon: Any) -> NDArray[np.float64]:
    """Return the edges of all rings as rows (x0, y0, x1, y1), with what is within to the left."""
    import shapely

    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(polygon)))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    return np.hstack([points[:-1], points[1:]])[ring[:-1] == ring[1:]]


def _windows_around(
    edges: NDArray[np.float64], shape: tuple[int, int], max_pixels: int
) -> Iterator[Window]:
    """Yield blocks of rows, of the columns of the polygon's rectangle, as far as the scene goes."""
    x, y = edges[:, ::2], edges[:, 1::2]
    bounds = []
    for values, length in ((y, shape[0]), (x, shape[1])):
        low, high = np.clip([np.floor(values.min()), np.ceil(values.max())], 0, length)
        bounds.append((int(low), int(high)))
    (top, bottom), (left, right) = bounds
    if top >= bottom or left >= right:
        return
    size = (bottom - top, right - left)
    for rows, _ in covering_windows(size, (1, size[1]), max(max_pixels, size[1])):
        yield Window(slice(top + rows.start, top + rows.stop), slice(left, right))


def _centres_within(edges: NDArray[np.float64], window: Window) -> NDArray[np.bool_]:
    """Return which pixels of a window have their centre within: to the right of odd crossings."""
    # From top to bottom, whichever of two polygons has the edge: both find the same crossings.
    is_upward = (edges[:, 1] > edges[:, 3])[:, np.newaxis]
    edges = np.where(is_upward, edges[:, [2, 3, 0, 1]], edges)
    rows, columns = window
    first, last = np.clip(np.ceil(edges[:, [1, 3]] - 0.5), rows.start, rows.stop).astype(int).T
    edge, row = _counted(first, last)
    x0, y0, x1, y1 = edges[edge].T
    x = x0 + (row + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
    column = np.clip(np.ceil(x - 0.5), columns.start, columns.stop).astype(int)
    n_rows, n_columns = window.shape
    places = (row - rows.start) * (n_columns + 1) + column - columns.start
    crossings = np.bincount(places, minlength=n_rows * (n_columns + 1)).reshape(n_rows, -1)
    return (np.cumsum(crossings, axis=1)[:, :n_columns] % 2).astype(bool)


def _covered_shares(edges: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Return the share of each pixel of a window that is covered.

    Edges are cut where they pass from one pixel to another. To the right of a piece lies a
    trapezium, of which pixels have the area that they have; pieces that go up or down add or take.
    """
    rows, columns = window
    cut_edge, along = _cuts(edges, window)
    is_piece = cut_edge[:-1] == cut_edge[1:]
    start, stop = along[:-1][is_piece], along[1:][is_piece]
    x0, y0, x1, y1 = edges[cut_edge[:-1][is_piece]].T
    middle = (start + stop) / 2
    x, y = x0 + middle * (x1 - x0), y0 + middle * (y1 - y0)
    height = (start - stop) * (y1 - y0)
    is_in_rows = (y >= rows.start) & (y < rows.stop)
    x, y, height = x[is_in_rows], y[is_in_rows], height[is_in_rows]
    x = np.clip(x, columns.start, columns.stop) - columns.start
    n_rows, n_columns = window.shape
    column = np.floor(x).astype(int)
    place = (np.floor(y).astype(int) - rows.start) * (n_columns + 2) + column
    places = np.concatenate([place, place + 1])
    areas = np.concatenate([height * (1 - (x - column)), height * (x - column)])
    sums: Any = np.bincount(places, areas, minlength=n_rows * (n_columns + 2)).reshape(n_rows, -1)
    return np.cumsum(sums, axis=1)[:, :n_columns]


def _cuts(
    edges: NDArray[np.float64], window: Window
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return where edges pass lines between pixels: which edge, and what part of it is before."""
    number = np.arange(len(edges))
    found: list[tuple[NDArray[np.intp], NDArray[np.float64]]]
    found = [(number, np.zeros(len(edges))), (number, np.ones(len(edges)))]
    for axis, part in ((0, window.columns), (1, window.rows)):
        begin, end = edges[:, axis], edges[:, axis + 2]
        first = np.clip(np.ceil(np.minimum(begin, end)), part.start, part.stop + 1)
        last = np.clip(np.floor(np.maximum(begin, end)) + 1, part.start, part.stop + 1)
        last = np.where(begin == end, first, np.maximum(first, last))
        edge, line = _counted(first.astype(int), last.astype(int))
        along = (line - begin[edge]) / (end[edge] - begin[edge])
        found.append((edge, np.clip(along, 0, 1)))
    of_edge = np.concatenate([numbers for numbers, _ in found])
    part_before = np.concatenate([parts for _, parts in found])
    order = np.lexsort((part_before, of_edge))
    return of_edge[order], part_before[order]


def _counted(
    first: NDArray[np.intp], last: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the numbers from first to last, without the last, of all pairs, and of which pair."""
    counts = last - first
    pair = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return pair, np.arange(len(pair)) - before[pair] + first[pair]
