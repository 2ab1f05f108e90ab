"""The spectra that an estimator learns from, block by block, whatever form they are given in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes import Scene
from skhyp.spectra._spectra import spectra_with

from ._band_moments import Blocks
from ._known_wavelengths import as_scene, source_bands_of
from ._scene_pixels import ScenePixels
from ._validation import validate_spectra

# So many values are there at a time.
_VALUES_AT_ONCE = 2**20


def pixels_to_learn_from(estimator: Any, scene: Scene) -> tuple[ScenePixels, Any]:
    """Return the pixels of a scene, and a spectrum of no content that knows what they know.

    The estimator keeps how many bands there are; a scene without a complete pixel is refused.
    """
    pixels = ScenePixels(scene)
    if next(pixels.blocks(), None) is None:
        pixels.refuse_to_learn_from_nothing()
    source_bands = source_bands_of(scene, scene.shape[2])
    widths = scene.fwhm
    if scene.good_bands is not None:
        source_bands = source_bands[scene.good_bands]
        widths = None if widths is None else widths[scene.good_bands]
    nothing = np.zeros((1, len(source_bands)), scene.dtype)
    known = spectra_with(nothing, pixels.wavelengths, pixels.numbers, source_bands, widths)
    validate_spectra(estimator, known, reset=True)
    return pixels, known


def blocks_to_learn_from(
    estimator: Any, X: Any, *, min_spectra: int = 1
) -> tuple[Blocks, Any, np.dtype]:
    """Return spectra block by block, what knows what they know of their bands, and their type.

    X is a Scene, a cube or spectra in rows, which are checked; the estimator keeps how many bands
    there are.
    """
    if (scene := as_scene(X)) is not None:
        pixels, known = pixels_to_learn_from(estimator, scene)
        return pixels.blocks, known, scene.dtype
    X = unrolled(X)
    spectra = validate_spectra(estimator, X, reset=True, ensure_min_samples=min_spectra)
    step = max(1, _VALUES_AT_ONCE // spectra.shape[1])

    def blocks() -> Iterator[NDArray[Any]]:
        for start in range(0, len(spectra), step):
            yield spectra[start : start + step]

    return blocks, X, spectra.dtype


def unrolled(X: Any) -> Any:
    """Return a cube as rows, and all else as it is."""
    if getattr(X, "ndim", 2) != 3 or as_scene(X) is not None:
        return X
    return X.reshape(-1, X.shape[2])
