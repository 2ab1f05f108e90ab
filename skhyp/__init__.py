"""scikit-learn estimators, computed by TensorFlow, for hyperspectral data.

``import skhyp`` loads nothing: scikit-learn comes with the first name that is used, TensorFlow
when something is first computed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        datasets,
        deephyp,
        endmembers,
        export,
        fitting,
        inspection,
        libraries,
        light,
        metrics,
        model_selection,
        neighbours,
        plotting,
        scenes,
        spectra,
        wavelengths,
    )
    from ._show_versions import show_versions
    from .abundances import FullyConstrainedLeastSquares
    from .autoencoder import SpectralAutoencoder
    from .classifier import SpectralCNNClassifier
    from .detection import (
        AdaptiveCosineEstimator,
        ConstrainedEnergyMinimization,
        MatchedFilter,
        ReedXiaoliDetector,
    )
    from .ensemble import SpectralEnsembleRegressor
    from .ensemble_classifier import SpectralEnsembleClassifier
    from .kernel import SpectralKernelRegressor
    from .kernel_classifier import SpectralKernelClassifier
    from .noise import MinimumNoiseFraction
    from .pls import SpectralPLSRegressor
    from .preprocessing import HypPreprocessor
    from .regressor import SpectralCNNRegressor
    from .resampling import BandResampler
    from .scene_classifier import SceneGraphClassifier
    from .unmixer import SpectralUnmixer

__version__ = "0.1.0"

__all__ = [
    "AdaptiveCosineEstimator",
    "BandResampler",
    "ConstrainedEnergyMinimization",
    "FullyConstrainedLeastSquares",
    "HypPreprocessor",
    "MatchedFilter",
    "MinimumNoiseFraction",
    "ReedXiaoliDetector",
    "SceneGraphClassifier",
    "SpectralAutoencoder",
    "SpectralCNNClassifier",
    "SpectralCNNRegressor",
    "SpectralEnsembleClassifier",
    "SpectralEnsembleRegressor",
    "SpectralKernelClassifier",
    "SpectralKernelRegressor",
    "SpectralPLSRegressor",
    "SpectralUnmixer",
    "datasets",
    "deephyp",
    "endmembers",
    "export",
    "fitting",
    "inspection",
    "libraries",
    "light",
    "metrics",
    "model_selection",
    "neighbours",
    "plotting",
    "scenes",
    "show_versions",
    "spectra",
    "wavelengths",
]

_HOMES = {
    "AdaptiveCosineEstimator": "detection",
    "BandResampler": "resampling",
    "ConstrainedEnergyMinimization": "detection",
    "FullyConstrainedLeastSquares": "abundances",
    "HypPreprocessor": "preprocessing",
    "MatchedFilter": "detection",
    "MinimumNoiseFraction": "noise",
    "ReedXiaoliDetector": "detection",
    "SceneGraphClassifier": "scene_classifier",
    "SpectralAutoencoder": "autoencoder",
    "SpectralCNNClassifier": "classifier",
    "SpectralCNNRegressor": "regressor",
    "SpectralEnsembleClassifier": "ensemble_classifier",
    "SpectralEnsembleRegressor": "ensemble",
    "SpectralKernelClassifier": "kernel_classifier",
    "SpectralKernelRegressor": "kernel",
    "SpectralPLSRegressor": "pls",
    "SpectralUnmixer": "unmixer",
    "show_versions": "_show_versions",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _HOMES:
        return import_module(f".{name}", __name__)
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
