"""CalibratedSource: stored numbers as the quantity that they stand for, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._nodata import marker_of
from skhyp.scenes._windows import Source, Window
from skhyp.scenes.reading._file_errors import reading


@dataclass(frozen=True)
class CalibratedSource:
    """scale * number + offset of another source, in float32, with NaN for what is missing.

    A number is missing if it is one of ``missing``, a pixel where ``mask`` is not 0.
    """

    stored: Source
    scale: NDArray[np.float64]  # one for each band
    offset: NDArray[np.float64]
    missing: tuple[float, ...]
    mask: Source | None
    path: Path

    @property
    def shape(self) -> tuple[int, int, int]:
        """Its rows, columns and bands."""
        return self.stored.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return np.dtype(np.float32)

    @property
    def tile(self) -> tuple[int, int]:
        """So many rows and columns are stored together."""
        return self.stored.tile

    @property
    def chunk_bytes(self) -> int:
        """What is unpacked for a single number."""
        return self.stored.chunk_bytes

    @property
    def identity(self) -> Any:
        """Which numbers of its files these are, and what they become."""
        mask = None if self.mask is None else self.mask.identity
        return [self.stored.identity, self.scale, self.offset, list(self.missing), mask]

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        stored = self.stored.read(window, bands)
        chosen = slice(None) if bands is None else bands
        with reading(self.path, window):
            block = stored.astype(np.float32)
            if np.any(self.scale != 1):
                block *= self.scale[chosen].astype(np.float32)
            if np.any(self.offset != 0):
                block += self.offset[chosen].astype(np.float32)
            for value in self.missing:
                marker = marker_of(value, stored.dtype)
                if marker is not None:
                    block[stored == marker] = np.nan
        if self.mask is not None:
            block[self.mask.read(window, None)[..., 0] != 0] = np.nan
        return block


@dataclass(frozen=True)
class JoinedSource:
    """Bands of several sources of one grid, in any order."""

    parts: tuple[Source, ...]
    # Of each band, the source that it is of, and its number there.
    part_of: NDArray[np.intp]
    band_of: NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Its rows, columns and bands."""
        return (*self.parts[0].shape[:2], len(self.part_of))

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return np.result_type(*(part.dtype for part in self.parts))

    @property
    def tile(self) -> tuple[int, int]:
        """So many rows and columns are stored together."""
        return self.parts[0].tile

    @property
    def chunk_bytes(self) -> int:
        """What is unpacked for a single number."""
        return max(part.chunk_bytes for part in self.parts)

    @property
    def identity(self) -> Any:
        """Which numbers of its files these are."""
        return [[part.identity for part in self.parts], self.part_of, self.band_of]

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        wanted = np.arange(len(self.part_of)) if bands is None else bands
        block = np.empty((*window.shape, len(wanted)), self.dtype)
        for number, part in enumerate(self.parts):
            places = np.flatnonzero(self.part_of[wanted] == number)
            if len(places):
                block[..., places] = part.read(window, self.band_of[wanted[places]])
        return block
