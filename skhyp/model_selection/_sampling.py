"""Samples of labelled pixels, a number of each class."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, validate_params


@validate_params(
    {
        "y": ["array-like"],
        "n_per_class": [Interval(Integral, 1, None, closed="left")],
        "max_share": [Interval(Real, 0, 1, closed="right")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def stratified_pixel_sample(
    y: ArrayLike,
    n_per_class: int,
    *,
    max_share: float = 0.5,
    random_state: Any = None,
) -> NDArray[np.intp]:
    """Draw as many pixels of each class, at random.

    The usual way to few labels. What is left over makes no honest test set: most of it lies next
    to what was drawn, see :func:`leakage_report`. Draw from the training side of a split in space.

    Parameters
    ----------
    y : array-like of shape (n_pixels,)
        The classes.
    n_per_class : int
        How many of each.
    max_share : float, default=0.5
        The largest part of a class that is drawn, so that small classes keep some for a test; at
        least one pixel is drawn.
    random_state : int, RandomState instance or None, default=None
        What decides which.

    Returns
    -------
    indices : ndarray of shape (n_drawn,)
        Of the pixels that were drawn, in rising order.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.model_selection import stratified_pixel_sample
    >>> y = np.repeat([1, 2, 3], [100, 50, 4])
    >>> drawn = stratified_pixel_sample(y, 10, random_state=0)
    >>> np.bincount(y[drawn])
    array([ 0, 10, 10,  2])
    """
    y = column_or_1d(y)
    rng = check_random_state(random_state)
    drawn = []
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        n_drawn = max(1, min(n_per_class, int(max_share * len(members))))
        drawn.append(rng.permutation(members)[:n_drawn])
    return np.sort(np.concatenate(drawn))
