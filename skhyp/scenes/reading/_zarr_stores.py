"""Scenes in Zarr stores, of version 2 or 3, of whatever library wrote them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package

from ._array_facts import facts_of
from ._arrays import ArraySource
from ._axes import axes_of
from ._dimension_names import Given
from ._file_errors import printable
from ._named_arrays import NamedArray, NamedArrays


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a Zarr store, or a part of one, of version 2 or 3."""
    return path.is_dir() and any(
        (path / name).exists() for name in (".zgroup", ".zarray", "zarr.json")
    )


def zarr_source(
    path: Path, variable: str | None, given: Given
) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a variable of a Zarr store, and what the store says of it."""
    zarr = optional_package("zarr", f"{path.name}: open_scene")
    with _warnings_about(path):
        store = zarr.open(path, mode="r")
        if isinstance(store, zarr.Array) and is_zarr(path.parent):
            # What it is of may be beside it.
            store, variable = zarr.open(path.parent, mode="r"), path.name
        arrays, stored = _named_arrays(path, store)
        array = arrays.chosen(variable)
        axes = axes_of(array, arrays, given)
        facts = facts_of(array, arrays, axes)
    if facts["nodata"] is None:
        facts["nodata"] = _stated_by_fill(array.name, stored)
    # The store's own array, which knows its chunks and can be pickled.
    opened = partial(nullcontext, stored[array.name])
    identity = array.name or "zarr"
    return ArraySource.of(opened, axes, identity=identity, path=path), facts


def _named_arrays(path: Path, store: Any) -> tuple[NamedArrays, dict[str, Any]]:
    import zarr

    if isinstance(store, zarr.Array):
        stored = {"": store}
        groups = {}
    else:
        members = dict(store.members(max_depth=None))
        stored = {name: entry for name, entry in members.items() if isinstance(entry, zarr.Array)}
        groups = {
            name: entry.attrs.asdict()
            for name, entry in {"": store, **members}.items()
            if name not in stored
        }
    arrays, others = {}, {}
    for name, entry in stored.items():
        if np.dtype(entry.dtype).kind not in "biuf" and len(entry.shape) > 1:
            others[name] = str(entry.dtype)
            continue
        attributes = entry.attrs.asdict()
        arrays[name] = NamedArray(
            *(name, entry.shape, np.dtype(entry.dtype), _dims(name, entry, attributes)),
            *(attributes, partial(_whole, entry)),
        )
    return NamedArrays(printable(path), arrays, groups, others), stored


def _dims(name: str, entry: Any, attributes: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return the names of dimensions; in a group, those of xarray are the group's own."""
    dims = getattr(entry.metadata, "dimension_names", None)
    dims = dims or attributes.get("_ARRAY_DIMENSIONS") or (None,) * len(entry.shape)
    group = name.rpartition("/")[0]
    return tuple(f"{group}/{dim}" if dim and group else dim for dim in dims)


def _stated_by_fill(name: str, stored: Mapping[str, Any]) -> float | None:
    """Return the fill value of an array if it is there to mark missing data.

    In version 2, that is where xarray and GDAL have it. Everybody else has there what chunks hold
    that were never written, by default 0: that is stated only if others of the store have none.
    """
    entry = stored[name]
    fill = entry.metadata.fill_value
    is_named = "_ARRAY_DIMENSIONS" in entry.attrs
    if entry.metadata.zarr_format != 2 or fill is None or not is_named:
        return None
    others = [other.metadata.fill_value for key, other in stored.items() if key != name]
    if not fill and not any(other is None or other != other for other in others):
        return None
    return float(fill)


def _whole(entry: Any) -> NDArray[Any]:
    return np.asarray(entry[...])


@contextlib.contextmanager
def _warnings_about(path: Path) -> Iterator[None]:
    """Let warnings say which store they are about: some are of parts that are damaged."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for said in dict.fromkeys(str(warning.message) for warning in caught):
        text = said if printable(path) in said else f"{printable(path)}: {said}"
        warnings.warn(text, UserWarning, stacklevel=7)
