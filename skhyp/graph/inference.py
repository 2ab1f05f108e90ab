"""A network's functions over any number of rows, in bounded memory.

Rows pass in chunks, all padded to one number of rows, into an output that is allocated once. What
a row gives does not depend on the rows beside it. Integers are cast chunk by chunk, so a scene is
never copied as a whole.
"""

from collections.abc import Hashable
from typing import Any

import numpy as np
import tensorflow as tf

from .compilation import compiled
from .parameters import split_tensor

# One number for all: products of matrices of another height are cut differently between threads
# and sum in another order, so that a row alone would differ from that row in a scene. This many
# make one spectrum cost little and still fill the processor in a scene.
CHUNK_ROWS = 512


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
    native = _native_dtype(X.dtype, network.dtype)
    compiled_function = compiled(
        _row_function, network, function, X.shape[1], native.name, tuple(options.items())
    )
    parameters = tf.constant(parameters, network.dtype)
    statistics = tf.constant(statistics, network.dtype)
    output = None
    for start, stop in chunks(len(X)):
        rows = X[start:stop].astype(native, copy=False)
        if len(rows) < CHUNK_ROWS:
            padded = np.zeros((CHUNK_ROWS, X.shape[1]), native)
            padded[: len(rows)] = rows
            rows = padded
        result = compiled_function(parameters, statistics, tf.constant(rows)).numpy()
        if output is None:
            output = np.empty((len(X), *result.shape[1:]), result.dtype)
        output[start:stop] = result[: stop - start]
    return output


def chunks(n_rows: int) -> list[tuple[int, int]]:
    """Return (start, stop) of the chunks that cover ``n_rows`` rows; no rows are one, empty."""
    starts = range(0, max(n_rows, 1), CHUNK_ROWS)
    return [(start, min(start + CHUNK_ROWS, n_rows)) for start in starts]


def _native_dtype(dtype: np.dtype, network_dtype: str) -> np.dtype:
    """Return what rows are handed to TensorFlow as: their own dtype where it has that one."""
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):  # half and extended precision
        return np.dtype(network_dtype)
    return dtype.newbyteorder("=")  # files may hold the other byte order


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
