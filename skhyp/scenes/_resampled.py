"""Scenes resampled to the bands that a model was fitted to, block by block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skhyp.wavelengths._band_weights import BandWeights, gaussian_coverage, gaussian_weights
from skhyp.wavelengths._band_widths import known_widths, widths_by_distance
from skhyp.wavelengths._lists import WAVELENGTH_TOLERANCE_NM
from skhyp.wavelengths._model_bands import ModelInput, model_input
from skhyp.wavelengths._model_parts import unwrapped

from ._identity import scene_identity
from ._image import Image
from ._nodata import missing_values
from ._scales import refuse_scales_by_band
from ._windows import Window

Kind = TypeVar("Kind", bound=Image)

_MIN_COVERAGE = 0.9
_SHOWN = 8


@dataclass(frozen=True, eq=False)
class BlockResampling:
    """What blocks of some bands of a scene are on the bands of a model."""

    # Of the scene, those that count.
    bands: NDArray[np.intp]
    weights: BandWeights
    nodata: float | None

    def __call__(
        self, block: NDArray[Any], bands_out: NDArray[np.intp] | None = None
    ) -> NDArray[Any]:
        """Return a block (rows, columns, bands) on all bands of the model, or some of them."""
        rows = block.reshape(-1, block.shape[2])
        values = self.weights.of_bands(bands_out).product(rows, missing_values(rows, self.nodata))
        return values.reshape(*block.shape[:2], -1)


class ResampledSource:
    """The blocks of a scene on the bands of a model."""

    def __init__(self, resampling: BlockResampling, scene: Image):
        self._resampling, self._scene = resampling, scene
        self.shape = (*scene.shape[:2], resampling.weights.weights.shape[1])
        self.dtype = resampling(np.zeros((1, 1, len(resampling.bands)), scene.dtype)).dtype
        self.tile = scene.source.tile
        self.chunk_bytes = scene.source.chunk_bytes

    @property
    def identity(self) -> Any:
        """The scene, and by how much its bands count."""
        resampling = self._resampling
        return [scene_identity(self._scene), resampling.bands, resampling.weights.weights]

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        return self._resampling(self._scene.source.read(window, self._resampling.bands), bands)


def resampled_for(
    estimator: Any, scene: Kind, tolerance: float = WAVELENGTH_TOLERANCE_NM
) -> tuple[Kind, BlockResampling | None]:
    """Return a scene on the bands that a model was fitted to, and what its blocks become.

    A scene that has these bands, to a tolerance in nm, stays as it is.
    """
    check_is_fitted(estimator)
    model, called = model_input(estimator), type(unwrapped(estimator)).__name__
    wavelengths, known = model.wavelengths, scene.wavelengths
    matters = np.zeros(model.n_bands or 0, bool)
    matters[slice(None) if model.used is None else model.used] = True
    if wavelengths is None or np.isnan(wavelengths[matters]).any():
        raise ValueError(
            f"resample=True needs a model that knows the wavelengths of its bands; {called} does "
            "not. Fit it to Spectra that know theirs, as labelled_pixels gives, with a "
            "HypPreprocessor as its first step."
        )
    if known is None:
        raise ValueError(
            f"resample=True needs the wavelengths of the scene's bands; {scene.name} knows none. "
            "Pass them: open_scene(..., wavelengths=)."
        )
    if _has_bands_of(model, wavelengths, matters, scene, tolerance):
        return scene, None
    refuse_scales_by_band(scene)
    good = np.arange(len(known)) if scene.good_bands is None else np.flatnonzero(scene.good_bands)
    widths = known_widths(scene.fwhm, len(known))
    if widths is None:
        widths = widths_by_distance(known, "Replace fwhm of the scene (dataclasses.replace).")
    source = known[good], widths[good]
    target = wavelengths[matters], _widths_of(model, wavelengths)[matters]
    coverage = gaussian_coverage(*source, *target)
    _refuse_uncovered(target[0][coverage < _MIN_COVERAGE], target[0], known[good], scene, called)
    weights = np.zeros((len(good), len(wavelengths)))
    weights[:, matters] = gaussian_weights(*source, *target)
    counts = weights.any(axis=1)
    resampling = BlockResampling(good[counts], BandWeights(weights[counts]), scene.nodata)
    resampled = replace(
        scene,
        source=ResampledSource(resampling, scene),
        name=f"{scene.name}, resampled",
        wavelengths=wavelengths,
        fwhm=None,
        good_bands=None,
        bad_bands_by=None,
        source_bands=None,
        band_names=None,
        units=None,
        nodata=np.nan,
        class_names=None,
        class_colours=None,
    )
    return resampled, resampling


def _has_bands_of(
    model: ModelInput,
    wavelengths: NDArray[np.float64],
    matters: NDArray[np.bool_],
    scene: Image,
    tolerance: float,
) -> bool:
    """Return whether a scene has all bands of a model, as far as both know, of the same widths."""
    known = scene.wavelengths
    assert known is not None
    is_known = matters if model.used is None else ~np.isnan(wavelengths)
    distances = np.abs(wavelengths[is_known, np.newaxis] - known)
    if np.any(distances.min(axis=1) > tolerance):
        return False
    widths = known_widths(scene.fwhm, len(known))
    if widths is None or model.fwhm is None:
        return True
    differ = np.abs(widths[distances.argmin(axis=1)] - model.fwhm[is_known]) > tolerance
    return not differ.any()


def _widths_of(model: ModelInput, wavelengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the widths of a model's bands, by their distances where it knows none."""
    if model.fwhm is not None and not np.isnan(model.fwhm).any():
        return model.fwhm
    widths = np.full(len(wavelengths), np.nan)
    is_known = ~np.isnan(wavelengths)
    widths[is_known] = widths_by_distance(
        wavelengths[is_known],
        "Resample with BandResampler(target=model, target_fwhm=...).fit(scene), and map "
        "scene.through(resampler).",
    )
    return widths if model.fwhm is None else np.where(np.isnan(model.fwhm), widths, model.fwhm)


def _refuse_uncovered(
    missing: NDArray[np.float64],
    wanted: NDArray[np.float64],
    known: NDArray[np.float64],
    scene: Image,
    called: str,
) -> None:
    if not len(missing):
        return
    listed = ", ".join(f"{wavelength:g}" for wavelength in missing[:_SHOWN])
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    raise ValueError(
        f"{scene.name} did not measure {len(missing)} of the {len(wanted)} bands that {called} "
        f"uses, or not as sharply: {listed}{more} nm. It has {len(known)} bands from "
        f"{known.min():g} to {known.max():g} nm that are not listed as bad. Fit the model "
        "without these bands, as "
        "with HypPreprocessor(bands=), or to spectra that were resampled to the scene, "
        'BandResampler(target=scene, uncovered="drop").'
    )
