"""What is asked of spectra that endmembers are taken from, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from skhyp.inputs._band_moments import Blocks

# So many rows of an array are cast at a time.
_BLOCK_ROWS = 4096


class ExtractedEndmembers(NamedTuple):
    """Spectra (n_endmembers, n_bands), and the numbers (n_endmembers,) of the pixels they are of.

    The spectra are those of the pixels on the directions in which all of them vary most, so that
    they have less noise than the pixels themselves: ``X[indices]``.
    """

    spectra: NDArray[np.float64]
    indices: NDArray[np.intp]


def blocks_of_rows(X: ArrayLike) -> tuple[Blocks, int]:
    """Return spectra in rows, or a cube, block by block in float64, and the number of bands."""
    if np.ndim(X) == 3:  # type: ignore[arg-type]
        X = np.asarray(X).reshape(-1, np.shape(X)[2])  # type: ignore[arg-type]
    spectra = check_array(X, dtype="numeric", ensure_min_samples=2)

    def blocks() -> Iterator[NDArray[Any]]:
        for start in range(0, len(spectra), _BLOCK_ROWS):
            yield spectra[start : start + _BLOCK_ROWS].astype(np.float64)

    return blocks, spectra.shape[1]


def validate_number(n_endmembers: Any, n_bands: int, n_spectra: int) -> int:
    """Return a number of endmembers that there can be."""
    is_whole = isinstance(n_endmembers, Integral) and not isinstance(n_endmembers, bool)
    if not is_whole or n_endmembers < 2:
        raise ValueError(f"n_endmembers must be an integer of 2 or more; got {n_endmembers!r}.")
    if n_endmembers > n_bands + 1:
        raise ValueError(
            f"n_endmembers must not be more than the number of bands and one; got {n_endmembers} "
            f"for {n_bands} bands."
        )
    if n_endmembers > n_spectra:
        raise ValueError(
            f"n_endmembers must not be more than there are spectra; got {n_endmembers}, but "
            f"n_samples = {n_spectra}."
        )
    return int(n_endmembers)


def refuse_too_few(found: int, n_endmembers: int) -> None:
    """Say that spectra are mixtures of fewer than were asked for."""
    raise ValueError(
        f"All spectra of X are mixtures of {found} of them, but for rounding: there are no "
        f"{n_endmembers} endmembers. Set n_endmembers={found}, or less."
    )
