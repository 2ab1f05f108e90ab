"""Progress of long work, shown when it is asked for."""

import sys
from types import TracebackType


class TrainingProgress:
    """A bar over epochs with the latest losses: tqdm's where it is installed, else plain lines.

    Used as a context manager; silent with ``verbose=0``.
    """

    def __init__(self, *, verbose: int, n_epochs: int, description: str):
        self._bar = None
        self._prints = False
        self._n_epochs = n_epochs
        self._description = description
        if not verbose:
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._prints = True
        else:
            self._bar = tqdm(total=n_epochs, desc=description, unit="epoch")

    def show(self, n_done: int, losses: dict[str, float]) -> None:
        """Report that ``n_done`` epochs are done, and the losses by name."""
        figures = {name: f"{value:.4g}" for name, value in losses.items()}
        if self._bar is not None:
            self._bar.set_postfix(figures, refresh=False)
            self._bar.update(n_done - self._bar.n)
        elif self._prints:
            text = ", ".join(f"{name} {figure}" for name, figure in figures.items())
            print(
                f"{self._description}: epoch {n_done} of {self._n_epochs}, {text}",
                file=sys.stderr,
                flush=True,
            )

    def __enter__(self) -> "TrainingProgress":
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
