"""SwathLookup: which pixel of a swath lies at each place of a map on the ground."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._windows import Source, Window


@dataclass(frozen=True, eq=False, kw_only=True)
class SwathLookup:
    """The lookup table (GLT) that comes with a scene in the geometry of its instrument.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the map on the ground.
    crs : str or None
        The reference system of the map, as WKT.
    transform : tuple of six float or None
        Where the map lies, as that of a :class:`Scene`.
    rows, columns : object
        What reads the row, and the column, of the swath for each pixel of the map.
    swath : tuple of int
        Rows and columns of the swath.
    name : str
        The path of the file, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import SwathLookup, open_scene
    >>> rows = open_scene(np.array([[0, 1, 2], [1, 2, 0]])[..., np.newaxis]).source
    >>> columns = open_scene(np.array([[0, 2, 2], [1, 1, 0]])[..., np.newaxis]).source
    >>> lookup = SwathLookup(
    ...     rows=rows, columns=columns, swath=(2, 2), crs=None, transform=None, name="glt"
    ... )
    >>> lookup.on_ground([[10, 20], [30, 40]], fill_value=0)
    array([[ 0, 20, 40],
           [10, 30,  0]])
    """

    rows: Source
    columns: Source
    swath: tuple[int, int]
    crs: str | None
    transform: tuple[float, ...] | None
    name: str

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the map on the ground."""
        return self.rows.shape[:2]

    def read(self, rows: slice | None = None) -> NDArray[np.intp]:
        """Read which pixel of the swath lies at each place.

        Parameters
        ----------
        rows : slice, default=None
            Which rows of the map on the ground, by their first and the one after their last. None
            are all.

        Returns
        -------
        positions : ndarray of shape (rows, columns, 2)
            The row and the column in the swath, from 0, and -1 where there is none.

        Raises
        ------
        ValueError
            If the table refers to pixels that the swath does not have.
        """
        n_rows, n_columns = self.shape
        part = Window(slice(0, n_rows) if rows is None else rows, slice(0, n_columns))
        # Counted from 1; 0 is none, and negative is what was filled in from a neighbour.
        row, column = (
            np.abs(numbers.read(part, None)[..., 0].astype(np.intp)) - 1
            for numbers in (self.rows, self.columns)
        )
        is_there = (row >= 0) & (column >= 0)
        beyond = is_there & ((row >= self.swath[0]) | (column >= self.swath[1]))
        if beyond.any():
            first = np.argwhere(beyond)[0].tolist()
            raise ValueError(
                f"{self.name} has a lookup table that refers to row {row[*first]} and column "
                f"{column[*first]} of a swath of {self.swath[0]} x {self.swath[1]} pixels."
            )
        return np.where(is_there[..., np.newaxis], np.stack([row, column], axis=-1), -1)

    def on_ground(self, result_map: ArrayLike, *, fill_value: Any) -> NDArray[Any]:
        """Put a map of the swath on the ground.

        Parameters
        ----------
        result_map : array-like of shape (rows, columns) or (rows, columns, n_outputs)
            Of the swath, as :func:`apply` returns it.
        fill_value : scalar
            What places that no pixel of the swath lies at get.

        Returns
        -------
        ground_map : ndarray of shape (rows, columns) or (rows, columns, n_outputs)
            With `crs` and `transform` of this table.

        Raises
        ------
        ValueError
            If the map is not of the swath, or if the table refers to pixels beyond it.
        """
        result_map = np.asarray(result_map)
        if result_map.ndim not in (2, 3) or result_map.shape[:2] != self.swath:
            raise ValueError(
                f"result_map must be a map of the swath of {self.name}, {self.swath[0]} x "
                f"{self.swath[1]} pixels; got shape {result_map.shape}."
            )
        swath, ground = slice(0, self.swath[0]), slice(0, self.shape[0])
        return rows_on_ground(self, lambda part: result_map[part], [swath], fill_value, ground)


def rows_on_ground(
    lookup: SwathLookup,
    swath_rows: Callable[[slice], NDArray[Any]],
    parts: Iterable[slice],
    fill_value: Any,
    rows: slice,
) -> NDArray[Any]:
    """Return some rows on the ground, of a map of the swath that is read part by part."""
    positions = lookup.read(rows)
    ground: NDArray[Any] | None = None
    for part in parts:
        of_part = swath_rows(part)
        if ground is None:
            shape = (*positions.shape[:2], *of_part.shape[2:])
            ground = np.full(shape, fill_value, of_part.dtype)
        lies_in = (positions[..., 0] >= part.start) & (positions[..., 0] < part.stop)
        row, column = positions[lies_in].T
        ground[lies_in] = of_part[row - part.start, column]
    assert ground is not None
    return ground
