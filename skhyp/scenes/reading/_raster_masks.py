"""RasterMask: missing pixels of a raster that no value of its own marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user
from skhyp.scenes._windows import Window, raster_window

from ._raster_wavelengths import has_wavelength

# Integers of so many bytes are exact in floats of the next type.
_FLOATS = {1: np.float32, 2: np.float32, 4: np.float64}


@dataclass(frozen=True)
class RasterMask:
    """What marks missing pixels, beside the bands or differently in each of them.

    A pixel that is fully transparent is missing. Where the bands have one nodata value, it takes
    the place of what is missing, else NaN does.
    """

    # Numbers of the bands that are transparency.
    alpha: tuple[int, ...]
    # Whether one mask is for all bands, and whether bands have masks, or nodata, of their own.
    is_shared: bool
    is_by_band: bool
    marker: float

    @classmethod
    def of(cls, dataset: Any, bands: list[int], nodata: float | None) -> RasterMask | None:
        """Return what marks missing pixels of some bands, or None if only their nodata does."""
        from rasterio.enums import MaskFlags

        of_all, nodatavals = dataset.mask_flag_enums, dataset.nodatavals
        flags = [set(of_all[band - 1]) for band in bands]
        plain = {MaskFlags.all_valid, MaskFlags.nodata, MaskFlags.alpha}
        differs = nodata is None and any(nodatavals[band - 1] is not None for band in bands)
        alpha = tuple(band for band in alpha_bands(dataset) if band not in bands)
        is_shared = any(
            MaskFlags.per_dataset in of_band and MaskFlags.alpha not in of_band for of_band in flags
        )
        is_by_band = differs or any(
            not of_band & {*plain, MaskFlags.per_dataset} for of_band in flags
        )
        if not (alpha or is_shared or is_by_band):
            return None
        return cls(alpha, is_shared, is_by_band, np.nan if nodata is None else nodata)

    def dtype_for(self, stored: np.dtype, name: str) -> np.dtype:
        """Return a type that holds the stored numbers and the marker."""
        if stored.kind == "f" or not np.isnan(self.marker):
            return stored
        if stored.itemsize not in _FLOATS:
            raise ValueError(
                f"{name} marks missing pixels by a mask, beside {stored} without a nodata value, "
                "for which there is no wider type. Give them a nodata value, as with "
                "gdal_translate -a_nodata."
            )
        return np.dtype(_FLOATS[stored.itemsize])

    def mark(self, dataset: Any, window: Window, bands: list[int], block: NDArray[Any]) -> None:
        """Give what is missing in a block (bands, rows, columns) the value that marks it."""
        place = raster_window(window)
        missing = np.zeros(window.shape, bool)
        if self.alpha:
            missing |= (dataset.read(list(self.alpha), window=place) == 0).any(axis=0)
        if self.is_shared:
            missing |= dataset.read_masks(bands[0], window=place) == 0
        block[:, missing] = self.marker
        if self.is_by_band:
            block[dataset.read_masks(bands, window=place) == 0] = self.marker


def alpha_bands(dataset: Any) -> tuple[int, ...]:
    """Return the numbers of the bands that are transparency, not colours.

    A band of which the file says the wavelength is none, nor is the only one.
    """
    from rasterio.enums import ColorInterp

    found = tuple(
        band
        for band, meaning in zip(dataset.indexes, dataset.colorinterp, strict=True)
        if meaning is ColorInterp.alpha and not has_wavelength(dataset, band)
    )
    return found if len(found) < dataset.count else ()


def warn_of_a_doubtful_alpha(dataset: Any) -> None:
    """Warn where GDAL calls a band transparency that nobody said is."""
    is_by_default = dataset.driver in ("GTiff", "VRT") and set(dataset.dtypes) == {"uint8"}
    if is_by_default and dataset.count == 4 and alpha_bands(dataset) == (4,):
        warn_user(
            f"{dataset.name} has four bands of uint8, the last of which is marked as "
            "transparency, as GDAL does unless it is told otherwise: it is left out, and pixels "
            "are missing where it is 0. If it is a spectral band, write the file with "
            "photometric='MINISBLACK', or set its colorinterp.",
        )
