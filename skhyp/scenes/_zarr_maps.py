"""Maps as Zarr stores, as xarray and GDAL read them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._whole_files import whole_folder

from ._map_layouts import STRIP_BYTES, MapLayout
from ._xarrays import pixel_coordinates, reference_attributes

_ZARR_CHUNK = 256


def write_zarr(path: Path, layout: MapLayout, rows: Callable[[slice], NDArray[Any]]) -> None:
    import zarr

    dimensions = ["y", "x"] if layout.n_outputs is None else ["y", "x", "output"]
    chunks = tuple(min(_ZARR_CHUNK, length) for length in layout.shape[:2]) + layout.shape[2:]
    with whole_folder(path) as draft:
        group = zarr.open_group(draft, mode="w", zarr_format=2)
        values = group.create_array(
            "map", shape=layout.shape, chunks=chunks, dtype=layout.dtype,
            fill_value=layout.missing,
            attributes={"_ARRAY_DIMENSIONS": dimensions, **cf_attributes(layout)},
        )  # fmt: skip
        for strip in _chunk_rows(layout, chunks[0]):
            values[strip] = rows(strip)
        coordinates = pixel_coordinates(layout.rows, layout.columns, layout.transform)
        if layout.crs is not None or layout.transform is not None:
            coordinates["spatial_ref"] = np.array(0)
        if layout.output_names is not None:
            coordinates["output"] = np.array(list(layout.output_names), dtype=str)
        for name, array in coordinates.items():
            stored = group.create_array(
                name, shape=array.shape, dtype=array.dtype,
                attributes={"_ARRAY_DIMENSIONS": [name] if array.ndim else []},
            )  # fmt: skip
            stored[...] = array
        if "spatial_ref" in coordinates:
            group["spatial_ref"].attrs.update(reference_attributes(layout.crs, layout.transform))
        zarr.consolidate_metadata(draft)


def _chunk_rows(layout: MapLayout, chunk_rows: int) -> Iterator[slice]:
    step = max(1, STRIP_BYTES // layout.row_bytes // chunk_rows) * chunk_rows
    for start in range(0, layout.rows, step):
        yield slice(start, min(start + step, layout.rows))


def cf_attributes(layout: MapLayout) -> dict[str, Any]:
    """Return what the conventions for climate and forecast files (CF) have a map say of itself."""
    attributes: dict[str, Any] = {}
    if not math.isnan(layout.missing):
        attributes["_FillValue"] = layout.missing
    if layout.description:
        attributes["long_name"] = layout.description
    if layout.crs is not None or layout.transform is not None:
        attributes["grid_mapping"] = "spatial_ref"
    if layout.class_names:
        attributes["flag_values"] = list(layout.class_names)
        # CF separates the meanings by blanks.
        attributes["flag_meanings"] = " ".join(
            "_".join(name.split()) for name in layout.class_names.values()
        )
    if layout.class_colours:
        attributes["flag_colors"] = " ".join(
            "#{:02x}{:02x}{:02x}".format(*layout.class_colours[code])
            for code in layout.class_names or layout.class_colours
        )
    return attributes
