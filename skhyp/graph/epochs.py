"""Epochs over the training rows: what each update is given, and when training ends."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .kernels import Kernels, choose_kernels
from .optimizers import learning_rates, step_sizes
from .training import (
    TrainingData,
    TrainingState,
    Updates,
    batch_order,
    mean_loss,
    rows_per_batch,
    run_updates,
)
from .updates import Objective

# A compiled call takes about this long: between calls progress is shown and Ctrl-C is heard. The
# first one makes this many updates, as how long they take is not known yet.
SECONDS_PER_CALL = 0.5
FIRST_CALL_UPDATES = 32
# The order of rows is drawn for at most this many rows at once.
MAX_ROWS_PER_CALL = 2**23


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """How to pass over the training rows; everything random in it follows from ``seed``.

    ``n_epochs`` are run now, beginning with number ``first_epoch``; schedules that fall to an end
    reach it after ``n_epochs_planned``.
    """

    n_epochs: int
    first_epoch: int
    n_epochs_planned: int
    batch_size: int
    shuffle: bool
    seed: int
    weight_decay: float
    epsilon: float
    schedule: str
    learning_rate: float
    decay_steps: int
    decay_rate: float
    boundaries: Sequence[int]
    values: Sequence[float]

    def updates(
        self, objective: Objective, n_rows: int, first: int, n_epochs: int, n_updates: int
    ) -> Updates:
        """Return the updates of ``n_epochs`` epochs from number ``first`` on."""
        batch_rows = rows_per_batch(n_rows, self.batch_size)
        order = np.concatenate(
            [
                batch_order(self._row_order(n_rows, epoch), batch_rows)
                for epoch in range(first, first + n_epochs)
            ]
        )
        steps = n_updates + np.arange(len(order))
        rates = learning_rates(
            self.schedule,
            steps,
            learning_rate=self.learning_rate,
            decay_steps=self.decay_steps,
            decay_rate=self.decay_rate,
            boundaries=self.boundaries,
            values=self.values,
            n_steps_total=self.n_epochs_planned * -(-n_rows // batch_rows),
        )
        return Updates(
            order=order,
            step_sizes=step_sizes(objective.optimizer, rates, steps),
            decays=rates * self.weight_decay,
            epsilons=np.full(len(steps), self.epsilon),
            seeds=np.stack([np.full(len(steps), self.seed), steps], axis=1).astype(np.int32),
        )

    def _row_order(self, n_rows: int, epoch: int) -> np.ndarray:
        # A function of seed and epoch alone: training can be cut and resumed anywhere.
        if not self.shuffle:
            return np.arange(n_rows)
        return np.random.default_rng((self.seed, epoch)).permutation(n_rows)


class EpochsResult(NamedTuple):
    """The state that training ends with, the loss of each epoch, and why it ended."""

    state: TrainingState
    loss_curve: list[float]
    validation_loss_curve: list[float]
    was_interrupted: bool
    n_epochs_asked: int


class TrainingDivergedError(ValueError):
    """The loss is no longer a finite number."""


def run_epochs(
    objective: Objective,
    state: TrainingState,
    data: TrainingData,
    epochs: Epochs,
    *,
    report: Callable[[int, dict[str, float]], None],
    validation: TrainingData | None = None,
    patience: int = 0,
) -> EpochsResult:
    """Train, and stop early where there are validation data.

    With validation data, training stops when their loss has not fallen for ``patience`` epochs,
    and the parameters of the best epoch are returned. Ctrl-C ends training as if the last
    complete epoch had been the last, if there was one.
    """
    n_rows = len(data.spectra)
    batch_rows = rows_per_batch(n_rows, epochs.batch_size)
    n_batches = -(-n_rows // batch_rows)
    n_updates = state.n_updates + epochs.n_epochs * n_batches
    kernels = choose_kernels(objective.network, batch_rows, n_updates)
    losses: list[float] = []
    validation_losses: list[float] = []
    best, best_epoch, best_loss = state, 0, np.inf
    pace = _Pace()
    was_interrupted = False
    try:
        if validation is not None:
            # What is continued may already be better than what comes.
            best_loss = mean_loss(objective, state.parameters, validation)
        while len(losses) < epochs.n_epochs:
            n_epochs = 1
            if validation is None:
                most = max(1, MAX_ROWS_PER_CALL // (n_batches * batch_rows))
                fitting = min(pace.updates_per_call // n_batches, most)
                n_epochs = min(max(1, fitting), epochs.n_epochs - len(losses))
            updates = epochs.updates(
                objective, n_rows, epochs.first_epoch + len(losses), n_epochs, state.n_updates
            )
            state, batch_losses = _run_in_calls(objective, state, data, updates, kernels, pace)
            losses += _epoch_losses(batch_losses, updates.order, n_epochs, n_rows)
            figures = {"loss": losses[-1]}
            if validation is not None:
                validation_losses.append(mean_loss(objective, state.parameters, validation))
                figures["validation loss"] = validation_losses[-1]
                if validation_losses[-1] < best_loss:
                    best, best_epoch, best_loss = state, len(losses), validation_losses[-1]
                if len(losses) - best_epoch >= patience:
                    break
            report(len(losses), figures)
    except KeyboardInterrupt:
        if not losses:
            raise  # nothing was learned that would be worth keeping
        was_interrupted = True
    final = state if validation is None else best
    return EpochsResult(final, losses, validation_losses, was_interrupted, epochs.n_epochs)


class _Pace:
    """How many updates fill a call, as seen from the calls so far."""

    def __init__(self) -> None:
        self.updates_per_call = FIRST_CALL_UPDATES

    def learn(self, n_updates: int, seconds: float) -> None:
        fitting = int(SECONDS_PER_CALL * n_updates / max(seconds, 1e-9))
        # Slowly upwards, as the first calls include start-up and tell little.
        self.updates_per_call = max(1, min(fitting, 8 * self.updates_per_call))


def _run_in_calls(
    objective: Objective,
    state: TrainingState,
    data: TrainingData,
    updates: Updates,
    kernels: Kernels,
    pace: _Pace,
) -> tuple[TrainingState, np.ndarray]:
    """Run the updates in calls of the right length; all of them, or none if interrupted."""
    losses = []
    start = 0
    while start < len(updates.order):
        stop = start + pace.updates_per_call
        started = time.perf_counter()
        part = Updates(*(values[start:stop] for values in updates))
        state, batch_losses = run_updates(objective, state, data, part, kernels)
        pace.learn(len(batch_losses), time.perf_counter() - started)
        _refuse_divergence(state, batch_losses)
        losses.append(batch_losses)
        start = stop
    return state, np.concatenate(losses)


def _epoch_losses(
    batch_losses: np.ndarray, order: np.ndarray, n_epochs: int, n_rows: int
) -> list[float]:
    """Return the mean loss of the rows of each epoch, before the update each took part in."""
    rows = np.count_nonzero(order >= 0, axis=1)
    sums = (batch_losses.astype(np.float64) * rows).reshape(n_epochs, -1).sum(axis=1)
    return (sums / n_rows).tolist()


def _refuse_divergence(state: TrainingState, batch_losses: np.ndarray) -> None:
    if not (np.isfinite(batch_losses).all() and np.isfinite(state.parameters).all()):
        raise TrainingDivergedError(
            f"Training diverged within {state.n_updates} updates: the loss is no longer a finite "
            "number. Lower learning_rate, or scale the spectra (skhyp.HypPreprocessor)."
        )
