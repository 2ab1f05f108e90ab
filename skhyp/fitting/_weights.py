"""Weights of spectra, which matter beside each other alone."""

import numpy as np


def scaled_weights(name: str, weights: np.ndarray, dtype: str) -> np.ndarray:
    """Return weights of 0 or more in a dtype, over a power of two: the largest is from 1 to 2.

    Raises
    ------
    ValueError
        If the dtype has no number for some of them beside the largest.
    """
    largest = weights.max()
    scaled = np.ldexp(weights, 1 - np.frexp(largest)[1])
    is_lost = (weights > 0) & (scaled < np.finfo(dtype).tiny)
    if is_lost.any():
        raise ValueError(
            f"{name} must be 0 or within a range that {dtype} has numbers for, got weights from "
            f"{weights[is_lost].min():.3g} to {largest:.3g}. Set the least ones to 0."
        )
    return scaled.astype(dtype)
