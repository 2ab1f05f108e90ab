"""Arrays with names, of which files hold several: what is known of each, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._file_errors import printable

# So many variables are listed in a message.
_MOST_LISTED = 20


@dataclass(frozen=True)
class NamedArray:
    """An array that is not read yet, with what its file says of it."""

    name: str  # with the groups that it is in
    shape: tuple[int, ...]
    dtype: np.dtype
    # The names of its dimensions, None where they have none.
    dims: tuple[str | None, ...]
    attributes: Mapping[str, Any]
    # Of a text, the text.
    values: Callable[[], Any]

    @property
    def has_numbers(self) -> bool:
        """Whether it holds real numbers, and no texts."""
        return self.dtype.kind in "biuf"


@dataclass(frozen=True)
class NumberList:
    """One number for each of something: a short array, or an attribute with several numbers."""

    name: str
    parent: str  # the group that it is in
    length: int
    # The dimension that it is along, if that has a name.
    dim: str | None
    # Which array it is an attribute of, if it is one.
    owner: str | None
    # Beside its own, what is said where it stands.
    attributes: Mapping[str, Any]
    values: Callable[[], NDArray[Any]]
    is_attribute: bool


@dataclass(frozen=True)
class NamedArrays:
    """The arrays of a file, by their names, and what its groups say of themselves."""

    name: str
    arrays: Mapping[str, NamedArray]
    # What is said of the file, under "", and of the groups in it.
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # What else is there: its kind by its name.
    others: Mapping[str, str] = field(default_factory=dict)
    separator: str = "/"

    def cubes(self) -> list[NamedArray]:
        """Return the arrays that have three dimensions."""
        return [array for array in self._with_numbers() if len(array.shape) == 3]

    def chosen(self, variable: str | None) -> NamedArray:
        """Return the variable that is asked for, or the only cube, or the only map."""
        if variable is not None:
            return self._asked_for(variable)
        maps = [
            array
            for array in self._with_numbers()
            if len(array.shape) == 2 and not self._is_of_others(array)
        ]
        # One row or column may be a list, as MATLAB has it.
        wide = [array for array in maps if min(array.shape) > 1]
        named = [array for array in maps if None not in array.dims]
        for candidates in (self.cubes(), wide, named):
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                break
        larger = [array for array in self._with_numbers() if len(array.shape) > 3]
        if len(larger) == 1 and not candidates:
            self.refuse_dimensions(larger[0])
        raise ValueError(
            f"{self.name} must have one variable that is a cube, or variable= must say which. "
            f"{self._listing()}{self._example(candidates)}"
        )

    def refuse_dimensions(self, array: NamedArray) -> NoReturn:
        """Raise for an array with too many dimensions, and say how a part of it is passed."""
        first = array.dims[0] if array.dims else None
        part = "array[0]" if first is None else f"array.isel({self.last(first)}=0)"
        raise ValueError(
            f"{self.name}: {array.name} has the dimensions {described(array)}; a scene has three, "
            "a map of labels two. Pass a part, read by the library that reads such arrays: "
            f"open_scene({part})."
        )

    def parent(self, name: str) -> str:
        """Return the group that an array is in."""
        return name.rpartition(self.separator)[0]

    def last(self, name: str) -> str:
        """Return a name without the groups."""
        return name.rpartition(self.separator)[2]

    def nearness(self, group: str, name: str) -> int:
        """Return in how many groups both are."""
        pairs = zip(
            group.split(self.separator) if group else (),
            self.parent(name).split(self.separator),
            strict=False,
        )
        n_shared = 0
        for one, other in pairs:
            if one != other:
                break
            n_shared += 1
        return n_shared

    def lists(self) -> Iterator[NumberList]:
        """Yield what has one number for each of something."""
        for name, array in self.arrays.items():
            parent = self.parent(name)
            said = self.groups.get(parent, {})
            if array.shape and max(array.shape) == np.prod(array.shape):
                axis = int(np.argmax(array.shape))
                values = partial(_flat, array.values)
                yield NumberList(
                    *(name, parent, max(array.shape), array.dims[axis], None),
                    *({**_about(said, self.last(name)), **array.attributes}, values, False),
                )
            if len(array.shape) in (2, 3):
                yield from self._attribute_lists(array.attributes, name, name)
        for group, attributes in self.groups.items():
            yield from self._attribute_lists(attributes, group, None)

    def _attribute_lists(
        self, attributes: Mapping[str, Any], where: str, owner: str | None
    ) -> Iterator[NumberList]:
        for key, value in attributes.items():
            if (numbers := _numbers(value)) is not None:
                parent = where if owner is None else self.parent(owner)
                yield NumberList(
                    name=f"{where}{self.separator}{key}" if where else key,
                    parent=parent,
                    length=len(numbers),
                    dim=None,
                    owner=owner,
                    attributes=_about(attributes, key),
                    values=partial(_same, numbers),
                    is_attribute=True,
                )

    def _with_numbers(self) -> list[NamedArray]:
        return [array for array in self.arrays.values() if array.has_numbers]

    def _is_of_others(self, array: NamedArray) -> bool:
        """Return whether an array says something of others: where they are, or its errors."""
        kind = words_of(self.last(array.name))
        is_coordinate = bool(set(kind) & {"lat", "latitude", "lon", "longitude", "bounds", "bnds"})
        return is_coordinate or array.name in [dim for dim in array.dims if dim is not None]

    def _asked_for(self, variable: str) -> NamedArray:
        wanted = variable.strip(self.separator).strip("/")
        if wanted not in self.arrays:
            wanted = wanted.replace("/", self.separator)
        names = [array.name for array in self._with_numbers()]
        fitting = [wanted] if wanted in names else []
        fitting = fitting or [name for name in names if self.last(name) == wanted]
        if len(fitting) == 1 and len(self.arrays[fitting[0]].shape) in (2, 3):
            return self.arrays[fitting[0]]
        if len(fitting) > 1:
            raise ValueError(
                f"{self.name} has several variables {variable!r}: pass the whole name of one, "
                f"{' or '.join(map(repr, fitting))}."
            )
        if len(fitting) == 1 and len(self.arrays[fitting[0]].shape) > 3:
            self.refuse_dimensions(self.arrays[fitting[0]])
        raise ValueError(
            f"{self.name} has no variable {variable!r} of two or three dimensions. "
            f"{self._listing()}"
        )

    def _listing(self) -> str:
        numbers = self._with_numbers()
        large = [array for array in numbers if len(array.shape) >= 2]
        sized = [(array.name, array.shape) for array in large or numbers]
        listed = ", ".join(f"{printable(name)} {shape}" for name, shape in sized[:_MOST_LISTED])
        more = f", and {len(sized) - _MOST_LISTED} more" if len(sized) > _MOST_LISTED else ""
        text = f"Variables with numbers: {listed or 'none'}{more}."
        if self.others:
            others = list(self.others.items())[:_MOST_LISTED]
            text += f" Not read: {', '.join(f'{name} ({kind})' for name, kind in others)}."
        return text

    def _example(self, candidates: list[NamedArray]) -> str:
        if not candidates:
            return ""
        largest = max(candidates, key=lambda array: np.prod(array.shape))
        text = f" Such as open_scene({self.name!r}, variable={largest.name!r})."
        dims = {(array.dims, array.shape) for array in candidates}
        if len(dims) == 1 and len(largest.shape) == 2 and None not in largest.dims:
            bands = [array.name for array in candidates[:2]]
            text += (
                " If they are the bands of one scene, xarray makes one of them: "
                f"open_scene(xarray.open_dataset({self.name!r})[[{', '.join(map(repr, bands))}, "
                "...]].to_array('band'))."
            )
        return text


def described(array: NamedArray) -> str:
    """Return what an array's dimensions are, in words."""
    if any(dim is not None for dim in array.dims):
        return f"{tuple(array.dims)} of the lengths {array.shape}"
    return f"{array.shape}"


