"""Where a training stands between two epochs: all that is needed to go on from there."""

from typing import NamedTuple

import numpy as np

from .training import TrainingState


class Milestone(NamedTuple):
    """A training after some epochs.

    ``losses`` and ``validation_losses`` are those of the epochs so far. With validation data,
    ``best`` is the state with the lowest validation loss so far, that after ``best_epoch`` epochs;
    without, the latest is.
    """

    state: TrainingState
    losses: tuple[float, ...] = ()
    validation_losses: tuple[float, ...] = ()
    best: TrainingState | None = None
    best_epoch: int = 0
    best_loss: float = np.inf

    @property
    def n_epochs(self) -> int:
        """The number of epochs so far."""
        return len(self.losses)

    @property
    def learned(self) -> TrainingState:
        """What the estimator is to keep: the best state, or the latest if none is known."""
        return self.state if self.best is None else self.best

    def judged(self, validation_loss: float) -> "Milestone":
        """Return the milestone with the validation loss of its state."""
        better = validation_loss < self.best_loss
        milestone = self
        if self.losses:  # that of the start belongs to no epoch
            milestone = milestone._replace(
                validation_losses=(*self.validation_losses, validation_loss)
            )
        if better or self.best is None:
            milestone = milestone._replace(
                best=self.state, best_epoch=self.n_epochs, best_loss=validation_loss
            )
        return milestone
