"""Wavelengths of bands: what names carry them, which bands are kept, and what models know.

Wavelengths are in nanometres throughout. They need not rise from band to band: where the spectra
of two detectors overlap, real lists step back.
"""

from ._lists import are_same_bands, validate_wavelengths
from ._names import wavelength_names, wavelengths_from_names
from ._segments import contiguous_segments
from ._selection import nearest_bands, select_bands

__all__ = [
    "are_same_bands",
    "contiguous_segments",
    "nearest_bands",
    "select_bands",
    "validate_wavelengths",
    "wavelength_names",
    "wavelengths_from_names",
]
