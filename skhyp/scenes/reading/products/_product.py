"""Product: what opens the files of one sensor, an entry of the table of products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._raster_scales import one_or_by_band

from ._calibrated_source import CalibratedSource

REFLECTANCE = "reflectance"
RADIANCE = "radiance"
# Where no light of the sun comes through: as NEON states them in its files (Band_Window_1, 2).
WATER_WINDOWS = ((1340.0, 1445.0), (1790.0, 1955.0))
_OF_WATER = ", ".join(f"{low:g} to {high:g} nm" for low, high in WATER_WINDOWS)


@dataclass(frozen=True)
class Asked:
    """What a user asks of a file: a variable or layer of it, and numbers as they are stored."""

    path: Path
    variable: str | None = None
    raw: bool = False


@dataclass(frozen=True)
class Product:
    """How the files of one sensor are known, and opened.

    ``opened`` returns what reads the numbers, and what the files say of them, by the names of the
    facts of a Scene.
    """

    name: str
    is_it: Callable[[Path], bool]
    opened: Callable[[Asked], tuple[Source, dict[str, Any]]]


def quantity(
    source: Source,
    asked: Asked,
    *,
    is_what: str,
    scale: NDArray[np.float64],
    offset: NDArray[np.float64],
    missing: tuple[float, ...],
    mask: Source | None = None,
    unit: str | None = None,
) -> tuple[Source, dict[str, Any]]:
    """Return what gives the quantity that stored numbers are, or these, and what they are."""
    if asked.raw:
        return source, {
            "scale": one_or_by_band(scale, 1.0),
            "offset": one_or_by_band(offset, 0.0),
            "nodata": missing[0] if missing else None,
        }
    calibrated = CalibratedSource(source, scale, offset, missing, mask, path=asked.path)
    units = None if unit is None else [unit] * source.shape[2]
    return calibrated, {"numbers": is_what, "nodata": np.nan, "units": units}


def bands_without_water(
    wavelengths: NDArray[np.float64], is_what: str
) -> dict[str, NDArray[np.bool_] | str | None]:
    """Return which bands lie outside the windows of water vapour, of a file with no list."""
    good = np.ones(len(wavelengths), bool)
    for low, high in WATER_WINDOWS:
        good &= (wavelengths < low) | (wavelengths > high)
    if good.all() or is_what != REFLECTANCE:
        return {"good_bands": None, "bad_bands_by": None}
    return {"good_bands": good, "bad_bands_by": f"water vapour at {_OF_WATER}"}
