"""NumPy, written plainly; the codes in chunks that stay in the cache."""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from task import (
    DENSE_LAYER_SIZES,
    HIDDEN_LAYER_SIZES,
    KERNEL_SIZES,
    N_CLASSES,
    N_COMPONENTS,
    N_FILTERS,
    PREDICTION_ROWS,
    Prepared,
    Task,
)


def codes(task: Task) -> Prepared:
    X = task.spectra()
    rng = np.random.default_rng(task.seed)
    layers = [
        (rng.standard_normal(pair, dtype=np.float32), np.zeros(pair[1], dtype=np.float32))
        for pair in pairwise((X.shape[1], *HIDDEN_LAYER_SIZES, N_COMPONENTS))
    ]

    def encode(values: np.ndarray) -> np.ndarray:
        for kernel, bias in layers:
            values = values @ kernel
            values += bias
            np.maximum(values, 0, out=values)
        return values

    def run() -> np.ndarray:
        result = np.empty((len(X), N_COMPONENTS), dtype=np.float32)
        for start in range(0, len(X), PREDICTION_ROWS):
            rows = slice(start, start + PREDICTION_ROWS)
            result[rows] = encode(X[rows])
        return result

    return Prepared(run)


def label_of_one(task: Task) -> Prepared:
    """Prepare W3's network with random weights; a convolution is a product with its windows."""
    x = task.spectra()
    rng = np.random.default_rng(task.seed)
    channels = (1, *N_FILTERS)
    n_flattened = N_FILTERS[-1] * (x.shape[1] - sum(size - 1 for size in KERNEL_SIZES))
    shapes = [
        (before * size, after)
        for (before, after), size in zip(pairwise(channels), KERNEL_SIZES, strict=True)
    ]
    shapes += pairwise((n_flattened, *DENSE_LAYER_SIZES, N_CLASSES))
    layers = [
        (rng.standard_normal(shape, dtype=np.float32), np.zeros(shape[1], dtype=np.float32))
        for shape in shapes
    ]
    convolutions, dense = layers[: len(N_FILTERS)], layers[len(N_FILTERS) :]

    def run() -> np.ndarray:
        values = x[0, :, np.newaxis]
        for (kernel, bias), size in zip(convolutions, KERNEL_SIZES, strict=True):
            windows = sliding_window_view(values, size, axis=0)
            values = np.maximum(windows.reshape(len(windows), -1) @ kernel + bias, 0)
        values = values.reshape(1, -1)
        for kernel, bias in dense:
            scores = values @ kernel + bias
            values = np.maximum(scores, 0)
        return 1 + scores.argmax(axis=1)

    return Prepared(run)


def min_max(task: Task) -> Prepared:
    X = task.scene()

    def run() -> np.ndarray:
        spectra = X.astype(np.float32)
        least = spectra.min(axis=1, keepdims=True)
        return (spectra - least) / (spectra.max(axis=1, keepdims=True) - least)

    return Prepared(run)
