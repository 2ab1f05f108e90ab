"""Tanager, as Planet delivers it: HDF-EOS5, on the ground (ortho) or in the swath (basic).

The layout is that of Planet's product specification of November 2025 (section 3.6).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import attributes_of
from skhyp.scenes.reading._named_arrays import attribute, text_of

from ._hdf5_layouts import Hdf5Layout, Opened
from ._hdf5_members import member, numbers_of, required, required_attribute, wkt_of
from ._product import RADIANCE, REFLECTANCE

_STRUCTURE = "HDFEOS INFORMATION/StructMetadata.0"
_CUBES = {
    "surface_reflectance": (REFLECTANCE, "1"),
    "toa_radiance": (RADIANCE, "W m-2 sr-1 um-1"),
}


def _is_it(file: Any) -> bool:
    return member(file, "HDFEOS/GRIDS/HYP") is not None or (
        member(file, "HDFEOS/SWATHS/HYP") is not None
    )


def _place(opened: Opened) -> dict[str, Any]:
    """Return where the grid lies, by what HDF-EOS says of it; the swath has no transform."""
    path, file = opened.path, opened.file
    if "/swaths/" in opened.cube.lower():
        return {}
    content = file[required(path, file, _STRUCTURE)][()]
    text = str(text_of(np.asarray(content).item()))
    grid = re.search(r'GridName="HYP".*?END_GROUP=GRID_', text, re.S)
    said = dict(re.findall(r"(\w+)=(\([^)]*\)|[^\s]+)", grid[0] if grid else ""))
    missing = {"XDim", "YDim", "UpperLeftPointMtrs", "LowerRightMtrs"} - set(said)
    if missing:
        raise ValueError(
            f"{printable(path)}: {_STRUCTURE} does not say {', '.join(sorted(missing))} of the "
            "grid HYP."
        )
    rows, columns = (int(numbers_of(path, said[key], key, 1)[0]) for key in ("YDim", "XDim"))
    if (rows, columns) != opened.shape[:2]:
        raise ValueError(
            f"{printable(path)}: {_STRUCTURE} says {rows} x {columns} pixels, and {opened.cube} "
            f"has {opened.shape[0]} x {opened.shape[1]}."
        )
    if said.get("GridOrigin", "HE5_HDFE_GD_UL") != "HE5_HDFE_GD_UL":
        raise ValueError(f"{printable(path)} has the GridOrigin {said['GridOrigin']}: not read.")
    left, top = numbers_of(path, said["UpperLeftPointMtrs"], "UpperLeftPointMtrs", 2)
    right, bottom = numbers_of(path, said["LowerRightMtrs"], "LowerRightMtrs", 2)
    width, height = (right - left) / columns, (bottom - top) / rows
    if not (width > 0 > height):
        raise ValueError(f"{printable(path)} has a grid of pixels of {width:g} x {-height:g} m.")
    group = file[required(path, file, "HDFEOS/GRIDS/HYP")]
    code = attribute(attributes_of(group), "epsg_code")
    if code is None:
        code = attribute(attributes_of(file[opened.group]), "epsg_code")
    if code is None:
        code = required_attribute(path, group, "epsg_code")
    transform = tuple(map(float, (width, 0, left, 0, height, top)))
    return {"crs": wkt_of(path, code, "epsg_code"), "transform": transform}


TANAGER = Hdf5Layout(
    sensor="Tanager",
    is_it=_is_it,
    cubes={
        f"HDFEOS/{kind}/HYP/Data Fields/{name}": meaning
        for name, meaning in _CUBES.items()
        for kind in ("GRIDS", "SWATHS")
    },
    dims=("bands", "rows", "columns"),
    wavelengths="@wavelengths",
    fwhm="@fwhm",
    good="@good_wavelengths",
    missing=-9999.0,
    mask="{group}/nodata_pixels",
    place=_place,
).product()
