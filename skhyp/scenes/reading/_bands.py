"""What files say of their bands: wavelengths and widths in any unit, and which bands are bad."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user
from skhyp.wavelengths import validate_wavelengths
from skhyp.wavelengths._spectral_units import (
    METRES,
    MICROMETRES,
    NANOMETRES,
    OPTICAL_NM,
    SpectralUnit,
    is_no_unit,
    lone_number,
    numbers_with_units,
    spectral_unit,
    widths_of,
)

# Longer wavelengths than this, of a file without a unit, are nanometres, and shorter ones than
# the second are metres.
_LONGEST_IN_MICROMETRES = 100.0
_LONGEST_IN_METRES = 1e-3
# What is counted in these, as ENVI has it, is no wavelength.
_COUNTS = {"index", "band", "bands", "band number", "channel", "channels"}
# So many that are 1, 2, 3, ... are numbers of bands in any unit.
_LEAST_COUNTED = 3
# Shorter ones than this, in nm, are in another unit than is stated.
_FAR_OFF = 10.0
# And so are wavenumbers below 10 per cm, which are of radio waves. Frequencies may be.
_WAVENUMBERS = ("cm-1", "m-1")
_LONGEST_OF_WAVENUMBERS = 1e6
# Bands that all are narrower than this part of their wavelengths are in another unit: um, not nm.
_NARROWEST = 3e-5


class _Centres(NamedTuple):
    """The centres of bands, as they are listed and in nm."""

    listed: NDArray[np.float64]
    units: list[SpectralUnit]
    in_nm: NDArray[np.float64]


def wavelengths_in_nm(
    values: str | Sequence[Any] | NDArray,
    unit: str | Sequence[str | None] | None,
    *,
    n_bands: int,
    name: str,
) -> NDArray[np.float64] | None:
    """Return the wavelengths that a file lists in nm, or None where they are none.

    The values are numbers, or texts such as "450.5 nm", and the unit is one for all or one for
    each. Wavenumbers, frequencies and energies become wavelengths. Without a unit, lists that
    stay below 100 are micrometres, and those that count the bands are no wavelengths. It is warned
    of units that are not known, and of those that the numbers contradict.
    """
    centres = _centres(values, unit, n_bands, name)
    return None if centres is None else centres.in_nm


def fwhm_in_nm(
    widths: str | Sequence[Any] | NDArray,
    width_unit: str | None,
    values: str | Sequence[Any] | NDArray,
    unit: str | Sequence[str | None] | None,
    *,
    n_bands: int,
    name: str,
) -> NDArray[np.float64] | None:
    """Return the widths of bands in nm, or None where a file has none that fit its bands.

    The values and the unit are those of their wavelengths, whose unit widths have that have none
    of their own.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wavelengths have been warned of
        try:
            centres = _centres(values, unit, n_bands, name)
        except ValueError:
            return None
    if centres is None:
        return None
    try:
        listed = _numbers(widths, "widths of bands", name)
    except ValueError:
        listed = np.empty(0)
    own = None if is_no_unit(width_unit) else spectral_unit(str(width_unit))
    if listed.shape == (n_bands,) and np.all(listed >= 0):
        if own is not None and not own.is_reciprocal:
            in_nm = own.in_nm(listed)
        else:
            in_nm = widths_of(listed, centres.units, centres.listed)
        if np.all(in_nm <= centres.in_nm) and (in_nm / centres.in_nm).max() >= _NARROWEST:
            return np.round(in_nm, 6)
    warn_user(
        f"{name} lists widths of its {n_bands} bands (fwhm) that are not one for each, are no "
        "numbers, or are none in the unit of the wavelengths: they are not read."
    )
    return None


def good_bands_of(
    flags: str | Sequence[Any] | NDArray[Any], *, n_bands: int, name: str
) -> NDArray[np.bool_]:
    """Return a mask of the bands that a list of flags, 0 for bad ones, calls good."""
    listed = _numbers(flags, "flags of bad bands", name)
    if listed.shape != (n_bands,):
        raise _disagreement(name, f"lists {listed.size} flags of bad bands for {n_bands} bands")
    return listed != 0


def _centres(
    values: Any, unit: str | Sequence[str | None] | None, n_bands: int, name: str
) -> _Centres | None:
    listed, own_units = _listed(values, name)
    if listed.shape != (n_bands,):
        raise _disagreement(name, f"lists {listed.size} wavelengths for {n_bands} bands")
    texts = [unit] * n_bands if unit is None or isinstance(unit, str) else list(unit)
    if len(texts) != n_bands:
        raise _disagreement(name, f"lists {len(texts)} units of wavelengths for {n_bands} bands")
    known = {text: None if is_no_unit(text) else spectral_unit(str(text)) for text in set(texts)}
    counts_bands = any(np.array_equal(listed, np.arange(n_bands) + first) for first in (0, 1))
    units = [own or known[text] for own, text in zip(own_units, texts, strict=True)]
    unknown = [t for t, u in zip(texts, units, strict=True) if u is None and not is_no_unit(t)]
    if unknown:
        if not counts_bands and str(unknown[0]).strip().lower() not in _COUNTS:
            warn_user(
                f"{name} lists {_span(listed)} in {unknown[0]!r}, which is no unit of wavelengths: "
                "its wavelengths are not known. Pass them in nm, open_scene(..., wavelengths=)."
            )
        return None
    stated = list(dict.fromkeys(entry for entry in units if entry is not None))
    if not stated:
        if counts_bands:
            return None
        return _in_nm(listed, [_unit_by_size(listed)] * n_bands, n_bands, name, is_stated=False)
    if len(stated) > 1 and None in units:
        raise _disagreement(name, "has several units of wavelengths, and bands without one")
    if counts_bands and n_bands >= _LEAST_COUNTED:
        warn_user(
            f"{name} lists as wavelengths, in {stated[0].name}, the numbers of its bands from "
            f"{listed[0]:g} on: its wavelengths are not known. Pass them in nm, "
            "open_scene(..., wavelengths=)."
        )
        return None
    units = [entry or stated[0] for entry in units]
    if len(stated) == 1 and (fitting := _fitting_unit(listed, stated[0])) is not None:
        warn_user(
            f"{name} lists wavelengths of {_span(listed)} in {stated[0].name}, which no sensor of "
            f"images has: they are taken for {fitting.name}. Pass them in nm if they are not, "
            "open_scene(..., wavelengths=)."
        )
        units = [fitting] * n_bands
    return _in_nm(listed, units, n_bands, name)


