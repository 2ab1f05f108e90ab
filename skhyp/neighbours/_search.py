"""The pixels that are nearest to each pixel: exactly, or found by an index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from skhyp._optional_packages import optional_package

# More pixels than these are compared with some of the others alone, as time grows with the square.
MOST_COMPARED = 2**17
# Of the index: pixels a list, at most so many lists that centres are found for, lists looked into
# (of a million pixels by components and positions, 0.999 of the neighbours are in these), and
# pixels that the centre of a list is learned from.
_LIST_PIXELS, _MOST_LISTS, _LISTS_LOOKED_AT, _PIXELS_A_CENTRE = 1000, 4096, 4, 64
_TIMES_WANTED = 8
# So many pixels are looked up at a time.
_AT_ONCE = 2**17


def exact_neighbours(
    features: NDArray[np.float32], n_neighbors: int
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return distances to, and numbers of, the nearest others of each row, nearest first."""
    search = NearestNeighbors(n_neighbors=n_neighbors).fit(features)
    # Without rows to look up, scikit-learn leaves each out of its own neighbours.
    distances, numbers = search.kneighbors()
    return distances.astype(np.float32), numbers


def approximate_neighbours(
    features: NDArray[np.float32], n_neighbors: int
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return what :func:`exact_neighbours` does, of the rows in the nearest lists of an index.

    An index of inverted lists: the same each time, whatever the number of threads.
    """
    faiss = optional_package("faiss", f"The graph of {len(features)} pixels")
    features = np.ascontiguousarray(features, np.float32)
    n_rows, n_features = features.shape
    n_lists = int(np.clip(n_rows // _LIST_PIXELS, 1, _MOST_LISTS))
    centres = faiss.IndexFlatL2(n_features)
    index = faiss.IndexIVFFlat(centres, n_features, n_lists)
    index.cp.seed, index.cp.max_points_per_centroid = 0, _PIXELS_A_CENTRE
    index.cp.min_points_per_centroid = 1
    index.train(features[:: max(1, n_rows // (n_lists * _PIXELS_A_CENTRE))])
    index.add(features)
    # Lists that are looked into hold several times the neighbours that are wanted.
    in_a_list = n_rows / n_lists
    index.nprobe = max(_LISTS_LOOKED_AT, round(_TIMES_WANTED * (n_neighbors + 1) / in_a_list))
    distances = np.empty((n_rows, n_neighbors), np.float32)
    numbers = np.empty((n_rows, n_neighbors), np.intp)
    for start in range(0, n_rows, _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, n_rows))
        squares, found = index.search(features[rows], n_neighbors + 1)
        kept = _others(rows, found, n_neighbors)
        numbers[rows] = np.take_along_axis(found, kept, axis=1)
        # Rounding can leave a square below 0, and a place without a neighbour has none.
        squares = np.maximum(np.take_along_axis(squares, kept, axis=1), 0)
        distances[rows] = np.sqrt(squares)
    return distances, numbers


def _others(rows: NDArray[np.intp], found: NDArray[np.int64], n_neighbors: int) -> NDArray[np.intp]:
    """Return the places of the neighbours of rows, without the row itself, in their order."""
    is_self = found == rows[:, np.newaxis]
    # Among equals, the row itself need not be found: then the farthest is one too many.
    is_self[~is_self.any(axis=1), -1] = True
    return np.argsort(is_self, axis=1, kind="stable")[:, :n_neighbors]
