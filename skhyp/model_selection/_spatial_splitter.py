"""What all splitters of pixels by their places share."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import column_or_1d, indexable
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples

from skhyp.scenes._pixel_positions import validate_positions

from ._positions import distances_to

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


class SpatialSplitter(BaseCrossValidator):
    """A splitter that needs the positions of pixels, and can keep a guard between the sides.

    Positions are given at construction, or to ``split``: by ``groups``, as any splitter has it,
    or as the metadata ``positions`` that is routed.
    """

    __metadata_request__split = {"positions": True}

    def __init__(self, *, guard: int, positions: ArrayLike | None):
        self.guard = guard
        self.positions = positions

    def split(
        self, X: Any, y: Any = None, groups: Any = None, *, positions: Any = None
    ) -> Iterator[Split]:
        """Yield the indices of training and of test pixels.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_bands)
            Only its length counts.
        y : array-like of shape (n_pixels,), default=None
            The classes, which are shared out evenly. None, or numbers that are no classes, leave
            the blocks to chance.
        groups, positions : array-like of int, shape (n_pixels, 2), default=None
            The row and the column of each pixel, if not given at construction.

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If a parameter is not as described, if positions are missing, if there are fewer blocks
            or fields than parts, if no training pixel is left, or if a class is missing in
            training and that is to be an error.
        """
        self._check_parameters()
        X, y = indexable(X, y)
        n_pixels = _num_samples(X)
        if not n_pixels:
            raise ValueError("X must have one sample or more; got none.")
        places = self._places(n_pixels, groups, positions)
        classes = class_numbers(y, n_pixels)
        for number, test in enumerate(self._test_masks(places, classes)):
            train = ~test
            if self.guard and test.any() and train.any():
                others = np.flatnonzero(train)
                near = distances_to(places[others], places[test]) <= self.guard
                train[others[near]] = False
            if not train.any():
                raise ValueError(
                    f"guard={self.guard} leaves no training pixel: every one is so near to a test "
                    "pixel. Lower it, or take smaller blocks."
                )
            absent = np.setdiff1d(classes[test], classes[train])
            if len(absent):
                self._tell_of_absent_classes(number, np.asarray(y)[np.isin(classes, absent)])
            yield np.flatnonzero(train), np.flatnonzero(test)

    def _places(self, n_pixels: int, *given: Any) -> NDArray[np.int64]:
        known = [places for places in (*given, self.positions) if places is not None]
        if not known:
            raise ValueError(
                f"{type(self).__name__} needs the positions of the pixels: at construction, as "
                "groups= of cross_validate and fit, or as positions= where metadata are routed."
            )
        places = validate_positions(known[0], n_pixels)
        n_places = len(np.unique(places, axis=0))
        if n_places < n_pixels:
            warnings.warn(
                f"{n_pixels - n_places} of {n_pixels} positions are those of another pixel. Pixels "
                "of several scenes need positions in one grid: add to those of each scene where it "
                "lies, or more than its size.",
                UserWarning,
                stacklevel=3,
            )
        return places

    def _check_parameters(self) -> None:
        check_integer("guard", self.guard, 0)

    def _tell_of_absent_classes(self, number: int, members: NDArray[Any]) -> None:
        """Tell of the labels of classes that a split tests and does not train on."""

    @abstractmethod
    def _test_masks(
        self, places: NDArray[np.int64], classes: NDArray[np.intp]
    ) -> Iterator[NDArray[np.bool_]]:
        """Yield masks of the test pixels."""


def class_numbers(y: Any, n_pixels: int) -> NDArray[np.intp]:
    """Return classes as integers from 0; one for all where y has none."""
    if y is None or type_of_target(y) not in ("binary", "multiclass"):
        return np.zeros(n_pixels, np.intp)
    return np.unique(column_or_1d(y), return_inverse=True)[1].ravel()


def check_integer(name: str, value: Any, least: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be an integer of {least} or more; got {value!r}.")
