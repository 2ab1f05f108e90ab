"""Widths of bands: checked, or where nobody knows them what their distances tell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Bands of sensors that see all wavelengths are no farther apart than this, in nm.
_CONTIGUOUS_NM = 30.0


def validate_widths(widths: ArrayLike, n_bands: int, called: str = "fwhm") -> NDArray[np.float64]:
    """Return widths in nm as floats, one for each band; a single one is that of all."""
    try:
        values = np.asarray(widths, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{called} must be numbers in nm, got {widths!r}.") from error
    if values.ndim == 0:
        values = np.full(n_bands, float(values))
    if values.shape != (n_bands,):
        raise ValueError(
            f"{called} must be one width, or one for each of the {n_bands} bands; got an array of "
            f"shape {values.shape}."
        )
    is_width = np.isfinite(values) & (values > 0)
    if not is_width.all():
        raise ValueError(
            f"{called} must be positive finite numbers in nm, got {values[~is_width][0]}."
        )
    return values


def known_widths(widths: Any, n_bands: int) -> NDArray[np.float64] | None:
    """Return widths that a file or an object has of its bands, None where they are none.

    Files have 0 or NaN for bands whose width is not known.
    """
    if widths is None:
        return None
    values = np.asarray(widths, np.float64)
    is_known = values.shape == (n_bands,) and bool(np.all(np.isfinite(values) & (values > 0)))
    return values if is_known else None


def widths_by_distance(wavelengths: NDArray[np.float64], remedy: str) -> NDArray[np.float64]:
    """Return the distances to the nearest neighbours in the list, for widths that nobody knows.

    Sensors that see all wavelengths are mostly made so. Others are refused.
    """
    steps = np.abs(np.diff(wavelengths))
    beside = np.minimum(np.append(np.inf, steps), np.append(steps, np.inf))
    # Where detectors overlap, neighbours in the list may lie beside each other.
    widths = np.maximum(beside, np.median(beside) / 2)
    is_broad = ~(widths <= _CONTIGUOUS_NM)
    if is_broad.any():
        band = int(np.flatnonzero(is_broad)[0])
        raise ValueError(
            f"The widths of the bands are not known, and their distances do not tell them: the "
            f"one at {wavelengths[band]:g} nm has no other within {_CONTIGUOUS_NM:g} nm. {remedy}"
        )
    return widths
