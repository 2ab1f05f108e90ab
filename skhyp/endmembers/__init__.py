"""Endmembers: the spectra that all others of a scene are mixtures of, and how many there are."""

from ._signal_subspace import SignalSubspace, signal_subspace
from ._simplex_volumes import n_findr
from ._vertex_components import vca

__all__ = ["SignalSubspace", "n_findr", "signal_subspace", "vca"]
