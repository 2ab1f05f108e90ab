"""Pixels of a scene whose class is known: by a map of labels, by polygons, or by points."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._feature_labels import check_coverage, feature_pixels
from ._label_maps import label_map, lies_on_ground
from ._nodata import complete_pixels
from ._point_labels import labels_of_points
from ._scene import Scene
from ._swath_labels import labels_of_swath, place_of, swath_positions
from .reading._opening import is_scene_like, open_scene
from .reading._vector_files import is_table_of_features, read_features


def labelled_pixels(
    cube: ArrayLike | Scene | str | PathLike,
    labels: Any,
    *,
    bands: ArrayLike | None = None,
    column: str | None = None,
    layer: str | int | None = None,
    crs: Any = None,
    min_coverage: float | None = None,
    overlaps: str = "raise",
    outside: str = "warn",
    return_groups: bool = False,
) -> tuple[NDArray[Any], ...]:
    """Take the labelled pixels of a scene, one a row.

    Labels are a map of them, or, with `column`, polygons and points. Of a scene in the geometry of
    its instrument that has a lookup table, what lies on the ground is found through it.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands), Scene, str or path
        The scene, in any unit. Of a file, only the parts with labelled pixels are read.
    labels : array-like of shape (rows, columns), Scene, str, path or GeoDataFrame
        The class of each pixel. Pixels labelled 0, less than 0 or NaN, with the nodata value of a
        file, and masked ones of a masked array, are unlabelled.

        With `column`: a file of polygons and points (GeoPackage, Shapefile, GeoJSON and what else
        GDAL reads; by pyogrio), or a table with `geometry` and `crs`, as GeoPandas has it. They
        are brought to the reference system of the scene, which needs a transform.
    bands : array-like of int or of bool, default=None
        Which bands to take. None takes all but those that a file lists as bad: a model that is
        fitted to these is given the same ones by :func:`apply`.
    column : str, default=None
        The column of polygons and points that has their class: texts or numbers, which are
        classes whatever they are. Features without one are left out.
    layer : str or int, default=None
        The layer of a file that has several.
    crs : str or object, default=None
        The reference system of polygons and points, such as "EPSG:4326". None is what they say.
    min_coverage : float, default=None
        Of polygons, the share of a pixel that one of them has to cover, above 0 and up to 1. The
        share is the exact area. None takes the pixels whose centre lies within, a centre on the
        edge between two polygons in one of them. Points label the pixel that they lie in.

        Of a map of labels in a file, on any grid as fine as the scene's or finer, in any reference
        system: the share of a pixel that the most frequent class has to cover. Labels are looked
        up at places evenly apart, as many along the sides of a pixel as the map has pixels there,
        so that a share is exact where one grid divides the other. None takes a map on the grid of
        the scene.
    overlaps : {"raise", "drop"}, default="raise"
        What is done about pixels within features of different classes: an error that names the
        features, or they are left out.
    outside : {"warn", "raise", "drop"}, default="warn"
        What is done about features outside of the scene. They are left out with a warning, unless
        all lie outside, which is an error; or they are an error; or they are left out in silence,
        as where one file is for many tiles. A tile without features gives no rows then.
    return_groups : bool, default=False
        Whether to return the feature of each pixel as well.

    Returns
    -------
    X : ndarray of shape (n_labelled, bands)
        The spectra of the labelled pixels, row by row of the scene, in the dtype of `cube`. Of a
        :class:`Scene` or a file, pixels without data in a band that is taken are left out.
        :class:`~skhyp.spectra.Spectra`, which know their wavelengths, where the scene does.
    y : ndarray of shape (n_labelled,)
        Their labels. Of a map integers, in the dtype of `labels` if that is one, else int64; of
        polygons and points what `column` has, as text or numbers.
    positions : ndarray of shape (n_labelled, 2)
        The row and the column of each. :func:`to_map` takes them to put results back.
    groups : ndarray of shape (n_labelled,)
        If `return_groups`: the number of the feature, from 0 in the order of the file; of several
        of one class, the first. Pixels of one polygon are no independent test of each other: as
        `groups`, scikit-learn's splitters keep polygons whole.

    Raises
    ------
    ValueError
        If the shapes do not fit, if two files do not lie on one grid or are of different reference
        systems, if no pixel is labelled, or if labels are not whole numbers. Of polygons and
        points, if there is no such column or layer, if only they or only the scene have a
        reference system, if all lie outside, or if features of different classes share pixels.
    ImportError
        If pyogrio or shapely, which read polygons and points, is not installed.

    Warns
    -----
    UserWarning
        If a file of labels has pixels of 0, but marks unlabelled ones otherwise or has a name for
        the class 0. Of polygons and points, if features have no class or no geometry, lie outside
        of the scene, cover no pixel, or had to be mended, as where rings cross.

    See Also
    --------
    labelled_points : Points whose coordinates are arrays.
    skhyp.model_selection.field_numbers : Groups of the pixels of a map of labels.

    Notes
    -----
    With ``groups``, ``GroupKFold`` and ``StratifiedGroupKFold`` of scikit-learn keep the pixels of
    a polygon on one side. The splitters of :mod:`skhyp.model_selection` go by where pixels lie, and
    take `positions` in their place.

    A pixel of a swath that several places on the ground show has the class of most of them: of more
    than any other class has, and than are unlabelled or, with `min_coverage`, of at least that
    share. `min_coverage` is of the pixels of the lookup table as well. A map of labels lies on the
    ground if it says where it lies and is not of the swath's size.

    Holes, parts and the third dimension of geometries are heeded or left out as they should be;
    curves are polygons of short edges, as GDAL makes them. Long edges are divided before they are
    brought to another reference system, to a hundredth of a pixel.

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

    Polygons, of a file:

    >>> import json, tempfile
    >>> from dataclasses import replace
    >>> from skhyp.scenes import open_scene
    >>> corner = [[[10, 50], [10.002, 50], [10.002, 49.999], [10, 49.999], [10, 50]]]
    >>> geometry = {"type": "Polygon", "coordinates": corner}
    >>> feature = {"type": "Feature", "properties": {"crop": "corn"}, "geometry": geometry}
    >>> path = tempfile.mkdtemp() + "/training.geojson"
    >>> with open(path, "w") as file:
    ...     json.dump({"type": "FeatureCollection", "features": [feature]}, file)
    >>> scene = replace(
    ...     open_scene(cube), crs="EPSG:4326", transform=(0.001, 0, 10, 0, -0.001, 50)
    ... )
    >>> X, y, positions, groups = labelled_pixels(scene, path, column="crop", return_groups=True)
    >>> y.tolist(), positions.tolist(), groups.tolist()
    (['corn', 'corn'], [[0, 0], [0, 1]], [0, 0])
    """
    if column is None:
        _refuse_options_of_features(
            labels, layer=layer, crs=crs, return_groups=return_groups,
            min_coverage=None if is_scene_like(labels) else min_coverage,
            overlaps=None if overlaps == "raise" else overlaps,
            outside=None if outside == "warn" else outside,
        )  # fmt: skip
    check_coverage(min_coverage)
    scene = open_scene(cube)
    if column is not None:
        place = place_of(scene)
        positions, y, groups = feature_pixels(
            read_features(labels, column, layer, crs),
            place,
            min_coverage=min_coverage,
            overlaps=overlaps,
            outside=outside,
        )
        if place is not scene:
            positions, y, groups = _of_swath(scene, min_coverage, positions, y, groups)
        X, kept = _spectra(scene, positions, bands, may_be_none=outside == "drop")
        taken = X[kept], y[kept], positions[kept]
        return (*taken, groups[kept]) if return_groups else taken
    place = place_of(scene)
    if place is not scene and not lies_on_ground(labels, scene, place, min_coverage):
        place = scene
    classes = label_map(labels, place, min_coverage)
    positions = np.argwhere(classes > 0)
    if not len(positions):
        enough = "" if min_coverage is None else f", or covered by one of {min_coverage:g}"
        raise ValueError(
            f"labels must be above 0{enough} for at least one pixel; all are unlabelled."
        )
    y = classes[tuple(positions.T)]
    if place is not scene:
        positions, y, _ = _of_swath(scene, min_coverage, positions, y)
    if not is_scene_like(cube):  # NaN of an array is for the estimators to refuse
        return scene.spectra_at(positions, bands=_bands(scene, bands)), y, positions
    X, kept = _spectra(scene, positions, bands)
    return X[kept], y[kept], positions[kept]


def labelled_points(
    scene: Scene | str | PathLike,
    x: ArrayLike,
    y: ArrayLike,
    labels: ArrayLike,
    *,
    crs: Any = None,
    bands: ArrayLike | None = None,
    outside: str = "raise",
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Take the pixels of a scene at points whose class is known, one a row.

    Parameters
    ----------
    scene : Scene, str or path
        With coordinates. Only the parts with points are read.
    x, y : array-like of shape (n_points,)
        Coordinates: easting and northing, or longitude and latitude.
    labels : array-like of shape (n_points,)
        The class of each point, of any type; none may be missing.
    crs : str or object, default=None
        The reference system of `x` and `y`, such as "EPSG:4326". None is that of the scene.
    bands : array-like of int or of bool, default=None
        Which bands to take. None takes all but those that a file lists as bad: a model that is
        fitted to these is given the same ones by :func:`apply`.
    outside : {"raise", "drop"}, default="raise"
        What is done about points outside of the scene: an error, or they are left out, as where
        one list of points is for many tiles. A tile without points gives no rows then.

    Returns
    -------
    X : ndarray of shape (n_pixels, bands)
        The spectra, in the order of the points, without those of pixels that have no data.
        Points in one pixel give it once, if they agree. :class:`~skhyp.spectra.Spectra`, which
        know their wavelengths, where the scene does.
    y : ndarray of shape (n_pixels,)
        Their labels.
    positions : ndarray of shape (n_pixels, 2)
        The row and the column of each.

    Raises
    ------
    ValueError
        If a point lies outside of the scene, if a coordinate or a label is missing, or if points
        in one pixel have different labels.

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
    if outside not in ("raise", "drop"):
        raise ValueError(f"outside must be 'raise' or 'drop', got {outside!r}.")
    scene = open_scene(scene)
    drops_outside = outside == "drop"
    place = place_of(scene)
    positions = place.positions_at(x, y, crs=crs, outside="mark" if drops_outside else "raise")
    if place is not scene:
        positions = _positions_of_points(scene, positions, drops_outside)
    classes = labels_of_points(labels, len(positions))
    points = np.flatnonzero(positions[:, 0] >= 0)
    positions, classes = positions[points], classes[points]
    return labelled_positions(
        scene, positions, classes, bands, numbers=points, may_be_none=drops_outside
    )


def labelled_positions(
    scene: Scene,
    positions: NDArray[np.intp],
    classes: NDArray[Any],
    bands: ArrayLike | None = None,
    *,
    numbers: NDArray[np.intp] | None = None,
    may_be_none: bool = False,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Take the pixels at some positions that have data, each once, as :func:`labelled_points`.

    ``numbers`` are those of the points, for messages.
    """
    pixels = positions[:, 0] * scene.shape[1] + positions[:, 1]
    _, first, pixel_of = np.unique(pixels, return_index=True, return_inverse=True)
    differs = classes != classes[first[pixel_of]]
    if differs.any():
        point = int(np.flatnonzero(differs)[0])
        other = int(first[pixel_of[point]])
        numbers = np.arange(len(positions)) if numbers is None else numbers
        raise ValueError(
            f"Points {numbers[other]} and {numbers[point]} lie in one pixel, row "
            f"{positions[point, 0]} and column {positions[point, 1]}, and have the labels "
            f"{classes.tolist()[other]!r} and {classes.tolist()[point]!r}. Leave one out."
        )
    first = np.sort(first)
    positions, classes = positions[first], classes[first]
    X, kept = _spectra(scene, positions, bands, may_be_none=may_be_none)
    return X[kept], classes[kept], positions[kept]


