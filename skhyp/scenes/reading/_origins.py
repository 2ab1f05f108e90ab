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

from skhyp.files._fingerprints import is_of_library

# What leads to everything else, and never to the file of an array.
_NOT_LOOKED_INTO = (type, types.ModuleType, int, float, complex, slice, np.dtype, np.number)
_NOT_LOOKED_INTO += (np.bool_, np.random.Generator)


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
    while waiting:
        value = waiting.pop()
        if isinstance(value, _NOT_LOOKED_INTO) or value is None or id(value) in seen:
            continue
        seen[id(value)] = value  # kept, so that no other object gets its place
        if isinstance(value, str | bytes | os.PathLike):
            if _is_there(value):
                yield os.fsdecode(value)
        elif isinstance(value, np.ndarray):
            yield from _mapped_files(value)
            if value.dtype.hasobject or value.dtype.kind in "US":
                waiting.extend(value.ravel().tolist())
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
        return _parts_of_function(value)
    if isinstance(value, types.MethodType | types.BuiltinFunctionType):
        return [value.__self__]
    kind: type = type(value)
    held = [_attribute(value, name) for name in _slots_of(kind)]
    # Of what is opened, such as a file, a dataset of rasterio, or one of h5py.
    held += [_attribute(value, name) for name in ("name", "filename", "files", "__wrapped__")]
    if type(value).__module__.partition(".")[0] == "h5py":
        held.append(_attribute(_attribute(value, "file"), "filename"))
    return [*_attribute(value, "__dict__", {}).values(), *held]


def _parts_of_function(function: types.FunctionType) -> list[Any]:
    """Return what a function refers to: what it holds, its defaults, constants and globals."""
    code = function.__code__
    named = [function.__globals__.get(name) for name in code.co_names]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    cells = [_attribute(cell, "cell_contents") for cell in function.__closure__ or ()]
    # Functions of libraries refer to half of the world.
    of_library = is_of_library(function.__module__)
    return [*cells, *defaults, *code.co_consts, *([] if of_library else named)]


def _attribute(value: Any, name: str, default: Any = None) -> Any:
    try:
        return getattr(value, name, default)
    except Exception:  # of something that was closed, for example
        return default


@functools.lru_cache(maxsize=256)
def _slots_of(kind: type) -> tuple[str, ...]:
    found: list[str] = []
    for parent in kind.__mro__:
        slots = parent.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            is_private = name.startswith("__") and not name.endswith("__")
            found.append(f"_{parent.__name__.lstrip('_')}{name}" if is_private else name)
    return tuple(name for name in found if name not in ("__dict__", "__weakref__"))


def _is_there(text: str | bytes | os.PathLike) -> bool:
    """Return whether something is the path of a file or store, no word that happens to be one."""
    try:
        name = os.fsdecode(text)
        if os.path.isfile(name):
            is_word = not isinstance(text, os.PathLike) and not Path(name).suffix
            return os.path.isabs(name) or not is_word
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
    address = array.ctypes.data
    address += sum(
        min(0, step) * (n - 1) for step, n in zip(array.strides, array.shape, strict=True)
    )
    with open("/proc/self/maps", errors="surrogateescape") as maps:
        for line in maps:
            span, _, _, _, _, *path = line.rstrip("\n").split(maxsplit=5)
            first, end = (int(part, 16) for part in span.split("-"))
            if first <= address < end:
                if path and path[0].startswith("/") and os.path.isfile(path[0]):
                    yield path[0]
                return
