"""Scenes to rows and back: cubes, label maps, and the pictures made of them.

A cube has the shape (rows, columns, bands). Estimators want one pixel a row; these functions go
there and return. Pixels labelled 0, less than 0 or NaN are unlabelled, and never a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "false_colour",
    "labelled_pixels",
    "mask_unlabelled",
    "to_map",
    "unroll",
]


def labelled_pixels(
    cube: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[Any], NDArray[np.integer], NDArray[np.intp]]:
    """Take the labelled pixels of a scene, one a row.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands)
        The scene, in any unit.
    labels : array-like of shape (rows, columns)
        The class of each pixel. Pixels labelled 0, less than 0 or NaN, and masked ones of a masked
        array, are unlabelled.

    Returns
    -------
    X : ndarray of shape (n_labelled, bands)
        The spectra of the labelled pixels, row by row of the scene, in the dtype of `cube`.
    y : ndarray of shape (n_labelled,)
        Their labels: integers, in the dtype of `labels` if that is one, else int64.
    positions : ndarray of shape (n_labelled, 2)
        The row and the column of each. :func:`to_map` takes them to put results back.

    Raises
    ------
    ValueError
        If the shapes do not fit, if no pixel is labelled, or if labels are not whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import labelled_pixels
    >>> cube = np.arange(12.0).reshape(2, 2, 3)
    >>> X, y, positions = labelled_pixels(cube, [[0, 2], [1, -1]])
    >>> X
    array([[3., 4., 5.],
           [6., 7., 8.]])
    >>> y, positions.tolist()
    (array([2, 1]), [[0, 1], [1, 0]])
    """
    cube = _check_cube(cube)
    labels = _check_labels(labels, cube.shape[:2], like="cube")
    labelled = labels > 0
    if not labelled.any():
        raise ValueError("labels must be above 0 for at least one pixel; all are unlabelled.")
    return cube[labelled], labels[labelled], np.argwhere(labelled)


def unroll(cube: ArrayLike) -> NDArray[Any]:
    """Lay out a scene as a matrix of one pixel a row.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands)
        The scene, in any unit.

    Returns
    -------
    X : ndarray of shape (rows * columns, bands)
        The spectra, row by row of the scene. A view of `cube`, not a copy, where the layout in
        memory allows: always for C-ordered arrays, memory-mapped files among them.

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
    cube = _check_cube(cube)
    return cube.reshape(cube.shape[0] * cube.shape[1], cube.shape[2])


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
    labelled = _check_labels(labels, result_map.shape[:2], like="result_map") > 0
    return to_map(
        result_map[labelled],
        result_map.shape,
        positions=np.argwhere(labelled),
        fill_value=fill_value,
    )


