"""Scenes of xarray: a DataArray, or a Zarr store, with its coordinates; and scenes as these."""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import ArraySource
from ._bands import good_bands_of, wavelengths_in_nm
from ._file_errors import printable

if TYPE_CHECKING:
    import xarray

_ROWS = {"y", "row", "rows", "line", "lines", "lat", "latitude", "northing"}
_COLUMNS = {"x", "column", "columns", "col", "sample", "samples", "lon", "longitude", "easting"}
_BANDS = {
    "band",
    "bands",
    "wl",
    "lambda",
    "wavelength_nm",
    "wavelength",
    "wavelengths",
    "spectral",
    "channel",
    "channels",
}
_WAVELENGTHS = ("wavelength", "wavelengths", "wavelength_nm")
# Coordinates are evenly spaced if they are to this part of a pixel.
_EVEN = 1e-3


def import_xarray(purpose: str) -> Any:
    """Return xarray, or say how to install it."""
    try:
        import xarray
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs xarray, which is not installed: pip install 'skhyp[zarr]'"
        ) from error
    return xarray


def import_zarr(purpose: str) -> Any:
    """Return zarr, which reads and writes the stores, or say how to install it."""
    try:
        import zarr
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs zarr, which is not installed: pip install 'skhyp[zarr]'"
        ) from error
    return zarr


def is_data_array(scene: Any) -> bool:
    """Return whether something is a DataArray, without importing xarray."""
    return type(scene).__module__.startswith("xarray") and type(scene).__name__ == "DataArray"


def is_dataset(scene: Any) -> bool:
    """Return whether something is a Dataset, without importing xarray."""
    return type(scene).__module__.startswith("xarray") and type(scene).__name__ == "Dataset"


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a Zarr store, of version 2 or 3."""
    return path.is_dir() and any(
        (path / name).exists() for name in (".zgroup", ".zarray", "zarr.json")
    )


def zarr_source(path: Path, variable: str | None) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a Zarr store, and what it says of itself."""
    xarray = import_xarray(f"{path.name}: open_scene")
    zarr = import_zarr(f"{path.name}: open_scene")
    with _warnings_about(path):
        store = zarr.open(path, mode="r")
    if isinstance(store, zarr.Array):
        dims = getattr(store.metadata, "dimension_names", None) or store.attrs.get(
            "_ARRAY_DIMENSIONS", range(store.ndim)
        )
        axes = axes_of(dims)
        return ArraySource.of(partial(nullcontext, store), axes, identity="zarr", path=path), {}
    with _warnings_about(path):
        opened = xarray.open_dataset(
            path,
            engine="zarr",
            chunks=None,
            consolidated=False,
            mask_and_scale=False,
            decode_coords="all",
        )
    with opened as dataset:
        cubes = {str(name): entry for name, entry in dataset.items() if entry.ndim == 3}
        maps = {str(name): entry for name, entry in dataset.items() if entry.ndim == 2}
        candidates = cubes or maps
        if variable is None and len(candidates) == 1:
            variable = next(iter(candidates))
        if variable not in {**cubes, **maps}:
            listed = ", ".join(f"{name} {entry.shape}" for name, entry in dataset.items())
            raise ValueError(
                f"{path} must have one variable that is a cube, or variable= must say which of "
                f"{listed or 'none'}; got {variable!r}."
            )
        array = dataset[variable]
        _, description = data_array_source(array)
        # The store's own array, which knows its chunks and can be pickled.
        stored = store[variable]
        opened_already, axes = partial(nullcontext, stored), axes_of(array.dims)
        source = ArraySource.of(opened_already, axes, identity=variable, path=path)
        return source, description


@contextlib.contextmanager
def _warnings_about(path: Path) -> Iterator[None]:
    """Let warnings say which store they are about: some are of parts that are damaged."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for said in dict.fromkeys(str(warning.message) for warning in caught):
        warnings.warn(f"{printable(path)}: {said}", UserWarning, stacklevel=7)


def data_array_source(array: xarray.DataArray) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a DataArray, chunked or not, and what it says of itself."""
    axes = axes_of(array.dims)
    description = _description(array, axes)
    chunks = array.chunks
    if chunks is None:
        # Variables are indexed without being read first, should the array be in a file.
        return ArraySource.of(partial(nullcontext, array.variable), axes), description
    tile = (chunks[axes[0]][0], chunks[axes[1]][0])
    # Tasks of dask are named after what they compute, unless they were given a name.
    is_token = re.search(r"-[0-9a-f]{32}$", array.data.name) is not None
    identity = [array.data.name, chunks] if is_token else None
    opened = partial(nullcontext, array.data)
    return ArraySource.of(opened, axes, tile=tile, identity=identity), description


def axes_of(dims: Sequence[Any]) -> tuple[int, ...]:
    """Return which dimensions are rows, columns and bands: by their names, else by their order.

    Of three, two names tell the third.
    """
    if len(dims) not in (2, 3):
        raise ValueError(
            f"A scene must have three dimensions, or two for a map of labels; got {tuple(dims)}."
        )
    names = [str(name).lower() for name in dims]
    found = [
        next((axis for axis, name in enumerate(names) if name in known), None)
        for known in (_ROWS, _COLUMNS, _BANDS)[: len(dims)]
    ]
    n_known = len(dims) - found.count(None)
    if n_known == 0:
        return tuple(range(len(dims)))
    if n_known < len(dims) - 1:
        raise ValueError(
            f"Of the dimensions {tuple(dims)} only one is known. Name them y, x and band, or "
            "transpose to rows, columns and bands and give none of these names."
        )
    (rest,) = set(range(len(dims))) - {axis for axis in found if axis is not None} or {None}
    return tuple(rest if axis is None else axis for axis in found)


