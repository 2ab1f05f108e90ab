"""PRISMA L2B, L2C and L2D, as ASI delivers them: an .he5 with a cube for each detector.

The layout is that of the readers of EnMAP-Box and HyperCoast. Each cube is (rows, bands, columns),
with falling wavelengths; a number stands for min + number (max - min) / 65535; 0 is missing, in
single bands too; bands of 0 nm were not delivered. The detectors overlap: their bands are given in
the order of their wavelengths, as EnMAP's are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._bands import fwhm_in_nm, wavelengths_in_nm
from skhyp.scenes.reading._dimension_names import Given
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import attributes_of, hdf5_file, hdf5_source, is_hdf5
from skhyp.scenes.reading._named_arrays import attribute

from ._calibrated_source import JoinedSource
from ._hdf5_layers import layer_source, same_member
from ._hdf5_members import (
    array_source,
    files_with,
    member,
    number_of,
    numbers_of,
    refuse_no_numbers,
    required,
    required_attribute,
    wkt_of,
)
from ._product import RADIANCE, REFLECTANCE, Asked, Product, bands_without_water, quantity

_GROUP = "HDFEOS/SWATHS/PRS_{level}_HCO"
_QUANTITIES = {
    "L2D": (REFLECTANCE, "1"),
    "L2C": (REFLECTANCE, "1"),
    "L2B": (RADIANCE, "W m-2 sr-1 um-1"),
}
_DETECTORS = ("Vnir", "Swir")
# What tells a product, of one or the other of which a damaged one is known too.
_MARKS = ("product_name", "product_id", "processing_level", "product_starttime", "epsg_code")
_LARGEST = 65535
_PIXEL = 30.0  # metres
_TOLERANCE = 0.01
# rows, columns and bands among the axes that are stored.
_AXES = (0, 2, 1)


class _Detector(NamedTuple):
    name: str
    cube: str
    bands: NDArray[np.intp]  # that were delivered
    wavelengths: NDArray[np.float64]
    fwhm: NDArray[np.float64] | None
    scale: float
    offset: float


def _is_it(path: Path) -> bool:
    if not path.is_file() or not is_hdf5(path):
        return False
    with hdf5_file(path) as file:
        stated = attributes_of(file)
        return _level(file) is not None and attribute(stated, *_MARKS) is not None


def _level(file: Any) -> str | None:
    return next((lv for lv in ("L2D", "L2C", "L2B", "L1") if member(file, _group(lv))), None)


def _group(level: str) -> str:
    return _GROUP.format(level=level)


def _opened(asked: Asked) -> tuple[Source, dict[str, Any]]:
    path = asked.path
    with hdf5_file(path) as file:
        level = _level(file) or ""
        if level == "L1":
            if asked.variable is not None:
                return hdf5_source(path, asked.variable, Given())
            raise ValueError(
                f"{printable(path)} is PRISMA L1, radiance at the sensor, which is not read as one "
                "scene; L2D is. For the numbers of a detector as they are stored, "
                "open_scene(..., variable='VNIR_Cube')."
            )
        fields = required(path, file, f"{_group(level)}/Data Fields")
        cubes = {
            detector: required(path, file, f"{fields}/{detector}_Cube") for detector in _DETECTORS
        }
        shapes = {}
        for name in cubes.values():
            refuse_no_numbers(path, file[name], 3)
            shapes[name] = file[name].shape[0], file[name].shape[2]
        if len(set(shapes.values())) > 1:
            raise ValueError(f"{printable(path)} has detectors of different sizes: {shapes}.")
        place = _place(path, file, shapes[cubes["Vnir"]]) if level == "L2D" else {}
        chosen = _DETECTORS
        if asked.variable is not None:
            wanted = same_member(file, asked.variable)
            chosen = tuple(name for name in _DETECTORS if cubes[name] == wanted)
            if not chosen:
                cube = file[cubes["Vnir"]]
                return layer_source(asked, file, cube.shape, _AXES, place)
        detectors = [_detector(path, file, name, cubes[name]) for name in chosen]
        parts = tuple(array_source(path, file, each.cube, _AXES) for each in detectors)
        files = files_with(path, file, *(each.cube for each in detectors))
    return _joined(asked, level, detectors, parts, {**place, "files": files})


def _joined(
    asked: Asked,
    level: str,
    detectors: list[_Detector],
    parts: tuple[Source, ...],
    found: dict[str, Any],
) -> tuple[Source, dict[str, Any]]:
    """Return the bands of the detectors in the order of their wavelengths."""
    wavelengths = np.concatenate([each.wavelengths for each in detectors])
    counts = [len(each.bands) for each in detectors]
    order = np.argsort(wavelengths, kind="stable")
    bands = np.concatenate([each.bands for each in detectors])[order]
    part_of = np.repeat(np.arange(len(detectors)), counts)[order]
    widths = [each.fwhm for each in detectors if each.fwhm is not None]
    is_what, unit = _QUANTITIES[level]
    source, facts = quantity(
        JoinedSource(parts, part_of, bands),
        asked,
        is_what=is_what,
        scale=np.array([each.scale for each in detectors])[part_of],
        offset=np.array([each.offset for each in detectors])[part_of],
        missing=(0.0,),
        unit=unit,
    )
    return source, {
        **found,
        **facts,
        **bands_without_water(wavelengths[order], is_what),
        "wavelengths": wavelengths[order],
        "fwhm": np.concatenate(widths)[order] if len(widths) == len(detectors) else None,
        "band_names": [
            f"{detectors[part].name.upper()} {band + 1}"
            for part, band in zip(part_of, bands, strict=True)
        ],
    }


def _detector(path: Path, file: Any, name: str, cube: str) -> _Detector:
    n_bands = file[cube].shape[1]
    listed = numbers_of(
        path, required_attribute(path, file, f"List_Cw_{name}"), f"List_Cw_{name}", n_bands
    )
    is_there = listed > 0
    flags = attribute(attributes_of(file), f"List_Cw_{name}_Flags")
    if flags is not None:
        is_there &= numbers_of(path, flags, f"List_Cw_{name}_Flags", n_bands) != 0
    if not is_there.any():
        raise ValueError(f"{printable(path)} has only bands of 0 nm in List_Cw_{name}.")
    low, high = (
        number_of(path, required_attribute(path, file, key), key)
        for key in (f"L2Scale{name}Min", f"L2Scale{name}Max")
    )
    if not high > low:
        raise ValueError(f"{printable(path)} has L2Scale{name}Min {low:g} and Max {high:g}.")
    counted: dict[str, Any] = {"n_bands": int(is_there.sum()), "name": printable(path)}
    wavelengths = wavelengths_in_nm(listed[is_there], "nm", **counted)
    if wavelengths is None:
        raise ValueError(f"{printable(path)} has no wavelengths in List_Cw_{name}.")
    fwhm = None
    if (widths := attribute(attributes_of(file), f"List_Fwhm_{name}")) is not None:
        widths = numbers_of(path, widths, f"List_Fwhm_{name}", n_bands)[is_there]
        fwhm = fwhm_in_nm(widths, "nm", wavelengths, "nm", **counted)
    bands = np.flatnonzero(is_there)
    return _Detector(name, cube, bands, wavelengths, fwhm, (high - low) / _LARGEST, low)


def _place(path: Path, file: Any, shape: tuple[int, int]) -> dict[str, Any]:
    """Return where L2D lies, by its corners.

    They are centres of pixels; where these would not be 30 m apart, but those of edges are, edges.
    """
    corners = {}
    for corner in ("UL", "LR", "UR", "LL"):
        for axis in ("easting", "northing"):
            key = f"Product_{corner}corner_{axis}"
            value = attribute(attributes_of(file), key)
            if value is None and corner in ("UL", "LR"):
                value = required_attribute(path, file, key)
            if value is not None:
                corners[corner, axis] = number_of(path, value, key)
    left, top = corners["UL", "easting"], corners["UL", "northing"]
    right, bottom = corners["LR", "easting"], corners["LR", "northing"]
    upright = (("UR", "northing", top), ("UR", "easting", right), ("LL", "easting", left))
    if any(abs(corners.get((c, axis), at) - at) > _PIXEL / 2 for c, axis, at in upright):
        raise ValueError(
            f"{printable(path)} has corners (Product_ULcorner_easting ...) that are no rectangle "
            "along its grid: it is rotated, or damaged."
        )
    widths = np.array([right - left, top - bottom])
    counts = np.array([shape[1], shape[0]])
    if np.all(np.abs(widths / _PIXEL - (counts - 1)) < _TOLERANCE * counts):
        left, top = left - _PIXEL / 2, top + _PIXEL / 2
    elif not np.all(np.abs(widths / _PIXEL - counts) < _TOLERANCE * counts):
        raise ValueError(
            f"{printable(path)} has corners (Product_ULcorner_easting ...) {widths[0]:g} x "
            f"{widths[1]:g} m apart, which are not {shape[1]} x {shape[0]} pixels of {_PIXEL:g} m."
        )
    code = required_attribute(path, file, "Epsg_Code")
    transform = (_PIXEL, 0.0, left, 0.0, -_PIXEL, top)
    return {"crs": wkt_of(path, code, "Epsg_Code"), "transform": transform}


PRISMA = Product("PRISMA", _is_it, _opened)
