"""AVIRIS-NG and AVIRIS Classic, as JPL delivers them: ENVI, by names such as ang20170714t213741.

By the README of AVIRIS-NG, and headers of 2024. -9999 is missing, whether the header says it or
not. A swath has its lookup table beside it, of the same name with ``_glt``, which counts from 1.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from skhyp.scenes._swath_lookups import SwathLookup
from skhyp.scenes._windows import Source
from skhyp.scenes.reading._envi_files import envi_data_file, headers_beside
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._foreign_files import refuse_file
from skhyp.scenes.reading._rasters import raster_scene

from ._calibrated_source import JoinedSource
from ._product import RADIANCE, REFLECTANCE, Asked, Product, bands_without_water, quantity

_NAME = re.compile(
    r"^(?P<flight>ang\d{8}t\d{6}|f\d{6}t\d{2}p\d{2}r\d{2})_(?:.*_)?(?P<what>rfl|refl|corr|rdn)",
    re.I,
)
_MISSING = -9999.0


def _is_it(path: Path) -> bool:
    if _NAME.match(path.name) is None or not path.is_file():
        return False
    return path.suffix.lower() == ".hdr" or bool(headers_beside(path))


def _opened(asked: Asked) -> tuple[Source, dict[str, Any]]:
    path = asked.path
    if asked.variable is not None:
        raise ValueError(f"{printable(path)} is one image: variable={asked.variable!r} is none.")
    name = _NAME.match(path.name)
    if name is None:
        raise FileNotFoundError(f"There is no file {printable(path)}.")
    refuse_file(path)
    header = path if path.suffix.lower() == ".hdr" else None
    data = path if header is None else envi_data_file(path)
    refuse_file(data)
    source, found = raster_scene(data, header, scales_are_applied=True)
    found = {key: value() if callable(value) else value for key, value in found.items()}
    wavelengths = found.get("wavelengths")
    if wavelengths is None and not asked.raw:
        raise ValueError(
            f"{printable(path)} has no wavelengths in its header. Write them there, or "
            "open_scene(..., raw=True, wavelengths=)."
        )
    n_bands = source.shape[2]
    if found["transform"] is None:
        found |= _lookup(path, name["flight"], source.shape[:2])
    is_what = RADIANCE if name["what"].lower() == "rdn" else REFLECTANCE
    bad: dict[str, Any] = {"bad_bands_by": "the file"}
    if found.get("good_bands") is None:
        bad = {} if wavelengths is None else bands_without_water(wavelengths, is_what)
    stated, scale, offset = (found.get(key) for key in ("nodata", "scale", "offset"))
    facts: dict[str, Any] = {"nodata": _MISSING if stated is None else stated}
    if source.dtype.kind == "f" or scale is not None:  # else it is not known what integers are
        source, facts = quantity(
            source,
            asked,
            is_what=is_what,
            scale=np.broadcast_to(1.0 if scale is None else scale, n_bands),
            offset=np.broadcast_to(0.0 if offset is None else offset, n_bands),
            missing=tuple({_MISSING, _MISSING if stated is None else stated}),
            unit="1" if is_what == REFLECTANCE else "uW cm-2 sr-1 nm-1",
        )
        found |= {"scale": None, "offset": None}
    files = (path, data, *found.pop("files"), *headers_beside(data))
    lookup = found.pop("lookup_files", ())
    return source, {**found, **bad, **facts, "files": tuple(dict.fromkeys((*files, *lookup)))}


def _lookup(path: Path, flight: str, swath: tuple[int, int]) -> dict[str, Any]:
    """Return the lookup table beside a swath, and its files, if there is one."""
    headers = sorted(path.parent.glob(f"{flight}*_glt*.hdr"))
    if len(headers) != 1:
        return {}
    data = envi_data_file(headers[0])
    source, found = raster_scene(data, headers[0])
    if source.shape[2] < 2 or source.dtype.kind not in "iu":
        raise ValueError(
            f"{printable(path)} has a lookup table {headers[0].name} that must have two bands of "
            f"integers; got {source.shape[2]} of {source.dtype}."
        )
    columns, rows = (
        JoinedSource((source,), np.zeros(1, np.intp), np.array([band])) for band in (0, 1)
    )
    lookup = SwathLookup(
        rows=rows,
        columns=columns,
        swath=swath,
        crs=found["crs"],
        transform=found["transform"],
        name=printable(headers[0]),
    )
    return {"lookup": lookup, "lookup_files": (headers[0], data)}


AVIRIS = Product("AVIRIS", _is_it, _opened)
