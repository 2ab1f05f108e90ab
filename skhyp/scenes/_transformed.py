"""Scenes as a fitted transformer gives them, block by block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skhyp.spectra._spectra import COMPUTED
from skhyp.wavelengths import wavelengths_from_names
from skhyp.wavelengths._model_parts import unwrapped
from skhyp.wavelengths._protocols import MakesBands

from ._identity import scene_identity
from ._image import Image
from ._pixel_models import PixelModel
from ._scales import refuse_scales_by_band
from ._windows import Window

Kind = TypeVar("Kind", bound=Image)


class TransformedSource:
    """What a transformer makes of the blocks of a scene."""

    def __init__(self, model: PixelModel, scene: Image):
        self._model, self._scene = model, scene
        self.shape = (*scene.shape[:2], model.n_outputs or 1)
        self.dtype = model.dtype
        self.tile = scene.source.tile
        self.chunk_bytes = scene.source.chunk_bytes

    @property
    def identity(self) -> Any:
        """The scene and what it passes through."""
        return [scene_identity(self._scene), self._model.bands, self._model.estimator]

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, values) of a window, of all values or of some."""
        block = self._model(self._scene.source.read(window, self._model.bands))
        block = block.reshape(*window.shape, self.shape[2])
        return block if bands is None else block[..., bands]


def transformed_scene(scene: Kind, transformer: Any) -> Kind:
    """Return the scene that a fitted transformer makes of another."""
    model = PixelModel.of(transformer, "transform", scene)
    names = model.output_names()
    wavelengths = wavelengths_from_names(names)
    good_bands = source_bands = fwhm = None
    if (taken := _bands_that_are_left(model, scene)) is not None:
        if scene.wavelengths is not None:
            wavelengths = scene.wavelengths[taken]
        fwhm = None if scene.fwhm is None else scene.fwhm[taken]
        good_bands = None if scene.good_bands is None else scene.good_bands[taken]
        source_bands = taken if scene.source_bands is None else scene.source_bands[taken]
    facts: dict[str, Any] = {
        "wavelengths": wavelengths,
        "fwhm": fwhm,
        "source_bands": source_bands,
        "scale": None,
        "offset": None,
        "numbers": COMPUTED,
    }
    if isinstance(maker := unwrapped(transformer), MakesBands):
        refuse_scales_by_band(scene)
        good_bands = None
        numbers = {name: getattr(scene, name) for name in ("scale", "offset", "numbers")}
        facts = maker._bands_out | numbers
    return replace(
        scene,
        source=TransformedSource(model, scene),
        name=f"{type(transformer).__name__} of {scene.name}",
        good_bands=good_bands,
        band_names=names,
        units=None,
        **facts,
        nodata=np.nan if model.dtype.kind == "f" else model.missing,
        class_names=None,
        class_colours=None,
    )


def _bands_that_are_left(model: PixelModel, scene: Image) -> NDArray[np.intp] | None:
    """Return which bands of a scene come out of a transformer one for one, if that is certain."""
    passed = model.input.passed
    if passed is None or len(passed) != model.n_outputs:
        return None
    given = np.arange(scene.shape[2]) if model.bands is None else model.bands
    return given[passed]
