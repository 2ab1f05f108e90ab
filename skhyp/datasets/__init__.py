"""Hyperspectral scenes to learn with, to test with and to compare on."""

from skhyp.datasets._indian_pines import load_indian_pines

__all__ = ["load_indian_pines"]
