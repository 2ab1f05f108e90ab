"""What files with named arrays say of one of them: nodata, names of classes, where it lies."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user

from ._band_lists import facts_of_bands
from ._band_names import array_names_and_units
from ._dimension_names import role_of
from ._named_arrays import NamedArray, NamedArrays, attribute, text_of
from ._raster_scales import stated_scales

_MISSING = (
    *("_FillValue", "missing_value", "nodata", "no_data", "nodata_value", "data_ignore_value"),
    "nodatavals",
)
# What a variable of the reference system is called where nothing refers to it.
_REFERENCES = ("spatial_ref", "crs", "transverse_mercator")
# Coordinates are evenly spaced if they are to this part of a pixel.
_EVEN = 1e-3


def facts_of(array: NamedArray, arrays: NamedArrays, axes: Sequence[int]) -> dict[str, Any]:
    """Return what a file says of an array: values, or functions that read them."""
    _refuse_other_signs(array, arrays)
    reference = _reference(array, arrays)
    return {
        **facts_of_bands(array, arrays, axes),
        **array_names_and_units(array, arrays, axes),
        "nodata": nodata_of(array.attributes, arrays.name),
        **_scale_and_offset(array, arrays.name, array.shape[axes[2]] if len(axes) == 3 else 1),
        **_facts_of_classes(array.attributes),
        "crs": _crs(reference),
        "transform": _transform(array, arrays, axes, reference),
    }


def nodata_of(attributes: Mapping[str, Any], name: str) -> float | None:
    """Return the value that marks missing data, by the attributes of an array."""
    found: dict[str, float] = {}
    for key in _MISSING:
        stated = attribute(attributes, key)
        if key == "nodatavals" and len(values := set(np.ravel(stated).tolist())) == 1:
            stated = values.pop()  # one for each band
        value = _number(stated)
        if value is not None:
            found.setdefault(repr(value), value)
    if len(found) > 1:
        warn_user(
            f"{name} has several values for missing data, {', '.join(found)}: the first is taken. "
            "Pass nodata to say which."
        )
    return next(iter(found.values()), None)


def _scale_and_offset(array: NamedArray, name: str, n_bands: int) -> dict[str, Any]:
    """Return what is stated for all bands, or for each, as rioxarray has it where they differ."""
    listed = []
    for one, by_band, nothing in (
        (_scale(array.attributes), ("scales", "scale_factor"), 1.0),
        (_number(attribute(array.attributes, "add_offset")), ("offsets", "add_offset"), 0.0),
    ):
        values: Any = nothing if one is None else one
        for key in by_band:
            stated = np.asarray(array.attributes.get(key))
            if one is None and stated.shape == (n_bands,) and stated.dtype.kind in "iuf":
                values = stated.astype(np.float64)
        listed.append(np.broadcast_to(values, n_bands))
    scales, offsets = listed
    return stated_scales(scales, offsets, name)


def _scale(attributes: Mapping[str, Any]) -> float | None:
    """Return what numbers are multiplied by: scale_factor, as the convention of netCDF writes it.

    What is written otherwise, as NEON does and ENVI, divides if it is above 1.
    """
    if "scale_factor" in attributes:
        return _number(attributes["scale_factor"])
    stated = _number(attribute(attributes, "scale_factor", "reflectance_scale_factor"))
    return stated if stated is None or stated <= 1 else 1 / stated


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
        try:  # as xarray has floats in stores of version 3
            return float(struct.unpack("<d", base64.standard_b64decode(value))[0])
        except (ValueError, struct.error):
            return None
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):  # None, a list, words
        return None
    is_one = value is not None and numbers.size == 1 and isinstance(value, int | float | np.generic)
    is_one |= isinstance(value, np.ndarray) and numbers.size == 1
    return float(numbers.ravel()[0]) if is_one else None


def _refuse_other_signs(array: NamedArray, arrays: NamedArrays) -> None:
    """Raise if integers are stored with another sign than they have, as netCDF 3 has to."""
    flag = str(attribute(array.attributes, "_Unsigned") or "").lower()
    if (flag == "true" and array.dtype.kind == "i") or (
        flag == "false" and array.dtype.kind == "u"
    ):
        raise ValueError(
            f"{arrays.name}: {array.name} has the attribute _Unsigned={flag}, its numbers are not "
            f"what {array.dtype} says. Pass open_scene(xarray.open_dataset(path)[{array.name!r}])."
        )


def _facts_of_classes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "class_names" in attributes:  # of a map of our own
        names = json.loads(text_of(attributes["class_names"]))
        found["class_names"] = {int(code): str(name) for code, name in names.items()}
    elif "flag_values" in attributes:
        values = np.atleast_1d(attributes["flag_values"]).tolist()
        meanings = str(text_of(attributes.get("flag_meanings", ""))).split()
        if len(meanings) == len(values):
            found["class_names"] = dict(zip(values, meanings, strict=True))
    colours = str(text_of(attributes.get("flag_colors", ""))).split()
    if colours and len(colours) == len(found.get("class_names", ())):
        found["class_colours"] = dict(zip(found["class_names"], colours, strict=True))
    return found


def _reference(array: NamedArray, arrays: NamedArrays) -> Mapping[str, Any]:
    """Return the attributes of the variable that says what the coordinates are of."""
    stated = str(attribute(array.attributes, "grid_mapping") or "").split(":")[0].split()
    for name in (*stated[:1], *_REFERENCES):
        group = arrays.parent(array.name)
        while True:
            path = f"{group}{arrays.separator}{name}" if group else name
            if path in arrays.arrays:
                return arrays.arrays[path].attributes
            if not group:
                break
            group = arrays.parent(group)
    return {}


def _crs(reference: Mapping[str, Any]) -> str | None:
    found = attribute(reference, "crs_wkt", "spatial_ref")
    return found if isinstance(found, str) and found.strip() else None


def _transform(
    array: NamedArray, arrays: NamedArrays, axes: Sequence[int], reference: Mapping[str, Any]
) -> tuple[float, ...] | None:
    stated = _stated_transform(reference)
    # Coordinates come first: they are cut with the array, the attribute is not.
    along = _transform_of_coordinates(array, arrays, axes)
    if along is None or _agree(stated, along, array.shape):
        return stated
    return along


def _stated_transform(attributes: Mapping[str, Any]) -> tuple[float, ...] | None:
    stated = text_of(attributes.get("GeoTransform", ""))
    parts = stated.split() if isinstance(stated, str) else np.ravel(stated).tolist()
    try:
        c, a, b, f, d, e = (float(part) for part in parts)
    except ValueError:
        return None
    return (a, b, c, d, e, f)  # GDAL has another order


def _agree(
    stated: tuple[float, ...] | None, along: tuple[float, ...], shape: tuple[int, ...]
) -> bool:
    """Return whether two transforms are one but for rounding."""
    if stated is None:
        return False
    length = max(shape)
    difference = np.abs(np.subtract(stated, along)) * [length, length, 1, length, length, 1]
    return bool(difference.max() <= _EVEN * max(abs(along[0]), abs(along[4])))


def _transform_of_coordinates(
    array: NamedArray, arrays: NamedArrays, axes: Sequence[int]
) -> tuple[float, ...] | None:
    """Return the transform of evenly spaced coordinates, which are of the centres of pixels."""
    edges = []
    for axis, role in ((axes[1], "columns"), (axes[0], "rows")):
        centres = _coordinate(array, arrays, axis, role)
        if centres is None:
            return None
        steps = np.diff(centres)
        if not len(steps) or steps[0] == 0 or not np.isfinite(steps).all():
            return None
        if np.ptp(steps) > _EVEN * abs(steps[0]):
            return None
        step = (centres[-1] - centres[0]) / len(steps)
        edges.append((float(step), float(centres[0] - step / 2)))
    (a, c), (e, f) = edges
    return (a, 0.0, c, 0.0, e, f)


def _coordinate(
    array: NamedArray, arrays: NamedArrays, axis: int, role: str
) -> NDArray[np.float64] | None:
    """Return the coordinates along an axis: its dimension's or, if it has no name, by theirs."""
    dim = array.dims[axis]
    if dim is not None:
        found = [arrays.arrays[dim]] if dim in arrays.arrays else []
        found = [other for other in found if other.dims == (dim,)]
    else:
        found = [
            other
            for other in arrays.arrays.values()
            if other.shape == (array.shape[axis],)
            and other.dims == (None,)
            and role_of(arrays.last(other.name)) == role
            and arrays.parent(other.name) == arrays.parent(array.name)
        ]
    if len(found) != 1 or found[0].dtype.kind not in "iuf":
        return None
    return np.asarray(found[0].values(), dtype=np.float64)