def false_colour(
    cube: ArrayLike,
    *,
    bands: Sequence[int] | None = None,
    percentiles: tuple[float, float] = (2, 98),
    nodata: float | None = None,
) -> NDArray[np.float64]:
    """Make a picture of three bands of a scene, or of three values of a map.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands)
        The scene, or a map of latent values or scores. NaN and infinite values are missing.
    bands : sequence of three int, default=None
        The bands shown as red, green and blue; :func:`~skhyp.wavelengths.nearest_bands` finds
        them. None takes three
        spread evenly, the last as red: five sixths, a half and a sixth of the way.
    percentiles : tuple of two float, default=(2, 98)
        The percentiles of a channel that become 0 and 1; what lies beyond is clipped.
    nodata : float, default=None
        A value that is missing as well.

    Returns
    -------
    picture : ndarray of shape (rows, columns, 3)
        Values between 0 and 1. Missing values and constant channels are 0. A channel that is
        constant between the percentiles, but not beyond, is stretched from its least to its
        greatest value instead.

    Raises
    ------
    ValueError
        If `cube` does not have three dimensions, if it has fewer than three bands and `bands` is
        None, or if `bands` or `percentiles` are out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import false_colour
    >>> from skhyp.wavelengths import nearest_bands
    >>> cube = np.random.default_rng(0).uniform(size=(6, 8, 100))
    >>> wavelengths = np.linspace(400, 2500, 100)
    >>> false_colour(cube, bands=nearest_bands(wavelengths, (650, 550, 450))).shape
    (6, 8, 3)
    """
    cube = _check_cube(cube)
    n_bands = cube.shape[2]
    if bands is None:
        if n_bands < 3:
            raise ValueError(f"cube must have three bands or more, or pass bands; got {n_bands}.")
        bands = [5 * n_bands // 6, n_bands // 2, n_bands // 6]
    channels = np.asarray(bands)
    if channels.shape != (3,) or channels.dtype.kind not in "iu":
        raise ValueError(f"bands must be three integers; got {bands!r}.")
    if channels.min() < 0 or channels.max() >= n_bands:
        raise ValueError(f"bands must lie between 0 and {n_bands - 1}; got {bands!r}.")
    if len(percentiles) != 2 or not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise ValueError(
            f"percentiles must be two rising numbers between 0 and 100; got {percentiles!r}."
        )
    return np.stack(
        [_stretched(cube[..., band], percentiles, nodata) for band in channels], axis=-1
    )


def _check_cube(cube):
    # Not check_array: a scene may be memory-mapped and is not to be read through here.
    cube = np.asarray(cube)
    if cube.ndim != 3:
        raise ValueError(
            f"cube must have the shape (rows, columns, bands); got shape {cube.shape}."
        )
    if cube.dtype.kind not in "biuf":
        raise ValueError(f"cube must hold real numbers; got dtype {cube.dtype}.")
    return cube


def _check_labels(labels, shape, *, like):
    """Return the labels as integers, 0 where a floating-point map has none."""
    if np.ma.isMaskedArray(labels):
        labels = labels.filled(0)
    labels = np.asarray(labels)
    if labels.shape != shape:
        raise ValueError(
            f"labels must have the shape {shape}, the rows and columns of {like}; "
            f"got shape {labels.shape}."
        )
    if labels.dtype.kind == "b":
        return labels.astype(np.int64)
    if labels.dtype.kind in "iu":
        return labels
    if labels.dtype.kind != "f":
        raise ValueError(
            "labels must be whole numbers, 0 or less where a pixel is unlabelled; "
            f"got dtype {labels.dtype}."
        )
    classes = np.where(labels > 0, labels, 0)
    not_whole = (classes != np.rint(classes)) | (classes > 2**53)
    if not_whole.any():
        raise ValueError(
            "labels must be whole numbers, 0 or less or NaN where a pixel is unlabelled; "
            f"got {classes[not_whole][0]}."
        )
    return classes.astype(np.int64)


def _pixel_numbers(positions, rows, columns):
    positions = np.asarray(positions)
    if positions.ndim != 2 or positions.shape[1] != 2 or positions.dtype.kind not in "iu":
        raise ValueError(
            "positions must be integers of shape (n_pixels, 2), a row and a column each; "
            f"got dtype {positions.dtype} and shape {positions.shape}."
        )
    outside = np.any((positions < 0) | (positions >= [rows, columns]), axis=1)
    if outside.any():
        raise ValueError(
            f"positions must lie within {rows} rows and {columns} columns; "
            f"got {positions[outside][0].tolist()}."
        )
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


def _stretched(channel, percentiles, nodata):
    is_missing = np.zeros(channel.shape, bool) if nodata is None else channel == float(nodata)
    channel = channel.astype(np.float64)
    present = np.isfinite(channel) & ~is_missing
    values = channel[present]
    picture = np.zeros(channel.shape)
    if values.size == 0:
        return picture
    low, high = np.percentile(values, percentiles)
    if low == high:
        low, high = values.min(), values.max()
    if low < high:
        picture[present] = np.clip((values - low) / (high - low), 0, 1)
    return picture
