"""The mean and the covariance of spectra that come in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# Gives the blocks (n, bands) of the same spectra each time.
Blocks = Callable[[], Iterator[NDArray[Any]]]


class Moments(NamedTuple):
    """The number of spectra, their mean, and their covariance (over the number)."""

    n_spectra: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def correlation(self) -> NDArray[np.float64]:
        """The mean of the products of bands, about zero."""
        return self.covariance + np.outer(self.mean, self.mean)


def moments_of(blocks: Blocks) -> Moments:
    """Return the moments of spectra, which are gone through twice."""
    total, n_spectra = np.zeros(0), 0
    for block in blocks():
        total = block.sum(axis=0, dtype=np.float64) + (total if n_spectra else 0.0)
        n_spectra += len(block)
    mean = total / n_spectra
    products = np.zeros((len(mean), len(mean)))
    for block in blocks():
        centred = block - mean
        with np.errstate(over="ignore", invalid="ignore"):
            products += centred.T @ centred
    if not np.isfinite(products).all():
        raise ValueError(
            "X has values whose products are beyond the range of float64: scale the spectra."
        )
    return Moments(n_spectra, mean, products / n_spectra)
