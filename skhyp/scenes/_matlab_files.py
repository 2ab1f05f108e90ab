"""Scenes in MATLAB files: of version 7.3, which are HDF5, and of those before."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ._arrays import ArraySource, memory_source
from ._bands import wavelengths_in_nm

_WAVELENGTH_NAMES = ("wavelengths", "wavelength", "wl", "lambda")
# Of version 5: what elements are, which arrays have numbers, and what numbers are stored as.
_MATRIX, _COMPRESSED = 14, 15
_NUMERIC_CLASSES = range(6, 16)
_STORED_NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
_IS_COMPLEX = 0x0800
# An array's type, dimensions and name are before its numbers, within so many bytes.
_HEAD_BYTES = 2**14


def matlab_source(path: Path, variable: str | None) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a variable of a ``.mat`` file, and the wavelengths where it has them.

    Version 7.3 is HDF5, of which blocks are read. Older versions are compressed as a whole: the
    variable is read at once.
    """
    import h5py

    if h5py.is_hdf5(path):
        with _hdf5_file(path) as file:
            shapes = {
                name: entry.shape[::-1]  # MATLAB stores the first index fastest
                for name, entry in file.items()
                if isinstance(entry, h5py.Dataset) and entry.dtype.kind in "biuf"
            }
            listed = {name: file[name][...] for name in _wavelength_variables(shapes)}
            name = _chosen_variable(path, shapes, variable)
            is_packed = file[name].id.get_create_plist().get_nfilters() > 0
        axes = (2, 1, 0) if len(shapes[name]) == 3 else (1, 0)
        opened = partial(_hdf5_dataset, path, name)
        source = ArraySource.of(opened, axes, identity=name, path=path, is_packed=is_packed)
    else:
        shapes = _matlab5_shapes(path)
        name = _chosen_variable(path, shapes, variable)
        listed = _matlab5_variables(path, [name, *_wavelength_variables(shapes)])
        source = memory_source(listed.pop(name), path.name)
    fitting = [values.ravel() for values in listed.values() if values.size == source.shape[2]]
    if not fitting:
        return source, {}
    n_bands = source.shape[2]
    return source, {
        "wavelengths": partial(wavelengths_in_nm, fitting[0], None, n_bands=n_bands, name=path.name)
    }


def _matlab5_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the variables with numbers in a file of version 4 to 7."""
    from scipy.io import whosmat

    variables = whosmat(path)
    return {
        name: shape
        for name, shape, kind in variables
        if "int" in kind or kind in ("double", "single", "logical")
    }


def _matlab5_variables(path: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    from scipy.io import loadmat

    _refuse_unknown_types(path, names)
    stored = loadmat(path, variable_names=names)
    return {name: stored[name] for name in names}


def _wavelength_variables(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.lower() in _WAVELENGTH_NAMES]


def _chosen_variable(path: Path, shapes: dict[str, tuple[int, ...]], variable: str | None) -> str:
    """Return the variable that is asked for, or the only cube, or the only map."""
    listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none"
    if variable is not None:
        if len(shapes.get(variable, ())) not in (2, 3):
            raise ValueError(
                f"{path} has no variable {variable!r} of two or three dimensions. Variables with "
                f"numbers: {listed}."
            )
        return variable
    cubes = [name for name, shape in shapes.items() if len(shape) == 3]
    maps = [name for name, shape in shapes.items() if len(shape) == 2 and min(shape) > 1]
    for candidates in (cubes, maps):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            break
    raise ValueError(
        f"{path} must have one variable that is a cube, or variable= must say which. Variables "
        f"with numbers: {listed}."
    )


def _refuse_unknown_types(path: Path, names: list[str]) -> None:
    """Raise if numbers are stored as what MATLAB does not know: SciPy would crash.

    Of each element of the file, only the head is read.
    """
    with path.open("rb") as file:
        header = file.read(128)
        if len(header) < 128 or 0 in header[:4]:
            return  # of version 4, which has one type for an array
        order = "<" if header[126:128] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}2I", tag)
            start = file.tell()
            head = file.read(min(size, _HEAD_BYTES))
            if kind == _COMPRESSED:
                head = zlib.decompressobj().decompress(head, _HEAD_BYTES)
                kind, head = struct.unpack(f"{order}I", head[:4])[0], head[8:]
            if kind == _MATRIX:
                _refuse_unknown_type(path, names, head, order)
            file.seek(start + size)


def _refuse_unknown_type(path: Path, names: list[str], head: bytes, order: str) -> None:
    (flags,) = struct.unpack_from(f"{order}I", head, 8)
    _, _, after_dimensions = _element(head, 16, order)
    _, name, after_name = _element(head, after_dimensions, order)
    if flags & 0xFF not in _NUMERIC_CLASSES or name.decode("latin-1") not in names:
        return
    kind, _, _ = _element(head, after_name, order)
    if kind not in _STORED_NUMBERS or flags & _IS_COMPLEX:
        found = "complex numbers" if flags & _IS_COMPLEX else f"the type {kind}"
        raise ValueError(f"{path} must hold real numbers of a known type; got {found}.")


def _element(head: bytes, place: int, order: str) -> tuple[int, bytes, int]:
    """Return the type of an element, what is in it, and where the next one is."""
    kind, size = struct.unpack_from(f"{order}2I", head, place)
    start, after = place + 8, place + 8 + -(-size // 8) * 8
    if kind >> 16:  # a small one, which lies in its tag
        kind, size, start, after = kind & 0xFFFF, kind >> 16, place + 4, place + 8
    return kind, head[start : start + size], after


@contextlib.contextmanager
def _hdf5_dataset(path: Path, name: str) -> Iterator[Any]:
    with _hdf5_file(path) as file:
        yield file[name]


@contextlib.contextmanager
def _hdf5_file(path: Path) -> Iterator[Any]:
    import h5py

    with h5py.File(path) as file:
        yield file
