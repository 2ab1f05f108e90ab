"""Endmembers: the spectra that all others of a scene are mixtures of, and how many there are."""

from ._simplex_volumes import n_findr
from ._vertex_components import vca

__all__ = ["n_findr", "vca"]
