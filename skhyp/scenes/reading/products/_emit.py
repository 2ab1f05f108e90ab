"""EMIT L1B and L2A, as the LP DAAC delivers them: netCDF 4 in the geometry of the instrument.

The layout is that of the mission's own writers (emit-sds: output_conversion.py, daac_converter.py).
Bands that ``good_wavelengths`` does not list as good hold -0.01. The lookup table counts from 1.
"""

from __future__ import annotations

from typing import Any

from skhyp._warnings import warn_user
from skhyp.scenes._swath_lookups import SwathLookup
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import attributes_of
from skhyp.scenes.reading._named_arrays import attribute

from ._hdf5_layouts import Hdf5Layout, Opened
from ._hdf5_members import array_source, member, numbers_of, required, required_attribute, wkt_of
from ._product import RADIANCE, REFLECTANCE

_NAMED = ("title", "instrument", "sensor")


def _is_it(file: Any) -> bool:
    stated = attributes_of(file)
    is_named = any(str(attribute(stated, key) or "").startswith("EMIT") for key in _NAMED)
    return is_named or member(file, "sensor_band_parameters") is not None


def _place(opened: Opened) -> dict[str, Any]:
    """Return the lookup table, which the swath is put on the ground by."""
    path, file = opened.path, opened.file
    if member(file, "location/glt_x") is None and member(file, "location/glt_y") is None:
        if attribute(attributes_of(file), "geotransform") is not None:
            warn_user(
                f"{printable(path)} has no location/glt_x and glt_y: the scene is in the geometry "
                "of the instrument, and cannot be put on the ground."
            )
        return {}
    names = [required(path, file, f"location/{name}") for name in ("glt_y", "glt_x")]
    rows, columns = (array_source(path, file, name, (0, 1)) for name in names)
    if rows.shape != columns.shape:
        raise ValueError(
            f"{printable(path)} has location/glt_x of the shape {columns.shape[:2]}, and glt_y of "
            f"{rows.shape[:2]}."
        )
    c, a, b, f, d, e = numbers_of(
        path, required_attribute(path, file, "geotransform"), "geotransform", 6
    ).tolist()
    lookup = SwathLookup(
        rows=rows,
        columns=columns,
        swath=opened.shape[:2],
        crs=wkt_of(path, required_attribute(path, file, "spatial_ref"), "spatial_ref"),
        transform=(a, b, c, d, e, f),
        name=printable(path),
    )
    return {"lookup": lookup}


EMIT = Hdf5Layout(
    sensor="EMIT",
    is_it=_is_it,
    cubes={
        "reflectance": (REFLECTANCE, "1"),
        "radiance": (RADIANCE, "uW cm-2 sr-1 nm-1"),
        "reflectance_uncertainty": ("uncertainty of reflectance", "1"),
    },
    dims=("rows", "columns", "bands"),
    wavelengths="sensor_band_parameters/wavelengths",
    fwhm="sensor_band_parameters/fwhm",
    good="sensor_band_parameters/good_wavelengths",
    missing=-9999.0,
    place=_place,
    refused={
        "mask": "L2A MASK, layers of quality",
        "obs": "L1B OBS, angles of observation",
        "group_1_band_depth": "L2B, maps of minerals",
    },
).product()
