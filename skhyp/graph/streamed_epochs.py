"""Epochs over more rows than memory holds: window by window, each row once an epoch."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from .epochs import Epochs, EpochsResult, Pace, StateCheck, kernels_of, run_in_calls
from .memory import aligned_empty, shared_tensor
from .milestones import Milestone
from .training import TrainingData, batch_order, batches_per_epoch, rows_per_batch
from .updates import Objective

# Beside seed and epoch: what the order of windows is drawn with, and that within each of them.
_OF_WINDOWS, _WITHIN = 0, 1


def run_streamed_epochs(
    objective: Objective,
    start: Milestone,
    epochs: Epochs,
    *,
    windows: Callable[[np.random.Generator | None], Iterable[np.ndarray]],
    n_rows: int,
    sample: TrainingData,
    report: Callable[[Milestone], None],
    stops: Callable[[int], bool] | None = None,
) -> EpochsResult:
    """Train on from a milestone as ``run_epochs`` does, on conditioned rows that come in windows.

    ``windows`` draws the order of what it reads from a generator, or takes it as it is for None.
    The rows of a window are shuffled among each other, and with those of the window before that
    made no whole batch: an epoch has each row once, and all batches but the last are whole.
    ``sample`` is a part of the rows that fits in memory, to check what was learned on.
    """
    batch_rows = rows_per_batch(n_rows, epochs.batch_size)
    n_batches = batches_per_epoch(n_rows, epochs.batch_size)
    kernels = kernels_of(objective, start, epochs, n_rows)
    look_at = StateCheck(objective, sample, batch_rows, kernels)
    reached, pace = start, Pace()
    was_interrupted = False
    try:
        while reached.n_epochs < epochs.n_epochs:
            key = (epochs.seed, epochs.first_epoch + reached.n_epochs)
            rng = np.random.default_rng((*key, _OF_WINDOWS)) if epochs.shuffle else None
            state, loss = reached.state, 0.0
            shuffling = np.random.default_rng((*key, _WITHIN)) if epochs.shuffle else None
            for rows, order in _whole_batches(windows(rng), batch_rows, shuffling):
                weights = tf.ones(len(rows), objective.network.dtype)
                data = sample._replace(spectra=shared_tensor(rows), weights=weights)
                if data.corruption is not None:
                    may_change = tf.ones(len(rows), tf.bool)
                    data = data._replace(corruption=data.corruption._replace(may_change=may_change))
                batches = batch_order(order, batch_rows)
                updates = epochs.updates(objective, batches, state.n_updates, n_batches)
                state, losses = run_in_calls(objective, state, data, updates, kernels, pace)
                sizes = np.count_nonzero(batches >= 0, axis=1)
                loss += float(losses.astype(np.float64) @ sizes) / n_rows
                del rows, data  # before the next window is read
            later = reached._replace(state=state, losses=(*reached.losses, loss))
            look_at(later)
            reached = later
            report(reached)
    except KeyboardInterrupt:
        if not reached.losses:
            raise  # nothing was learned that would be worth keeping
        was_interrupted = True
    return EpochsResult(reached, was_interrupted, epochs.n_epochs)


def _whole_batches(
    windows: Iterable[np.ndarray], batch_rows: int, rng: np.random.Generator | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows and the order to take them in, whole batches but for the end of the epoch."""
    left = None
    for window in windows:
        rows = window if left is None else _joined(left, window)
        order = np.arange(len(rows)) if rng is None else rng.permutation(len(rows))
        n_taken = len(rows) // batch_rows * batch_rows
        left = rows[order[n_taken:]]
        if n_taken:
            yield rows, order[:n_taken]
        del rows, window  # before the next one is read
    if left is not None and len(left):
        yield left, np.arange(len(left))


def _joined(left: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Return both one after the other, where TensorFlow need not copy them."""
    rows = aligned_empty((len(left) + len(window), *window.shape[1:]), window.dtype)
    return np.concatenate([left, window], out=rows)
