"""Detectors: how much spectra look like a target, or how little like the background."""

from ._anomaly_detector import ReedXiaoliDetector
from ._target_detectors import (
    AdaptiveCosineEstimator,
    ConstrainedEnergyMinimization,
    MatchedFilter,
)

__all__ = [
    "AdaptiveCosineEstimator",
    "ConstrainedEnergyMinimization",
    "MatchedFilter",
    "ReedXiaoliDetector",
]
