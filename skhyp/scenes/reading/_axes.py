"""Which dimensions of an array are rows, columns and bands."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ._band_lists import (
    has_wavelengths,
    is_of_bands,
    lists_of,
    number_of_bands,
    wavelengths_by_columns,
)
from ._dimension_names import ROLES, Given, axes_of_dims, role_of
from ._named_arrays import NamedArray, NamedArrays, attribute, described

_STANDARD_NAMES = {
    **dict.fromkeys(("latitude", "projection_y_coordinate", "grid_latitude"), "rows"),
    **dict.fromkeys(("longitude", "projection_x_coordinate", "grid_longitude"), "columns"),
}
_INTERLEAVES = {
    "bsq": ("bands", "rows", "columns"),
    "bil": ("rows", "bands", "columns"),
    "bip": ("rows", "columns", "bands"),
}


def axes_of(array: NamedArray, arrays: NamedArrays, given: Given) -> tuple[int, ...]:
    """Return which dimensions are rows, columns and bands.

    The user tells, or their names, what is along them, the lengths of what is known to be along
    one, and their order only where nothing else does.
    """
    n_dims = len(array.shape)
    if n_dims not in (2, 3):
        arrays.refuse_dimensions(array)
    if given.dims is not None:
        return axes_of_dims(given.dims, n_dims)
    roles = _named_roles(array, arrays)
    if n_dims == 2:
        return _axes_of_map(array, arrays, roles)
    if "bands" not in roles.values() and not {"rows", "columns"} <= set(roles.values()):
        roles |= _roles_by_length(array, arrays, roles, given.n_bands)
    return _completed(array, arrays, roles)


def _named_roles(array: NamedArray, arrays: NamedArrays) -> dict[int, str]:
    """Return which axes have a name that tells, or something along them that does."""
    roles: dict[int, str] = {}
    for axis, dim in enumerate(array.dims):
        if dim is not None and (role := _role_along(dim, arrays)) is not None:
            roles[axis] = role
    for role in ROLES:
        if list(roles.values()).count(role) > 1:
            raise ValueError(
                f"{arrays.name}: two dimensions of {array.name} can be the {role}; got "
                f"{described(array)}. {_mend(array)}"
            )
    return roles


def _role_along(dim: str, arrays: NamedArrays) -> str | None:
    named = role_of(arrays.last(dim))
    for listed in arrays.lists():
        if listed.dim != dim or listed.is_attribute:
            continue
        along = _STANDARD_NAMES.get(str(attribute(listed.attributes, "standard_name")))
        along = along or {"X": "columns", "Y": "rows"}.get(
            str(attribute(listed.attributes, "axis")).upper()
        )
        if along is not None:
            return along
        if has_wavelengths(listed, arrays.separator, surely=named is not None):
            return "bands"
        if named is None and (role := role_of(arrays.last(listed.name))) is not None:
            return role
    return named


def _roles_by_length(
    array: NamedArray, arrays: NamedArrays, roles: dict[int, str], n_bands: int | None
) -> dict[int, str]:
    """Return what lengths tell: of lists of wavelengths, of coordinates, of maps in the file."""
    free = [axis for axis in range(3) if axis not in roles]
    lengths = _lengths_of_bands(array, arrays, n_bands)
    for length in lengths:
        fitting = [axis for axis in free if array.shape[axis] == length]
        if len(fitting) == 1:
            _refuse_contradiction(array, arrays, fitting[0], length)
            by_others = {} if roles else _rows_and_columns(array, arrays, fitting[0])
            return {fitting[0]: "bands", **by_others}
    if roles:
        by_others = {}
    else:
        by_others = _roles_by_coordinates(array, arrays, None) or _roles_by_maps(array, arrays)
        by_others = by_others or _roles_by_counts(array, arrays) or _roles_by_interleave(array)
    # By the order of the dimensions, the last is the bands.
    if not by_others and lengths and (roles or array.shape[2] not in lengths):
        raise ValueError(
            f"{arrays.name} does not tell which dimension of {array.name} is the bands: of "
            f"{described(array)} more than one is as long as there are wavelengths, "
            f"{' or '.join(map(str, lengths))}. {_mend(array)}"
        )
    return by_others


def _refuse_contradiction(array: NamedArray, arrays: NamedArrays, bands: int, length: int) -> None:
    """Raise if there are as many wavelengths as maps in the file have rows or columns."""
    by_maps = _roles_by_maps(array, arrays)
    if by_maps and by_maps[bands] != "bands":
        raise ValueError(
            f"{arrays.name} does not tell which dimension of {array.name} is the bands: of "
            f"{described(array)} one has as many as there are wavelengths, {length}, and by the "
            f"maps in the file it is the {by_maps[bands]}. {_mend(array)}"
        )


def _lengths_of_bands(array: NamedArray, arrays: NamedArrays, n_bands: int | None) -> list[int]:
    """Return how many wavelengths there are: what the user has, the array's own, or another's.

    What is another's tells of its layout too: cubes in a file are stored alike.
    """
    own = lists_of(array, arrays)
    others = [listed for listed in arrays.lists() if listed not in own]
    lengths = [] if n_bands is None else [n_bands]
    lengths += [
        listed.length
        for listed in (*own, *others)
        if listed.length in array.shape
        and (listed.dim is None or listed.dim not in array.dims)
        and has_wavelengths(listed, arrays.separator)
    ]
    lengths += map(number_of_bands, wavelengths_by_columns(array, arrays))
    return [length for length in dict.fromkeys(lengths) if length in array.shape]


def _roles_by_coordinates(
    array: NamedArray, arrays: NamedArrays, bands: int | None
) -> dict[int, str]:
    """Return what one coordinate for each row, and one for each column, tell."""
    roles: dict[int, str] = {}
    for listed in lists_of(array, arrays):
        role = role_of(arrays.last(listed.name))
        fitting = [
            axis for axis in range(3) if array.shape[axis] == listed.length and axis != bands
        ]
        if role in ("rows", "columns") and len(fitting) == 1:
            roles.setdefault(fitting[0], role)
    return roles if len(roles) == len(set(roles.values())) == 2 else {}


def _roles_by_maps(array: NamedArray, arrays: NamedArrays) -> dict[int, str]:
    """Return what maps of labels or of coordinates tell, which have rows and columns alone."""
    found = set()
    for shape in _shapes_of_maps(arrays):
        pairs = [
            pair
            for pair in combinations(range(3), 2)
            if shape == tuple(array.shape[axis] for axis in pair)
        ]
        found.update(pairs[:1] if len(pairs) == 1 else [])
    if len(found) != 1:
        return {}
    ((row, column),) = found
    return {row: "rows", column: "columns", 3 - row - column: "bands"}


def _rows_and_columns(array: NamedArray, arrays: NamedArrays, bands: int) -> dict[int, str]:
    """Return which axes are rows and columns, where the bands are known, or nothing."""
    found = _roles_by_coordinates(array, arrays, bands) or _turned_by_maps(array, arrays, bands)
    if found:
        return found
    counted = _roles_by_counts(array, arrays)
    return {axis: role for axis, role in counted.items() if axis != bands and role != "bands"}


def _roles_by_counts(array: NamedArray, arrays: NamedArrays) -> dict[int, str]:
    """Return what numbers of rows, columns and bands tell, if at least two do."""
    roles: dict[int, str] = {}
    for role, count in _counts(array, arrays).items():
        fitting = [axis for axis in range(3) if array.shape[axis] == count]
        if len(fitting) == 1:
            roles[fitting[0]] = role
    return roles if len(roles) > 1 else {}


def _turned_by_maps(array: NamedArray, arrays: NamedArrays, bands: int) -> dict[int, str]:
    """Return which axis is rows where maps have rows and columns the other way round."""
    first, second = (axis for axis in range(3) if axis != bands)
    lengths = (array.shape[first], array.shape[second])
    shapes = _shapes_of_maps(arrays)
    if lengths in shapes or lengths[::-1] not in shapes:
        return {}
    return {second: "rows", first: "columns"}


def _shapes_of_maps(arrays: NamedArrays) -> set[tuple[int, ...]]:
    return {
        other.shape
        for other in arrays.arrays.values()
        if len(other.shape) == 2
        and min(other.shape) > 1
        and not is_of_bands(other, arrays.separator)
    }


def _roles_by_interleave(array: NamedArray) -> dict[int, str]:
    order = _INTERLEAVES.get(str(attribute(array.attributes, "interleave")).lower())
    return {} if order is None else dict(enumerate(order))


def _axes_of_map(array: NamedArray, arrays: NamedArrays, roles: dict[int, str]) -> tuple[int, ...]:
    has_no_rows = _is_as_long_as_wavelengths(array, arrays) or _is_as_long_as_pixels(array, arrays)
    if "bands" in roles.values() or has_no_rows:
        raise ValueError(
            f"{arrays.name}: {array.name} has spectra one by one, {described(array)}, and no rows "
            "and columns. Estimators take such an array as X."
        )
    row = next((axis for axis, role in roles.items() if role == "rows"), None)
    column = next((axis for axis, role in roles.items() if role == "columns"), None)
    if row is None:
        row = 0 if column is None else 1 - column
    return (row, 1 - row)


def _is_as_long_as_wavelengths(array: NamedArray, arrays: NamedArrays) -> bool:
    """Return whether a file without a cube has as many wavelengths as an array has columns."""
    return not arrays.cubes() and any(
        listed.length in array.shape and has_wavelengths(listed, arrays.separator, surely=True)
        for listed in lists_of(array, arrays)
    )


def _is_as_long_as_pixels(array: NamedArray, arrays: NamedArrays) -> bool:
    """Return whether a file has numbers of rows and columns, and an array all pixels along one."""
    counts = _counts(array, arrays)
    n_rows, n_columns = counts.get("rows", 0), counts.get("columns", 0)
    return n_rows * n_columns in array.shape and array.shape != (n_rows, n_columns)


def _counts(array: NamedArray, arrays: NamedArrays) -> dict[str, int]:
    """Return how many rows, columns and bands a file says that there are, as nRow or samples."""
    said = {**arrays.groups.get("", {}), **array.attributes}
    for listed in arrays.lists():
        if listed.length == 1 and not listed.is_attribute and role_of(arrays.last(listed.name)):
            said[listed.name] = listed.values()
    counts: dict[str, int] = {}
    for name, value in said.items():
        role = role_of(arrays.last(name))
        number = np.ravel(value)[0] if role and np.size(value) == 1 else None
        if isinstance(number, np.integer | np.floating) and number > 1:
            counts[str(role)] = int(number)
    return counts


def _completed(array: NamedArray, arrays: NamedArrays, roles: dict[int, str]) -> tuple[int, ...]:
    """Return the axes, of which two tell the third, and bands alone the order of the others."""
    if set(roles.values()) in ({"rows"}, {"columns"}):
        raise ValueError(
            f"{arrays.name}: of the dimensions {described(array)} only one is known. Name them y, "
            f"x and band. {_mend(array)}"
        )
    remaining = [role for role in ROLES if role not in roles.values()]
    found = {**roles}
    for axis in range(3):
        if axis not in found:
            found[axis] = remaining.pop(0)
    return tuple(next(axis for axis, role in found.items() if role == name) for name in ROLES)


def _mend(array: NamedArray) -> str:
    if len(array.shape) == 2:
        return "Or say what they are, in their order: open_scene(..., dims=('rows', 'columns'))."
    return (
        "Or say what they are, in their order: open_scene(..., dims=('bands', 'rows', 'columns')), "
        "for example."
    )
