"""Maps of classes as polygons, for GIS and for those who draw."""

from __future__ import annotations

import tempfile
from numbers import Integral
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package
from skhyp.files._whole_files import write_whole

from ._nodata import complete_pixels
from ._scene import Scene
from .reading._opening import open_scene

_ENDINGS = (".gpkg", ".geojson", ".fgb")
_PURPOSE = "polygons_of"


def polygons_of(
    class_map: Scene | str | PathLike, out: str | PathLike, *, min_pixels: int = 1
) -> Path:
    """Write the fields of a map of classes as polygons.

    A field is pixels of one class that are joined by their sides. Its polygon follows their edges.

    Parameters
    ----------
    class_map : Scene, str or path
        A map of whole numbers with coordinates, such as one of :func:`apply`. It is read whole.
    out : str or path
        A new GeoPackage (``.gpkg``), GeoJSON (``.geojson``) or FlatGeobuf (``.fgb``), in the
        reference system of the map. Its columns are ``class``, ``name`` (what the map calls the
        class, if it names any) and ``pixels``, the number of them.
    min_pixels : int, default=1
        Fields of fewer pixels are left out.

    Returns
    -------
    out : Path

    Raises
    ------
    FileExistsError
        If there is such a file: it may have other layers.
    ValueError
        If the map has no transform or no reference system, several bands or numbers that are not
        whole, if no field is left, or if `out` has another ending.
    ImportError
        If rasterio, pyogrio or shapely is not installed.

    See Also
    --------
    labelled_pixels : From polygons to pixels, with ``column="class"``.

    Notes
    -----
    Pixels of the nodata value are in no polygon; where the map has none, those of 0 and less.

    Examples
    --------
    >>> import tempfile
    >>> from dataclasses import replace
    >>> import numpy as np
    >>> from skhyp.scenes import labelled_pixels, open_scene, polygons_of
    >>> class_map = open_scene(np.array([[[1], [1], [2]], [[0], [1], [2]]]))
    >>> class_map = replace(class_map, transform=(30, 0, 500_000, 0, -30, 5_800_000))
    >>> class_map = replace(class_map, crs="EPSG:32633")
    >>> path = polygons_of(class_map, tempfile.mkdtemp() + "/fields.gpkg")
    >>> _, y, _, groups = labelled_pixels(class_map, path, column="class", return_groups=True)
    >>> y.tolist(), groups.tolist()
    ([1, 1, 2, 1, 2], [0, 0, 1, 0, 1])
    """
    for package in ("rasterio", "pyogrio", "shapely"):
        optional_package(package, _PURPOSE)
    import shapely
    from pyogrio import raw

    out = Path(out).expanduser()
    if out.suffix.lower() not in _ENDINGS:
        raise ValueError(f"out must end in one of {', '.join(_ENDINGS)}; got {str(out)!r}.")
    if out.exists():
        raise FileExistsError(f"out={str(out)!r} is there already, and may have other layers.")
    if not isinstance(min_pixels, Integral) or isinstance(min_pixels, bool) or min_pixels < 1:
        raise ValueError(f"min_pixels must be an integer of 1 or more; got {min_pixels!r}.")
    scene = open_scene(class_map)
    if scene.crs is None:
        raise ValueError(
            f"{scene.name} has no reference system to write polygons in. Say which it has, as with "
            "dataclasses.replace(scene, crs='EPSG:32633')."
        )
    fields, classes = _fields(scene)
    assert scene.transform is not None
    a, b, _, d, e, _ = scene.transform
    n_pixels = np.rint(shapely.area(fields) / abs(a * e - b * d)).astype(np.int64)
    kept = n_pixels >= min_pixels
    if not kept.any():
        raise ValueError(f"{scene.name} has no field of {min_pixels} pixels or more.")
    columns: dict[str, NDArray] = {"class": classes}
    if scene.class_names is not None:
        names = [scene.class_names.get(number) for number in classes.tolist()]
        columns["name"] = np.array(names, object)
    columns["pixels"] = n_pixels
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / out.name
        raw.write(
            draft,
            shapely.to_wkb(fields[kept]),
            [values[kept] for values in columns.values()],
            list(columns),
            geometry_type="Polygon",
            crs=scene.crs,
        )
        write_whole(out, draft.read_bytes())
    return out


def _fields(scene: Scene) -> tuple[NDArray, NDArray[np.int64]]:
    """Return polygons around pixels of one class that are joined, and the class of each."""
    import shapely
    from rasterio import Affine
    from rasterio.features import shapes
    from shapely.geometry import shape

    if scene.transform is None:
        raise ValueError(f"{scene.name} does not say where it lies: it has no transform.")
    if scene.shape[2] != 1:
        raise ValueError(f"A map of classes has one band; {scene.name} has {scene.shape[2]}.")
    block = np.asarray(scene.read())
    is_class = complete_pixels(block, scene.nodata)
    numbers = block[..., 0]
    if scene.nodata is None:
        is_class &= numbers > 0
    values = np.where(is_class, numbers, 0)
    classes = values.astype(np.int32)
    if (classes != values).any():
        raise ValueError(
            f"{scene.name} is no map of classes: it has {values[classes != values][0]}."
        )
    found = list(shapes(classes, mask=is_class, transform=Affine(*scene.transform)))
    polygons = np.empty(len(found), object)
    polygons[:] = [shape(geometry) for geometry, _ in found]
    return shapely.normalize(polygons), np.array([int(value) for _, value in found], np.int64)
