"""Maps as other readers than ours see them: values, and what they are said to mean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import rasterio
import xarray

_ENVI_TYPES = {1: "uint8", 2: "int16", 4: "float32", 5: "float64", 12: "uint16"}


def content_of(path: Path) -> dict[str, Any] | None:
    """Return all that a map says, as values that can be compared, ``None`` if there is none.

    Raises an error of any kind if there is one that cannot be read.
    """
    return _READERS[path.suffix](path)


def _of_array(values: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return values.dtype.str, values.shape, np.ascontiguousarray(values).tobytes()


def _geotiff(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    with rasterio.open(path) as dataset:
        content = {
            "values": _of_array(dataset.read()),
            "crs": str(dataset.crs),
            "transform": tuple(dataset.transform),
            "nodata": repr(dataset.nodata),
            "tags": dataset.tags(1),
        }
    sidecar = path.with_name(path.name + ".aux.xml")
    if sidecar.exists():
        content["sidecar"] = [node.text for node in ElementTree.parse(sidecar).iter("Category")]
    return content


def _envi(path: Path) -> dict[str, Any] | None:
    header = path.with_suffix(".hdr")
    if not header.exists():
        return None
    fields = dict(re.findall(r"^([a-z ]+?) *= *(\{[^}]*\}|.*)$", header.read_text(), re.MULTILINE))
    shape = [int(fields[name]) for name in ("bands", "lines", "samples")]
    values = np.fromfile(path.with_suffix(".img"), _ENVI_TYPES[int(fields["data type"])])
    return {**fields, "values": _of_array(values.reshape(shape))}


def _zarr(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    with xarray.open_zarr(path, chunks=None, consolidated=True, mask_and_scale=False) as dataset:
        return {
            str(name): (_of_array(variable.values), repr(sorted(variable.attrs.items())))
            for name, variable in dataset.variables.items()
        }


def _numpy(path: Path) -> dict[str, Any] | None:
    return {"values": _of_array(np.load(path))} if path.exists() else None


_READERS = {".tif": _geotiff, ".hdr": _envi, ".img": _envi, ".zarr": _zarr, ".npy": _numpy}
