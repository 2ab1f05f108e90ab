"""Cubes to rows and back, by the positions of pixels and by their labels.

A cube has the shape (rows, columns, bands). Estimators want one pixel a row; these functions go
there and return. Pixels labelled 0, less than 0 or NaN are unlabelled, and never a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.spectra._spectra import spectra_with

from ._pixel_positions import validate_positions
from ._shapes import check_cube, check_labels
from .reading._opening import open_scene
from .reading._xarrays import is_data_array


def unroll(cube: ArrayLike) -> NDArray[Any]:
    """Lay out a scene as a matrix of one pixel a row.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands), Scene or DataArray
        The scene, in any unit.

    Returns
    -------
    X : ndarray of shape (rows * columns, bands)
        The spectra, row by row of the scene. A view of `cube`, not a copy, where the layout in
        memory allows: always for C-ordered arrays, memory-mapped files among them. Of a
        :class:`Scene`, or of :class:`~skhyp.spectra.Spectra`, it knows the wavelengths.

    Raises
    ------
    ValueError
        If `cube` does not have three dimensions, or does not hold numbers.

    See Also
    --------
    to_map : The way back.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import unroll
    >>> unroll(np.zeros((4, 5, 30))).shape
    (20, 30)
    """
    if is_data_array(cube):
        cube = open_scene(cube)  # whose axes need not be in this order
    # Of a Scene, or of Spectra.
    facts = ("wavelengths", "numbers", "source_bands", "fwhm")
    known = [getattr(cube, fact, None) for fact in facts]
    cube = check_cube(cube)
    rows, columns, n_bands = cube.shape
    return spectra_with(cube.reshape(rows * columns, n_bands), *known)


def to_map(
    values: ArrayLike,
    shape: Sequence[int],
    *,
    positions: ArrayLike | None = None,
    fill_value: Any = None,
) -> NDArray[Any]:
    """Put one result per pixel back where the pixels are.

    Parameters
    ----------
    values : array-like of shape (n_pixels,) or (n_pixels, n_outputs)
        Labels, scores, latent values: whatever an estimator gave for each row.
    shape : tuple of int
        The rows and columns of the scene. ``cube.shape`` does: what follows is not used.
    positions : array-like of shape (n_pixels, 2), default=None
        The row and the column of each pixel. None takes `values` to cover the whole scene, row by
        row, as :func:`unroll` lays it out.
    fill_value : scalar, default=None
        What the pixels without a result get. None chooses by the dtype of `values`: 0 for integers,
        False for booleans, NaN for floating-point numbers, the empty string for strings and
        objects. The dtype is widened if it cannot hold the value.

    Returns
    -------
    result_map : ndarray of shape (rows, columns) or (rows, columns, n_outputs)
        The map; without `positions`, a view of `values` where the layout in memory allows.

    Raises
    ------
    ValueError
        If the number of values does not fit, if a position is given twice or lies outside the
        scene, or if `fill_value` is a string and `values` are not, or the other way round.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import to_map
    >>> to_map([1, 2, 3, 4], (2, 2))
    array([[1, 2],
           [3, 4]])
    >>> to_map([7, 9], (2, 2), positions=[[0, 1], [1, 0]])
    array([[0, 7],
           [9, 0]])
    """
    values = np.asarray(values)
    if values.ndim not in (1, 2):
        raise ValueError(
            "values must have the shape (n_pixels,) or (n_pixels, n_outputs); "
            f"got shape {values.shape}."
        )
    if len(shape) < 2:
        raise ValueError(f"shape must hold the rows and the columns of the scene; got {shape!r}.")
    rows, columns = (int(length) for length in shape[:2])
    outputs = values.shape[1:]
    if positions is None:
        if len(values) != rows * columns:
            raise ValueError(
                f"values must hold {rows * columns} pixels, those of {rows} rows and {columns} "
                f"columns; got {len(values)}. To fill in some of the pixels, pass positions."
            )
        return values.reshape(rows, columns, *outputs)

    pixels = _pixel_numbers(positions, rows, columns)
    if len(pixels) != len(values):
        raise ValueError(
            f"positions must hold one row for each of the {len(values)} values; got {len(pixels)}."
        )
    fill_value, dtype = _filling(values.dtype, fill_value)
    flat_map = np.full((rows * columns, *outputs), fill_value, dtype=dtype)
    flat_map[pixels] = values
    return flat_map.reshape(rows, columns, *outputs)


def mask_unlabelled(
    result_map: ArrayLike, labels: ArrayLike, *, fill_value: Any = None
) -> NDArray[Any]:
    """Blank the pixels of a map that have no label.

    Parameters
    ----------
    result_map : array-like of shape (rows, columns) or (rows, columns, n_outputs)
        Predicted labels, scores or latent values of all pixels.
    labels : array-like of shape (rows, columns)
        The reference, unlabelled as in :func:`labelled_pixels`.
    fill_value : scalar, default=None
        What unlabelled pixels become; None chooses as in :func:`to_map`.

    Returns
    -------
    masked_map : ndarray of the shape of `result_map`
        A copy, so that `result_map` stays as it is.

    Raises
    ------
    ValueError
        If the shapes do not fit, or if labels are not whole numbers.

    Examples
    --------
    >>> from skhyp.scenes import mask_unlabelled
    >>> mask_unlabelled([[3, 1], [2, 2]], [[3, 0], [0, 1]])
    array([[3, 0],
           [0, 2]])
    """
    result_map = np.asarray(result_map)
    if result_map.ndim not in (2, 3):
        raise ValueError(
            "result_map must have the shape (rows, columns) or (rows, columns, n_outputs); "
            f"got shape {result_map.shape}."
        )
    labelled = check_labels(labels, result_map.shape[:2], like="result_map") > 0
    return to_map(
        result_map[labelled],
        result_map.shape,
        positions=np.argwhere(labelled),
        fill_value=fill_value,
    )


def _pixel_numbers(positions, rows, columns):
    positions = validate_positions(positions, within=(rows, columns))
    pixels = np.ravel_multi_index((positions[:, 0], positions[:, 1]), (rows, columns))
    numbers, counts = np.unique(pixels, return_counts=True)
    if np.any(counts > 1):
        twice = [int(index) for index in divmod(numbers[counts > 1][0], columns)]
        raise ValueError(f"positions must name each pixel once; got {twice} more than once.")
    return pixels


def _filling(dtype, fill_value):
    """Return the fill value, and a dtype that holds both it and the values."""
    if fill_value is None:
        defaults = {"b": False, "i": 0, "u": 0, "f": np.nan, "c": np.nan}
        return defaults.get(dtype.kind, ""), dtype
    if dtype.kind != "O" and (dtype.kind in "US") != isinstance(fill_value, str | bytes):
        raise ValueError(f"fill_value must be of the kind of values, {dtype}; got {fill_value!r}.")
    return fill_value, np.result_type(dtype, np.min_scalar_type(fill_value))
