"""Who is told of a training while it runs: a bar where it is asked for, and callbacks."""

import contextlib
import copy
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from skhyp._progress import ProgressBar


class TrainingProgress:
    """Who is told of the epochs of one training: a bar (with ``verbose``) and callbacks.

    Used as a context manager. The bar is tqdm's where that is installed, else plain lines; the
    callbacks are copies of the estimator's. ``history`` has the losses of all epochs before,
    of which ``n_done`` were this training's own, before it was resumed.
    """

    def __init__(
        self, estimator: Any, n_epochs: int, history: Sequence[dict[str, float]], n_done: int
    ):
        self._estimator = estimator
        self._n_epochs, self._history = n_epochs, history
        self._first_epoch = len(history) - n_done
        self._callbacks = [_copy_of(callback) for callback in estimator.callbacks or ()]
        self._n_told = [n_done] * len(self._callbacks)
        self._n_shown = n_done
        self._bar = ProgressBar(
            type(estimator).__name__, n_epochs, "epoch", shown=estimator.verbose, initial=n_done
        )

    def tell(self, losses: Sequence[float], validation_losses: Sequence[float]) -> None:
        """Tell of the losses of all epochs so far: each callback, though another may fail."""
        self._tell(losses_by_epoch(losses, validation_losses))

    def tell_the_rest(self, losses: Sequence[float], validation_losses: Sequence[float]) -> None:
        """Tell of the epochs that an interruption has kept from being told of."""
        while any(n_told < len(losses) for n_told in self._n_told):
            with contextlib.suppress(KeyboardInterrupt):  # training has ended already
                self._tell(losses_by_epoch(losses, validation_losses))

    def _tell(self, figures: list[dict[str, float]]) -> None:
        failed: BaseException | None = None
        for i in range(min(self._n_told, default=0), len(figures)):
            for place, callback in enumerate(self._callbacks):
                if self._n_told[place] > i:
                    continue
                self._n_told[place] = i + 1
                try:
                    callback.on_epoch_end(self._first_epoch + i + 1, figures[i])
                except BaseException as error:
                    failed = failed or error
        if failed is not None:
            raise failed
        if self._n_shown < len(figures):
            text = {name: f"{value:.4g}" for name, value in figures[-1].items()}
            self._bar.advance(len(figures) - self._n_shown, **text)
            self._n_shown = len(figures)

    def __enter__(self) -> "TrainingProgress":
        with contextlib.ExitStack() as begun:  # who has begun is told if another cannot
            begun.callback(self._bar.close)
            for callback in self._callbacks:
                callback.on_training_begin(self._estimator, self._n_epochs)
                begun.callback(callback.on_training_end)
                if hasattr(callback, "on_former_epochs"):  # not of those that are no Callback
                    callback.on_former_epochs(self._history)
            self._at_end = begun.pop_all()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._at_end.close()  # each is told, even if another fails


def _copy_of(callback: Any) -> Any:
    try:
        return copy.deepcopy(callback)
    except Exception as error:  # whatever a class of anybody's raises
        raise ValueError(
            f"callbacks must hold objects that can be copied, as each fit works with copies; got "
            f"{callback!r}: {error}. Open what cannot be copied in on_training_begin."
        ) from error


def losses_by_epoch(
    losses: Sequence[float], validation_losses: Sequence[float]
) -> list[dict[str, float]]:
    """Return what is told of each epoch; validation losses, if there is one for each of them."""
    if len(validation_losses) != len(losses):
        return [{"loss": loss} for loss in losses]
    both = zip(losses, validation_losses, strict=True)
    return [{"loss": loss, "validation_loss": its} for loss, its in both]
