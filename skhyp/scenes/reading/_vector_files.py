"""Polygons and points with classes: of GeoPackage, Shapefile, GeoJSON, or a GeoDataFrame.

Files are read by pyogrio, whose wheel brings GDAL and needs NumPy alone, and geometries by shapely.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package

from ._file_errors import printable
from ._foreign_files import refuse_name

_PURPOSE = "labelled_pixels of polygons and points"


@dataclass(frozen=True, eq=False)
class Features:
    """The features of a layer in their order: geometries of shapely, or None, and classes."""

    name: str
    column: str
    geometries: NDArray[Any]
    classes: NDArray[Any]
    crs: str | None
    # What GIS call them.
    fids: NDArray[np.int64] | None = None

    def called(self, number: int) -> str:
        """Return what a feature is called in messages."""
        fid = "" if self.fids is None else f"fid {self.fids[number]}, "
        label = self.classes[number]
        return f"{number} ({fid}{getattr(label, 'item', lambda: label)()!r})"


def is_table_of_features(labels: Any) -> bool:
    """Return whether something is a GeoDataFrame, or like one."""
    return hasattr(labels, "geometry") and hasattr(labels, "crs")


def read_features(labels: Any, column: str, layer: str | int | None, crs: Any) -> Features:
    """Return the features of a file or a table; ``crs`` takes the place of what it says."""
    optional_package("shapely", _PURPOSE)
    if is_table_of_features(labels):
        if layer is not None:
            raise ValueError(f"layer={layer!r} is for files; labels is a table.")
        return _of_table(labels, column, crs)
    if not isinstance(labels, str | PathLike):
        raise ValueError(
            f"column={column!r} is for polygons and points: labels must be the path of a file of "
            "them, such as a GeoPackage, or a GeoDataFrame; got an object of "
            f"{type(labels).__module__}.{type(labels).__name__}."
        )
    refuse_name(labels)
    path = Path(labels).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no file {printable(path)}.")
    return _of_file(path, column, layer, crs)


def _of_file(path: Path, column: str, layer: str | int | None, crs: Any) -> Features:
    pyogrio = optional_package("pyogrio", _PURPOSE)
    import shapely
    from pyogrio import raw
    from pyogrio.errors import DataSourceError

    name = printable(path)
    try:
        layers = [str(entry) for entry, kind in pyogrio.list_layers(path) if kind is not None]
        layer = _chosen(layer, layers, name)
        fields = pyogrio.read_info(path, layer=layer)["fields"].tolist()
        _refuse_missing_column(column, fields, name)
        meta, fids, geometries, columns = raw.read(
            path, layer=layer, columns=[column], force_2d=True, return_fids=True
        )
    except (DataSourceError, UnicodeError) as error:
        raise ValueError(
            f"{name} is not read as a file of polygons and points: {error} If it is a map of "
            "labels, leave column out."
        ) from error
    classes = np.asarray(columns[0])
    if classes.dtype.kind == "f" and str(meta["dtypes"][0]).startswith(("int", "uint")):
        # GDAL has no integer for what is missing.
        classes = np.array([None if np.isnan(c) else int(c) for c in classes.tolist()], object)
    return Features(
        name=f"{name}, layer {layer}" if len(layers) > 1 else name,
        column=column,
        geometries=shapely.from_wkb(geometries),
        classes=classes,
        crs=_text(meta["crs"] if crs is None else crs),
        fids=fids,
    )


def _chosen(layer: str | int | None, layers: list[str], name: str) -> str:
    """Return the name of a layer, of those with geometries."""
    if not layers:
        raise ValueError(f"{name} has no layer of polygons or points.")
    if layer is None and len(layers) == 1:
        return layers[0]
    if isinstance(layer, int) and not isinstance(layer, bool) and 0 <= layer < len(layers):
        return layers[layer]
    if layer in layers:
        return str(layer)
    found = "None" if layer is None else repr(layer)
    raise ValueError(f"layer must be one of those that {name} has, {layers}; got {found}.")


def _of_table(table: Any, column: str, crs: Any) -> Features:
    import shapely

    columns = [name for name in getattr(table, "columns", ()) if name != table.geometry.name]
    _refuse_missing_column(column, columns, "the table")
    geometries = np.asarray(table.geometry, dtype=object)
    if not all(entry is None or shapely.is_geometry(entry) for entry in geometries):
        raise ValueError("The geometries of a table must be those of shapely, as GeoPandas has.")
    classes = table[column]
    return Features(
        name="the table",
        column=column,
        geometries=shapely.force_2d(geometries),
        # As objects: NumPy makes texts of all in a list that has one.
        classes=np.asarray(classes, None if hasattr(classes, "dtype") else object),
        crs=_text(table.crs if crs is None else crs),
    )


def _refuse_missing_column(column: str, columns: list[Any], name: str) -> None:
    if column not in columns:
        raise ValueError(
            f"column must name the one that has the classes, of those that {name} has: "
            f"{', '.join(map(str, columns)) or 'none'}; got {column!r}."
        )


def _text(crs: Any) -> str | None:
    """Return a reference system as a text that rasterio takes."""
    if crs is None:
        return None
    return crs.to_wkt() if hasattr(crs, "to_wkt") else str(crs)
