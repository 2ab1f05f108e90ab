"""What a fitted model looks at: the importance of bands.

Neighbouring bands tell nearly the same: a model loses little if one of them is spoilt, whatever it
rests on. :func:`band_permutation_importance` measures groups of neighbouring bands, for any
estimator; :func:`integrated_gradients` tells of each spectrum what its bands add to an output of a
network.
"""

from ._gradients import BandAttributions, integrated_gradients
from ._permutation import BandImportance, band_groups, band_permutation_importance

__all__ = [
    "BandAttributions",
    "BandImportance",
    "band_groups",
    "band_permutation_importance",
    "integrated_gradients",
]
