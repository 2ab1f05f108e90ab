"""What a fitted model looks at: the importance of bands.

Neighbouring bands tell nearly the same: a model loses little if one of them is spoilt, whatever it
rests on. Importances here are those of groups of neighbouring bands.
"""

from ._permutation import BandImportance, band_groups, band_permutation_importance

__all__ = ["BandImportance", "band_groups", "band_permutation_importance"]
