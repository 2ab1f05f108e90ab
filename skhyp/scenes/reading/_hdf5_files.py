"""Scenes in HDF5 files, netCDF 4 among them: a variable is read by blocks, never whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package

from ._array_facts import facts_of
from ._arrays import ArraySource
from ._axes import axes_of
from ._dimension_names import Given, role_of
from ._file_errors import printable
from ._named_arrays import NamedArray, NamedArrays, attribute, text_of

# As netCDF 4 calls what is the length of a dimension, and no variable.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"
# What HDF5 has of itself, and MATLAB of what others refer to.
_HIDDEN_GROUPS = ("#refs#", "#subsystem#")
_NO_NUMBERS_OF_MATLAB = {"char", "cell", "function_handle", "string"}
# Arrays of so many entries are read to see what they say.
_LARGEST_TEXT = 2**16


def is_hdf5(path: Path) -> bool:
    """Return whether a file is one of HDF5, whatever its name is."""
    with path.open("rb") as file:
        for start in (0, 512, 1024, 2048):
            file.seek(start)
            if file.read(8) == b"\x89HDF\r\n\x1a\n":
                return True
    return False


def hdf5_source(
    path: Path,
    variable: str | None,
    given: Given,
    *,
    of_matlab: bool = False,
) -> tuple[ArraySource, dict[str, Any]]:
    """Return the source of a variable, and what the file says of it.

    MATLAB stores the first index fastest: its dimensions are the other way round. Of what has only
    the ending of a file of MATLAB they are not: before its own data a file has 512 bytes.
    """
    with hdf5_file(path) as file:
        by_matlab = of_matlab and file.userblock_size > 0
        separator = "." if of_matlab else "/"
        arrays = _named_arrays(path, file, variable, separator, by_matlab=by_matlab)
        array = arrays.chosen(variable)
        where = array.name.replace(arrays.separator, "/")
        stored = file[where]
        is_reversed = by_matlab or _is_of_matlab(stored)
        files = files_of(path, stored)
        is_packed = refuse_unknown_filters(path, array.name, stored)
    axes = axes_of(array, arrays, given)
    facts = {**facts_of(array, arrays, axes), "files": files}
    stored_axes = [len(axes) - 1 - axis for axis in axes] if is_reversed else axes
    source = ArraySource.of(
        partial(hdf5_dataset, path, where), stored_axes, identity=where, path=path,
        is_packed=is_packed,
    )  # fmt: skip
    return source, facts


def _named_arrays(
    path: Path, file: Any, variable: str | None, separator: str, *, by_matlab: bool
) -> NamedArrays:
    """Return all arrays of numbers of a file; texts count as what their group says of itself.

    What is linked to is left out, but for the variable that is asked for.
    """
    import h5py

    arrays: dict[str, NamedArray] = {}
    groups: dict[str, dict[str, Any]] = {"": attributes_of(file)}
    others: dict[str, str] = {}

    def add(where: str, entry: Any) -> None:
        if where.split("/")[0] in _HIDDEN_GROUPS:
            return
        name = where.replace("/", separator)
        if isinstance(entry, h5py.Group):
            groups.setdefault(name, {}).update(attributes_of(entry))
            if "MATLAB_sparse" in entry.attrs:
                others[name] = "sparse: save full() of it"
            return
        if not isinstance(entry, h5py.Dataset) or any(
            parent in others for parent in _parents(name, separator)
        ):
            return
        attributes = attributes_of(entry)
        text = _text(entry, attributes)
        if text is not None:
            parent, _, last = name.rpartition(separator)
            groups.setdefault(parent, {})[last] = text
            # It may be there for its attributes, as a reference system is.
            arrays[name] = NamedArray(name, (), np.dtype(object), (), attributes, lambda: text)
        elif _is_list_of_texts(entry):
            values = [text_of(value) for value in np.ravel(entry[...]).tolist()]
            dims = tuple(dims_of(entry, attributes))
            arrays[name] = NamedArray(
                *(name, entry.shape, np.dtype(object), dims, attributes),
                partial(np.array, values, dtype=object),
            )
        elif not _has_numbers(entry, attributes):
            if not str(attributes.get("NAME", "")).startswith(_NO_VARIABLE):
                others[name] = str(attributes.get("MATLAB_class", entry.dtype))
        else:
            arrays[name] = _named_array(path, where, name, entry, attributes, by_matlab=by_matlab)

    file.visititems(add)
    for name in file:
        link = file.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            others[name] = f"a link to {getattr(link, 'filename', '')}{link.path}"
    wanted = (variable or "").strip("/")
    if wanted and wanted.replace("/", separator) not in arrays:
        with contextlib.suppress(KeyError, OSError):  # it leads nowhere
            add(wanted, file[wanted])
    return NamedArrays(printable(path), arrays, groups, others, separator)


def files_of(path: Path, entry: Any) -> tuple[Path, ...]:
    """Return the files that a variable is in: by links, in parts, or as raw numbers."""
    found = [entry.file.filename]
    if entry.is_virtual:
        found += [source.file_name for source in entry.virtual_sources()]
    found += [name for name, _, _ in entry.external or ()]
    others = [path.parent / os.fsdecode(name) for name in found if os.fsdecode(name) != "."]
    absent = [str(other) for other in others if not other.exists() and "%" not in other.name]
    if absent:  # HDF5 would fill in zeros
        raise ValueError(
            f"{printable(path)}: {entry.name} has parts in files that are not there: "
            f"{', '.join(map(printable, absent))}."
        )
    return tuple(dict.fromkeys([path, *others]))


def _parents(name: str, separator: str) -> Iterator[str]:
    while name := name.rpartition(separator)[0]:
        yield name


def _named_array(
    path: Path, where: str, name: str, entry: Any, attributes: dict[str, Any], *, by_matlab: bool
) -> NamedArray:
    step = -1 if by_matlab or _is_of_matlab(entry) else 1
    return NamedArray(
        name,
        entry.shape[::step],
        entry.dtype,
        tuple(dims_of(entry, attributes)[::step]),
        attributes,
        partial(_whole, path, where),
    )


def dims_of(entry: Any, attributes: Mapping[str, Any]) -> list[str | None]:
    """Return the names of dimensions: of their scales, their labels, or of an attribute."""
    dims: list[str | None] = [None] * len(entry.shape)
    if attribute(attributes, "CLASS") == "DIMENSION_SCALE" and len(dims) == 1:
        return [entry.name.strip("/")]
    for axis in range(len(dims)):
        with contextlib.suppress(RuntimeError, KeyError, OSError, ValueError):  # damaged ones
            dimension = entry.dims[axis]
            if len(dimension) and dimension[0].name:
                dims[axis] = dimension[0].name.strip("/")
            elif dimension.label:
                dims[axis] = dimension.label
    if any(dim is not None for dim in dims):
        return dims
    for key in ("_ARRAY_DIMENSIONS", "dimension_names", "dimension_labels", "dims", "dimensions"):
        named = _texts(attribute(attributes, key))
        if len(named) == len(dims) and any(map(role_of, named)):
            return list(named)
    return dims


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.strip(" ()[]'\"") for part in value.split("," if "," in value else None)]
    if isinstance(value, list | tuple | np.ndarray):
        return [str(text_of(part)) for part in np.ravel(np.asarray(value, dtype=object))]
    return []


def attributes_of(entry: Any) -> dict[str, Any]:
    """Return the attributes that can be read, of which texts are text."""
    found = {}
    for key in entry.attrs:
        with contextlib.suppress(OSError, TypeError, ValueError, RuntimeError):  # of unknown types
            found[str(key)] = text_of(entry.attrs[key])
    return found


def _has_numbers(entry: Any, attributes: Mapping[str, Any]) -> bool:
    return (
        entry.shape is not None
        and entry.dtype.kind in "biuf"
        and not str(attributes.get("NAME", "")).startswith(_NO_VARIABLE)
        and attributes.get("MATLAB_class") not in _NO_NUMBERS_OF_MATLAB
        and "MATLAB_empty" not in attributes
    )


def _text(entry: Any, attributes: Mapping[str, Any]) -> str | None:
    """Return the text that a dataset is, or None."""
    import h5py

    if entry.shape is None or entry.size > _LARGEST_TEXT or entry.size < 1:
        return None
    if attributes.get("MATLAB_class") == "char":
        return "".join(map(chr, np.ravel(entry[...])))
    if entry.size == 1 and (
        h5py.check_string_dtype(entry.dtype) is not None or entry.dtype.kind == "S"
    ):
        return text_of(np.ravel(entry[...])[0])
    return None


def _is_list_of_texts(entry: Any) -> bool:
    import h5py

    if entry.shape is None or len(entry.shape) != 1 or entry.size > _LARGEST_TEXT:
        return False
    return h5py.check_string_dtype(entry.dtype) is not None


def _is_of_matlab(entry: Any) -> bool:
    return "MATLAB_class" in entry.attrs


def refuse_unknown_filters(path: Path, name: str, entry: Any) -> bool:
    """Raise if a variable is packed by what h5py cannot unpack; return whether it is packed."""
    import h5py

    created = entry.id.get_create_plist()
    for number in range(created.get_nfilters()):
        code, _, _, label = created.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            raise ValueError(
                f"{printable(path)}: {name} is packed by the filter "
                f"{label.decode('utf-8', 'replace') or code} ({code}), which h5py does not have. "
                "pip install hdf5plugin, and import hdf5plugin before."
            )
    return created.get_nfilters() > 0


def dataset_source(path: Path, where: str) -> Callable[[], AbstractContextManager[Any]]:
    """Return a function that opens a variable."""
    return partial(hdf5_dataset, path, where)


@contextlib.contextmanager
def hdf5_dataset(path: Path, where: str) -> Iterator[Any]:
    """Give a variable of a file that is open meanwhile."""
    with hdf5_file(path) as file:
        yield file[where]


@contextlib.contextmanager
def hdf5_file(path: Path) -> Iterator[Any]:
    """Give an open file, and close it."""
    optional_package("h5py", f"{path.name}: open_scene")
    import h5py

    with h5py.File(path) as file:
        yield file


def _whole(path: Path, where: str) -> NDArray[Any]:
    with hdf5_file(path) as file:
        return np.asarray(file[where][...])
