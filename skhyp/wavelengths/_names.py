"""Names of features that carry wavelengths, such as "450.5 nm"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ._spectral_units import wavelength_of_text, wavelengths_without_unit

_NAME = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) nm(?: \(band \d+\))?")


def wavelength_names(wavelengths: ArrayLike) -> np.ndarray:
    """Return a feature name for each wavelength, such as "450.5 nm".

    Parameters
    ----------
    wavelengths : array-like of shape (n_bands,)
        In nm.

    Returns
    -------
    names : ndarray of str, shape (n_bands,)
        All different: bands that share a wavelength also carry their position.

    Examples
    --------
    >>> from skhyp.wavelengths import wavelength_names
    >>> wavelength_names([450.5, 550.0]).tolist()
    ['450.5 nm', '550 nm']
    """
    names = [f"{value:.8g} nm" for value in np.asarray(wavelengths, dtype=np.float64)]
    return np.array(
        [f"{name} (band {i})" if names.count(name) > 1 else name for i, name in enumerate(names)],
        dtype=object,
    )


def wavelengths_from_names(names: Sequence[str] | None) -> np.ndarray | None:
    """Return the wavelengths that feature names carry, or None where one carries none.

    A name carries one number with a unit, wherever it stands: "450.5 nm", "X450nm", "B1 (0.45 um)".
    Without a unit, names are numbers, or numbers after one such as "X" or "wl": "450.5", "X1100".
    "x210" is none: columns of arrays are called so by their numbers.
    These are in nm if all lie within 200 to 2600, do not fall, and do not count bands: 1, 2, 3, ...
    nowhere, and 350, 351, 352, ... only if there are 100 or more.

    Parameters
    ----------
    names : sequence of str, or None
        Feature names.

    Returns
    -------
    wavelengths : ndarray of shape (n_bands,) or None
        In nm.

    Examples
    --------
    >>> from skhyp.wavelengths import wavelengths_from_names
    >>> wavelengths_from_names(["450.5 nm", "550 nm"])
    array([450.5, 550. ])
    >>> wavelengths_from_names(["X1100", "X1102"])
    array([1100., 1102.])
    >>> wavelengths_from_names(["red", "green"]) is None
    True
    """
    if names is None:
        return None
    found = [_wavelength_of_name(str(name)) for name in names]
    if found and None not in found:
        return np.array(found, np.float64)
    return wavelengths_without_unit([str(name) for name in names])


def _wavelength_of_name(name: str) -> float | None:
    match = _NAME.fullmatch(name)
    return wavelength_of_text(name) if match is None else float(match[1])
