"""Where a spectrum is contiguous: the runs of bands within which filters and hulls are taken."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

# A step between neighbouring bands of more than this many median steps is a gap.
GAP_IN_MEDIAN_STEPS = 2.5


def contiguous_segments(
    band_indices: ArrayLike, wavelengths: ArrayLike | None = None
) -> list[slice]:
    """Return the runs of kept bands within which a filter or a hull may be taken.

    A run ends where bands between were dropped and, if wavelengths are known, where they step
    back (detectors overlap) or leap by more than 2.5 median steps (bands were removed earlier).
    Bands that are kept in the order of their wavelengths are one run although that is not the
    order of their indices.

    Parameters
    ----------
    band_indices : array-like of int, shape (n_kept,)
        Indices of the kept bands in the original spectrum, in the order they are kept.
    wavelengths : array-like of shape (n_kept,), optional
        Wavelengths of the kept bands in nm.

    Returns
    -------
    segments : list of slice
        They cover the kept bands in order.

    Examples
    --------
    >>> from skhyp.wavelengths import contiguous_segments
    >>> contiguous_segments([0, 1, 2, 5, 6])
    [slice(0, 3, None), slice(3, 5, None)]
    >>> contiguous_segments([0, 1, 2, 3], wavelengths=[670, 680, 665, 675])
    [slice(0, 2, None), slice(2, 4, None)]
    """
    indices = np.asarray(band_indices)
    if wavelengths is None or len(indices) < 2:
        is_break = np.diff(indices) != 1
    else:
        steps = np.diff(np.asarray(wavelengths, dtype=np.float64))
        steps *= np.sign(np.median(steps)) or 1  # a list may also fall from the first to the last
        is_break = (steps <= 0) | (steps > GAP_IN_MEDIAN_STEPS * np.median(np.abs(steps)))
        # Where all bands between two were kept, elsewhere, as many ranks as indices lie between.
        ranks = np.argsort(np.argsort(indices))
        is_break |= np.abs(np.diff(indices)) != np.abs(np.diff(ranks))
    edges = [0, *(np.flatnonzero(is_break) + 1).tolist(), len(indices)]
    return [slice(start, stop) for start, stop in pairwise(edges)]
