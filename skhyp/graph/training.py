"""Training as one compiled call for many updates.

A call runs a ``tf.while_loop`` over the rows of ``order``, one row of indices for each batch:
gather, forward, backward, update. Python is left out until there is something to report, to
stop or to save. Because an update depends on nothing but the arguments, cutting the same updates
into calls differently gives the same parameters, to the last bit.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from .compilation import compiled
from .losses import LOSSES, batch_balancing_weights
from .optimizers import OPTIMIZERS, n_moments
from .parameters import decay_mask, split_tensor

# Rows of a batch where the loss is only evaluated.
EVALUATION_ROWS = 1024


class TrainingState(NamedTuple):
    """What an update changes: the flat parameters, the optimizer's moments, the updates so far."""

    parameters: np.ndarray
    moments: np.ndarray
    n_updates: int

    @classmethod
    def start(cls, parameters: np.ndarray, optimizer: str) -> "TrainingState":
        """Return the state before the first update."""
        moments = np.zeros((n_moments(optimizer), parameters.size), parameters.dtype)
        return cls(parameters, moments, 0)


class Updates(NamedTuple):
    """A run of updates: the rows of each batch (-1 pads), and what else each of them depends on."""

    order: np.ndarray
    step_sizes: np.ndarray
    decays: np.ndarray
    seeds: np.ndarray


class TrainingData(NamedTuple):
    """Conditioned spectra, their targets (``None``: the spectra themselves) and weights.

    ``loss_scale`` is a loss that is not small: batches whose loss is rounding beside it are left
    alone.
    """

    spectra: tf.Tensor
    targets: tf.Tensor | None
    weights: tf.Tensor
    loss_scale: float = 1.0


class Objective(NamedTuple):
    """What is trained, hashable: it decides, with the batch size, which graph is used."""

    network: Any
    loss: str
    optimizer: str
    balance_batches: bool = False


def rows_per_batch(n_rows: int, batch_size: int) -> int:
    """Return the fixed number of rows of a batch: ``batch_size``, or less for few rows.

    Fewer rows than ``batch_size`` are padded to a power of two, so that folds of slightly
    different sizes share one graph.
    """
    return min(batch_size, max(32, 1 << (n_rows - 1).bit_length()))


def batch_order(order: np.ndarray, batch_rows: int) -> np.ndarray:
    """Cut an order of rows into batches (n_batches, batch_rows), the last one padded with -1."""
    padding = np.full(-len(order) % batch_rows, -1, np.int32)
    return np.concatenate([order.astype(np.int32), padding]).reshape(-1, batch_rows)


def run_updates(
    objective: Objective, state: TrainingState, data: TrainingData, updates: Updates
) -> tuple[TrainingState, np.ndarray]:
    """Run the updates and return the new state and the loss of each batch before its update."""
    function = compiled(_update_loop, objective, updates.order.shape[1], data.targets is not None)
    dtype = state.parameters.dtype
    targets = () if data.targets is None else (data.targets,)
    parameters, moments, losses = function(
        tf.constant(state.parameters),
        tf.constant(state.moments),
        data.spectra,
        data.weights,
        tf.constant(updates.order),
        tf.constant(updates.step_sizes, dtype),
        tf.constant(updates.decays, dtype),
        tf.constant(updates.seeds),
        tf.constant(data.loss_scale * np.finfo(dtype).eps, dtype),
        *targets,
    )
    n_updates = state.n_updates + len(updates.order)
    return TrainingState(parameters.numpy(), moments.numpy(), n_updates), losses.numpy()


def mean_loss(objective: Objective, parameters: np.ndarray, data: TrainingData) -> float:
    """Return the weighted mean loss of the data, computed without dropout."""
    order = batch_order(np.arange(len(data.spectra)), EVALUATION_ROWS)
    function = compiled(_loss_loop, objective, data.targets is not None)
    targets = () if data.targets is None else (data.targets,)
    return float(
        function(tf.constant(parameters), data.spectra, data.weights, tf.constant(order), *targets)
    )


