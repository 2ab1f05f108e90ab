"""Epochs over the training rows: what each update is given, and when training ends."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .optimizers import learning_rates, step_sizes
from .training import (
    Objective,
    TrainingData,
    TrainingState,
    Updates,
    batch_order,
    mean_loss,
    rows_per_batch,
    run_updates,
)

# A compiled call takes about this long: between calls progress is shown and Ctrl-C is heard.
SECONDS_PER_CALL = 0.5
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
    complete call had been the last epoch.
    """
    n_rows = len(data.spectra)
    batch_rows = rows_per_batch(n_rows, epochs.batch_size)
    most_epochs = max(1, MAX_ROWS_PER_CALL // (-(-n_rows // batch_rows) * batch_rows))
    losses: list[float] = []
    validation_losses: list[float] = []
    best = state
    per_call = 1
    was_interrupted = False
    try:
        while len(losses) < epochs.n_epochs:
            n_epochs = min(per_call, epochs.n_epochs - len(losses))
            started = time.perf_counter()
            updates = epochs.updates(
                objective, n_rows, epochs.first_epoch + len(losses), n_epochs, state.n_updates
            )
            new_state, batch_losses = run_updates(objective, state, data, updates)
            _refuse_divergence(new_state, batch_losses, len(losses) + 1)
            state = new_state
            losses += _epoch_losses(batch_losses, updates.order, n_epochs, n_rows)
            figures = {"loss": losses[-1]}
            if validation is not None:
                validation_losses.append(mean_loss(objective, state.parameters, validation))
                figures["validation loss"] = validation_losses[-1]
                best_epoch = int(np.argmin(validation_losses))
                if best_epoch == len(validation_losses) - 1:
                    best = state
                if len(validation_losses) - 1 - best_epoch >= patience:
                    break
            else:
                elapsed = time.perf_counter() - started
                per_call = _epochs_per_call(n_epochs, elapsed, most_epochs)
            report(len(losses), figures)
    except KeyboardInterrupt:
        was_interrupted = True
    final = state if validation is None else best
    return EpochsResult(final, losses, validation_losses, was_interrupted)


def _epochs_per_call(n_epochs: int, elapsed: float, most_epochs: int) -> int:
    """Return how many epochs fill a call; the first calls are short, as they include start-up."""
    fitting = int(SECONDS_PER_CALL * n_epochs / max(elapsed, 1e-9))
    return max(1, min(fitting, 8 * n_epochs, most_epochs))


def _epoch_losses(
    batch_losses: np.ndarray, order: np.ndarray, n_epochs: int, n_rows: int
) -> list[float]:
    """Return the mean loss of the rows of each epoch, before the update each took part in."""
    rows = np.count_nonzero(order >= 0, axis=1)
    sums = (batch_losses.astype(np.float64) * rows).reshape(n_epochs, -1).sum(axis=1)
    return (sums / n_rows).tolist()


def _refuse_divergence(state: TrainingState, batch_losses: np.ndarray, epoch: int) -> None:
    if not (np.isfinite(batch_losses).all() and np.isfinite(state.parameters).all()):
        raise TrainingDivergedError(
            f"Training diverged after epoch {epoch}: the loss is no longer a finite number. Lower "
            "learning_rate, or scale the spectra (skhyp.HypPreprocessor)."
        )
