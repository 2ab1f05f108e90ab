"""Fingerprints: short texts that are equal where two objects are, in any process.

An object is what its parts are, down to numbers and text, as pickle would take it apart, and a
function what it does; of installed packages, a class or function is its name. What does not change
what an object does is left out: whether an array is a map of a file, in which order it lies in
memory, what lies between the fields of a record, and in which order a set happens to be.
"""

from __future__ import annotations

import copyreg
import hashlib
import os
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

_DIGEST_BYTES = 16
# What viewers write beside a raster: statistics and overviews.
_OF_VIEWERS = (".aux.xml", ".ovr")
_PLAIN = (bool, int, float, complex, str, bytes)
_LIBRARIES = tuple(
    sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
# Arrays are looked at by so many bytes at a time.
_PIECE_BYTES = 2**24


class NoFingerprintError(TypeError):
    """An object cannot be told from another one in a later process."""


def fingerprint(value: Any) -> str:
    """Return a text that another object has only if it is equal.

    Raises
    ------
    NoFingerprintError
        If it is something, or has a part, that cannot be taken apart.
    """
    return _Fingerprints().of(value).hex()


def file_stamps(paths: Iterable[Path]) -> list[list[Any]]:
    """Return sizes and times of change of files, and of all files in folders, to know them by.

    What other programs write beside a raster when they show it is left out.
    """
    return [
        _folder_stamp(path) if path.is_dir() else _file_stamp(path)
        for path in dict.fromkeys(paths)
        if not path.name.endswith(_OF_VIEWERS)
    ]


def _file_stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _folder_stamp(folder: Path) -> list[Any]:
    files = sorted(entry for entry in folder.rglob("*") if entry.is_file())
    stamps = [(str(file.relative_to(folder)), *_file_stamp(file)) for file in files]
    return [len(files), fingerprint(stamps)]


class _Fingerprints:
    """Those of some objects and of their parts, each of which is looked at once."""

    def __init__(self) -> None:
        self._found: dict[int, bytes] = {}
        # In which objects we are: what has itself for a part would have no end.
        self._around: dict[int, int] = {}
        # Places in memory tell objects apart as long as these are there.
        self._kept: list[Any] = []

    def of(self, value: Any) -> bytes:
        """Return the fingerprint of a value."""
        if value is None or type(value) in _PLAIN:
            return _digest(_name_of(type(value)), repr(value).encode())
        place = id(value)
        if place in self._around:
            return _digest("around", str(len(self._around) - self._around[place]).encode())
        if place not in self._found:
            self._around[place] = len(self._around)
            self._found[place] = self._of_parts(value)
            self._kept.append(value)
            del self._around[place]
        return self._found[place]

    def _of_parts(self, value: Any) -> bytes:
        kind = _name_of(type(value))
        if isinstance(value, type):
            return self._of_class(value)
        if isinstance(value, types.ModuleType):
            return _digest("name", _name_of(value).encode())
        if isinstance(value, types.BuiltinFunctionType):
            bound = value.__self__
            held = [] if isinstance(bound, types.ModuleType | None) else [self.of(bound)]
            return _digest("name", _name_of(value).encode(), *held)
        if isinstance(value, np.ufunc):
            return self._of_ufunc(value)
        if isinstance(value, np.dtype):
            return _digest("dtype", repr(value.descr if value.names else value.str).encode())
        if isinstance(value, np.ma.MaskedArray):
            parts = (np.asarray(value), np.ma.getmaskarray(value), value.fill_value)
            return _digest(kind, *map(self.of, parts))
        if type(value) in (np.ndarray, np.memmap) or isinstance(value, np.generic):
            return self._of_array(np.asarray(value))
        if type(value) in (bytearray, memoryview):
            return _digest(kind, bytes(value))
        if isinstance(value, os.PathLike):
            return _digest(kind, os.fsencode(value))
        if isinstance(value, dict):  # not all bunches of scikit-learn's keep their attributes
            factory = self.of(getattr(value, "default_factory", None))
            items = (self.of(part) for item in value.items() for part in item)
            return _digest(kind, factory, *items)
        if type(value) in (set, frozenset):
            return _digest(kind, *sorted(map(self.of, value)))
        if type(value) in (list, tuple):
            return _digest(kind, *map(self.of, value))
        if isinstance(value, types.FunctionType):
            return self._of_function(value)
        if isinstance(value, types.CodeType):
            parts = (value.co_code, value.co_names, value.co_varnames, value.co_consts)
            return _digest(kind, *map(self.of, parts))
        if hasattr(value, "get_arrays") and hasattr(value, "get_tree_stats"):
            # A tree of neighbours counts its own calls, which are no part of what it is.
            arrays = [np.asarray(array) for array in value.get_arrays()]
            return _digest(kind, self.of(arrays), self.of(value.__getstate__()[-2:]))
        wrapped = getattr(value, "__wrapped__", None)
        parts = [] if wrapped is None else [self.of(wrapped)]
        return _digest(kind, *parts, *self._of_reduced(value))

    def _of_class(self, kind: type) -> bytes:
        """Return that of a class: its name, and of one of the user's what it does."""
        name = _name_of(kind).encode()
        if is_of_library(kind.__module__):
            return _digest("name", name)
        functions = {
            attribute: getattr(held, "__func__", held) for attribute, held in vars(kind).items()
        }
        bodies = [
            (attribute, held.__code__)
            for attribute, held in sorted(functions.items())
            if isinstance(held, types.FunctionType)
        ]
        return _digest("class", name, self.of(bodies), *map(self.of, kind.__bases__))

    def _of_function(self, function: types.FunctionType) -> bytes:
        """Return that of a function: what it does, and with what."""
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        parts = [_name_of(function), function.__code__, function.__defaults__]
        parts += [function.__kwdefaults__, cells]
        if not is_of_library(function.__module__):
            held = function.__globals__
            parts += [held[name] for name in _names_in(function.__code__) if name in held]
        return _digest("function", *map(self.of, parts))

    def _of_ufunc(self, ufunc: np.ufunc) -> bytes:
        for module in (np, sys.modules.get("scipy.special")):
            if getattr(module, ufunc.__name__, None) is ufunc:
                return _digest("ufunc", ufunc.__name__.encode())
        raise NoFingerprintError(f"The function {ufunc.__name__!r} has no fingerprint.")

    def _of_array(self, array: np.ndarray) -> bytes:
        """Return that of an array, the fields of records one by one."""
        described = f"{array.shape} {array.dtype.names}".encode()
        if array.dtype.names is not None:
            fields = [self._of_array(array[name]) for name in array.dtype.names]
            return _digest("array", described, *fields)
        if array.dtype.hasobject:
            return _digest("array", described, self.of(array.ravel().tolist()))
        dtype = array.dtype.newbyteorder("<")
        digest = hashlib.blake2b(described + dtype.str.encode(), digest_size=_DIGEST_BYTES)
        rows = np.atleast_1d(array)
        step = max(1, _PIECE_BYTES // max(1, rows[:1].nbytes))
        for start in range(0, len(rows), step):
            piece = np.ascontiguousarray(rows[start : start + step], dtype)
            digest.update(piece.reshape(-1).view(np.uint8).data)
        return digest.digest()

    def _of_reduced(self, value: Any) -> Iterator[bytes]:
        """Yield those of the parts that pickle would take an object apart into."""
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            parts = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception as error:  # whatever a class of anybody's raises
            raise NoFingerprintError(f"A {type(value).__name__} has no fingerprint.") from error
        if isinstance(parts, str):  # the name of a constant
            yield self.of(parts)
            return
        for part in (*parts[:3], *(each and list(each) for each in parts[3:5])):
            yield self.of(part)


def is_of_library(module: str | None) -> bool:
    """Return whether a module is Python's, an installed package's, or ours: it stays as it is."""
    if module is None or module == "__main__":
        return False
    if module.partition(".")[0] in (*sys.builtin_module_names, __package__):
        return True
    path = getattr(sys.modules.get(module), "__file__", None)
    return path is not None and path.startswith(_LIBRARIES)


def _names_in(code: types.CodeType) -> list[str]:
    """Return the names that a function may look up, those of functions within it too."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return [*code.co_names, *(name for part in inner for name in _names_in(part))]


def _digest(kind: str, *parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in (kind.encode(), *parts):
        digest.update(len(part).to_bytes(8, "little"))  # what follows one another stays apart
        digest.update(part)
    return digest.digest()


def _name_of(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"
