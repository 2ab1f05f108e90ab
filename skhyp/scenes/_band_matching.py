"""Which bands of a scene a model is to be given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skhyp._model_bands import first_step, input_wavelengths
from skhyp.wavelengths import WAVELENGTH_TOLERANCE_NM

if TYPE_CHECKING:
    from ._scene import Scene


_SHOWN = 8


def bands_for(estimator: Any, scene: Scene) -> NDArray[np.intp] | None:
    """Return the indices of the bands that a fitted model is to be given; ``None`` is all.

    By wavelengths where both know them, in the order of the model; else by number: all bands, or
    those that the scene does not list as bad.
    """
    n_bands, n_wanted = scene.shape[2], _n_wanted(estimator)
    wanted = input_wavelengths(estimator)
    if wanted is not None and scene.wavelengths is not None:
        return _by_wavelength(wanted, scene)
    if n_wanted in (n_bands, None):
        return None
    good = np.arange(n_bands) if scene.good_bands is None else np.flatnonzero(scene.good_bands)
    if n_wanted == len(good):
        return good
    message = f"{scene.name} has {n_bands} bands"
    if len(good) < n_bands:
        bad = np.setdiff1d(np.arange(n_bands), good)
        message += f", {len(good)} without those listed as bad ({_listed(bad)})"
    raise ValueError(
        f"{message}, but the model was fitted with {n_wanted}. Open the scene with the mask of "
        "bands that the model was fitted with, open_scene(..., good_bands=), or fit with named "
        "bands (a DataFrame, or HypPreprocessor(wavelengths=)), which are then found by wavelength."
    )


def _n_wanted(estimator: Any) -> int | None:
    return getattr(first_step(estimator), "n_features_in_", None)


def _by_wavelength(wanted: NDArray[np.float64], scene: Scene) -> NDArray[np.intp] | None:
    known = scene.wavelengths
    assert known is not None
    if len(wanted) == len(known) and np.all(np.abs(wanted - known) <= WAVELENGTH_TOLERANCE_NM):
        return None  # in one order, so that bands that share a wavelength are told apart
    distances = np.abs(wanted[:, np.newaxis] - known)
    nearest = np.argmin(distances, axis=1)
    missing = np.min(distances, axis=1) > WAVELENGTH_TOLERANCE_NM
    if missing.any():
        raise ValueError(
            f"{scene.name} has no band within {WAVELENGTH_TOLERANCE_NM} nm of {missing.sum()} of "
            f"the {len(wanted)} wavelengths that the model was fitted with: "
            f"{_listed(wanted[missing])} nm. It has {len(known)} bands from {known.min():g} to "
            f"{known.max():g} nm. If these are the same bands, named otherwise, pass the model's "
            "wavelengths to open_scene; if not, resample the scene to them."
        )
    values, counts = np.unique(nearest, return_counts=True)
    if counts.max() > 1:
        band = values[counts > 1][0]
        raise ValueError(
            f"The model was fitted with several bands near {known[band]:g} nm, of which "
            f"{scene.name} has one, band {band}: {_listed(wanted[nearest == band])} nm."
        )
    return nearest


def _listed(values: NDArray[Any]) -> str:
    text = ", ".join(f"{value:g}" for value in values[:_SHOWN].tolist())
    return f"{text} and {len(values) - _SHOWN} more" if len(values) > _SHOWN else text
