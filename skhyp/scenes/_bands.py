"""What files say of their bands: wavelengths in any unit, and which bands are bad."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.wavelengths import validate_wavelengths

_NM_PER_UNIT = {
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns"), 1e3),
    **dict.fromkeys(("micrometer", "micrometers", "micrometre", "micrometres"), 1e3),
    **dict.fromkeys(("mm", "millimeters", "millimetres"), 1e6),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), 1e9),
    **dict.fromkeys(("a", "å", "angstrom", "angstroms"), 0.1),
}
_WAVENUMBERS = {"wavenumber", "wavenumbers", "cm-1", "cm^-1", "1/cm", "cm**-1"}
_NO_UNIT = {"", "unknown", "none"}
# Longer wavelengths than this, of a file without a unit, are nanometres.
_LONGEST_IN_MICROMETRES = 100.0


def wavelengths_in_nm(
    values: str | Sequence[Any] | NDArray, unit: str | None, *, n_bands: int, name: str
) -> NDArray[np.float64] | None:
    """Return the wavelengths that a file lists in nm, or None where they are none.

    Without a unit, lists that stay below 100 are micrometres, and those that count the bands are
    no wavelengths.
    """
    unit = "" if unit is None else unit.strip().lower().split(" (")[0]
    listed = _numbers(values, "wavelengths", name)
    if listed.shape != (n_bands,):
        raise _disagreement(name, f"lists {listed.size} wavelengths for {n_bands} bands")
    if unit in _WAVENUMBERS:
        if np.any(listed <= 0):
            raise _disagreement(name, f"has the wavenumber {listed.min():g}")
        listed = 1e7 / listed
    elif unit in _NM_PER_UNIT:
        listed = listed * _NM_PER_UNIT[unit]
    elif unit in _NO_UNIT:
        if any(np.array_equal(listed, np.arange(n_bands) + first) for first in (0, 1)):
            return None
        if listed.max() < _LONGEST_IN_MICROMETRES:
            listed = listed * 1e3
    else:
        return None  # "Index", "GHz": not wavelengths
    try:
        return validate_wavelengths(np.round(listed, 6), n_bands)
    except ValueError as error:
        raise _disagreement(name, f"has wavelengths that are none: {error}") from error


def good_bands_of(flags: str | Sequence[Any], *, n_bands: int, name: str) -> NDArray[np.bool_]:
    """Return a mask of the bands that a list of flags, 0 for bad ones, calls good."""
    listed = _numbers(flags, "flags of bad bands", name)
    if listed.shape != (n_bands,):
        raise _disagreement(name, f"lists {listed.size} flags of bad bands for {n_bands} bands")
    return listed != 0


def _numbers(values: Any, what: str, name: str) -> NDArray[np.float64]:
    """Return numbers, or those of a list in the header of an ENVI file: {1.0, 2.0}."""
    if isinstance(values, str):
        values = [entry for entry in re.split(r"[\s,]+", values.strip(" \t\r\n{}")) if entry]
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _disagreement(name, f"has {what} that are no numbers: {values!r}") from error


def _disagreement(name: str, what: str) -> ValueError:
    return ValueError(
        f"{name} {what}. Correct the file, or pass what is right: open_scene(..., wavelengths=, "
        "good_bands=)."
    )
