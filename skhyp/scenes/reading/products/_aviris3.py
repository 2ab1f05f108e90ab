"""AVIRIS-3 and AVIRIS-5, as the ORNL DAAC delivers them: netCDF 4 on the ground, bands first.

The layout is that of the readers of HyTools and HyperCoast, and of an inspected file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import attributes_of
from skhyp.scenes.reading._named_arrays import attribute

from ._hdf5_layouts import Hdf5Layout, Opened
from ._hdf5_members import member, numbers_of, required, required_attribute, wkt_of
from ._product import RADIANCE, REFLECTANCE

_NAMED = ("sensor", "title", "instrument")
_REFERENCE = "transverse_mercator"
# Coordinates and a transform agree to this part of a pixel.
_TOLERANCE = 0.01


def _is_it(file: Any) -> bool:
    stated = attributes_of(file)
    is_named = any(
        str(attribute(stated, key) or "").upper().startswith(("AVIRIS-3", "AVIRIS-5"))
        for key in _NAMED
    )
    cubes = ("reflectance/reflectance", "radiance/radiance")
    is_on_ground = member(file, _REFERENCE) is not None
    return is_named or (is_on_ground and any(member(file, cube) is not None for cube in cubes))


def _place(opened: Opened) -> dict[str, Any]:
    """Return where it lies, by its reference, which coordinates must not contradict."""
    path, file = opened.path, opened.file
    stated = attribute(attributes_of(file[opened.cube]), "grid_mapping")
    name = required(path, file, *([str(stated)] if stated else []), _REFERENCE)
    reference = file[name]
    c, a, b, f, d, e = numbers_of(
        path, required_attribute(path, reference, "GeoTransform"), f"GeoTransform of {name}", 6
    ).tolist()
    system = required_attribute(path, reference, "spatial_ref", "crs_wkt")
    ends = {
        "easting": (opened.shape[1], lambda i: c + a * (i + 0.5), a),
        "northing": (opened.shape[0], lambda i: f + e * (i + 0.5), e),
    }
    for axis, (length, expected, step) in ends.items():
        if b or d or (coordinate := member(file, axis)) is None or not step:
            continue
        values = numbers_of(path, file[coordinate][...], axis, length)
        wanted = expected(np.array([0, length - 1]))
        if np.abs(values[[0, -1]] - wanted).max() > max(_TOLERANCE * length, 1) * abs(step):
            raise ValueError(
                f"{printable(path)} has {axis} from {values[0]:.10g} to {values[-1]:.10g}, and "
                f"{wanted[0]:.10g} to {wanted[1]:.10g} by the GeoTransform of {name}."
            )
    return {"crs": wkt_of(path, system, "spatial_ref"), "transform": (a, b, c, d, e, f)}


AVIRIS3 = Hdf5Layout(
    sensor="AVIRIS-3",
    is_it=_is_it,
    cubes={
        "reflectance/reflectance": (REFLECTANCE, "1"),
        "radiance/radiance": (RADIANCE, "uW cm-2 sr-1 nm-1"),
    },
    dims=("bands", "rows", "columns"),
    wavelengths="{group}/wavelength",
    fwhm="{group}/fwhm",
    missing=-9999.0,
    place=_place,
).product()