def _description(array: xarray.DataArray, axes: tuple[int, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"nodata": _nodata(array)}
    if len(axes) == 3:
        band_dimension = array.dims[axes[2]]
        n_bands = array.shape[axes[2]]
        name = str(array.name or "the DataArray")
        for coordinate in (*_WAVELENGTHS, band_dimension):
            if coordinate in array.coords and array[coordinate].dims == (band_dimension,):
                values, attributes = array[coordinate].values, array[coordinate].attrs
                unit = attributes.get("units", attributes.get("unit"))
                if coordinate not in _WAVELENGTHS and unit is None and values.dtype.kind != "f":
                    continue  # numbers of bands
                found["wavelengths"] = partial(
                    wavelengths_in_nm, values, unit, n_bands=n_bands, name=name
                )
                break
        if "good_bands" in array.coords:
            found["good_bands"] = partial(
                good_bands_of, array["good_bands"].values, n_bands=n_bands, name=name
            )
    reference = array.coords.get("spatial_ref")
    attributes = {} if reference is None else reference.attrs
    if "class_names" in array.attrs:  # of a map of our own
        names = json.loads(array.attrs["class_names"])
        found["class_names"] = {int(code): str(name) for code, name in names.items()}
    elif "flag_values" in array.attrs:
        values = np.atleast_1d(array.attrs["flag_values"]).tolist()
        meanings = str(array.attrs.get("flag_meanings", "")).split()
        if len(meanings) == len(values):
            found["class_names"] = dict(zip(values, meanings, strict=True))
    colours = str(array.attrs.get("flag_colors", "")).split()
    if colours and len(colours) == len(found.get("class_names", ())):
        found["class_colours"] = dict(zip(found["class_names"], colours, strict=True))
    found["crs"] = attributes.get("crs_wkt", attributes.get("spatial_ref"))
    # Coordinates come first: they are cut with the array, the attribute is not.
    found["transform"] = stated = _stated_transform(attributes)
    along = _transform_of_coordinates(array, axes)
    if along is not None and not _agree(stated, along, array.shape):
        found["transform"] = along
    return found


def _stated_transform(attributes: dict[str, Any]) -> tuple[float, ...] | None:
    try:
        c, a, b, f, d, e = (float(part) for part in str(attributes["GeoTransform"]).split())
    except (KeyError, ValueError):
        return None
    return (a, b, c, d, e, f)  # GDAL has another order


def _agree(
    stated: tuple[float, ...] | None, along: tuple[float, ...], shape: tuple[int, ...]
) -> bool:
    """Return whether two transforms are one but for rounding."""
    if stated is None:
        return False
    length = max(shape)
    difference = np.abs(np.subtract(stated, along)) * [length, length, 1, length, length, 1]
    return bool(difference.max() <= _EVEN * max(abs(along[0]), abs(along[4])))


def _nodata(array: xarray.DataArray) -> float | None:
    for attribute in ("_FillValue", "nodata", "missing_value"):
        with contextlib.suppress(KeyError, TypeError, ValueError):  # not there, None, or a list
            return float(array.attrs[attribute])
    # xarray has replaced it by NaN already.
    return float("nan") if "_FillValue" in array.encoding and array.dtype.kind == "f" else None


def _transform_of_coordinates(
    array: xarray.DataArray, axes: tuple[int, ...]
) -> tuple[float, ...] | None:
    """Return the transform of evenly spaced coordinates, which are of the centres of pixels."""
    edges = []
    for dimension in (array.dims[axes[1]], array.dims[axes[0]]):
        if dimension not in array.coords or array[dimension].dtype.kind not in "iuf":
            return None
        centres = array[dimension].values.astype(np.float64)
        steps = np.diff(centres)
        if not len(steps) or steps[0] == 0 or np.ptp(steps) > _EVEN * abs(steps[0]):
            return None
        step = (centres[-1] - centres[0]) / len(steps)
        edges.append((float(step), float(centres[0] - step / 2)))
    (a, c), (e, f) = edges
    return (a, 0.0, c, 0.0, e, f)


def pixel_coordinates(
    rows: int, columns: int, transform: tuple[float, ...] | None
) -> dict[str, NDArray[np.float64]]:
    """Return the coordinates x and y of the centres of pixels, where rows and columns have any."""
    if transform is None:
        return {}
    a, b, c, d, e, f = transform
    if b or d:
        return {}
    return {"x": c + a * (np.arange(columns) + 0.5), "y": f + e * (np.arange(rows) + 0.5)}


def reference_attributes(crs: str | None, transform: tuple[float, ...] | None) -> dict[str, str]:
    """Return the attributes of the variable ``spatial_ref``, as GDAL and rioxarray have them."""
    attributes = {}
    if crs is not None:
        attributes["crs_wkt"] = crs
    if transform is not None:
        a, b, c, d, e, f = transform
        attributes["GeoTransform"] = " ".join(repr(float(part)) for part in (c, a, b, f, d, e))
    return attributes
