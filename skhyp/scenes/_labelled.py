"""Pixels of a scene whose class is known: by a map of labels, or by points."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._cubes import check_labels
from ._nodata import complete_pixels
from ._opening import is_scene_like, open_scene
from ._scene import Scene

# Two grids are one if their corners are no farther apart than this part of a pixel.
_SAME_GRID = 0.01


def labelled_pixels(
    cube: ArrayLike | Scene | str | PathLike,
    labels: ArrayLike | Scene | str | PathLike,
    *,
    bands: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[np.integer], NDArray[np.intp]]:
    """Take the labelled pixels of a scene, one a row.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands), Scene, str or path
        The scene, in any unit. Of a file, only the parts with labelled pixels are read.
    labels : array-like of shape (rows, columns), Scene, str or path
        The class of each pixel. Pixels labelled 0, less than 0 or NaN, with the nodata value of a
        file, and masked ones of a masked array, are unlabelled.
    bands : array-like of int or of bool, default=None
        Which bands to take. None takes all but those that a file lists as bad: a model that is
        fitted to these is given the same ones by :func:`apply`.

    Returns
    -------
    X : ndarray of shape (n_labelled, bands)
        The spectra of the labelled pixels, row by row of the scene, in the dtype of `cube`. Of a
        :class:`Scene` or a file, pixels without data in a band that is taken are left out.
    y : ndarray of shape (n_labelled,)
        Their labels: integers, in the dtype of `labels` if that is one, else int64.
    positions : ndarray of shape (n_labelled, 2)
        The row and the column of each. :func:`to_map` takes them to put results back.

    Raises
    ------
    ValueError
        If the shapes do not fit, if two files do not lie on one grid, if no pixel is labelled, or
        if labels are not whole numbers.

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
    scene = open_scene(cube)
    label_map = _label_map(labels, scene)
    positions = np.argwhere(label_map > 0)
    if not len(positions):
        raise ValueError("labels must be above 0 for at least one pixel; all are unlabelled.")
    y = label_map[tuple(positions.T)]
    # NaN of an array is for the estimators to refuse.
    return _pixels(scene, positions, y, bands, drops=is_scene_like(cube))


def labelled_points(
    scene: Scene | str | PathLike,
    x: ArrayLike,
    y: ArrayLike,
    labels: ArrayLike,
    *,
    crs: Any = None,
    bands: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Take the pixels of a scene at points whose class is known, one a row.

    Parameters
    ----------
    scene : Scene, str or path
        With coordinates. Only the parts with points are read.
    x, y : array-like of shape (n_points,)
        Coordinates: easting and northing, or longitude and latitude.
    labels : array-like of shape (n_points,)
        The class of each point, of any type.
    crs : str or object, default=None
        The reference system of `x` and `y`, such as "EPSG:4326". None is that of the scene.
    bands : array-like of int or of bool, default=None
        Which bands to take. None takes all but those that a file lists as bad: a model that is
        fitted to these is given the same ones by :func:`apply`.

    Returns
    -------
    X : ndarray of shape (n_pixels, bands)
        The spectra, in the order of the points, without those of pixels that have no data.
        Points in one pixel give it once, if they agree.
    y : ndarray of shape (n_pixels,)
        Their labels.
    positions : ndarray of shape (n_pixels, 2)
        The row and the column of each.

    Raises
    ------
    ValueError
        If a point lies outside of the scene, or if points in one pixel have different labels.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import numpy as np
    >>> from skhyp.scenes import labelled_points, open_scene
    >>> scene = open_scene(np.arange(24.0).reshape(2, 3, 4))
    >>> scene = replace(scene, transform=(30, 0, 500_000, 0, -30, 5_800_000))
    >>> X, y, positions = labelled_points(scene, [500_040], [5_799_990], ["corn"])
    >>> X, positions.tolist()
    (array([[4., 5., 6., 7.]]), [[0, 1]])
    """
    scene = open_scene(scene)
    positions = scene.positions_at(x, y, crs=crs)
    classes = np.asarray(labels)
    if classes.shape != (len(positions),):
        raise ValueError(
            f"labels must have one entry for each of the {len(positions)} points; got shape "
            f"{classes.shape}."
        )
    pixels = positions[:, 0] * scene.shape[1] + positions[:, 1]
    _, first, pixel_of = np.unique(pixels, return_index=True, return_inverse=True)
    differs = classes != classes[first[pixel_of]]
    if differs.any():
        point = int(np.flatnonzero(differs)[0])
        other = int(first[pixel_of[point]])
        raise ValueError(
            f"Points {other} and {point} lie in one pixel, row {positions[point, 0]} and column "
            f"{positions[point, 1]}, and have the labels {classes.tolist()[other]!r} and "
            f"{classes.tolist()[point]!r}. Leave one out."
        )
    kept = np.sort(first)
    return _pixels(scene, positions[kept], classes[kept], bands, drops=True)


def _pixels(
    scene: Scene,
    positions: NDArray[np.intp],
    y: NDArray[Any],
    bands: ArrayLike | None,
    *,
    drops: bool,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Return spectra, labels and positions; those without data are dropped where asked."""
    if bands is None:
        bands = scene.good_bands
    X = scene.spectra_at(positions, bands=bands)
    if not drops:
        return X, y, positions
    block = X[np.newaxis]
    complete = complete_pixels(block, scene.nodata)[0]
    if not complete.any():
        taken = np.arange(scene.shape[2]) if bands is None else scene.band_indices(bands)
        never = [
            int(taken[i])
            for i in range(X.shape[1])
            if not complete_pixels(block[..., i : i + 1], scene.nodata).any()
        ]
        raise ValueError(
            f"Every labelled pixel of {scene.name} has no data in some band"
            + (f"; bands {never} of those taken have it everywhere." if never else ".")
            + " Take others with bands=, or list them as bad: open_scene(..., good_bands=)."
        )
    return X[complete], y[complete], positions[complete]


def _label_map(labels: Any, scene: Scene) -> NDArray[np.integer]:
    """Return the labels of a scene as integers, 0 where a file has nodata."""
    if not is_scene_like(labels):
        return check_labels(labels, scene.shape[:2], like="cube")
    label_scene = open_scene(labels)
    if label_scene.shape[2] != 1:
        raise ValueError(
            f"labels must have one band; {label_scene.name} has {label_scene.shape[2]}."
        )
    if label_scene.shape[:2] != scene.shape[:2] or not _on_one_grid(label_scene, scene):
        raise ValueError(
            f"labels must lie on the grid of the scene, pixel by pixel: {label_scene.name} has "
            f"{label_scene.shape[:2]} pixels and the transform {label_scene.transform}, "
            f"{scene.name} {scene.shape[:2]} and {scene.transform}. Resample the labels to the "
            "scene, as with rasterio.warp.reproject and Resampling.nearest."
        )
    label_map = label_scene.read()[..., 0]
    missing = ~complete_pixels(label_map[..., np.newaxis], label_scene.nodata)
    label_map[missing] = 0
    return check_labels(label_map, scene.shape[:2], like="cube")


def _on_one_grid(first: Scene, second: Scene) -> bool:
    if first.transform is None or second.transform is None:
        return True
    rows, columns, _ = first.shape
    corners = np.array([[0, 0, 1], [columns, 0, 1], [0, rows, 1]], dtype=np.float64)
    a, b = (np.reshape(scene.transform, (2, 3)) for scene in (first, second))
    size = np.abs(a[:, :2]).max()
    return bool(np.all(np.abs(corners @ (a - b).T) <= _SAME_GRID * size))
