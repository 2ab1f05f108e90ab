"""Scenes of xarray: a DataArray, or a Zarr store, with its coordinates; and scenes as these."""

from __future__ import annotations

import re
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skhyp.spectra._spectra import COMPUTED

from ._array_facts import facts_of
from ._arrays import ArraySource
from ._axes import axes_of
from ._dimension_names import Given
from ._named_arrays import NamedArray, NamedArrays
from ._raster_scales import stored_numbers

if TYPE_CHECKING:
    import xarray

# The coordinate that has the index of each band in the scene that the image came from.
SOURCE_BANDS = "source_band_index"


def is_data_array(scene: Any) -> bool:
    """Return whether something is a DataArray, without importing xarray."""
    return type(scene).__module__.startswith("xarray") and type(scene).__name__ == "DataArray"


def is_dataset(scene: Any) -> bool:
    """Return whether something is a Dataset, without importing xarray."""
    return type(scene).__module__.startswith("xarray") and type(scene).__name__ == "Dataset"


def data_array_source(array: xarray.DataArray, given: Given) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a DataArray, chunked or not, and what it says of itself."""
    named, arrays = _named_arrays(array)
    axes = axes_of(named, arrays, given)
    facts = facts_of(named, arrays, axes)
    if facts["nodata"] is None and "_FillValue" in array.encoding and array.dtype.kind == "f":
        facts["nodata"] = float("nan")  # xarray has replaced it already
    if array.encoding.get("scale_factor", 1) != 1 or array.encoding.get("add_offset"):
        facts["numbers"] = COMPUTED  # xarray has applied them
    elif facts.get("scale") is not None or facts.get("offset") is not None:
        facts["numbers"] = stored_numbers(facts["scale"], facts["offset"])
    source_bands = array.coords.get(SOURCE_BANDS)
    if source_bands is not None and source_bands.dims == tuple(
        array.dims[axis] for axis in axes[2:]
    ):
        facts["source_bands"] = source_bands.values.astype(np.intp)
    chunks = array.chunks
    if chunks is None:
        # Variables are indexed without being read first, should the array be in a file.
        return ArraySource.of(partial(nullcontext, array.variable), axes), facts
    tile = (chunks[axes[0]][0], chunks[axes[1]][0])
    # Tasks of dask are named after what they compute, unless they were given a name.
    is_token = re.search(r"-[0-9a-f]{32}$", array.data.name) is not None
    identity = [array.data.name, chunks] if is_token else None
    opened = partial(nullcontext, array.data)
    return ArraySource.of(opened, axes, tile=tile, identity=identity), facts


def data_array_axes(array: xarray.DataArray) -> tuple[int, ...]:
    """Return which dimensions of a DataArray are rows, columns and bands."""
    return axes_of(*_named_arrays(array), Given())


def _named_arrays(array: xarray.DataArray) -> tuple[NamedArray, NamedArrays]:
    """Return a DataArray and its coordinates, as those of files are."""
    name = str(array.name or "the DataArray")
    named = {
        str(key): _named_array(str(key), coordinate) for key, coordinate in array.coords.items()
    }
    attributes = {str(key): value for key, value in array.attrs.items()}
    if "grid_mapping" in array.encoding:
        attributes.setdefault("grid_mapping", array.encoding["grid_mapping"])
    itself = NamedArray(
        name,
        array.shape,
        array.dtype,
        tuple(map(str, array.dims)),
        attributes,
        lambda: array.values,
    )
    return itself, NamedArrays(name, {name: itself, **named})


def _named_array(name: str, coordinate: xarray.DataArray) -> NamedArray:
    return NamedArray(
        *(name, coordinate.shape, coordinate.dtype, tuple(map(str, coordinate.dims))),
        *({str(key): value for key, value in coordinate.attrs.items()}, lambda: coordinate.values),
    )


def pixel_coordinates(
    rows: int, columns: int, transform: tuple[float, ...] | None
) -> dict[str, NDArray[np.floating]]:
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
