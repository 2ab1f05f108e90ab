"""What lists of numbers are of the bands of a scene: by their names, units and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user
from skhyp.wavelengths._spectral_units import names_widths, numbers_with_units, spectral_unit

from ._bands import fwhm_in_nm, good_bands_of, wavelengths_in_nm
from ._dimension_names import role_of
from ._named_arrays import NamedArray, NamedArrays, NumberList, attribute, words_of

_WAVELENGTHS = {
    *("wavelength", "wavelengths", "wl", "wls", "wvl", "wvls", "wlen", "lambda", "lambdas", "cw"),
    *("wavenumber", "wavenumbers", "wavelen", "wavelens", "lam"),
}
# These are names of lists of wavelengths too, if the numbers can be some.
_PERHAPS_WAVELENGTHS = {
    *("wave", "waves", "band", "bands", "center", "centers", "centre", "centres", "central"),
    *("channel", "channels", "bandcenters", "bandcentres", "wn", "spectral", "axis", "list"),
    *("nm", "um", "µm"),
}
_STANDARD_NAMES = {
    *("radiation_wavelength", "sensor_band_central_radiation_wavelength"),
    *("radiation_wavenumber", "sensor_band_central_radiation_wavenumber"),
}
_FWHM = {"fwhm", "fwhms", "bandwidth", "bandwidths"}
# Of lists that are of the bands, but are something else than these.
_OTHERS = {
    *_FWHM,
    *("unit", "units", "width", "widths", "flag", "flags", "good", "bad", "valid", "mask", "bbl"),
    *("number", "numbers", "count", "index", "indices", "name", "names", "error", "uncertainty"),
    *("min", "max", "start", "stop", "end", "bounds", "bnds", "range", "window", "shape", "size"),
    *("id", "ids", "std", "mean", "scale", "offset", "gain", "gains", "shift", "smile"),
    *("dim", "dims", "dimension", "dimensions"),
}
_OTHERS_WITHIN = ("good", "bad", "valid", "fwhm", "width", "unit", "bound", "flag", "mask")
# Names of bands may be wavelengths with their unit, and are no numbers.
_NAMES_OF_BANDS = {"longname", "bandname", "bandnames", "names", "description", "descriptions"}
_TEXTS = "UOST"
# What holds a list may have its name, and the list none.
_NAMELESS = {"data", "value", "values", "list"}
_UNITS_OF_LIGHT = ("nm", "um", "angstrom", "cm-1")
_SHORTEST_IN_NM = 200.0
_LARGEST_IN_MICROMETRES = 100.0


def is_of_light(text: Any) -> bool:
    """Return whether a text is a unit of wavelengths, and hardly of anything else.

    It may say "Wavelength (nm)", but not "W/(m2 sr nm)", which is of radiances.
    """
    if not isinstance(text, str) or {"w", "mw", "uw", "sr"} & set(words_of(text)):
        return False
    unit = spectral_unit(text)
    return unit is not None and unit.name in _UNITS_OF_LIGHT


def wavelength_strength(listed: NumberList, separator: str) -> int:
    """Return 2 for a list of wavelengths, 1 if it may be one, else 0."""
    *groups, last = listed.name.split(separator)
    words = words_of(last)
    if groups and set(words) <= _NAMELESS:
        words = words_of(groups[-1])
    joined = "".join(words)
    if joined in _NAMES_OF_BANDS:
        return int(np.asarray(listed.values()).dtype.kind in _TEXTS)
    if set(words) & _OTHERS or any(other in joined for other in _OTHERS_WITHIN):
        return 0
    if attribute(listed.attributes, "standard_name") in _STANDARD_NAMES:
        return 2
    if set(words) & _WAVELENGTHS or "wavelen" in joined or "wavenum" in joined:
        return 2
    if words and set(words) <= _PERHAPS_WAVELENGTHS:
        return 1
    # Of what a microscope sees, rows and columns are in micrometres too.
    return int(is_of_light(_unit(listed)) and role_of(last) not in ("rows", "columns"))


def has_wavelengths(listed: NumberList, separator: str, *, surely: bool = False) -> bool:
    """Return whether a list has wavelengths: by its name or, unless ``surely``, its numbers."""
    strength = wavelength_strength(listed, separator)
    if surely or strength != 1:
        return strength == 2
    return _may_be_wavelengths(np.asarray(listed.values()), _unit(listed))


def is_of_bands(array: NamedArray, separator: str) -> bool:
    """Return whether an array is called wavelengths or widths, and is no map."""
    return bool(set(words_of(array.name.rpartition(separator)[2])) & (_WAVELENGTHS | _FWHM))


def wavelengths_by_columns(array: NamedArray, arrays: NamedArrays) -> list[NamedArray]:
    """Return what has other wavelengths for each column, or row, of an array."""
    return [
        other
        for other in arrays.arrays.values()
        if len(other.shape) == 2
        and min(other.shape) > 1
        and set(other.shape) <= set(array.shape)
        and is_of_bands(other, arrays.separator)
        and not set(words_of(arrays.last(other.name))) & _OTHERS
    ]


def number_of_bands(by_columns: NamedArray) -> int:
    """Return how many bands wavelengths of each column are of: along these they differ most."""
    values = np.asarray(by_columns.values(), np.float64)
    return values.shape[int(np.argmax([np.ptp(values, axis=axis).max() for axis in (0, 1)]))]


def lists_of(array: NamedArray, arrays: NamedArrays) -> list[NumberList]:
    """Return the lists that are of an array, not of others of its file: the nearest first.

    They are its attributes, along its dimensions, or share words with its name: of ``VNIR_Cube``
    and ``SWIR_Cube`` the first has ``List_Cw_Vnir``.
    """
    cubes = [set(words_of(cube.name)) for cube in arrays.cubes() if cube.name != array.name]
    own = set(words_of(array.name))
    found = []
    for listed in arrays.lists():
        if listed.owner not in (None, array.name):
            continue
        words = set(words_of(listed.name))
        if listed.owner is None and any(len(words & cube) > len(words & own) for cube in cubes):
            continue
        found.append(listed)
    return sorted(
        found,
        key=lambda listed: (
            listed.owner != array.name,
            listed.dim is None or listed.dim not in array.dims,
            -arrays.nearness(listed.parent, array.name),
        ),
    )


def facts_of_bands(array: NamedArray, arrays: NamedArrays, axes: Sequence[int]) -> dict[str, Any]:
    """Return functions that read wavelengths and good bands of an array, where its file has them.

    They are called where the user does not say it better: a wrong list can be replaced.
    """
    if len(axes) != 3:
        return {}
    n_bands = array.shape[axes[2]]
    band_dimension = array.dims[axes[2]]
    fitting = [
        listed
        for listed in lists_of(array, arrays)
        if listed.length == n_bands and (listed.dim in (None, band_dimension) or not band_dimension)
    ]
    name = arrays.name
    found: dict[str, Any] = {}
    strengths = [(wavelength_strength(listed, arrays.separator), listed) for listed in fitting]
    candidates = [
        listed for wanted in (2, 1) for strength, listed in strengths if strength == wanted
    ]
    candidates += [
        listed
        for strength, listed in strengths
        if strength == 0 and listed.name == band_dimension is not None
    ]
    if candidates:
        n_strong = sum(strength == 2 for strength, _ in strengths)
        unit = attribute(
            array.attributes, "wavelength_units", "wavelength_unit", "wavelengths_units"
        )
        found["wavelengths"] = partial(
            _wavelengths, candidates, n_strong, unit, n_bands=n_bands, name=name
        )
    _warn_of_lists_that_do_not_fit(array, arrays, bool(candidates))
    for listed in fitting:
        last = arrays.last(listed.name)
        words = set(words_of(last))
        is_width = bool(words & _FWHM) or names_widths(last) is not None
        if is_width and candidates and "fwhm" not in found:
            found["fwhm"] = partial(_fwhm, listed, candidates[0], unit, n_bands, name)
        elif (
            words & {"good", "bbl", "goodbands"}
            and np.isin(values := listed.values(), (0, 1)).all()
        ):
            found.setdefault(
                "good_bands", partial(good_bands_of, values, n_bands=n_bands, name=name)
            )
    return found


def _wavelengths(
    candidates: list[NumberList], n_strong: int, unit: Any, *, n_bands: int, name: str
) -> NDArray[np.float64] | None:
    """Return the wavelengths of the first list that has some."""
    for number, listed in enumerate(candidates):
        values = np.asarray(listed.values())
        if number >= n_strong and not _may_be_wavelengths(values, _unit(listed) or unit):
            continue
        if values.dtype.kind in "iuf" and (values == 0).any():
            absent = np.flatnonzero(values == 0).tolist()
            warn_user(
                f"{name} lists the wavelength 0 for the bands {absent} in {listed.name}, which is "
                "none: the wavelengths are left out. Pass those that are right as wavelengths=."
            )
            return None
        found = _in_nm(listed, unit, n_bands, name)
        if found is None:
            continue
        for other in candidates[number + 1 : n_strong]:
            if other.parent != listed.parent or other.dim != listed.dim:
                continue
            another = _in_nm(other, unit, n_bands, name)
            if another is not None and not np.allclose(found, another, atol=0.01):
                raise ValueError(
                    f"{name} lists wavelengths twice, and other ones: in {listed.name} and in "
                    f"{other.name}. Pass those that are right: open_scene(..., wavelengths=)."
                )
        return found
    return None


def _in_nm(listed: NumberList, unit: Any, n_bands: int, name: str) -> NDArray[np.float64] | None:
    unit = _unit(listed) or unit
    return wavelengths_in_nm(listed.values(), unit, n_bands=n_bands, name=f"{name}: {listed.name}")


def _fwhm(
    listed: NumberList, centres: NumberList, unit: Any, n_bands: int, name: str
) -> NDArray[np.float64] | None:
    return fwhm_in_nm(
        *(listed.values(), _unit(listed), centres.values(), _unit(centres) or unit),
        n_bands=n_bands,
        name=name,
    )


def _unit(listed: NumberList) -> str | None:
    """Return the unit of a list: as its attributes have it, or its name: "wavelength_um"."""
    unit = attribute(listed.attributes, "units", "unit")
    if isinstance(unit, str) and unit.strip():
        return unit
    words = words_of(listed.name)
    if words and words[-1] in ("nm", "um", "µm", "micrometers", "nanometers", "microns"):
        return words[-1]
    if {"wavenumber", "wavenumbers", "wn"} & set(words):
        return "cm-1"
    return None


def _may_be_wavelengths(values: NDArray[Any], unit: Any) -> bool:
    """Return whether numbers that are not called so can be wavelengths, and not count bands."""
    if values.dtype.kind in _TEXTS:  # such as "450.5 nm"
        return all(len(numbers_with_units(str(text))) == 1 for text in values.tolist())
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all() or values.min() <= 0:
        return False
    if is_of_light(unit):
        return True
    is_whole = np.array_equal(values, np.round(values))
    if is_whole and (values.max() < _LARGEST_IN_MICROMETRES or (np.diff(values) == 1).all()):
        return False
    return values.max() < _LARGEST_IN_MICROMETRES or values.min() >= _SHORTEST_IN_NM


def _warn_of_lists_that_do_not_fit(
    array: NamedArray, arrays: NamedArrays, has_wavelengths: bool
) -> None:
    """Warn of wavelengths that are as many as no dimension of any cube has, or one for a pixel."""
    if has_wavelengths:
        return
    for other in wavelengths_by_columns(array, arrays):
        warn_user(
            f"{arrays.name} has other wavelengths for each column in {other.name}, not one for a "
            "band: they are left out. Pass those of the bands as wavelengths=, such as the mean."
        )
        return
    lengths = {length for cube in arrays.cubes() for length in cube.shape}
    for listed in lists_of(array, arrays):
        if wavelength_strength(listed, arrays.separator) == 2 and listed.length not in lengths:
            warn_user(
                f"{arrays.name} has {listed.length} wavelengths in {listed.name}, but "
                f"{array.name} has the shape {array.shape}: they are left out. Pass those of its "
                "bands as wavelengths=."
            )
            return
