"""SmoothedModel: the classes of the pixels of a block, or their probabilities, smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from skhyp.wavelengths._lists import WAVELENGTH_TOLERANCE_NM

from ._class_smoothing import ClassSmoothing
from ._image import Image
from ._neighbours import STEPS, squared_distances
from ._pixel_models import PixelModel
from ._smoothed_probabilities import pulls_of_neighbours, smoothed_probabilities, told_pixels

_REMEDY = (
    "Make it of this one, ClassSmoothing.for_scene(scene, ...); with resample=True, of "
    "scene.through(BandResampler(target=model).fit(scene))."
)
_METHODS = ("predict", "predict_proba")
# Planes of float64 beside those of the classes: distances, pulls, weights, and what is at work.
_N_PLANES = 4 * len(STEPS)


@dataclass(frozen=True, eq=False, kw_only=True)
class SmoothedModel(PixelModel):
    """A classifier for blocks, whose probabilities are smoothed over neighbouring pixels.

    What it gives for a pixel is right where all pixels within ``halo`` are in the block.
    """

    probabilities: PixelModel
    smoothing: ClassSmoothing
    # Of the bands that it takes, what neighbours differ by; NaN where that does not count.
    units: NDArray[np.float64]

    @classmethod
    def smoothing_of(
        cls,
        model: PixelModel,
        smoothing: ClassSmoothing,
        scene: Image,
        tolerance: float = WAVELENGTH_TOLERANCE_NM,
    ) -> PixelModel:
        """Return a model that smooths what another gives; that one if there is nothing to do."""
        probabilities = _probabilities_of(model, scene, tolerance)
        units = _units(model, smoothing, scene)
        if not smoothing.strength:
            return model
        assert probabilities.n_outputs is not None
        facts = vars(model) | {
            "halo": int(smoothing.n_iterations),
            "halo_bytes": 8 * (5 * probabilities.n_outputs + _N_PLANES),
        }
        return cls(**facts, probabilities=probabilities, smoothing=smoothing, units=units)

    def respond(self, block: NDArray[Any], has_data: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the classes of a block, or their probabilities, where it has data."""
        given = self.probabilities.respond(block, has_data)
        told, distances = self._neighbourhood(block, has_data, given)
        smooth = self._smooth(given, told, distances, self.smoothing.strength)
        if self.classes is None:
            return smooth.astype(self.dtype)
        assert self.codes is not None
        codes = np.array(self.codes, self.dtype)[np.argmax(smooth, axis=2)]
        codes[~told] = self.missing
        return codes

    def _neighbourhood(
        self, block: NDArray[Any], has_data: NDArray[np.bool_], given: NDArray[Any]
    ) -> tuple[NDArray[np.bool_], list[NDArray[np.float64]]]:
        """Return which pixels take part, and how far apart they are from their neighbours."""
        told = told_pixels(given, has_data, remedy="Set smoothing=None.")
        return told, squared_distances(block, told, self.units)

    def _smooth(
        self,
        given: NDArray[Any],
        told: NDArray[np.bool_],
        distances: list[NDArray[np.float64]],
        strength: float,
    ) -> NDArray[Any]:
        pulls = pulls_of_neighbours(distances, strength, self.smoothing.contrast)
        of_told = np.where(told[..., np.newaxis], given, 0)
        smooth = smoothed_probabilities(of_told, pulls, self.halo)
        return np.where(told[..., np.newaxis], smooth, given)


def _probabilities_of(model: PixelModel, scene: Image, tolerance: float) -> PixelModel:
    """Return the model of the probabilities of which a model gives the classes."""
    estimator = model.estimator
    got = f"got method={model.method!r} of {type(estimator).__name__}."
    what = (
        "smoothing is for method='predict' and method='predict_proba' of a classifier that has "
        "predict_proba; "
    )
    if model.method not in _METHODS or not is_classifier(estimator):
        raise ValueError(what + got)
    if model.method == "predict":
        if model.method_params:
            raise ValueError(
                "method_params must be None where smoothing takes the classes of predict_proba; "
                f"got {model.method_params!r}."
            )
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(f"{what}{type(estimator).__name__} has none.")
        probabilities = PixelModel.of(estimator, "predict_proba", scene, tolerance)
    else:
        probabilities = model
    is_of_one_target = model.method == "predict_proba" or model.classes is not None
    if not probabilities.outputs_are_classes or not is_of_one_target:
        raise ValueError(f"{what}{type(estimator).__name__} has not one probability a class.")
    return probabilities


def _units(model: PixelModel, smoothing: ClassSmoothing, scene: Image) -> NDArray[np.float64]:
    """Return what neighbours differ by in the bands that a model takes, NaN where none matters."""
    units = smoothing.band_differences
    if len(units) != scene.shape[2]:
        raise ValueError(
            f"smoothing must be of a scene with the same bands: it has {len(units)} "
            f"band_differences, and {scene.name} has {scene.shape[2]} bands. {_REMEDY}"
        )
    if smoothing.wavelengths is not None and scene.wavelengths is not None:
        differs = np.abs(smoothing.wavelengths - scene.wavelengths) > WAVELENGTH_TOLERANCE_NM
        if differs.any():
            band = int(np.argmax(differs))
            raise ValueError(
                "smoothing must be of a scene with the same bands: it knows band "
                f"{band} at {smoothing.wavelengths[band]:g} nm, which lies at "
                f"{scene.wavelengths[band]:g} nm in {scene.name}. {_REMEDY}"
            )
    units = units.copy() if model.bands is None else units[model.bands]
    if model.input.used is not None:
        matters = np.zeros(len(units), bool)
        matters[model.input.used] = True
        units[~matters] = np.nan
    if np.isnan(units).all():
        raise ValueError(
            "smoothing must know what neighbours differ by in bands that the model takes; its "
            "band_differences are NaN in all of them."
        )
    return units
