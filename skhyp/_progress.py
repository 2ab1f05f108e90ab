"""Telling of a training while it runs: a bar where it is asked for, and the user's callbacks."""

import contextlib
import copy
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any


class TrainingProgress:
    """Who is told of the epochs of one training: a bar (with ``verbose``) and callbacks.

    Used as a context manager. The bar is tqdm's where that is installed, else plain lines; the
    callbacks are copies of the estimator's. ``first_epoch`` is how many epochs came before this
    training, ``n_done`` how many of its own were done before it was resumed.
    """

    def __init__(self, estimator: Any, n_epochs: int, first_epoch: int, n_done: int):
        self._estimator = estimator
        self._name = type(estimator).__name__
        self._n_epochs, self._first_epoch = n_epochs, first_epoch
        self._callbacks = [copy.deepcopy(callback) for callback in estimator.callbacks or ()]
        self._n_told = n_done
        self._bar = None
        self._prints = False
        if not estimator.verbose:
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._prints = True
        else:
            self._bar = tqdm(total=n_epochs, desc=self._name, unit="epoch", initial=n_done)

    def tell(self, losses: Sequence[float], validation_losses: Sequence[float]) -> None:
        """Tell of the losses of all epochs so far."""
        for i in range(self._n_told, len(losses)):
            figures = {"loss": losses[i]}
            if validation_losses:
                figures["validation_loss"] = validation_losses[i]
            for callback in self._callbacks:
                callback.on_epoch_end(self._first_epoch + i + 1, figures)
        if self._n_told == len(losses):
            return
        self._n_told = len(losses)
        self._show(len(losses), {name: f"{value:.4g}" for name, value in figures.items()})

    def _show(self, n_done: int, figures: dict[str, str]) -> None:
        if self._bar is not None:
            self._bar.set_postfix(figures, refresh=False)
            self._bar.update(n_done - self._bar.n)
        elif self._prints:
            text = ", ".join(f"{name} {figure}" for name, figure in figures.items())
            print(
                f"{self._name}: epoch {n_done} of {self._n_epochs}, {text}",
                file=sys.stderr,
                flush=True,
            )

    def __enter__(self) -> "TrainingProgress":
        for callback in self._callbacks:
            callback.on_training_begin(self._estimator, self._n_epochs)
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.ExitStack() as stack:  # each is told, even if another fails
            if self._bar is not None:
                stack.callback(self._bar.close)
            for callback in reversed(self._callbacks):
                stack.callback(callback.on_training_end)
