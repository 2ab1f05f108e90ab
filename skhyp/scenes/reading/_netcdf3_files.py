"""Scenes in netCDF files of version 3, whose numbers lie one by one: they are mapped."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._array_facts import facts_of
from ._arrays import ArraySource
from ._axes import axes_of
from ._dimension_names import Given
from ._file_errors import printable
from ._named_arrays import NamedArray, NamedArrays, text_of


def is_netcdf3(path: Path) -> bool:
    """Return whether a file is one of netCDF before HDF5, whatever its name is."""
    with path.open("rb") as file:
        return file.read(3) == b"CDF"


def netcdf3_source(
    path: Path, variable: str | None, given: Given
) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a variable, and what the file says of it."""
    with path.open("rb") as file:
        version = file.read(4)[3]
    if version not in (1, 2):
        raise ValueError(
            f"{printable(path)} is netCDF of version {version}, which is not read. Convert it: "
            f"nccopy -k netCDF-4 {path.name} converted.nc"
        )
    arrays, places = _read_header(path)
    array = arrays.chosen(variable)
    axes = axes_of(array, arrays, given)
    offset, strides = places[array.name]
    end = offset + sum(
        step * (length - 1) for step, length in zip(strides, array.shape, strict=True)
    )
    if path.stat().st_size < end + array.dtype.itemsize:
        raise ValueError(f"{printable(path)} is shorter than its header says. It is incomplete.")
    opened = partial(_mapped, path, array.dtype, array.shape, offset, strides)
    source = ArraySource.of(opened, axes, identity=array.name, path=path, is_packed=False)
    return source, facts_of(array, arrays, axes)


def _read_header(
    path: Path,
) -> tuple[NamedArrays, dict[str, tuple[int, tuple[int, ...]]]]:
    """Return the variables, and where in the file each has its numbers."""
    from scipy.io import netcdf_file

    arrays: dict[str, NamedArray] = {}
    places: dict[str, tuple[int, tuple[int, ...]]] = {}
    file = netcdf_file(path, "r", mmap=True)
    try:
        start = np.frombuffer(file._mm_buf, np.uint8).__array_interface__["data"][0]
        groups = {"": _attributes(file)}
        for name, variable in file.variables.items():
            numbers = variable.data
            if numbers.dtype.kind not in "biuf":
                if numbers.dtype.kind == "S":
                    groups[""].setdefault(name, _text(numbers))
                    arrays[name] = NamedArray(  # its attributes are what it is for
                        name, (), numbers.dtype, (), _attributes(variable), numbers.copy
                    )
                continue
            places[name] = (numbers.__array_interface__["data"][0] - start, numbers.strides)
            values = partial(_copied, path, numbers.dtype, numbers.shape, *places[name])
            arrays[name] = NamedArray(
                *(name, numbers.shape, numbers.dtype, tuple(variable.dimensions)),
                *(_attributes(variable), values),
            )
            del numbers
    finally:
        variable = None  # what refers to the map of the file
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file.close()
        del file
    return NamedArrays(printable(path), arrays, groups), places


def _attributes(entry: Any) -> dict[str, Any]:
    return {key: text_of(value) for key, value in entry._attributes.items()}


def _text(characters: NDArray[Any]) -> str:
    return characters.tobytes().decode("utf-8", "replace").strip("\0 ")


@contextlib.contextmanager
def _mapped(
    path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int, strides: tuple[int, ...]
) -> Iterator[NDArray[Any]]:
    """Give the numbers of a variable, mapped anew each time: pages of former blocks are let go."""
    content = np.memmap(path, np.uint8, "r")
    yield np.ndarray(shape, dtype, buffer=content, offset=offset, strides=strides)


def _copied(path: Path, *place: Any) -> NDArray[Any]:
    with _mapped(path, *place) as array:
        return array.copy()
