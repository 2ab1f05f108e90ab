"""Which bands of a scene a model is to be given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user
from skhyp.wavelengths._lists import WAVELENGTH_TOLERANCE_NM
from skhyp.wavelengths._model_bands import ModelInput

from ._image import Image

_SHOWN = 8


def bands_for(
    model: ModelInput, scene: Image, called: str, tolerance: float = WAVELENGTH_TOLERANCE_NM
) -> NDArray[np.intp] | None:
    """Return the indices of the bands that a model is to be given; ``None`` is all.

    By wavelengths where both know them, to a ``tolerance`` in nm, in the order of the model; else
    by number: all bands, or those that the scene does not list as bad.
    """
    if model.wavelengths is None or scene.wavelengths is None:
        if scene.wavelengths is not None:
            _warn_of_numbers(scene, called)
        return _by_number(model, scene)
    n_bands = len(model.wavelengths)
    matters = np.ones(n_bands, bool)
    if model.used is not None:
        matters = np.isin(np.arange(n_bands), model.used)
    if not np.isnan(model.wavelengths[matters]).any():
        return _by_wavelength(model.wavelengths, scene, tolerance)
    bands = _by_number(model, scene)
    _refuse_other_wavelengths(model.wavelengths, bands, scene, tolerance)
    return bands


def warn_of_other_numbers(model: ModelInput, scene: Image, called: str) -> None:
    """Warn of a model that was fitted to other numbers than it is given now."""
    if None in (model.numbers, scene.numbers) or model.numbers == scene.numbers:
        return
    warn_user(
        f"{called} was fitted to numbers {model.numbers}, and is given those of {scene.name}, "
        f"{scene.numbers}. Unless they are alike, the map is wrong: put what was computed before "
        "fit into a Pipeline, whose steps are computed of a scene too, or open the scene as the "
        "other one was."
    )


def _by_number(model: ModelInput, scene: Image) -> NDArray[np.intp] | None:
    n_bands, n_wanted = scene.shape[2], model.n_bands
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


def _warn_of_numbers(scene: Image, called: str) -> None:
    warn_user(
        f"{scene.name} knows the wavelengths of its bands, but {called} does not know those that "
        "it was fitted to: bands are taken by their number, and those of another sensor would not "
        "be noticed. Fit it again with a HypPreprocessor as its first step, which learns them of "
        "what labelled_pixels gives or is told them, HypPreprocessor(wavelengths=...)."
    )


def _refuse_other_wavelengths(
    wanted: NDArray[np.float64], bands: NDArray[np.intp] | None, scene: Image, tolerance: float
) -> None:
    """Refuse bands by number where those wavelengths that a model does know lie elsewhere."""
    assert scene.wavelengths is not None
    given = scene.wavelengths if bands is None else scene.wavelengths[bands]
    differs = np.flatnonzero(np.abs(wanted - given) > tolerance)
    if len(differs):
        band = differs[0]
        raise ValueError(
            f"The model knows the wavelengths of some of its bands only, and {len(differs)} of "
            f"these are others in {scene.name}: band {band} was fitted at {wanted[band]:g} nm, and "
            f"lies at {given[band]:g} nm. Tell all parts of the model their wavelengths, so that "
            "bands are found by them, or open the scene with the bands in the model's order."
        )


def _by_wavelength(
    wanted: NDArray[np.float64], scene: Image, tolerance: float
) -> NDArray[np.intp] | None:
    """Return the bands at some wavelengths; NaN are bands that do not matter, and may be any."""
    known = scene.wavelengths
    assert known is not None
    if len(wanted) == len(known) and not np.any(np.abs(wanted - known) > tolerance):
        return None  # in one order, so that bands that share a wavelength are told apart
    bands, matter = np.zeros(len(wanted), np.intp), ~np.isnan(wanted)
    wanted = wanted[matter]
    distances = np.abs(wanted[:, np.newaxis] - known)
    nearest = np.argmin(distances, axis=1)
    if scene.good_bands is not None:
        nearest = _good_ones_first(nearest, distances, scene.good_bands, tolerance)
    missing = np.min(distances, axis=1) > tolerance
    if missing.any():
        raise ValueError(
            f"{scene.name} has no band within {tolerance:g} nm of {missing.sum()} of "
            f"the {len(wanted)} wavelengths that the model was fitted with: "
            f"{_listed(wanted[missing])} nm. It has {len(known)} bands from {known.min():g} to "
            f"{known.max():g} nm. skhyp.scenes.apply(..., resample=True) resamples the scene to "
            "them, and apply(..., tolerance=) takes bands that are so many nm away. If these are "
            "the same bands, named otherwise, pass the model's wavelengths to open_scene."
        )
    values, counts = np.unique(nearest, return_counts=True)
    if counts.max() > 1:
        band = values[counts > 1][0]
        twins = np.flatnonzero(known == known[band])
        raise ValueError(
            f"The model was fitted with several bands near {known[band]:g} nm "
            f"({_listed(wanted[nearest == band])} nm), of which {scene.name} has "
            + (
                f"one, band {band}."
                if len(twins) == 1
                else f"several at one wavelength, bands {_listed(twins)}, which cannot be told "
                "apart: open it with its bands in the order of the model, and no others."
            )
        )
    _refuse_ties(wanted, nearest, scene)
    bands[matter] = nearest
    return bands


def _good_ones_first(
    nearest: NDArray[np.intp],
    distances: NDArray[np.float64],
    good_bands: NDArray[np.bool_],
    tolerance: float,
) -> NDArray[np.intp]:
    """Return the nearest bands, with good ones that nobody wants instead of bad ones beside them.

    Two detectors may have bands at one wavelength, of which one is listed as bad.
    """
    is_spare = good_bands.copy()
    is_spare[nearest] = False
    spare = np.where(is_spare, distances, np.inf)
    gives_way = ~good_bands[nearest] & (spare.min(axis=1) <= tolerance)
    return np.where(gives_way, spare.argmin(axis=1), nearest)


def _refuse_ties(wanted: NDArray[np.float64], nearest: NDArray[np.intp], scene: Image) -> None:
    """Refuse to choose between bands of one wavelength that are equally good."""
    known, good = scene.wavelengths, scene.good_bands
    assert known is not None
    is_one = known == known[nearest, np.newaxis]
    if good is not None:
        is_one &= good == good[nearest, np.newaxis]
    is_one[:, nearest] = False
    ties = np.flatnonzero(is_one.any(axis=1))
    if len(ties):
        bands = np.flatnonzero(known == known[nearest[ties[0]]])
        raise ValueError(
            f"The model was fitted with one band at {wanted[ties[0]]:g} nm, of which {scene.name} "
            f"has several: bands {_listed(bands)}. List those that it was not fitted with as bad, "
            "open_scene(..., good_bands=)."
        )


def _listed(values: NDArray[Any]) -> str:
    text = ", ".join(f"{value:g}" for value in values[:_SHOWN].tolist())
    return f"{text} and {len(values) - _SHOWN} more" if len(values) > _SHOWN else text
