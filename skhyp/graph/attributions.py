"""Integrated gradients: what each band adds to an output of a network on the way from a baseline.

The gradient of the output with respect to the spectrum is averaged along the straight line from
the baseline to the spectrum; times their difference, it distributes the change of the output over
the bands. The nodes of the quadrature are arguments: any number of them is one compiled function.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from .compilation import compiled
from .inference import fitted_signature, row_function, rows_per_chunk
from .memory import shared_array


def integrated_gradients(
    network: Any,
    output: str,
    parameters: np.ndarray,
    statistics: np.ndarray,
    X: np.ndarray,
    baseline: np.ndarray,
    targets: np.ndarray,
    *,
    n_steps: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the attributions of rows and the outputs at the rows and at the baseline.

    Parameters
    ----------
    network : a frozen description of a network
    output : str
        One of :data:`OUTPUTS`.
    parameters, statistics : ndarray
        Flat vectors.
    X : ndarray of shape (n, bands)
    baseline : ndarray of shape (bands,)
    targets : ndarray of int, shape (n,)
        The class, component or target that is explained of each row; distances have none.
    n_steps : int
        The nodes of the Gauss-Legendre quadrature.

    Returns
    -------
    attributions : ndarray of shape (n, bands)
    outputs, baseline_outputs : ndarray of shape (n,)
    """
    compute = compiled(_attribution_function, network, output, X.shape[1])
    fitted = [tf.constant(vector, network.dtype) for vector in (parameters, statistics)]
    path = [tf.constant(values, network.dtype) for values in (baseline, *_quadrature(n_steps))]
    results = (
        np.empty(X.shape, network.dtype),
        np.empty(len(X), network.dtype),
        np.empty(len(X), network.dtype),
    )
    chunk_rows = rows_per_chunk(network)
    for start in range(0, len(X), chunk_rows):
        rows = slice(start, start + chunk_rows)
        spectra = tf.constant(X[rows].astype(network.dtype, copy=False))
        computed = compute(*fitted, spectra, tf.constant(targets[rows], tf.int64), *path)
        for result, values in zip(results, computed, strict=True):
            result[rows] = shared_array(values)
    return results


@lru_cache(maxsize=16)
def _quadrature(n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes between 0 and 1 and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    return (nodes + 1) / 2, weights / 2


def _log_odds(logits: tf.Tensor, _: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Return the logarithm of the probability of a class over that of all others."""
    is_target = tf.one_hot(places, logits.shape[1], True, False, dtype=tf.bool)
    lowest = tf.constant(logits.dtype.min, logits.dtype)
    others = tf.reduce_logsumexp(tf.where(is_target, lowest, logits), axis=1)
    return tf.gather(logits, places, axis=1, batch_dims=1) - others


def _component(codes: tf.Tensor, _: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    return tf.gather(codes, places, axis=1, batch_dims=1)


def _squared_distance(codes: tf.Tensor, baseline_code: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.math.squared_difference(codes, baseline_code), axis=1)


# The function of the network that an output is of, and how it follows from its values, from those
# of the baseline, and from the targets.
OUTPUTS: dict[str, tuple[str, Callable]] = {
    "log-odds": ("logits", _log_odds),
    "component": ("codes", _component),
    "squared distance": ("codes", _squared_distance),
    "value": ("values", _component),
}


def _attribution_function(network: Any, output: str, n_bands: int):
    function, output_of = OUTPUTS[output]
    compute = row_function(network, function)

    def attribute(parameters, statistics, spectra, targets, baseline, nodes, weights):
        origin = baseline[None, :]
        difference = spectra - origin
        values_at_origin = compute(parameters, statistics, origin)

        def outputs_of(rows):
            return output_of(compute(parameters, statistics, rows), values_at_origin, targets)

        def add_gradient(step, total):
            rows = origin + nodes[step] * difference
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(rows)
                outputs = outputs_of(rows)
            return step + 1, total + weights[step] * tape.gradient(outputs, rows)

        _, mean_gradient = tf.while_loop(
            lambda step, _: step < tf.size(nodes),
            add_gradient,
            (tf.constant(0), tf.zeros_like(spectra)),
            parallel_iterations=1,
        )
        at_origin = outputs_of(origin + tf.zeros_like(spectra))
        return mean_gradient * difference, outputs_of(spectra), at_origin

    dtype = network.dtype
    signature = [
        *fitted_signature(network),
        tf.TensorSpec((None, n_bands), dtype),
        tf.TensorSpec((None,), tf.int64),
        tf.TensorSpec((n_bands,), dtype),
        tf.TensorSpec((None,), dtype),
        tf.TensorSpec((None,), dtype),
    ]
    return attribute, signature