def _of_swath(
    scene: Scene,
    min_coverage: float | None,
    places: NDArray[np.intp],
    y: NDArray[Any],
    groups: NDArray[np.intp] | None = None,
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[np.intp]]:
    assert scene.lookup is not None
    positions, classes, numbers = labels_of_swath(
        scene.lookup, places, y, groups, min_coverage=min_coverage
    )
    if len(places) and not len(positions):
        raise ValueError(
            f"No pixel of {scene.name} is labelled: its lookup table has none where the "
            f"{len(places)} labelled places on the ground are, or no class has most of the places "
            "of a pixel."
        )
    return positions, classes, numbers


def _positions_of_points(
    scene: Scene, places: NDArray[np.intp], drops_outside: bool
) -> NDArray[np.intp]:
    """Return the pixels of a swath at places on the ground; refuse those without, or mark them."""
    assert scene.lookup is not None
    positions = swath_positions(scene.lookup, places)
    outside = np.flatnonzero((positions[:, 0] < 0) & (places[:, 0] >= 0))
    if len(outside) and not drops_outside:
        raise ValueError(
            f"{len(outside)} of {len(places)} points lie beside the swath of {scene.name}, where "
            f"its lookup table has no pixel; the first is number {outside[0]}. outside='drop' "
            "leaves them out."
        )
    return positions


