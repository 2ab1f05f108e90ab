"""scikit-learn estimators, computed by TensorFlow, for hyperspectral data.

``import skhyp`` does not import TensorFlow: that happens when something is first computed.
"""

from . import metrics, scenes, wavelengths
from ._show_versions import show_versions
from .autoencoder import SpectralAutoencoder
from .classifier import SpectralCNNClassifier
from .preprocessing import HypPreprocessor

__version__ = "0.1.0"

__all__ = [
    "HypPreprocessor",
    "SpectralAutoencoder",
    "SpectralCNNClassifier",
    "metrics",
    "scenes",
    "show_versions",
    "wavelengths",
]
