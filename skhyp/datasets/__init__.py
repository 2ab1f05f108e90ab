"""Scenes and spectra to learn with, to test with and to compare on."""

from ._enmapbox import load_enmapbox_dataset
from ._indian_pines import load_indian_pines
from ._remote_scenes import fetch_pavia_university, fetch_salinas
from ._tecator import load_tecator

__all__ = [
    "fetch_pavia_university",
    "fetch_salinas",
    "load_enmapbox_dataset",
    "load_indian_pines",
    "load_tecator",
]
