"""Wavelengths of spectra in files: in nm, rising, each with a value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes.reading._bands import wavelengths_in_nm
from skhyp.spectra import Spectra
from skhyp.spectra._spectra import spectra_with
from skhyp.wavelengths._band_widths import known_widths
from skhyp.wavelengths._spectral_units import names_wavelengths, spectral_unit

_OF_LIGHT = [spectral_unit(unit) for unit in ("nm", "um", "cm-1")]
# Longer ones, in nm, may be wavenumbers.
_LONGEST_WITHOUT_UNIT = 2600.0
# What marks missing values: USGS has -1.23e34, and others similar ones.
_LEAST_VALUE = -1e30


def stated_unit(text: str) -> str | None:
    """Return the unit in the name of a column of wavelengths, "" without one; of others, None."""
    if (unit := names_wavelengths(text)) is not None:
        return unit
    return text if spectral_unit(text) in _OF_LIGHT else None


def in_nm(listed: NDArray[np.float64], unit: str | None, name: str) -> NDArray[np.float64]:
    """Return wavelengths in nm; without a unit, those that stay below 100 are micrometres."""
    if unit is not None and spectral_unit(unit) is None:
        raise ValueError(f"unit must be one of wavelengths, as 'nm', 'um' or 'cm-1'; got {unit!r}.")
    if unit is None and listed.max(initial=0) > _LONGEST_WITHOUT_UNIT:
        raise ValueError(
            f"{name} has wavelengths up to {listed.max():g} and no unit: pass unit, 'nm' or 'cm-1'."
        )
    found = wavelengths_in_nm(listed, unit, n_bands=len(listed), name=name)
    if found is None:
        raise ValueError(f"{name} has no wavelengths: {listed[:3]} ... count something else.")
    return found


def as_spectra(
    values: NDArray[Any], wavelengths: NDArray[np.float64], fwhm: NDArray[np.float64] | None = None
) -> Spectra:
    """Return spectra (n_spectra, n_bands); wavelengths that fall are turned, marks become NaN."""
    values = np.asarray(values, np.float64 if values.dtype.itemsize > 4 else np.float32)
    with np.errstate(invalid="ignore"):
        values = np.where((values <= _LEAST_VALUE) | ~np.isfinite(values), np.nan, values)
    fwhm = known_widths(fwhm, len(wavelengths))
    if len(wavelengths) > 1 and (np.diff(wavelengths) < 0).all():
        values, wavelengths = values[:, ::-1], wavelengths[::-1]
        fwhm = None if fwhm is None else fwhm[::-1]
    return spectra_with(np.ascontiguousarray(values), wavelengths, fwhm=fwhm)
