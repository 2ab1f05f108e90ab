"""A network's functions over any number of rows, in bounded memory.

Rows pass in chunks, padded to one of few fixed numbers of rows, into an output that is allocated
once. What a row gives does not depend on the rows beside it. Integers are cast chunk by chunk, so
a scene is never copied as a whole.
"""

from collections.abc import Hashable
from typing import Any

import numpy as np
import tensorflow as tf

from .compilation import compiled
from .training import split_tensor

# Few numbers of rows, so that one spectrum costs little and a scene is cut into few chunks.
CHUNK_ROWS = (32, 2048)


def apply_rows(
    network: Any,
    function: str,
    parameters: np.ndarray,
    statistics: np.ndarray,
    X: np.ndarray,
    **options: Hashable,
) -> np.ndarray:
    """Return ``network.function`` of the rows of X, (n, ...), in the dtype of the network.

    Parameters
    ----------
    network : a frozen description of a network
        Its method ``function`` maps (parameters, statistics, rows, **options) to a tensor with as
        many rows.
    function : str
    parameters, statistics : ndarray
        Flat vectors.
    X : ndarray of shape (n, columns)
    """
    compiled_function = compiled(
        _row_function, network, function, X.shape[1], X.dtype.name, tuple(options.items())
    )
    parameters = tf.constant(parameters, network.dtype)
    statistics = tf.constant(statistics, network.dtype)
    native = X.dtype.newbyteorder("=")  # files may hold the other byte order
    output = None
    for start, stop, n_padded in chunks(len(X)):
        rows = X[start:stop].astype(native, copy=False)
        if len(rows) < n_padded:
            padded = np.zeros((n_padded, X.shape[1]), X.dtype)
            padded[: len(rows)] = rows
            rows = padded
        result = compiled_function(parameters, statistics, tf.constant(rows)).numpy()
        if output is None:
            output = np.empty((len(X), *result.shape[1:]), result.dtype)
        output[start:stop] = result[: stop - start]
    return output


def chunks(n_rows: int) -> list[tuple[int, int, int]]:
    """Return (start, stop, rows after padding) of the chunks that cover ``n_rows`` rows."""
    cut = []
    for start in range(0, n_rows, CHUNK_ROWS[-1]):
        stop = min(start + CHUNK_ROWS[-1], n_rows)
        cut.append((start, stop, next(size for size in CHUNK_ROWS if size >= stop - start)))
    return cut


def _row_function(network: Any, function: str, n_columns: int, input_dtype: str, options: tuple):
    dtype = tf.as_dtype(network.dtype)

    def rows_to_rows(parameters, statistics, x):
        parameters = split_tensor(parameters, network.parameters)
        statistics = split_tensor(statistics, network.statistics)
        return getattr(network, function)(
            parameters, statistics, tf.cast(x, dtype), **dict(options)
        )

    signature = [
        tf.TensorSpec((sum(p.size for p in network.parameters),), dtype),
        tf.TensorSpec((sum(p.size for p in network.statistics),), dtype),
        tf.TensorSpec((None, n_columns), tf.as_dtype(input_dtype)),
    ]
    return rows_to_rows, signature
