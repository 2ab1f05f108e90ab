"""Scenes in MATLAB files: of version 7.3, which are HDF5, and of those before."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._array_facts import facts_of
from ._arrays import ArraySource
from ._axes import axes_of
from ._dimension_names import Given
from ._file_errors import printable
from ._hdf5_files import hdf5_source, is_hdf5
from ._named_arrays import NamedArray, NamedArrays

# Of version 5: what elements are, which arrays have numbers, and what numbers are stored as.
_MATRIX, _COMPRESSED = 14, 15
_NUMERIC_CLASSES = range(6, 16)
_STORED_NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
_STORED_TEXTS = {16, 17, 18}
_IS_COMPLEX = 0x0800
_CELL, _STRUCTURE, _OBJECT, _TEXT, _SPARSE = range(1, 6)
_FUNCTION = 16
_NOT_READ = {
    "sparse": "sparse: save full() of it",
    "cell": "cell: save what is in it as a variable",
    "object": "object: save its properties as variables",
}
# What has elements one after another.
Content = TypeVar("Content", bytes, memoryview)
# An array's type, dimensions and name are before its numbers, within so many bytes.
_HEAD_BYTES = 2**14


def matlab_source(
    path: Path, variable: str | None, given: Given
) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a variable of a ``.mat`` file, and what the file says of it.

    Version 7.3 is HDF5, of which blocks are read. Older versions are compressed as a whole: the
    variable is read at once. What is in a structure has a name with a dot, ``scene.cube``.
    """
    if is_hdf5(path):
        return hdf5_source(path, variable, given, of_matlab=True)
    arrays = _matlab5_arrays(path)
    array = arrays.chosen(variable)
    axes = axes_of(array, arrays, given)
    facts = facts_of(array, arrays, axes)
    opened = partial(nullcontext, array.values())
    return ArraySource.of(opened, axes, is_packed=False), facts


def _matlab5_arrays(path: Path) -> NamedArrays:
    """Return the arrays of numbers in a file of version 4 to 7, those in structures too.

    What is no structure is read when it is needed.
    """
    from scipy.io import whosmat

    arrays: dict[str, NamedArray] = {}
    groups: dict[str, dict[str, Any]] = {"": {}}
    others: dict[str, str] = {}
    structures, texts = [], []
    for name, shape, kind in whosmat(path):
        if "int" in kind or kind in ("double", "single", "logical"):
            values = partial(_matlab5_variable, path, name)
            arrays[name] = _without_names(name, tuple(shape), np.dtype(float), values)
        elif kind == "struct":
            structures.append(name)
        elif kind == "char":
            texts.append(name)
        elif kind == "cell":
            values = partial(_matlab5_cells, path, name)
            arrays[name] = _without_names(name, tuple(shape), np.dtype(object), values)
            others[name] = _NOT_READ[kind]
        else:
            others[name] = _NOT_READ.get(kind, kind)
    for name in (*structures, *texts):
        try:
            value = _matlab5_variable(path, name)
        except ValueError as error:
            others[name] = printable(str(error))
        else:
            _add_entry(name, value, arrays, groups, others)
    return NamedArrays(printable(path), arrays, groups, others, ".")


def _add_entry(
    name: str,
    value: Any,
    arrays: dict[str, NamedArray],
    groups: dict[str, dict[str, Any]],
    others: dict[str, str],
) -> None:
    """Add what a structure has, by its fields, or a text to what is said of where it is."""
    if getattr(value, "dtype", None) is not None and value.dtype.names is not None:
        elements = value.ravel()
        for number, element in enumerate(elements, start=1):
            of_element = name if len(elements) == 1 else f"{name}({number})"
            groups.setdefault(of_element, {})
            for field in value.dtype.names:
                _add_entry(f"{of_element}.{field}", element[field], arrays, groups, others)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        arrays[name] = _without_names(name, value.shape, value.dtype, partial(_same, value))
    elif isinstance(value, np.ndarray) and value.dtype.kind == "U" and value.size == 1:
        parent, _, last = name.rpartition(".")
        groups[parent][last] = str(value.item())
    elif isinstance(value, np.ndarray) and value.dtype.kind == "U":
        arrays[name] = _without_names(name, value.shape, value.dtype, partial(_same, value))
    elif hasattr(value, "tocsc"):
        others[name] = _NOT_READ["sparse"]
    elif isinstance(value, np.ndarray) and value.dtype.kind in "Oc":
        if value.dtype.kind == "O":
            texts = partial(_texts_of, value)
            arrays[name] = _without_names(name, value.shape, value.dtype, texts)
        others[name] = _NOT_READ["cell"] if value.dtype.kind == "O" else "complex"