def words_of(name: str) -> list[str]:
    """Return the words of a name, whatever separates them: "centerWavelength_2" has three."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+|\d+", apart.lower())


def text_of(value: Any) -> Any:
    """Return bytes, and arrays of one text, as text, and everything else as it is."""
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "SUO":
        value = value.item()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def attribute(attributes: Mapping[str, Any], *names: str) -> Any:
    """Return the first of some attributes that is there, however it is written, or None."""
    written = {"_".join(words_of(key)): value for key, value in attributes.items()}
    found = (written.get("_".join(words_of(name))) for name in names)
    return next((text_of(value) for value in found if value is not None), None)


def _about(attributes: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what attributes say of the unit of another: "wavelength_units" of wavelengths."""
    unit = attribute(
        attributes,
        *(f"{name}_unit", f"{name}_units", f"{name.rstrip('s')}_units"),
        *("wavelength_units", "wavelength_unit", "wavelengths_units", "wavelengths_unit"),
    )
    return {"units": unit} if isinstance(unit, str) else {}


def _numbers(value: Any) -> NDArray[Any] | None:
    """Return the numbers, or texts, of an attribute that has several, or None."""
    if isinstance(value, str | bytes):
        entries = re.split(r"[\s,;]+", str(text_of(value)).strip(" \t\r\n{}[]()"))
        if len(entries) < 2:
            return None
        try:
            return np.array(entries, dtype=np.float64)
        except ValueError:
            return None
    if isinstance(value, list | tuple | np.ndarray):
        try:
            numbers = np.asarray(value)
        except ValueError:  # ragged
            return None
        if numbers.dtype.kind in "iufUO" and numbers.size and max(numbers.shape) == numbers.size:
            return numbers.ravel()
    return None


def _flat(values: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    return np.ravel(values())


def _same(values: NDArray[Any]) -> NDArray[Any]:
    return values