def _loss_loop(objective: Objective, has_targets: bool):
    network = objective.network
    dtype = tf.as_dtype(network.dtype)

    def loop(parameters, spectra, weights, order, targets=None):
        named = split_tensor(parameters, network.parameters)

        def step(i, loss, weight):
            batch = _gather(order[i], spectra, targets, weights)
            output = network.output(named, batch.spectra)
            losses = LOSSES[objective.loss](batch.targets, output)
            loss += tf.reduce_sum(batch.weights * losses)
            return i + 1, loss, weight + tf.reduce_sum(batch.weights)

        zero = tf.zeros((), dtype)
        _, loss, weight = tf.while_loop(
            lambda i, *_: i < tf.shape(order)[0], step, (tf.constant(0), zero, zero)
        )
        return loss / weight

    return loop, _data_signature(objective, has_targets, EVALUATION_ROWS)


class _Batch(NamedTuple):
    spectra: tf.Tensor
    targets: tf.Tensor
    weights: tf.Tensor
    is_real: tf.Tensor


def _gather(
    rows: tf.Tensor, spectra: tf.Tensor, targets: tf.Tensor | None, weights: tf.Tensor
) -> _Batch:
    """Return the rows of a batch; padding repeats the first row with the weight zero."""
    is_real = rows >= 0
    rows = tf.maximum(rows, 0)
    x = tf.gather(spectra, rows)
    w = tf.where(is_real, tf.gather(weights, rows), tf.zeros((), weights.dtype))
    return _Batch(x, x if targets is None else tf.gather(targets, rows), w, is_real)


def _update_loop(objective: Objective, batch_rows: int, has_targets: bool):
    network, optimizer = objective.network, objective.optimizer
    dtype = tf.as_dtype(network.dtype)
    update = OPTIMIZERS[optimizer]
    is_decayed = tf.constant(decay_mask(network.parameters, network.dtype))

    def loop(
        parameters,
        moments,
        spectra,
        weights,
        order,
        step_sizes,
        decays,
        seeds,
        negligible,
        targets=None,
    ):
        def step(i, parameters, moments, losses):
            batch = _gather(order[i], spectra, targets, weights)
            w = batch.weights
            if objective.balance_batches:
                w *= batch_balancing_weights(batch.targets, batch.is_real, network.n_classes, dtype)
            w /= tf.math.count_nonzero(batch.is_real, dtype=dtype)
            with tf.GradientTape() as tape:
                tape.watch(parameters)
                named = split_tensor(parameters, network.parameters)
                output = network.output(named, batch.spectra, seeds[i])
                loss = tf.reduce_sum(w * LOSSES[objective.loss](batch.targets, output))
            gradient = tape.gradient(loss, parameters)
            # A batch that is learned to rounding has a gradient of rounding errors, which Adam
            # would blow up to full steps.
            step_size = tf.where(loss > negligible * tf.reduce_sum(w), step_sizes[i], 0)
            parameters -= decays[i] * is_decayed * parameters
            parameters, moments = update(parameters, gradient, moments, step_size)
            return i + 1, parameters, moments, losses.write(i, loss)

        n_steps = tf.shape(order)[0]
        losses = tf.TensorArray(dtype, size=n_steps, element_shape=())
        _, parameters, moments, losses = tf.while_loop(
            lambda i, *_: i < n_steps,
            step,
            (tf.constant(0), parameters, moments, losses),
            parallel_iterations=1,
        )
        return parameters, moments, losses.stack()

    parameters, *data = _data_signature(objective, has_targets, batch_rows)
    spectra, weights, order, *targets = data
    per_update = [
        tf.TensorSpec((None,), dtype),
        tf.TensorSpec((None,), dtype),
        tf.TensorSpec((None, 2), tf.int32),
        tf.TensorSpec((), dtype),
    ]
    moments = tf.TensorSpec((n_moments(optimizer), *parameters.shape), dtype)
    return loop, [parameters, moments, spectra, weights, order, *per_update, *targets]


def _data_signature(objective: Objective, has_targets: bool, rows: int) -> list[tf.TensorSpec]:
    network = objective.network
    signature = [
        tf.TensorSpec((sum(p.size for p in network.parameters),), network.dtype),
        tf.TensorSpec((None, *network.input_shape), network.dtype),
        tf.TensorSpec((None,), network.dtype),
        tf.TensorSpec((None, rows), tf.int32),
    ]
    return [*signature, tf.TensorSpec((None,), tf.int32)] if has_targets else signature
