"""Spectra: an array whose last axis is bands, and which knows their wavelengths."""

from ._spectra import Spectra

__all__ = ["Spectra"]