def _without_names(
    name: str, shape: tuple[int, ...], dtype: np.dtype, values: Callable[[], NDArray[Any]]
) -> NamedArray:
    return NamedArray(name, shape, dtype, (None,) * len(shape), {}, values)


def _matlab5_variable(path: Path, name: str) -> NDArray[Any]:
    from scipy.io import loadmat

    _refuse_unknown_types(path, name)
    return loadmat(path, variable_names=[name])[name]


def _matlab5_cells(path: Path, name: str) -> NDArray[Any]:
    return _texts_of(_matlab5_variable(path, name))


def _texts_of(cells: NDArray[Any]) -> NDArray[Any]:
    """Return what is in cells, of which each has one text or number, as texts."""
    entries = [np.ravel(cell).tolist() for cell in cells.ravel()]
    return np.array([" ".join(map(str, entry)).strip() for entry in entries])


def _same(value: NDArray[Any]) -> NDArray[Any]:
    return value


def _refuse_unknown_types(path: Path, wanted: str) -> None:
    """Raise if numbers are stored as what MATLAB does not know: SciPy would crash.

    Of each element of the file, only the head is read, but of structures all.
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
            if is_compressed := kind == _COMPRESSED:
                head = zlib.decompressobj().decompress(head, _HEAD_BYTES)
                kind, head = struct.unpack(f"{order}I", head[:4])[0], head[8:]
            if kind == _MATRIX and _refuse_unknown_type(path, wanted, head, order):
                file.seek(start)
                content = file.read(size)
                if is_compressed:
                    content = zlib.decompress(content)[8:]
                _refuse_unknown_types_within(path, memoryview(content), order)
            file.seek(start + size)


def _refuse_unknown_type(path: Path, wanted: str, head: bytes, order: str) -> bool:
    """Raise if an array that is wanted has numbers of an unknown type, as far as it is there.

    Return whether more of it is needed: of structures, all.
    """
    (flags,) = struct.unpack_from(f"{order}I", head, 8)
    _, _, after_dimensions = _element(head, 16, order)
    _, name, after_name = _element(head, after_dimensions, order)
    if name.decode("latin-1") != wanted:
        return False
    if flags & 0xFF not in _NUMERIC_CLASSES:
        return flags & 0xFF in (_CELL, _STRUCTURE, _OBJECT)
    kind, _, _ = _element(head, after_name, order)
    if kind not in _STORED_NUMBERS or flags & _IS_COMPLEX:
        found = "complex numbers" if flags & _IS_COMPLEX else f"the type {kind}"
        raise ValueError(f"{path} must hold real numbers of a known type; got {found}.")
    return False


def _refuse_unknown_types_within(path: Path, content: memoryview, order: str) -> None:
    """Raise if an array in a structure has numbers of an unknown type."""
    if len(content) < 16:  # an empty one
        return
    (flags,) = struct.unpack_from(f"{order}I", content, 8)
    kind = flags & 0xFF
    _, _, place = _element(content, 16, order)
    _, _, place = _element(content, place, order)
    if kind in (_STRUCTURE, _OBJECT):
        for _ in range(2 if kind == _STRUCTURE else 3):  # the length of names, and the names
            _, _, place = _element(content, place, order)
    is_nested = kind in (_CELL, _STRUCTURE, _OBJECT, _FUNCTION)
    if not is_nested and kind not in (_TEXT, _SPARSE, *_NUMERIC_CLASSES):
        raise ValueError(f"{path} has a structure with an array of the unknown class {kind}.")
    while place + 8 <= len(content):
        stored, part, place = _element(content, place, order)
        if is_nested and stored == _MATRIX:
            _refuse_unknown_types_within(path, part, order)
        elif is_nested or stored not in (_STORED_NUMBERS | _STORED_TEXTS):
            raise ValueError(f"{path} has a structure with numbers of the unknown type {stored}.")


def _element(head: Content, place: int, order: str) -> tuple[int, Content, int]:
    """Return the type of an element, what is in it, and where the next one is."""
    kind, size = struct.unpack_from(f"{order}2I", head, place)
    start, after = place + 8, place + 8 + -(-size // 8) * 8
    if kind >> 16:  # a small one, which lies in its tag
        kind, size, start, after = kind & 0xFFFF, kind >> 16, place + 4, place + 8
    return kind, head[start : start + size], after
