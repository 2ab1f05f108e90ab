"""A splitter that leaves out one field after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples

from ._fields import field_numbers
from ._spatial_splitter import SpatialSplitter, class_numbers


class LeaveOneFieldOut(SpatialSplitter):
    """One field is tested, all others are trained on; a field is connected pixels of one class.

    The strictest of all: no pixel of a field helps to classify another one of it.

    Parameters
    ----------
    guard : int, default=0
        Training pixels that are no farther than so many pixels from a test pixel are left out.
    positions : array-like of int, shape (n_pixels, 2), default=None
        The row and the column of each pixel. None expects them in ``split``.

    See Also
    --------
    field_numbers : The fields, as groups for scikit-learn's splitters.

    Notes
    -----
    Classes of one field are never tested, as nothing of them could be learned. A test set has one
    class: take the mean over all pixels that were tested, not over folds.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.model_selection import LeaveOneFieldOut
    >>> positions = [[0, 0], [0, 1], [0, 5], [0, 9], [5, 5]]
    >>> y = [1, 1, 1, 2, 2]
    >>> for train, test in LeaveOneFieldOut().split(positions, y, positions):
    ...     print(train, test)
    [2 3 4] [0 1]
    [0 1 3 4] [2]
    [0 1 2 4] [3]
    [0 1 2 3] [4]
    """

    def __init__(self, *, guard: int = 0, positions: ArrayLike | None = None):
        super().__init__(guard=guard, positions=positions)

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, positions: Any = None
    ) -> int:
        """Return the number of fields of classes with several fields."""
        if y is None:
            raise ValueError("LeaveOneFieldOut needs y: fields are of one class.")
        classes = class_numbers(y, _num_samples(y))
        places = self._places(len(classes), groups, positions)
        return len(_testable_fields(field_numbers(places, classes), classes))

    def _test_masks(
        self, places: NDArray[np.int64], classes: NDArray[np.intp]
    ) -> Iterator[NDArray[np.bool_]]:
        fields = field_numbers(places, classes)
        testable = _testable_fields(fields, classes)
        if not len(testable):
            raise ValueError("No class has two fields: none can be tested and trained on.")
        for field in testable:
            yield fields == field


def _testable_fields(fields: NDArray[np.intp], classes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the fields of classes that have another one."""
    numbers, first = np.unique(fields, return_index=True)
    n_fields = np.bincount(classes[first])
    return numbers[n_fields[classes[first]] > 1]
