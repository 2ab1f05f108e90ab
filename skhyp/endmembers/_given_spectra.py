"""Spectra of known materials that an estimator is given, on the bands of what it is fitted to."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.inputs._band_moments import Blocks
from skhyp.inputs._known_wavelengths import wavelengths_of, widths_of
from skhyp.libraries import SpectralLibrary
from skhyp.resampling import BandResampler
from skhyp.spectra import Spectra
from skhyp.wavelengths import are_same_bands

# Spectra that are so many times brighter or darker than those of X are in another unit.
_OTHER_UNIT = 30.0


def given_spectra(
    given: Any, X: Any, n_bands: int, parameter: str
) -> tuple[NDArray[np.float64], list[str] | None]:
    """Return given spectra (n, n_bands) on the bands of X, and their names where they have some.

    Parameters
    ----------
    given : SpectralLibrary, Spectra, DataFrame or array-like of shape (n, n_bands) or (n_bands,)
        The index of a DataFrame are its names, if these are strings.
    X : what knows the wavelengths of what an estimator is fitted to, where they are known
    n_bands : int
    parameter : str
        What errors call them.
    """
    names: list[str] | None = None
    if isinstance(given, SpectralLibrary):
        names = [str(name) for name in given.names]
        given = given.spectra
    elif hasattr(given, "columns"):
        index = list(getattr(given, "index", ()))
        names = index if index and all(isinstance(name, str) for name in index) else None
    spectra = _numbers(given, parameter)
    known, wanted = wavelengths_of(given), wavelengths_of(X)
    if known is not None and wanted is not None and not are_same_bands(known, wanted):
        spectra = _resampled(Spectra(spectra, known, widths_of(given)), X, parameter)
    if spectra.shape[1] != n_bands:
        raise ValueError(
            f"{parameter} must have as many bands as X, which has {n_bands}; got "
            f"{spectra.shape[1]}. Where both know their wavelengths, as Spectra, a SpectralLibrary "
            "or a Scene, other bands are resampled; those that a scene lists as bad are left out."
        )
    if not np.isfinite(spectra).all():
        row, band = np.argwhere(~np.isfinite(spectra))[0]
        raise ValueError(
            f"{parameter} must be complete; spectrum {row} has {spectra[row, band]:g} in band "
            f"{band}."
        )
    return spectra, None if names is None else _unique(names)


def warn_of_other_unit(spectra: NDArray[np.float64], blocks: Blocks, parameter: str) -> None:
    """Warn of given spectra that are far brighter or darker than those of the first block."""
    brightness = np.median(np.sqrt(np.mean(np.square(spectra), axis=1)))
    block = next(iter(blocks())).astype(np.float64)
    of_block = np.median(np.sqrt(np.mean(np.square(block), axis=1)))
    if brightness and of_block and not 1 / _OTHER_UNIT < brightness / of_block < _OTHER_UNIT:
        warnings.warn(
            f"{parameter} are {brightness / of_block:.3g} times as bright as X: they have to be in "
            "one unit. A scene in a file often stores ten thousand times the reflectance, which "
            "its scale tells where it is known: multiply the spectra.",
            UserWarning,
            stacklevel=4,
        )


def _numbers(given: Any, parameter: str) -> NDArray[np.float64]:
    try:
        spectra = np.array(np.asarray(given), np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{parameter} must be numbers: {error}.") from error
    spectra = spectra[np.newaxis] if spectra.ndim == 1 else spectra
    if spectra.ndim != 2 or not spectra.size:
        raise ValueError(
            f"{parameter} must be spectra, one a row (n_spectra, n_bands); got shape "
            f"{np.shape(given)}."
        )
    return spectra


def _resampled(spectra: Spectra, X: Any, parameter: str) -> NDArray[np.float64]:
    try:
        resampler = BandResampler(target=wavelengths_of(X), target_fwhm=widths_of(X))
        return np.asarray(resampler.fit_transform(spectra), np.float64)
    except ValueError as error:
        raise ValueError(
            f"{parameter} could not be resampled to the bands of what is fitted; here X are "
            f"{parameter} and the target is that: {error}"
        ) from error


def _unique(names: list[str]) -> list[str]:
    """Return names of which those that were there before have a number."""
    found: list[str] = []
    for name in names:
        number, other = 1, name
        while other in found:
            number += 1
            other = f"{name} {number}"
        found.append(other)
    return found
