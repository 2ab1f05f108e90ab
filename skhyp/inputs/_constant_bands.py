"""Bands that an upper hull makes constant: the ends of segments, which it touches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user
from skhyp.wavelengths import contiguous_segments, wavelength_names
from skhyp.wavelengths._segments import GAP_IN_MEDIAN_STEPS

# Of the bands, no larger part may be the ends of segments.
_MOST_CONSTANT = 0.25


def warn_of_constant_bands(
    bands: NDArray[np.intp],
    source_bands: NDArray[np.intp],
    wavelengths: NDArray[np.float64] | None,
) -> None:
    """Warn of kept bands that are 1 in every spectrum once the continuum is removed.

    ``source_bands`` are where they were among all, which tells segments; ``bands`` are what they
    are called. The two ends of one long segment are what everybody has.
    """
    constant, n_segments = _ends(source_bands, wavelengths)
    if not _are_too_many(source_bands, wavelengths):
        return
    lost, kept = np.array([], np.intp), np.arange(len(bands))
    while len(short := _in_short_segments(source_bands[kept], _taken(wavelengths, kept))):
        lost, kept = np.union1d(lost, kept[short]), np.delete(kept, short)
    mend = "Choose"
    if len(lost) and len(kept) and not _are_too_many(source_bands[kept], _taken(wavelengths, kept)):
        mend = (
            "Keep those in longer segments, bands=[band for band in preprocessor.bands_ "
            f"if band not in {bands[lost].tolist()}], or choose"
        )
    names = bands[constant].tolist()
    if wavelengths is not None:
        names = wavelength_names(wavelengths[constant]).tolist()
    segments = "one segment" if n_segments == 1 else f"{n_segments} segments"
    warn_user(
        f"method='continuum' makes {len(constant)} of {len(bands)} bands 1 in every spectrum: "
        f"{', '.join(map(str, names))}. They are the ends of {segments}, which a hull touches; "
        "segments end where bands were dropped, and where wavelengths step back or leap by more "
        f"than {GAP_IN_MEDIAN_STEPS:g} median steps. {mend} a method without a hull, such as "
        "'snv'."
    )


def _are_too_many(bands: NDArray[np.intp], wavelengths: NDArray[np.float64] | None) -> bool:
    if len(_in_short_segments(bands, wavelengths)):
        return True
    constant, n_segments = _ends(bands, wavelengths)
    return n_segments > 1 and len(constant) > _MOST_CONSTANT * len(bands)


def _ends(
    bands: NDArray[np.intp], wavelengths: NDArray[np.float64] | None
) -> tuple[NDArray[np.intp], int]:
    """Return the places of the ends of all segments, and how many segments there are."""
    segments = contiguous_segments(bands, wavelengths)
    ends = {place for part in segments for place in (part.start, part.stop - 1)}
    return np.array(sorted(ends), np.intp), len(segments)


def _in_short_segments(
    bands: NDArray[np.intp], wavelengths: NDArray[np.float64] | None
) -> NDArray[np.intp]:
    """Return the places of bands in segments that are nothing but ends."""
    none = np.array([], np.intp)
    segments = contiguous_segments(bands, wavelengths) if len(bands) else []
    short = [np.arange(part.start, part.stop) for part in segments if part.stop - part.start <= 2]
    return np.concatenate([none, *short])


def _taken(
    wavelengths: NDArray[np.float64] | None, places: NDArray[np.intp]
) -> NDArray[np.float64] | None:
    return None if wavelengths is None else wavelengths[places]
