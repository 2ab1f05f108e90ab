"""Fields: neighbouring pixels of one class."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from sklearn.utils import column_or_1d

from skhyp.scenes._pixel_positions import validate_positions


def field_numbers(positions: ArrayLike, y: ArrayLike) -> NDArray[np.intp]:
    """Number the fields: connected pixels of one class, diagonals included.

    Parameters
    ----------
    positions : array-like of int, shape (n_pixels, 2)
        The row and the column of each pixel.
    y : array-like of shape (n_pixels,)
        Their classes.

    Returns
    -------
    fields : ndarray of int, shape (n_pixels,)
        From 0. As ``groups`` they make any group splitter of scikit-learn keep fields whole, such
        as :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    Examples
    --------
    >>> from skhyp.model_selection import field_numbers
    >>> field_numbers([[0, 0], [0, 1], [0, 2], [5, 5]], [1, 1, 2, 2])
    array([0, 0, 1, 2])
    """
    y = column_or_1d(y)
    positions = validate_positions(positions, len(y))
    pairs = KDTree(positions).query_pairs(1, p=np.inf, output_type="ndarray")
    pairs = pairs[y[pairs[:, 0]] == y[pairs[:, 1]]]
    links = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(len(y), len(y)))
    components = connected_components(links, directed=False)[1]
    # In the order in which they are met.
    _, first, number = np.unique(components, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number]
