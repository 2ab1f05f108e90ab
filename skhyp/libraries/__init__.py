"""Spectral libraries: spectra with names and what is known of each, read from files and written."""

from ._library import SpectralLibrary
from ._nearest import NearestSpectra, nearest_spectra
from ._reading import read_spectra
from ._writing import write_spectra

__all__ = ["NearestSpectra", "SpectralLibrary", "nearest_spectra", "read_spectra", "write_spectra"]
