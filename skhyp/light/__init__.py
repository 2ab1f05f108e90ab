"""Light as a nuisance: spectra of the same materials as they would be under other skies.

An augmentation is a value with parameters, as the kernels of scikit-learn's Gaussian processes
are: a parameter of a network, which draws it anew in each update, or by itself what makes more
spectra to train any other model on.
"""

from ._augmentation import Augmentation
from ._relighting import Relighting, sky_to_sun

# What a file may name.
AUGMENTATIONS: dict[str, type[Augmentation]] = {"Relighting": Relighting}

__all__ = ["Relighting", "sky_to_sun"]
