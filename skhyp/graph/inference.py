"""A network's functions over any number of rows, in bounded memory.

Rows pass in chunks, two at a time, into an output that is allocated once. Integers are cast chunk
by chunk, so a scene is never copied as a whole. What a row gives does not depend on the rows
beside it, nor on how many there are: a spectrum alone and the same one in a scene agree to the
last bit.
"""

import os
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np
import tensorflow as tf

from .compilation import compiled
from .layers import Layers
from .memory import aligned_empty, shared_array
from .parameters import split_tensor, vector_size

# The rows of a chunk: as many as keep what a network computes of them within so many values (16
# MiB in float32), in multiples of 240, which every vector length divides.
CHUNK_VALUES = 2**22
_MAX_CHUNK_ROWS = 3840
_ROW_UNIT = 240
# Few rows are padded to the first of these numbers that holds them. All are multiples of the values
# in a vector: the last values of an odd number are rounded in another way than those before.
_FEW_ROWS = (16, 48, 240)
# How many drawn runs of rows are compared before few rows are trusted to give a scene's bits, and
# the sizes of the spectra and of the weights in them.
_N_TRIALS = 24
_TRIAL_SCALES = ((1.0, 0.3), (100.0, 0.1))
# Two chunks at a time fill the gaps between the operations of one; more take memory only.
_N_WORKERS = 2


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
        Its method ``function`` maps (layers, statistics, rows, **options) to a tensor with as
        many rows.
    function : str
    parameters, statistics : ndarray
        Flat vectors.
    X : ndarray of shape (n, columns)
    """
    native = _native_dtype(X.dtype, network.dtype)
    key = (network, function, X.shape[1], native.name, tuple(options.items()))
    compute = partial(
        compiled(_row_function, *key, is_brief=True),
        tf.constant(parameters, network.dtype),
        tf.constant(statistics, network.dtype),
    )
    chunk_rows = rows_per_chunk(network)
    if len(X) <= chunk_rows:
        rows = _rows_for_few(key, len(X), chunk_rows)
        return _compute_padded(compute, X.astype(native, copy=False), rows)[: len(X)].copy()

    first = _compute_padded(compute, X[:chunk_rows].astype(native, copy=False), chunk_rows)
    output = aligned_empty((len(X), *first.shape[1:]), first.dtype)
    output[:chunk_rows] = first

    def compute_chunk(start: int) -> None:
        rows = X[start : start + chunk_rows].astype(native, copy=False)
        output[start : start + chunk_rows] = _compute_padded(compute, rows, chunk_rows)[: len(rows)]

    with ThreadPoolExecutor(_n_threads()) as workers:
        # A list, so that an exception in a worker is raised here.
        list(workers.map(compute_chunk, range(chunk_rows, len(X), chunk_rows)))
    return output


def _n_threads() -> int:
    """Return how many chunks are computed at a time.

    Processes that share a machine are told their part by ``OMP_NUM_THREADS``: those of joblib and
    of dask are.
    """
    limits = [_N_WORKERS, os.cpu_count() or 1]
    if (limit := os.environ.get("OMP_NUM_THREADS", "")).isdigit():
        limits.append(int(limit))
    return max(1, min(limits))


def rows_per_chunk(network: Any) -> int:
    """Return how many rows a network is given at once."""
    fitting = CHUNK_VALUES // network.n_values
    return max(1, min(fitting, _MAX_CHUNK_ROWS) // _ROW_UNIT) * _ROW_UNIT


def _compute_padded(compute: Callable, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Return what is computed of the rows, followed by zeros up to ``n_rows``."""
    if len(rows) < n_rows:
        padded = np.zeros((n_rows, rows.shape[1]), rows.dtype)
        padded[: len(rows)] = rows
        rows = padded
    return shared_array(compute(tf.constant(rows)))


def _rows_for_few(key: tuple, n_rows: int, chunk_rows: int) -> int:
    """Return to how many rows a few are padded."""
    for candidate in _FEW_ROWS:
        if n_rows <= candidate < chunk_rows and _agrees_with_chunk(candidate, chunk_rows, key):
            return candidate
    return chunk_rows


@lru_cache(maxsize=1024)
def _agrees_with_chunk(n_rows: int, chunk_rows: int, key: tuple) -> bool:
    """Return whether so many rows give the bits that they give within a chunk.

    Libraries of matrix products choose the order of a sum by the shape of the matrices, each in
    its own way on each processor. So it is tried, once for each function, on drawn numbers.
    """
    return all(_agrees_in_trials(n_rows, chunk_rows, key, *scales) for scales in _TRIAL_SCALES)


def _agrees_in_trials(
    n_rows: int, chunk_rows: int, key: tuple, scale: float, weight_scale: float
) -> bool:
    network, _, n_columns, input_dtype, _ = key
    rng = np.random.default_rng(0)
    parameters = weight_scale * rng.standard_normal(vector_size(network.parameters))
    compute = partial(
        compiled(_row_function, *key, is_brief=True),
        tf.constant(parameters, network.dtype),
        tf.constant(rng.uniform(0.5, 1.5, vector_size(network.statistics)), network.dtype),
    )
    rows = (scale * rng.uniform(size=(chunk_rows, n_columns))).astype(input_dtype)
    chunk = _compute_padded(compute, rows, chunk_rows)
    if chunk.dtype == bool:  # comparisons of what the rows hold: nothing is rounded
        return True
    starts = np.linspace(0, chunk_rows - n_rows, _N_TRIALS).astype(int).tolist()
    return all(
        np.array_equal(
            _compute_padded(compute, rows[start : start + n_rows], n_rows),
            chunk[start : start + n_rows],
            equal_nan=True,
        )
        for start in starts
    )


def _native_dtype(dtype: np.dtype, network_dtype: str) -> np.dtype:
    """Return what rows are handed to TensorFlow as: their own dtype where it has that one."""
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):  # half and extended precision
        return np.dtype(network_dtype)
    return dtype.newbyteorder("=")  # files may hold the other byte order


def row_function(network: Any, function: str, **options: Hashable) -> Callable:
    """Return a function of a network as one of tensors: flat parameters, statistics, and rows."""

    def rows_to_rows(parameters, statistics, x):
        arrays = split_tensor(parameters, network.parameters)
        layers = Layers(arrays, dtype=getattr(network, "layers_dtype", None))
        statistics = split_tensor(statistics, network.statistics)
        if not getattr(network, "casts_input", False):
            x = tf.cast(x, network.dtype)
        return getattr(network, function)(layers, statistics, x, **options)

    return rows_to_rows


def _row_function(network: Any, function: str, n_columns: int, input_dtype: str, options: tuple):
    signature = [*fitted_signature(network), tf.TensorSpec((None, n_columns), input_dtype)]
    return row_function(network, function, **dict(options)), signature


def output_dtype_of(network: Any) -> str:
    """Return the type of what a network gives, where that is not what it computes in."""
    return getattr(network, "output_dtype", network.dtype)


def fitted_signature(network: Any) -> list[tf.TensorSpec]:
    """Return what the flat vectors of parameters and of statistics are."""
    return [
        tf.TensorSpec((vector_size(arrays),), network.dtype)
        for arrays in (network.parameters, network.statistics)
    ]
