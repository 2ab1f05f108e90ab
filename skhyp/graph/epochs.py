"""Epochs over the training rows: what each update is given, and when training ends."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .kernels import Kernels, choose_kernels
from .milestones import Milestone
from .optimizers import learning_rates, step_sizes
from .training import (
    TrainingData,
    TrainingState,
    Updates,
    batch_order,
    batches_per_epoch,
    losses_of_state,
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
# What a state computes is looked at for so many rows, from all over the data.
_ROWS_LOOKED_AT = 256


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
    boundaries: Sequence[float]
    values: Sequence[float]

    def order(self, n_rows: int, first: int, n_epochs: int) -> np.ndarray:
        """Return the rows of the batches of ``n_epochs`` epochs from number ``first`` on."""
        batch_rows = rows_per_batch(n_rows, self.batch_size)
        return np.concatenate(
            [
                batch_order(self._row_order(n_rows, epoch), batch_rows)
                for epoch in range(first, first + n_epochs)
            ]
        )

    def updates(
        self, objective: Objective, order: np.ndarray, n_updates: int, n_batches: int
    ) -> Updates:
        """Return the updates by batches of rows, after ``n_updates`` of ``n_batches`` an epoch."""
        steps = n_updates + np.arange(len(order))
        rates = learning_rates(
            self.schedule,
            steps,
            learning_rate=self.learning_rate,
            decay_steps=self.decay_steps,
            decay_rate=self.decay_rate,
            boundaries=self.boundaries,
            values=self.values,
            n_steps_total=self.n_epochs_planned * n_batches,
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
    """Where training ended, and why."""

    reached: Milestone
    was_interrupted: bool
    n_epochs_asked: int


class TrainingDivergedError(ValueError):
    """The loss is no longer a finite number."""


def run_epochs(
    objective: Objective,
    start: Milestone,
    data: TrainingData,
    epochs: Epochs,
    *,
    report: Callable[[Milestone], None],
    validation: TrainingData | None = None,
    patience: int = 0,
    stops: Callable[[int], bool] | None = None,
) -> EpochsResult:
    """Train on from a milestone, and stop early where there are validation data.

    With validation data, training stops when their loss has not fallen for ``patience`` epochs,
    and the best epoch's state is what was learned. ``report`` is called at milestones: now and
    then, and wherever ``stops`` says so of a number of epochs. Ctrl-C ends training as if the
    last milestone had been the end, if there was one.
    """
    n_rows = len(data.spectra)
    n_batches = batches_per_epoch(n_rows, epochs.batch_size)
    kernels = kernels_of(objective, start, epochs, n_rows)
    look_at = StateCheck(objective, data, rows_per_batch(n_rows, epochs.batch_size), kernels)
    reached, pace = start, Pace()
    was_interrupted = False
    try:
        if validation is not None and reached.best is None:
            # What is continued may already be better than what comes.
            reached = _judged(objective, reached, validation)
        while reached.n_epochs < epochs.n_epochs:
            if validation is not None and reached.n_epochs - reached.best_epoch >= patience:
                break
            n_epochs = 1
            if validation is None:
                most = max(1, MAX_ROWS_PER_CALL // n_rows)
                n_epochs = max(1, min(pace.updates_per_call // n_batches, most))
                n_epochs = _up_to_a_stop(reached.n_epochs, n_epochs, epochs.n_epochs, stops)
            order = epochs.order(n_rows, epochs.first_epoch + reached.n_epochs, n_epochs)
            updates = epochs.updates(objective, order, reached.state.n_updates, n_batches)
            state, batch_losses = run_in_calls(
                objective, reached.state, data, updates, kernels, pace
            )
            losses = _epoch_losses(batch_losses, updates.order, n_epochs, n_rows)
            later = reached._replace(state=state, losses=(*reached.losses, *losses))
            if validation is not None:
                later = _judged(objective, later, validation)
            if stops is not None and stops(later.n_epochs):
                look_at(later)
            reached = later
            report(reached)
    except KeyboardInterrupt:
        if not reached.losses:
            raise  # nothing was learned that would be worth keeping
        was_interrupted = True
    if reached is not start:
        try:
            look_at(reached)
        except KeyboardInterrupt:  # what is kept has to have been looked at
            was_interrupted = True
            look_at(reached)
    return EpochsResult(reached, was_interrupted, epochs.n_epochs)


class StateCheck:
    """Raises where a state computes no finite loss of its training data.

    The losses of the updates are those before each: none of them shows what the last one did.
    """

    def __init__(
        self, objective: Objective, data: TrainingData, batch_rows: int, kernels: Kernels
    ) -> None:
        n_rows = len(data.spectra)
        rows = np.linspace(0, n_rows - 1, min(n_rows, _ROWS_LOOKED_AT)).astype(int)
        self._arguments = (data, rows, batch_rows, kernels)
        self._objective = objective
        self._seen: list[TrainingState] = []

    def __call__(self, milestone: Milestone) -> None:
        """Look at the states of a milestone that may be kept: the latest and the best."""
        states = [state for state in (milestone.state, milestone.best) if state is not None]
        for state in states:
            if not any(state is seen for seen in self._seen):
                losses = losses_of_state(self._objective, state, *self._arguments)
                refuse_divergence(state, losses)
        self._seen = states


def _judged(objective: Objective, milestone: Milestone, validation: TrainingData) -> Milestone:
    loss = mean_loss(objective, milestone.state.parameters, validation)
    if not (np.isfinite(loss) or milestone.losses):
        loss = np.inf  # whatever is learned is better than this start
    elif not np.isfinite(loss):
        raise TrainingDivergedError(
            f"The loss of the spectra held out for early_stopping is {loss} after "
            f"{milestone.n_epochs} epochs. Lower learning_rate or weight_decay, or scale "
            "the spectra (skhyp.HypPreprocessor)."
        )
    return milestone.judged(loss)


def kernels_of(objective: Objective, start: Milestone, epochs: Epochs, n_rows: int) -> Kernels:
    """Return the kernels that a training is worth: the same at its beginning and resumed."""
    n_more = epochs.n_epochs - start.n_epochs
    n_updates = start.state.n_updates + n_more * batches_per_epoch(n_rows, epochs.batch_size)
    batch_rows = rows_per_batch(n_rows, epochs.batch_size)
    return choose_kernels(objective.network, batch_rows, n_updates)


def _up_to_a_stop(
    n_done: int, n_more: int, n_asked: int, stops: Callable[[int], bool] | None
) -> int:
    """Return how many epochs to run at once: ``n_more``, or less to end at a stop."""
    most = min(n_more, n_asked - n_done)
    if stops is None:
        return most
    return next((n for n in range(1, most) if stops(n_done + n)), most)


class Pace:
    """How many updates fill a call, as seen from the calls so far."""

    def __init__(self) -> None:
        self.updates_per_call = FIRST_CALL_UPDATES

    def learn(self, n_updates: int, seconds: float) -> None:
        fitting = int(SECONDS_PER_CALL * n_updates / max(seconds, 1e-9))
        # Slowly upwards, as the first calls include start-up and tell little.
        self.updates_per_call = max(1, min(fitting, 8 * self.updates_per_call))


def run_in_calls(
    objective: Objective,
    state: TrainingState,
    data: TrainingData,
    updates: Updates,
    kernels: Kernels,
    pace: Pace,
) -> tuple[TrainingState, np.ndarray]:
    """Run the updates in calls of the right length; all of them, or none if interrupted."""
    losses = []
    start = 0
    while start < len(updates.order):
        stop = start + pace.updates_per_call
        started = time.perf_counter()
        part = Updates(*(values[start:stop] for values in updates))
        from_start = state.n_updates == 0
        state, batch_losses = run_updates(objective, state, data, part, kernels)
        pace.learn(len(batch_losses), time.perf_counter() - started)
        refuse_divergence(state, batch_losses, from_start=from_start)
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


def refuse_divergence(
    state: TrainingState, batch_losses: np.ndarray, *, from_start: bool = False
) -> None:
    """Raise if losses, or what they led to, are no finite numbers.

    The first loss is that of the initial weights if they are those ``from_start``.
    """
    if np.isfinite(batch_losses).all() and np.isfinite(state.parameters).all():
        if np.isfinite(state.moments).all():
            return
        what = "its gradients are beyond the range of numbers"
    elif from_start and not np.isfinite(batch_losses[0]):
        raise TrainingDivergedError(
            "The loss is no finite number before anything is learned: the spectra, or the initial "
            "weights, are too large. Scale the spectra (skhyp.HypPreprocessor), or lower "
            "initializer_std if the initializer has it."
        )
    else:
        what = "the loss is no longer a finite number"
    raise TrainingDivergedError(
        f"Training diverged within {state.n_updates} updates: {what}. Lower learning_rate or "
        "weight_decay, or scale the spectra (skhyp.HypPreprocessor)."
    )
