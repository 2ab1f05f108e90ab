"""Files of ENVI: which one a header is of, and its numbers, which lie there as in an array."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user
from skhyp.scenes._windows import Source

from ._arrays import ArraySource
from ._envi_headers import (
    INTERLEAVES,
    header_integer,
    list_of,
    read_envi_header,
    refuse_incomplete,
    refuse_misfit,
    stated_shape,
    stated_type,
    warn_of_byte_order,
)

ENVI_ENDINGS = ("", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".cub")
# What lies beside a header and is not its data.
_NO_ENVI_DATA = {".hdr", ".xml", ".ovr", ".msk", ".txt", ".prj", ".part"}


def envi_data_file(header: Path) -> Path:
    """Return the file that a header is of."""
    if not header.is_file():
        raise FileNotFoundError(f"There is no file {header}.")
    stem = header.with_suffix("")
    names = [stem.name + end for ending in ENVI_ENDINGS for end in (ending, ending.upper())]
    found: list[Path] = []
    for candidate in map(stem.with_name, names):
        if candidate.is_file() and not any(map(candidate.samefile, found)):
            found.append(candidate)
    if len(found) > 1:
        raise ValueError(
            f"{header} may be the header of {' or of '.join(file.name for file in found)}. Open "
            "the file that is meant instead."
        )
    if found:
        return found[0]
    others = [
        file
        for file in header.parent.glob(f"{glob.escape(stem.name)}.*")
        if file.suffix.lower() not in _NO_ENVI_DATA and file.is_file()
    ]
    if len(others) == 1:
        return others[0]
    raise FileNotFoundError(
        f"{header} has no data beside it: looked for {stem.name} as it is and with the endings "
        f"{', '.join(ENVI_ENDINGS[1:])}. If it has another name, open that file instead."
    )


def envi_fields(header: Path, data: Path, *, by_envi: bool = False) -> dict[str, str]:
    """Return the fields of a header of ENVI, which has to fit data that are stored as ENVI does."""
    fields = read_envi_header(header)
    kind = fields.get("file type", "ENVI").lower()  # of a TIFF, for example, it only tells more
    if fields and (by_envi or kind.startswith("envi")):
        refuse_incomplete(fields, header, data)
        if not _is_compressed(fields):
            refuse_misfit(fields, header, data)
    return fields


def fields_beside(path: Path, shape: tuple[int, int, int]) -> dict[str, str]:
    """Return the fields of a header that tells more of a TIFF, as it says itself."""
    for header in headers_beside(path):
        with contextlib.suppress(ValueError):  # it may be of another file
            fields = read_envi_header(header)
            if fields.get("file type", "").lower().startswith("tif"):
                return fields if stated_shape(fields, header) == shape else {}
    return {}


def header_of_gdal(dataset: Any, path: Path) -> Path:
    """Return the header that GDAL takes for that of a file; there must not be another one."""
    headers = [Path(file) for file in dataset.files if str(file).lower().endswith(".hdr")]
    if not headers:
        raise ValueError(f"{path} is read by a header that GDAL does not name. Call it .hdr.")
    of_gdal = headers[0]
    for other in headers_beside(path):
        if read_envi_header(other) not in ({}, read_envi_header(of_gdal)):
            raise ValueError(
                f"{path} has two headers that differ, {of_gdal.name} and {other.name}: give the "
                "wrong one another name."
            )
    return of_gdal


def headers_beside(path: Path) -> list[Path]:
    """Return what may be the header of a file."""
    names = (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr"))
    return [header for header in names if header.is_file()]


def stated_nodata(fields: dict[str, str], header: Path, of_gdal: float | None) -> float | None:
    """Return the nodata of a header: what is no number is 0 to GDAL."""
    values = set(list_of(fields.get("data ignore value", "").strip("\"'")))
    text = values.pop() if len(values) == 1 else fields["data ignore value"]
    if not text:
        return of_gdal
    try:
        float(text)
    except ValueError:
        if text.lower() not in ("none", "null", "n/a", "na"):
            warn_user(
                f"{header} has the data ignore value {text!r}, which is no number: no value marks "
                "missing data. Pass nodata to say which.",
            )
        return None
    return float(text)


def _is_compressed(header: dict[str, str]) -> bool:
    return header.get("file compression", "0") not in ("", "0")


def envi_source(path: Path, header: Path, fields: dict[str, str], of_gdal: Any) -> Source:
    """Return the source of an ENVI file without GDAL, unless it is compressed or has a mask."""
    shape, dtype = stated_shape(fields, header), stated_type(fields, header)
    is_as_read = dtype.newbyteorder("=") == of_gdal.stored_dtype
    if shape != of_gdal.shape or not is_as_read:
        raise ValueError(
            f"{header} says lines, samples, bands and data type as {shape} and {dtype.name}, which "
            f"GDAL reads as {of_gdal.shape} and {of_gdal.stored_dtype}. Write each plainly in a "
            "line of its own, such as data type = 12."
        )
    warn_of_byte_order(fields, header)
    if _is_compressed(fields) or of_gdal.mask is not None:
        return of_gdal
    order = fields.get("interleave", "bsq").lower()
    axes = INTERLEAVES[order]
    stored = tuple(np.take(shape, np.argsort(axes)).tolist())
    offset = header_integer(fields, "header offset", str(header))
    opened = partial(_envi_array, path, dtype, offset, stored)
    return ArraySource.of(opened, axes, identity=order, path=path)


@contextlib.contextmanager
def _envi_array(
    path: Path, dtype: np.dtype, offset: int, shape: tuple[int, ...]
) -> Iterator[NDArray[Any]]:
    """Give the numbers of a file, mapped anew each time: pages of former blocks are let go."""
    yield np.memmap(path, dtype, "r", offset, shape)
