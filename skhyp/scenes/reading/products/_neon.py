"""NEON's tiles of reflectance (DP3.30006): HDF5 under the code of the site.

The layout is that of NEON's own tutorials. A number is divided by ``Scale_Factor``; the windows of
bad bands are ``Band_Window_n_Nanometers`` of the group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import attributes_of
from skhyp.scenes.reading._named_arrays import attribute, text_of, words_of

from ._hdf5_layouts import Hdf5Layout, Opened
from ._hdf5_members import is_number, member, number_of, numbers_of, required, wkt_of
from ._product import REFLECTANCE

_PLACE = "{group}/Metadata/Coordinate_System"


def _is_it(file: Any) -> bool:
    return any(
        member(file, f"*/{kind}/{part}") is not None
        for kind in ("Reflectance", "Radiance")
        for part in ("Reflectance_Data", "RadianceIntegerPart", "Metadata/Spectral_Data")
    )


def _scale(attributes: Mapping[str, Any], path: Path) -> tuple[float, float]:
    """Return what numbers are multiplied by: their factor divides."""
    stated = attribute(attributes, "scale_factor")
    if stated is None:
        raise ValueError(
            f"{printable(path)} has no attribute Scale_Factor of Reflectance_Data: it is not known "
            "what its numbers mean. Write it, 10000 as in all of NEON's files."
        )
    factor = number_of(path, stated, "Scale_Factor")
    if factor < 1:
        raise ValueError(f"{printable(path)}: Scale_Factor is {factor:g}, and not 1 or more.")
    return 1 / factor, 0.0


def _good_bands(opened: Opened, wavelengths: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Return which bands lie outside of the windows that the file states."""
    stated = {
        **attributes_of(opened.file[opened.cube]),
        **(attributes_of(opened.file[opened.group]) if opened.group else {}),
    }
    good, is_stated = np.ones(len(wavelengths), bool), False
    for key, value in stated.items():
        if re.fullmatch(r"band_window_\d+_nanometers", "_".join(words_of(key))):
            low, high = sorted(numbers_of(opened.path, value, key, 2).tolist())
            good &= (wavelengths < low) | (wavelengths > high)
            is_stated = True
    return good if is_stated else None


def _text(opened: Opened, name: str) -> str | None:
    found = member(opened.file, f"{_PLACE.format(group=opened.group)}/{name}")
    if found is None:
        return None
    value = opened.file[found][()]
    return str(text_of(np.asarray(value).item() if np.size(value) == 1 else value)).strip()


def _place(opened: Opened) -> dict[str, Any]:
    """Return where the tile lies, by a map info like ENVI's."""
    path = opened.path
    required(path, opened.file, f"{_PLACE.format(group=opened.group)}/Map_Info")
    entries = [entry.strip() for entry in str(_text(opened, "Map_Info")).split(",")]
    numbers = entries[1:7]
    if len(numbers) < 6 or not all(is_number(entry) for entry in numbers):
        raise ValueError(
            f"{printable(path)}: Map_Info must be a projection, the column, row, easting and "
            f"northing of a place, and the size of a pixel; got {', '.join(entries)!r}."
        )
    rotation = next((e.partition("=")[2] for e in entries if e.startswith("rotation")), "0")
    if not is_number(rotation.strip()) or float(rotation) != 0:
        raise ValueError(f"{printable(path)}: Map_Info has a rotation of {rotation}: not read.")
    column, row, easting, northing, width, height = map(float, numbers)
    if not (width > 0 and height > 0):
        raise ValueError(f"{printable(path)}: Map_Info has pixels of {width:g} x {height:g}.")
    left, top = easting - (column - 1) * width, northing + (row - 1) * height
    code = _text(opened, "EPSG Code")
    name = "EPSG Code" if code else "Coordinate_System_String"
    reference = code or _text(opened, name)
    if not reference:
        raise ValueError(
            f"{printable(path)} has no EPSG Code and no Coordinate_System_String in "
            f"{_PLACE.format(group=opened.group)}."
        )
    transform = (width, 0.0, left, 0.0, -height, top)
    return {"crs": wkt_of(path, reference, name), "transform": transform}


NEON = Hdf5Layout(
    sensor="NEON",
    is_it=_is_it,
    cubes={"*/Reflectance/Reflectance_Data": (REFLECTANCE, "1")},
    dims=("rows", "columns", "bands"),
    wavelengths="{group}/Metadata/Spectral_Data/Wavelength",
    fwhm="{group}/Metadata/Spectral_Data/FWHM",
    good_by_file=_good_bands,
    missing=-9999.0,
    scale=_scale,
    place=_place,
    refused={"*/Radiance/RadianceIntegerPart": "radiance, in two parts (DP1.30008)"},
).product()
