"""SplitMapDisplay: where the training and the test pixels of a split lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import indexable

from skhyp.scenes._pixel_positions import validate_positions

from ._axes import axes_or_new, legend_beside, show_image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOWHERE, _TRAINING, _TEST, _LEFT_OUT = range(4)
_NAMES = ("Not labelled", "Training", "Test", "Left out")
# Dark, blue, orange and light grey: told apart by lightness alone, too.
_COLOURS = ("#262626", "#2762ff", "#eb7600", "#c8c8c8")


class SplitMapDisplay:
    """A map of a split: training, test, and what neither has, such as a guard between them.

    Made by :meth:`from_split` or :meth:`from_splitter`.

    Parameters
    ----------
    sides : ndarray of int, shape (rows, columns)
        0 where there is no pixel of the data, 1 training, 2 test, 3 neither.

    Attributes
    ----------
    im_ : :class:`matplotlib.image.AxesImage`
        The map as drawn.
    legend_ : :class:`matplotlib.legend.Legend` or None
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    skhyp.model_selection.SpatialBlockKFold : Splits with a guard.
    skhyp.model_selection.leakage_report : How near the sides are.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.model_selection import SpatialBlockKFold
    >>> from skhyp.plotting import SplitMapDisplay
    >>> positions = np.argwhere(np.ones((12, 12)))
    >>> folds = SpatialBlockKFold(2, block_size=6, guard=1, random_state=0)
    >>> display = SplitMapDisplay.from_splitter(folds, positions)
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['Training', 'Test', 'Left out']
    """

    def __init__(self, sides: ArrayLike):
        self.sides = sides

    def plot(self, ax: Axes | None = None, *, legend: bool = True) -> SplitMapDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes.

        Returns
        -------
        self : SplitMapDisplay

        Raises
        ------
        ValueError
            If `sides` is not as described, or if `ax` is something else.
        """
        sides = np.asarray(self.sides)
        if sides.ndim != 2 or not np.isin(sides, range(4)).all():
            raise ValueError(
                "sides must have the shape (rows, columns), of 0, 1, 2 and 3; got shape "
                f"{sides.shape}."
            )
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure

        from matplotlib.colors import ListedColormap
        from matplotlib.patches import Patch

        self.im_ = show_image(self.ax_, sides, cmap=ListedColormap(_COLOURS), vmin=-0.5, vmax=3.5)
        patches = [Patch(color=_COLOURS[side], label=_NAMES[side]) for side in np.unique(sides)]
        self.legend_ = legend_beside(self.ax_, patches) if legend else None
        return self

    @classmethod
    def from_split(
        cls,
        train: ArrayLike,
        test: ArrayLike,
        positions: ArrayLike,
        *,
        shape: Sequence[int] | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> SplitMapDisplay:
        """Show the sides of a split.

        Parameters
        ----------
        train, test : array-like of int or of bool
            Indices of the pixels on each side, as splitters give them, or masks.
        positions : array-like of int, shape (n_pixels, 2)
            The row and the column of each pixel.
        shape : sequence of int, default=None
            The rows and columns of the scene; None ends where the last pixels do.
        legend, ax
            As in :meth:`plot`.

        Returns
        -------
        display : SplitMapDisplay

        Raises
        ------
        ValueError
            If positions are not as described, or lie outside of `shape`, or if indices do.
        """
        from skhyp.model_selection._positions import as_indices

        places = validate_positions(positions)
        if shape is None:
            shape = places.max(axis=0) + 1
        if len(shape) < 2:
            raise ValueError(f"shape must hold rows and columns; got {shape!r}.")
        if places.min() < 0 or (places >= np.asarray(shape)[:2]).any():
            raise ValueError(f"positions must lie within shape, {tuple(shape[:2])}.")
        sides = np.full(tuple(shape[:2]), _NOWHERE)
        sides[tuple(places.T)] = _LEFT_OUT
        for name, members, side in (("train", train, _TRAINING), ("test", test, _TEST)):
            sides[tuple(places[as_indices(members, len(places), name)].T)] = side
        return cls(sides).plot(ax=ax, legend=legend)

    @classmethod
    def from_splitter(
        cls,
        splitter: Any,
        positions: ArrayLike,
        y: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        split: int = 0,
        shape: Sequence[int] | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> SplitMapDisplay:
        """Show one of the splits that a splitter makes.

        Parameters
        ----------
        splitter : cross-validator
            Of :mod:`skhyp.model_selection`, or any other.
        positions : array-like of int, shape (n_pixels, 2)
            The row and the column of each pixel.
        y : array-like of shape (n_pixels,), default=None
            The classes, for splitters that use them.
        groups : array-like of shape (n_pixels,), default=None
            For group splitters, such as :func:`skhyp.model_selection.field_numbers`. Splitters
            of :mod:`skhyp.model_selection` are given the positions.
        split : int, default=0
            The number of the split.
        shape, legend, ax
            As in :meth:`from_split`.

        Returns
        -------
        display : SplitMapDisplay

        Raises
        ------
        ValueError
            If there is no such split, or as in :meth:`from_split`.
        """
        from skhyp.model_selection._spatial_splitter import SpatialSplitter

        places, y = indexable(positions, y)
        if isinstance(splitter, SpatialSplitter):
            groups = places
        for number, (train, test) in enumerate(splitter.split(places, y, groups)):
            if number == split:
                return cls.from_split(train, test, places, shape=shape, legend=legend, ax=ax)
        raise ValueError(f"split must be the number of a split; got {split!r}.")
