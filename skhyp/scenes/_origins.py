"""Where numbers come from: the files behind an array, whatever it is wrapped in."""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

# What leads to everything else, and never to the file of an array.
_NOT_LOOKED_INTO = (
    type,
    types.ModuleType,
    types.BuiltinFunctionType,
    bytes,
    int,
    float,
    slice,
    np.dtype,
    np.generic,
    np.random.Generator,
)
# An array in a hundred thousand chunks has more; their tasks are alike.
_MAX_OBJECTS = 300_000


def files_behind(array: Any) -> tuple[Path, ...]:
    """Return the files that an array in memory, of xarray, or of dask is read from, if there are.

    Memory maps lie in a file, a view of one too. Arrays that are read when they are needed are
    looked into for the paths that they will be read from, tasks of dask one by one.
    """
    if isinstance(array, list | tuple):
        return ()
    found: dict[Path, None] = {}
    for path in _paths_in(array):
        found.setdefault(Path(os.path.realpath(path)))
    return tuple(found)


def _paths_in(array: Any) -> Iterator[str | os.PathLike]:
    seen: dict[int, Any] = {}
    # Of an array of xarray what holds its numbers, but not what it says of itself.
    waiting = [getattr(getattr(array, "variable", None), "_data", array)]
    while waiting and len(seen) < _MAX_OBJECTS:
        value = waiting.pop()
        if isinstance(value, _NOT_LOOKED_INTO) or value is None or id(value) in seen:
            continue
        seen[id(value)] = value  # kept, so that no other object gets its place
        if isinstance(value, str | os.PathLike):
            if _is_there(value):
                yield value
        elif isinstance(value, np.ndarray):
            yield from _mapped_files(value)
            if value.dtype.hasobject and value.size < _MAX_OBJECTS:
                waiting.extend(value.ravel().tolist())
        elif type(value).__module__.partition(".")[0] == "h5py":
            yield value.file.filename
        else:
            waiting.extend(_parts_of(value))


def _parts_of(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, types.FunctionType):
        return [cell.cell_contents for cell in value.__closure__ or ()]
    if isinstance(value, types.MethodType):
        return [value.__self__]
    held = [getattr(value, name, None) for name in _slots_of(type(value))]
    return [*getattr(value, "__dict__", {}).values(), *held]


@functools.lru_cache(maxsize=256)
def _slots_of(kind: type) -> tuple[str, ...]:
    found: list[str] = []
    for parent in kind.__mro__:
        slots = parent.__dict__.get("__slots__", ())
        found.extend([slots] if isinstance(slots, str) else slots)
    return tuple(name for name in found if name not in ("__dict__", "__weakref__"))


def _is_there(text: str | os.PathLike) -> bool:
    """Return whether something is the path of a file, and no word that happens to be one."""
    try:
        name = os.fspath(text)
        if not isinstance(text, str):
            return os.path.exists(name)
        if os.path.isfile(name):
            return os.path.isabs(name) or bool(Path(name).suffix)
        return os.path.isdir(name) and any(map(os.path.exists, _members_of_stores(name)))
    except (TypeError, ValueError):  # no text, or with a zero in it
        return False


def _members_of_stores(name: str) -> list[str]:
    return [os.path.join(name, member) for member in (".zgroup", ".zarray", "zarr.json")]


def _mapped_files(array: np.ndarray) -> Iterator[str | os.PathLike]:
    """Yield the file that the memory of an array is a map of."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and base.filename is not None:
            yield base.filename
            return
        base = base.base
    if not array.size or sys.platform != "linux":
        return
    address = np.lib.array_utils.byte_bounds(array)[0] if array.strides else array.ctypes.data
    with open("/proc/self/maps", errors="surrogateescape") as maps:
        for line in maps:
            span, _, _, _, _, *path = line.rstrip("\n").split(maxsplit=5)
            first, end = (int(part, 16) for part in span.split("-"))
            if first <= address < end:
                if path and path[0].startswith("/") and os.path.isfile(path[0]):
                    yield path[0]
                return
