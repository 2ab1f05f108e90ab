"""Displays of scenes, maps, predictions, codes, splits and trainings, as scikit-learn has them.

A display is made by ``from_estimator`` or its like, which compute, draw and return it. It keeps
what it was made of, so that ``plot`` can draw it again, and what it drew: ``ax_``, ``figure_`` and
the artists. Matplotlib is imported when something is drawn.
"""

from skhyp.scenes._class_colours import class_colours

from ._abundance_map import AbundanceMapDisplay
from ._band_attribution import BandAttributionDisplay
from ._band_importance import BandImportanceDisplay
from ._class_map import ClassMapDisplay
from ._class_spectra import ClassSpectraDisplay
from ._endmembers import EndmembersDisplay
from ._latent_space import LatentSpaceDisplay
from ._light import LightDisplay
from ._loss_curve import LossCurveDisplay
from ._prediction import PredictionDisplay
from ._reconstruction import ReconstructionDisplay
from ._scene import SceneDisplay
from ._signal_subspace import SignalSubspaceDisplay
from ._signal_to_noise import SignalToNoiseDisplay
from ._split_map import SplitMapDisplay
from ._value_map import ValueMapDisplay

__all__ = [
    "AbundanceMapDisplay",
    "BandAttributionDisplay",
    "BandImportanceDisplay",
    "ClassMapDisplay",
    "ClassSpectraDisplay",
    "EndmembersDisplay",
    "LatentSpaceDisplay",
    "LightDisplay",
    "LossCurveDisplay",
    "PredictionDisplay",
    "ReconstructionDisplay",
    "SceneDisplay",
    "SignalSubspaceDisplay",
    "SignalToNoiseDisplay",
    "SplitMapDisplay",
    "ValueMapDisplay",
    "class_colours",
]
