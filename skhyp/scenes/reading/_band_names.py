"""What files call the bands of a map or a scene, and the units that their numbers are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._envi_headers import list_of
from ._named_arrays import NamedArray, NamedArrays, attribute, text_of
from ._raster_wavelengths import in_utf8, names_of

# The dimension of the outputs of a map of ours, whose coordinate has their names, and that of
# their units: as an attribute, a variable has but one.
OUTPUT, OUTPUT_UNITS = "output", "output_units"
# Of the header of such a map, as ENVI has no word for it.
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
    names = units = None
    if dim is not None:
        names, units = _texts_of(arrays, dim, (dim,)), _texts_of(arrays, f"{dim}_units", (dim,))
    elif len(axes) == 2:  # one output of several, as xarray takes it, still has its coordinates
        names, units = _texts_of(arrays, OUTPUT, ()), _texts_of(arrays, OUTPUT_UNITS, ())
    if names is None and n_bands == 1:
        names = _texts([attribute(array.attributes, "long_name")])
    if units is None:
        units = _texts([attribute(array.attributes, "units")] * n_bands)
    return {"band_names": names, "units": units}


def _texts_of(arrays: NamedArrays, name: str, dims: tuple[str, ...]) -> list[str] | None:
    """Return the words of a coordinate along a dimension, or of a single one."""
    found = arrays.arrays.get(name)
    if found is None or found.has_numbers or found.dims != dims:
        return None
    return _texts(np.ravel(np.asarray(found.values())).tolist())


def _texts(values: list[Any]) -> list[str] | None:
    """Return texts without blanks around them; None if nothing is said, or if it is no text."""
    read = [text_of(value) for value in values]
    return _any([value.strip() if isinstance(value, str) else "" for value in read])


def _any(texts: list[str]) -> list[str] | None:
    return texts if any(texts) else None
