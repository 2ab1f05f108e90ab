"""How far apart spectra are, how well an estimator reconstructs or predicts, how classes separate.

The four spectral measures are those that the autoencoders minimise, written for NumPy to the same
definitions. Angles and divergences ignore the gain of a spectrum; squared errors do not.
"""

from ._accuracy import AccuracyReport, accuracy_report
from ._estimates import Estimate
from ._map_areas import AreaEstimates
from ._reconstruction import make_reconstruction_scorer
from ._regression import RegressionReport, regression_report
from ._separability import fisher_discriminant_ratio
from ._spectral import (
    MEASURES,
    SID_FLOOR,
    cosine_spectral_angle,
    spectral_angle,
    spectral_information_divergence,
    sum_of_squared_errors,
)

__all__ = [
    "MEASURES",
    "SID_FLOOR",
    "AccuracyReport",
    "AreaEstimates",
    "Estimate",
    "RegressionReport",
    "accuracy_report",
    "cosine_spectral_angle",
    "fisher_discriminant_ratio",
    "make_reconstruction_scorer",
    "regression_report",
    "spectral_angle",
    "spectral_information_divergence",
    "sum_of_squared_errors",
]
