"""Splitters that deal out square blocks of a scene."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from ._blocks import block_numbers, class_counts, deal_blocks
from ._spatial_splitter import SpatialSplitter, check_integer


class _BlockSplitter(SpatialSplitter):
    """A splitter that deals out square blocks."""

    def __init__(
        self,
        n_splits: int,
        *,
        block_size: int,
        guard: int,
        missing_classes: str,
        positions: ArrayLike | None,
        random_state: Any,
    ):
        super().__init__(guard=guard, positions=positions)
        self.n_splits = n_splits
        self.block_size = block_size
        self.missing_classes = missing_classes
        self.random_state = random_state

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, positions: Any = None
    ) -> int:
        """Return the number of splits."""
        return self.n_splits

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_integer("n_splits", self.n_splits, self._least_splits)
        check_integer("block_size", self.block_size, 1)
        if self.missing_classes not in ("error", "warn", "ignore"):
            raise ValueError(
                "missing_classes must be 'error', 'warn' or 'ignore'; got "
                f"{self.missing_classes!r}."
            )

    def _tell_of_absent_classes(self, number: int, members: NDArray[Any]) -> None:
        if self.missing_classes == "ignore":
            return
        labels = np.unique(members).tolist()
        message = (
            f"Split {number} tests classes that it does not train on: {labels}. Their pixels lie "
            f"in too few blocks of {self.block_size} x {self.block_size} pixels, or within "
            f"{self.guard} pixels of the test blocks. Take smaller blocks or a narrower guard, "
            "leave the classes out, or set missing_classes='ignore' to count them as errors."
        )
        if self.missing_classes == "error":
            raise ValueError(message)
        warnings.warn(message, UserWarning, stacklevel=3)

    _least_splits = 1


class SpatialBlockKFold(_BlockSplitter):
    """K folds of square blocks, with a guard of pixels between training and test.

    Every pixel is tested once. Blocks are dealt out so that each fold has its share of each class.

    Parameters
    ----------
    n_splits : int, default=5
        The number of folds, at least 2.
    block_size : int, default=10
        The side of a block in pixels. Blocks should be larger than the distance over which
        neighbours resemble each other.
    guard : int, default=0
        Training pixels that are no farther than so many pixels from a test pixel are left out,
        diagonals counting one. With 0, pixels on both sides of an edge touch.
    missing_classes : {"error", "warn", "ignore"}, default="error"
        What to do where a class is tested and not trained on: it lies in one block, say.
    positions : array-like of int, shape (n_pixels, 2), default=None
        The row and the column of each pixel, as :func:`~skhyp.scenes.labelled_pixels` returns
        them. None expects them in ``split``.
    random_state : int, RandomState instance or None, default=None
        What decides where the edges of blocks lie, and which are dealt first.

    See Also
    --------
    SpatialShuffleSplit : Splits at random, of blocks.
    LeaveOneFieldOut : A test field at a time.
    leakage_report : What is left of the nearness.

    Notes
    -----
    Blocks against random splits: D. R. Roberts et al., "Cross-validation strategies for data with
    temporal, spatial, hierarchical, or phylogenetic structure", Ecography 40(8), 2017. How they
    are dealt: K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data",
    ECML PKDD 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from skhyp.model_selection import SpatialBlockKFold
    >>> positions = np.argwhere(np.ones((20, 20)))
    >>> y = 1 + (positions[:, 1] >= 10)
    >>> X = y[:, np.newaxis] + np.random.default_rng(0).normal(scale=0.1, size=(400, 3))
    >>> folds = SpatialBlockKFold(4, block_size=5, guard=1, random_state=0)
    >>> cross_val_score(LogisticRegression(), X, y, cv=folds, groups=positions)
    array([1., 1., 1., 1.])
    """

    _least_splits = 2

    def __init__(
        self,
        n_splits: int = 5,
        *,
        block_size: int = 10,
        guard: int = 0,
        missing_classes: str = "error",
        positions: ArrayLike | None = None,
        random_state: Any = None,
    ):
        super().__init__(
            n_splits,
            block_size=block_size,
            guard=guard,
            missing_classes=missing_classes,
            positions=positions,
            random_state=random_state,
        )

    def _test_masks(
        self, places: NDArray[np.int64], classes: NDArray[np.intp]
    ) -> Iterator[NDArray[np.bool_]]:
        rng = check_random_state(self.random_state)
        shares = np.full(self.n_splits, 1 / self.n_splits)
        parts = _dealt(places, classes, self.block_size, shares, rng)
        for fold in range(self.n_splits):
            yield parts == fold


class SpatialShuffleSplit(_BlockSplitter):
    """Splits at random of square blocks, with a guard of pixels between training and test.

    Parameters
    ----------
    n_splits : int, default=10
        The number of splits, each drawn anew.
    test_size : float, default=0.25
        The share of the pixels, and about that of each class, that is tested.
    block_size : int, default=10
        The side of a block in pixels.
    guard : int, default=0
        Training pixels that are no farther than so many pixels from a test pixel are left out.
    missing_classes : {"error", "warn", "ignore"}, default="error"
        What to do where a class is tested and not trained on.
    positions : array-like of int, shape (n_pixels, 2), default=None
        The row and the column of each pixel. None expects them in ``split``.
    random_state : int, RandomState instance or None, default=None
        What decides where the edges of blocks lie, and which are tested.

    See Also
    --------
    SpatialBlockKFold : Folds, so that each pixel is tested once.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.model_selection import SpatialShuffleSplit
    >>> positions = np.argwhere(np.ones((30, 30)))
    >>> splitter = SpatialShuffleSplit(2, block_size=5, guard=2, random_state=0)
    >>> [len(test) for _, test in splitter.split(positions, groups=positions)]
    [225, 225]
    """

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float = 0.25,
        block_size: int = 10,
        guard: int = 0,
        missing_classes: str = "error",
        positions: ArrayLike | None = None,
        random_state: Any = None,
    ):
        super().__init__(
            n_splits,
            block_size=block_size,
            guard=guard,
            missing_classes=missing_classes,
            positions=positions,
            random_state=random_state,
        )
        self.test_size = test_size

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not isinstance(self.test_size, Real) or not 0 < self.test_size < 1:
            raise ValueError(f"test_size must lie between 0 and 1; got {self.test_size!r}.")

    def _test_masks(
        self, places: NDArray[np.int64], classes: NDArray[np.intp]
    ) -> Iterator[NDArray[np.bool_]]:
        rng = check_random_state(self.random_state)
        shares = np.array([1 - self.test_size, self.test_size])
        for _ in range(self.n_splits):
            yield _dealt(places, classes, self.block_size, shares, rng) == 1


def _dealt(
    places: NDArray[np.int64],
    classes: NDArray[np.intp],
    block_size: int,
    shares: NDArray[np.float64],
    rng: np.random.RandomState,
) -> NDArray[np.intp]:
    """Return the part that each pixel is in, of blocks whose edges lie anywhere."""
    offset = rng.randint(block_size, size=2)
    blocks = block_numbers(places, block_size, offset)
    n_blocks = int(blocks.max()) + 1
    if n_blocks < len(shares):
        raise ValueError(
            f"block_size={block_size} makes {n_blocks} block{'s' * (n_blocks > 1)} of the pixels, "
            f"too few for {len(shares)} parts. Take smaller blocks."
        )
    return deal_blocks(class_counts(blocks, classes), shares, rng)[blocks]