def _listed(values: Any, name: str) -> tuple[NDArray[np.float64], list[SpectralUnit | None]]:
    """Return numbers, and the units that some have beside them."""
    entries = entries_of(values)
    units: list[SpectralUnit | None] = [None] * len(entries)
    if not any(isinstance(entry, str) for entry in entries):
        return _numbers(entries, "wavelengths", name), units
    numbers: list[Any] = list(entries)
    for i, entry in enumerate(map(str, entries)):
        with_units = numbers_with_units(entry)
        if len(with_units) == 1:
            numbers[i], units[i] = with_units[0]
        elif (number := lone_number(entry)) is not None:
            numbers[i] = number
    return _numbers(numbers, "wavelengths", name), units


def _unit_by_size(listed: NDArray[np.float64]) -> SpectralUnit:
    if 0 < listed.max() < _LONGEST_IN_METRES:
        return METRES
    return MICROMETRES if listed.max() < _LONGEST_IN_MICROMETRES else NANOMETRES


def _fitting_unit(listed: NDArray[np.float64], stated: SpectralUnit) -> SpectralUnit | None:
    """Return the unit that a list is in, if it is far off in the one that is stated."""
    if not np.all(np.isfinite(listed) & (listed > 0)):
        return None
    low, high = sorted((stated.in_nm(listed.min()), stated.in_nm(listed.max())))
    if stated.is_reciprocal and (stated.name not in _WAVENUMBERS or low <= _LONGEST_OF_WAVENUMBERS):
        return None
    if high >= _FAR_OFF and low <= OPTICAL_NM[1]:
        return None
    for unit in (NANOMETRES, MICROMETRES, METRES):
        low, high = unit.in_nm(listed.min()), unit.in_nm(listed.max())
        if OPTICAL_NM[0] <= low and high <= OPTICAL_NM[1]:
            return unit
    return None


def _in_nm(
    listed: NDArray[np.float64],
    units: list[SpectralUnit],
    n_bands: int,
    name: str,
    *,
    is_stated: bool = True,
) -> _Centres:
    if any(unit.is_reciprocal for unit in units) and np.any(listed <= 0):
        raise _disagreement(name, f"has the wavenumber {listed.min():g}")
    in_nm = np.array([unit.in_nm(entry) for entry, unit in zip(listed, units, strict=True)])
    if np.all(in_nm > 0) and in_nm.max() < OPTICAL_NM[0]:
        raise _disagreement(
            name, f"has wavelengths of {_span(in_nm)} nm, shorter than those of any imaging sensor"
        )
    if in_nm.min() > OPTICAL_NM[1] and set(units) == {NANOMETRES}:
        raise _disagreement(
            name, f"has wavelengths of {_span(in_nm)} nm, longer than those of any imaging sensor"
        )
    try:
        # A list that falls is no sign of wavenumbers where it is said what it is.
        validate_wavelengths(np.sort(in_nm) if is_stated else in_nm, n_bands)
    except ValueError as error:
        raise _disagreement(name, f"has wavelengths that are none: {error}") from error
    return _Centres(listed, units, np.round(in_nm, 6))


def _span(listed: NDArray[np.float64]) -> str:
    if listed.min() == listed.max():
        return f"{listed.min():g}"
    return f"{listed.min():g} to {listed.max():g}"


def entries_of(values: Any) -> list[Any]:
    """Return the entries of a list, or of one in the header of an ENVI file: {1.0, 2.0}."""
    if not isinstance(values, str):
        return np.asarray(values).tolist() if not isinstance(values, list) else values
    inner = values.strip(" \t\r\n{}[]()")
    entries = inner.split(",") if "," in inner else inner.split()
    split = [part for entry in entries for part in _parts(entry)]
    return [part for part in split if part]


def _parts(entry: str) -> list[str]:
    """Return the numbers between which there are blanks only, or an entry as it is."""
    words = entry.split()
    return words if all(re.match(r"[-+.\d]", word) for word in words) else [entry.strip()]


def _numbers(values: Any, what: str, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(entries_of(values), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _disagreement(name, f"has {what} that are no numbers: {values!r}") from error


def _disagreement(name: str, what: str) -> ValueError:
    return ValueError(
        f"{name} {what}. Correct the file, or pass what is right: open_scene(..., wavelengths=, "
        "good_bands=)."
    )
