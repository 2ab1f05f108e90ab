"""What an HDF5 file of a product has, by the names of its layout, in any case."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._arrays import ArraySource
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import (
    attributes_of,
    dataset_source,
    files_of,
    refuse_unknown_filters,
)
from skhyp.scenes.reading._named_arrays import attribute, text_of


def member(file: Any, path: str) -> str | None:
    """Return the name of what a file has at a path, whose parts may be ``*``, or None."""
    found = [""]
    for part in path.strip("/").split("/"):
        deeper = []
        for name in found:
            group = _at(file, name)
            if hasattr(group, "keys"):
                same = (key for key in group if part == "*" or key.lower() == part.lower())
                deeper += [f"{name}/{key}" if name else key for key in same]
        found = deeper
    return found[0] if found else None


def _at(file: Any, name: str) -> Any:
    """Return what is at a name, or None where it leads nowhere."""
    try:
        return file[name] if name else file
    except (KeyError, OSError):
        return None


def required(path: Path, file: Any, *places: str) -> str:
    """Return the name of the first of some places that a file has."""
    for place in places:
        if (name := member(file, place)) is not None:
            return name
    absent = " or ".join(dict.fromkeys(places))
    raise ValueError(
        f"{printable(path)} has no {absent}, which files of its kind have. It may be damaged, or a "
        "part of a file."
    )


def required_attribute(path: Path, entry: Any, *names: str) -> Any:
    """Return an attribute, in any case, of a file or of something in it."""
    value = attribute(attributes_of(entry), *names)
    if value is None:
        where = f" of {entry.name.strip('/')}" if entry.name.strip("/") else ""
        raise ValueError(
            f"{printable(path)} has no attribute {' or '.join(names)}{where}, which files of its "
            "kind have. It may be damaged, or a part of a file."
        )
    return value


def numbers_of(path: Path, value: Any, name: str, length: int | None = None) -> NDArray[np.float64]:
    """Return numbers of an attribute or a dataset, which may be a text of them."""
    if isinstance(value := text_of(value), str):
        value = re.findall(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?|nan", value)
    try:
        numbers = np.ravel(np.asarray(value, np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{printable(path)}: {name} has no numbers, but {value!r}.") from error
    if length is not None and len(numbers) != length:
        raise ValueError(f"{printable(path)}: {name} has {len(numbers)} numbers, not {length}.")
    return numbers


def number_of(path: Path, value: Any, name: str) -> float:
    """Return the one finite number of an attribute."""
    number = float(numbers_of(path, value, name, 1)[0])
    if not np.isfinite(number):
        raise ValueError(f"{printable(path)}: {name} is {number}, and no number.")
    return number


def array_source(path: Path, file: Any, name: str, axes: tuple[int, ...]) -> Source:
    """Return what reads a dataset by blocks, its rows, columns and bands being these axes."""
    entry = file[name]
    refuse_no_numbers(path, entry, len(axes))
    return ArraySource.of(
        dataset_source(path, name), axes, identity=name, path=path,
        is_packed=refuse_unknown_filters(path, name, entry),
    )  # fmt: skip


def refuse_no_numbers(path: Path, entry: Any, n_dims: int) -> None:
    """Raise if something is no array of real numbers with so many dimensions."""
    shape = getattr(entry, "shape", None)
    if shape is None or len(shape) != n_dims or entry.dtype.kind not in "biuf" or 0 in shape:
        kind = f"{entry.dtype} of the shape {shape}" if shape is not None else "a group, or empty"
        raise ValueError(
            f"{printable(path)}: {entry.name} must be an array of numbers with {n_dims} "
            f"dimensions, and is {kind}."
        )


def files_with(path: Path, file: Any, *names: str) -> tuple[Path, ...]:
    """Return the files that some datasets are in."""
    found = [each for name in names for each in files_of(path, file[name])]
    return tuple(dict.fromkeys((path, *found)))


def wkt_of(path: Path, code: Any, name: str) -> str:
    """Return the reference system that a number of EPSG, or a text, stands for, as WKT."""
    from skhyp._optional_packages import optional_package

    optional_package("rasterio", f"{path.name}: open_scene")
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        value = np.asarray(code)
        text = str(text_of(value.item() if value.size == 1 else code)).strip()
        return CRS.from_user_input(int(float(text)) if is_number(text) else text).to_wkt()
    except (CRSError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{printable(path)}: {name} is {str(code)[:60]!r}, which is no reference system."
        ) from error


def is_number(text: str) -> bool:
    """Return whether a text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
