"""What a split lets the test set know: how near its pixels are to training pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.scenes._pixel_positions import validate_positions

from ._positions import as_indices, distances_to


@dataclass(frozen=True, eq=False)
class LeakageReport:
    """How near test pixels are to training pixels.

    Attributes
    ----------
    distances : ndarray of shape (n_test,)
        From each test pixel to the nearest training pixel, in pixels, diagonals counting one;
        0 where the pixel itself is trained on, infinite without training pixels.
    shares : dict of int to float
        The share of test pixels that are no farther than so many pixels.
    """

    distances: NDArray[np.float64]
    shares: dict[int, float]

    def __str__(self) -> str:
        return "\n".join(
            f"{share:6.1%} of {len(self.distances)} test pixels are within {radius} "
            f"pixel{'s' if radius != 1 else ''} of a training pixel"
            for radius, share in self.shares.items()
        )


def leakage_report(
    train: ArrayLike,
    test: ArrayLike,
    positions: ArrayLike,
    *,
    radii: Sequence[int] = (1, 2, 5),
) -> LeakageReport:
    """Measure how near test pixels are to training pixels.

    Parameters
    ----------
    train, test : array-like of int or of bool
        Indices of the pixels on each side, as splitters give them, or masks.
    positions : array-like of int, shape (n_pixels, 2)
        The row and the column of each pixel.
    radii : sequence of int, default=(1, 2, 5)
        The distances of interest, in pixels. Pixels that touch, by a side or a corner, are 1 apart.

    Returns
    -------
    report : LeakageReport
        ``print(report)`` says it in words.

    Examples
    --------
    >>> from skhyp.model_selection import leakage_report
    >>> report = leakage_report([0], [1, 2], [[0, 0], [0, 1], [0, 9]], radii=[1])
    >>> report.shares
    {1: 0.5}
    >>> print(report)
     50.0% of 2 test pixels are within 1 pixel of a training pixel
    """
    places = validate_positions(positions)
    train, test = as_indices(train, len(places), "train"), as_indices(test, len(places), "test")
    if not all(isinstance(radius, Integral) and radius >= 0 for radius in radii):
        raise ValueError(f"radii must be integers of 0 or more; got {radii!r}.")
    if not len(test):
        raise ValueError("test must have one pixel or more; got none.")
    distances = distances_to(places[test], places[train])
    shares = {int(radius): float(np.mean(distances <= radius)) for radius in radii}
    return LeakageReport(distances, shares)
