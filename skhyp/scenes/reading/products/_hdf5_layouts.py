"""Hdf5Layout: a product that is one cube in an HDF5 file, or netCDF 4, declared as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._array_facts import nodata_of
from skhyp.scenes.reading._bands import fwhm_in_nm, wavelengths_in_nm
from skhyp.scenes.reading._dimension_names import ROLES, Given, role_of
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import (
    attributes_of,
    dims_of,
    hdf5_file,
    hdf5_source,
    is_hdf5,
)
from skhyp.scenes.reading._named_arrays import attribute

from ._hdf5_layers import layer_source, same_member
from ._hdf5_members import (
    array_source,
    files_with,
    member,
    number_of,
    numbers_of,
    refuse_no_numbers,
    required,
    required_attribute,
)
from ._product import Asked, Product, bands_without_water, quantity


@dataclass(frozen=True)
class Opened:
    """A file of a product that is open, and its cube."""

    path: Path
    file: Any
    cube: str
    shape: tuple[int, int, int]  # rows, columns, bands
    axes: tuple[int, ...]  # which of the stored ones these are

    @property
    def group(self) -> str:
        """The group that the cube is in."""
        return self.cube.rpartition("/")[0]


def by_convention(attributes: Mapping[str, Any], path: Path) -> tuple[float, float]:
    """Return the scale and the offset that the convention of netCDF has."""
    stated = (attribute(attributes, "scale_factor"), attribute(attributes, "add_offset"))
    scale, offset = (
        nothing if value is None else number_of(path, value, "scale_factor or add_offset")
        for value, nothing in zip(stated, (1.0, 0.0), strict=True)
    )
    return scale, offset


@dataclass(frozen=True, kw_only=True)
class Hdf5Layout:
    """Where a product has what, and what it means.

    Places are paths in the file, of which a part may be ``*``; ``{group}`` is the group that the
    cube is in, and ``@name`` an attribute of the cube.
    """

    sensor: str
    is_it: Callable[[Any], bool]  # of an open file
    # The cube of each level: what its numbers are, and their unit where none is stated.
    cubes: Mapping[str, tuple[str, str | None]]
    dims: tuple[str, str, str]  # of the cube as it is stored, if it does not name them
    wavelengths: str
    fwhm: str | None
    missing: float
    place: Callable[[Opened], dict[str, Any]]  # the facts of where it lies
    good: str | None = None  # 1 for good bands
    good_by_file: Callable[[Opened, NDArray[np.float64]], NDArray[np.bool_] | None] | None = None
    mask: str | None = None
    scale: Callable[[Mapping[str, Any], Path], tuple[float, float]] = by_convention
    # Cubes of levels that are refused: what they are.
    refused: Mapping[str, str] = field(default_factory=dict)

    def product(self) -> Product:
        """Return the entry of the table."""
        return Product(self.sensor, partial(_is_of, self), partial(_opened, self))


def _is_of(layout: Hdf5Layout, path: Path) -> bool:
    if not path.is_file() or not is_hdf5(path):
        return False
    with hdf5_file(path) as file:
        return layout.is_it(file)


def _opened(layout: Hdf5Layout, asked: Asked) -> tuple[Source, dict[str, Any]]:
    path = asked.path
    with hdf5_file(path) as file:
        there = {place: member(file, place) for place in layout.cubes}
        place, cube = next(((k, v) for k, v in there.items() if v is not None), ("", None))
        wanted = None if asked.variable is None else same_member(file, asked.variable)
        if asked.variable is not None and cube is None:
            return hdf5_source(path, asked.variable, Given())
        if cube is None:
            _refuse_level(layout, path, file)
            cube = required(path, file, *layout.cubes)
        refuse_no_numbers(path, file[cube], 3)
        axes = _axes(layout, path, file[cube])
        shape = tuple(int(length) for length in np.take(file[cube].shape, axes))
        opened = Opened(path, file, cube, (shape[0], shape[1], shape[2]), axes)
        lies = layout.place(opened)
        if asked.variable is not None and wanted != cube:
            return layer_source(asked, file, file[cube].shape, axes, lies)
        attributes = attributes_of(file[cube])
        is_what, unit = layout.cubes[place]
        stated = nodata_of(attributes, printable(path))
        scale, offset = _scale(layout, attributes, asked)
        source, facts = quantity(
            array_source(path, file, cube, axes),
            asked,
            is_what=is_what,
            scale=np.full(shape[2], scale),
            offset=np.full(shape[2], offset),
            missing=(layout.missing,) if stated is None else (stated,),
            mask=_mask(layout, opened),
            unit=_unit(attributes, unit),
        )
        bands = _facts_of_bands(layout, opened, is_what)
        return source, {**lies, **facts, **bands, "files": files_with(path, file, cube)}


def _scale(layout: Hdf5Layout, attributes: Mapping[str, Any], asked: Asked) -> tuple[float, float]:
    try:
        return layout.scale(attributes, asked.path)
    except ValueError:
        if asked.raw:
            return 1.0, 0.0
        raise


def _refuse_level(layout: Hdf5Layout, path: Path, file: Any) -> None:
    for place, what in layout.refused.items():
        if (name := member(file, place)) is not None:
            raise ValueError(
                f"{printable(path)} is {layout.sensor} {what}, which is not read as a scene. For "
                f"its numbers as they are stored, open_scene(..., variable={name!r})."
            )


def _axes(layout: Hdf5Layout, path: Path, cube: Any) -> tuple[int, ...]:
    """Return which axes are rows, columns and bands, by their names or as the layout has them."""
    named = [None if dim is None else role_of(dim) for dim in dims_of(cube, attributes_of(cube))]
    roles = named if set(named) == set(ROLES) else list(layout.dims)
    return tuple(roles.index(role) for role in ROLES)


def _unit(attributes: Mapping[str, Any], unit: str | None) -> str | None:
    stated = str(attribute(attributes, "units", "unit") or "").strip().rstrip(".")
    return "1" if stated.lower() in ("unitless", "none", "1") else stated or unit


def _mask(layout: Hdf5Layout, opened: Opened) -> Source | None:
    """Return what is not 0 where a pixel is missing."""
    if layout.mask is None:
        return None
    name = member(opened.file, layout.mask.format(group=opened.group))
    if name is None:
        return None
    source = array_source(opened.path, opened.file, name, (0, 1))
    if source.shape[:2] != opened.shape[:2]:
        raise ValueError(
            f"{printable(opened.path)}: {name} has {source.shape[:2]} pixels, and the cube "
            f"{opened.shape[:2]}."
        )
    return source


def _listed(opened: Opened, place: str, *, is_needed: bool) -> tuple[Any, str | None, str] | None:
    """Return what stands at a place, its unit if it is stated, and its name."""
    cube = opened.file[opened.cube]
    if place.startswith("@"):
        attributes = attributes_of(cube)
        value = attribute(attributes, place[1:])
        if value is None and is_needed:
            value = required_attribute(opened.path, cube, place[1:])
        unit = attribute(attributes, f"{place[1:]}_units", "wavelength_units")
        return None if value is None else (value, unit, place[1:])
    where = place.format(group=opened.group)
    name = member(opened.file, where)
    if name is None:
        if is_needed:
            required(opened.path, opened.file, where)
        return None
    refuse_no_numbers(opened.path, opened.file[name], 1)
    return opened.file[name][...], attribute(attributes_of(opened.file[name]), "units"), name


def _facts_of_bands(layout: Hdf5Layout, opened: Opened, is_what: str) -> dict[str, Any]:
    path, n_bands = opened.path, opened.shape[2]
    listed = _listed(opened, layout.wavelengths, is_needed=True)
    assert listed is not None
    values = numbers_of(path, listed[0], listed[2], n_bands)
    counted: dict[str, Any] = {"n_bands": n_bands, "name": printable(path)}
    wavelengths = wavelengths_in_nm(values, listed[1], **counted)
    if wavelengths is None:
        raise ValueError(f"{printable(path)} has no wavelengths in {listed[2]}.")
    fwhm, good = None, None
    widths = None if layout.fwhm is None else _listed(opened, layout.fwhm, is_needed=False)
    if widths is not None:
        fwhm = fwhm_in_nm(
            numbers_of(path, widths[0], widths[2], n_bands), widths[1], values, listed[1], **counted
        )
    if layout.good is not None:
        flags = _listed(opened, layout.good, is_needed=False)
        if flags is not None:
            good = numbers_of(path, flags[0], flags[2], n_bands) == 1
    if layout.good_by_file is not None:
        good = layout.good_by_file(opened, wavelengths)
    bad: dict[str, Any] = {"good_bands": good, "bad_bands_by": "the file"}
    if good is None:
        bad = bands_without_water(wavelengths, is_what)
    return {"wavelengths": wavelengths, "fwhm": fwhm, **bad}
