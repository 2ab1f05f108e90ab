"""What files call the bands of a map or a scene, and the units that their numbers are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._envi_headers import list_of
from ._named_arrays import NamedArray, NamedArrays, attribute, text_of
from ._raster_wavelengths import in_utf8, names_of

# Of the header of a map of ours, as ENVI has no word for it.
_ENVI_UNITS = "band units"


def raster_names_and_units(
    dataset: Any, bands: list[int], header: dict[str, str]
) -> dict[str, list[str] | None]:
    """Return the name and the unit of each band of a raster, None where no band has one."""
    stated = in_utf8(dataset, lambda: dict(enumerate(dataset.units, start=1)))
    units = [stated.get(band) or "" for band in bands]
    listed = list_of(header[_ENVI_UNITS]) if _ENVI_UNITS in header else []
    if len(listed) == dataset.count:
        units = [listed[band - 1] for band in bands]
    return {"band_names": _any(names_of(dataset, bands, header)), "units": _any(units)}


def array_names_and_units(
    array: NamedArray, arrays: NamedArrays, axes: Sequence[int]
) -> dict[str, list[str] | None]:
    """Return the name and the unit of each band of an array that has attributes, as CF has them."""
    n_bands = array.shape[axes[2]] if len(axes) == 3 else 1
    dim = array.dims[axes[2]] if len(axes) == 3 else None
    names = None if dim is None else _texts_along(arrays, dim, dim)
    if names is None and n_bands == 1:
        names = _texts([attribute(array.attributes, "long_name")])
    units = None if dim is None else _texts_along(arrays, f"{dim}_units", dim)
    if units is None:
        units = _texts([attribute(array.attributes, "units")] * n_bands)
    return {"band_names": names, "units": units}


def _texts_along(arrays: NamedArrays, name: str, dim: str) -> list[str] | None:
    """Return a coordinate of words along a dimension."""
    found = arrays.arrays.get(name)
    if found is None or found.has_numbers or found.dims != (dim,):
        return None
    return _texts(np.asarray(found.values()).tolist())


def _texts(values: list[Any]) -> list[str] | None:
    """Return texts without blanks around them; None if nothing is said, or if it is no text."""
    read = [text_of(value) for value in values]
    return _any([value.strip() if isinstance(value, str) else "" for value in read])


def _any(texts: list[str]) -> list[str] | None:
    return texts if any(texts) else None
