"""Lists of wavelengths: whether they are some, and whether two are of the same bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from skhyp._warnings import warn_user

# So many that fall in even steps, from beyond this, look like the wavenumbers of a spectrometer.
_LEAST_WAVENUMBERS = 10
_LONGEST_COMMON_NM = 2600

# Bands whose centres are no farther apart are the same: files round, and sensors are recalibrated.
WAVELENGTH_TOLERANCE_NM = 0.5


def validate_wavelengths(wavelengths: ArrayLike, n_bands: int) -> np.ndarray:
    """Return the wavelengths as a float array, after checking number, sign and unit.

    Parameters
    ----------
    wavelengths : array-like of shape (n_bands,)
        In nm, in the order of the bands.
    n_bands : int
        The number of bands of the spectra they belong to.

    Returns
    -------
    wavelengths : ndarray of shape (n_bands,), float64

    Raises
    ------
    ValueError
        If there are not ``n_bands`` of them, if one is not a positive finite number, or if all are
        below 100, which are micrometres.

    Examples
    --------
    >>> from skhyp.wavelengths import validate_wavelengths
    >>> validate_wavelengths([450, 550, 650], n_bands=3)
    array([450., 550., 650.])
    """
    try:
        values = np.asarray(wavelengths, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"wavelengths must be numbers in nm, got {wavelengths!r}.") from error
    if values.shape != (n_bands,):
        raise ValueError(
            f"wavelengths must have one entry for each of the {n_bands} bands, "
            f"got an array of shape {values.shape}. Spectra that lack a scene's bad bands, as from "
            "skhyp.scenes.labelled_pixels, know theirs: leave wavelengths=None for these."
        )
    is_wavelength = np.isfinite(values) & (values > 0)
    if not is_wavelength.all():
        raise ValueError(
            f"wavelengths must be positive finite numbers in nm, got {values[~is_wavelength][0]}."
        )
    _warn_of_wavenumbers(values)
    if values.max() < 100:
        raise ValueError(
            f"wavelengths must be in nm, got {values.min():g} to {values.max():g}: these look like "
            "micrometres; multiply them by 1000."
        )
    return values


def _warn_of_wavenumbers(values: np.ndarray) -> None:
    """Warn of a list that falls, evenly, from beyond what sensors of wavelengths mostly see."""
    if len(values) < _LEAST_WAVENUMBERS or values.max() < _LONGEST_COMMON_NM:
        return
    steps = np.diff(values)
    if steps.max() < 0 and np.ptp(steps) <= 0.01 * abs(steps.mean()):
        warn_user(
            f"wavelengths fall in even steps from {values[0]:g} to {values[-1]:g}, as wavenumbers "
            "do. They are taken for nm; if they are in cm-1, pass 1e7 / wavenumbers."
        )


def are_same_bands(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two lists of wavelengths are those of the same bands, in the same order.

    Parameters
    ----------
    first, second : ndarray of shape (n_bands,)
        In nm.

    Returns
    -------
    are_same : bool
        Whether there are as many, and none are more than 0.5 nm apart.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.wavelengths import are_same_bands
    >>> are_same_bands(np.array([450.0, 550.0]), np.array([450.3, 550.0]))
    True
    """
    return len(first) == len(second) and bool(
        np.all(np.abs(first - second) <= WAVELENGTH_TOLERANCE_NM)
    )