def _bands(scene: Scene, bands: ArrayLike | None) -> ArrayLike | None:
    return scene.good_bands if bands is None else bands


def _spectra(
    scene: Scene,
    positions: NDArray[np.intp],
    bands: ArrayLike | None,
    *,
    may_be_none: bool = False,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the spectra of pixels, and which of them have data."""
    bands = _bands(scene, bands)
    X = scene.spectra_at(positions, bands=bands)
    block = X[np.newaxis]
    complete = complete_pixels(np.asarray(block), scene.nodata)[0]
    if not (complete.any() or may_be_none):
        taken = scene.band_indices(bands)
        never = [
            i if taken is None else int(taken[i])
            for i in range(X.shape[1])
            if not complete_pixels(block[..., i : i + 1], scene.nodata).any()
        ]
        raise ValueError(
            f"Every labelled pixel of {scene.name} has no data in some band"
            + (f"; bands {never} of those taken have it everywhere." if never else ".")
            + " Take others with bands=, or list them as bad: open_scene(..., good_bands=)."
        )
    return X, complete


def _refuse_options_of_features(labels: Any, **options: Any) -> None:
    """Raise if labels are polygons or points, or are treated as if, and no column has classes."""
    if is_table_of_features(labels) and not is_scene_like(labels):
        raise ValueError("column must name the column of the table that has the classes; got None.")
    for name, value in options.items():
        if value is not None and value is not False:
            reason = "field_numbers(positions, y) gives those of a map of labels, its fields"
            raise ValueError(
                f"{name}={value!r} is for polygons and points, whose classes are in a column=. "
                + (f"{reason}." if name == "return_groups" else "A map of labels has none.")
            )
