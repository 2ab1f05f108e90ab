"""Training as one compiled call for many updates.

Python is left out until there is something to report, to stop or to save. Because an update
depends on nothing but the arguments, cutting the same updates into calls differently gives the
same parameters, to the last bit.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from .compilation import compiled
from .corruptions import Corruption
from .kernels import Kernels
from .memory import shared_tensor
from .optimizers import n_moments
from .updates import EVALUATION_ROWS, Objective, loss_loop, update_loop, updates_per_group


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
    epsilons: np.ndarray
    seeds: np.ndarray

    def padded(self, multiple: int) -> "Updates":
        """Return these and further ones, of no rows, up to a multiple of so many."""
        n_more = -len(self.order) % multiple
        if not n_more:
            return self
        none = Updates(*(np.zeros((n_more, *values.shape[1:]), values.dtype) for values in self))
        none.order.fill(-1)
        return Updates(*(np.concatenate(both) for both in zip(self, none, strict=True)))


class TrainingData(NamedTuple):
    """Conditioned spectra, their targets (``None``: the spectra themselves) and weights.

    ``loss_scale`` is a loss that is not small: batches whose loss is rounding beside it are left
    alone. ``loss_level`` is for losses that have a level. With a ``corruption``, spectra are as
    they were given: they are conditioned after it, in each update.
    """

    spectra: tf.Tensor
    targets: tf.Tensor | None
    weights: tf.Tensor
    loss_scale: float = 1.0
    loss_level: float = 0.5
    corruption: Corruption | None = None

    @classmethod
    def of_arrays(
        cls,
        spectra: np.ndarray,
        targets: np.ndarray | None,
        weights: np.ndarray,
        loss_scale: float,
        loss_level: float = 0.5,
        corruption: Corruption | None = None,
    ) -> "TrainingData":
        """Return arrays as tensors; the spectra, which are not to be changed then, uncopied."""
        return cls(
            shared_tensor(spectra),
            None if targets is None else _as_tensor(targets),
            tf.constant(weights),
            loss_scale,
            loss_level,
            corruption,
        )


def rows_per_batch(n_rows: int, batch_size: int) -> int:
    """Return the fixed number of rows of a batch: ``batch_size``, or less for few rows.

    Fewer rows than ``batch_size`` are padded to a power of two, so that folds of slightly
    different sizes share one graph.
    """
    return min(batch_size, max(32, 1 << (n_rows - 1).bit_length()))


def batches_per_epoch(n_rows: int, batch_size: int) -> int:
    """Return how many batches hold all rows."""
    return -(-n_rows // rows_per_batch(n_rows, batch_size))


def batch_order(order: np.ndarray, batch_rows: int) -> np.ndarray:
    """Cut an order of rows into batches (n_batches, batch_rows), the last one padded with -1."""
    padding = np.full(-len(order) % batch_rows, -1, np.int32)
    return np.concatenate([order.astype(np.int32), padding]).reshape(-1, batch_rows)


def run_updates(
    objective: Objective,
    state: TrainingState,
    data: TrainingData,
    updates: Updates,
    kernels: Kernels,
) -> tuple[TrainingState, np.ndarray]:
    """Run the updates and return the new state and the loss of each batch before its update."""
    n_updates, batch_rows = updates.order.shape
    function = compiled(update_loop, objective, batch_rows, kernels)
    if kernels.uses_xla:
        updates = updates.padded(updates_per_group(objective.network, batch_rows))
    dtype = state.parameters.dtype
    targets = () if data.targets is None else (data.targets,)
    corruption = () if data.corruption is None else data.corruption
    parameters, moments, losses = function(
        tf.constant(state.parameters),
        tf.constant(state.moments),
        data.spectra,
        data.weights,
        tf.constant(updates.order),
        tf.constant(n_updates),
        tf.constant(updates.step_sizes, dtype),
        tf.constant(updates.decays, dtype),
        tf.constant(updates.epsilons, dtype),
        tf.constant(updates.seeds),
        tf.constant(data.loss_scale * np.finfo(dtype).eps, dtype),
        tf.constant(data.loss_level, dtype),
        *targets,
        *corruption,
    )
    state = TrainingState(parameters.numpy(), moments.numpy(), state.n_updates + n_updates)
    return state, losses.numpy()[:n_updates]


def losses_of_state(
    objective: Objective,
    state: TrainingState,
    data: TrainingData,
    rows: np.ndarray,
    batch_rows: int,
    kernels: Kernels,
) -> np.ndarray:
    """Return the losses of batches of rows, computed by the function that makes the updates.

    Nothing is compiled for it; the updates that it makes are of no size.
    """
    order = batch_order(rows, batch_rows)
    none = np.zeros(len(order))
    seeds = np.zeros((len(order), 2), np.int32)
    updates = Updates(order, none, none, np.ones(len(order)), seeds)
    return run_updates(objective, state, data, updates, kernels)[1]


def mean_loss(objective: Objective, parameters: np.ndarray, data: TrainingData) -> float:
    """Return the weighted mean loss of conditioned data, without dropout and corruption."""
    objective = objective._replace(corruption=None)
    order = batch_order(np.arange(len(data.spectra)), EVALUATION_ROWS)
    function = compiled(loss_loop, objective)
    targets = () if data.targets is None else (data.targets,)
    level = tf.constant(data.loss_level, parameters.dtype)
    state = [tf.constant(parameters), data.spectra, data.weights, tf.constant(order)]
    return float(function(*state, level, *targets))


def _as_tensor(targets: np.ndarray) -> tf.Tensor:
    """Return places of classes as 32-bit integers, and values as they are."""
    return tf.constant(targets, tf.int32 if targets.dtype.kind in "iu" else None)
