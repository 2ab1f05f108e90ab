"""How far long work is, shown while it runs."""

import sys


class ProgressBar:
    """How far some work is: a bar of tqdm where that is installed, else plain lines.

    Used as a context manager, or closed by hand. Nothing is shown unless ``shown``.
    """

    def __init__(self, name: str, total: int, unit: str, *, shown: int | bool, initial: int = 0):
        self._name, self._total, self._unit = name, total, unit
        self._n_done = initial
        self._bar = None
        self._prints = False
        if not shown or sys.stderr is None:  # a program without a console has nowhere to show it
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._prints = True
        else:
            self._bar = tqdm(
                total=total, desc=name, unit=unit, initial=initial, unit_scale=total >= 10**6
            )

    def advance(self, n_more: int, **figures: str) -> None:
        """Show that so many more units are done, and some figures beside."""
        self._n_done += n_more
        if self._bar is not None:
            self._bar.set_postfix(figures, refresh=False)
            self._bar.update(n_more)
        elif self._prints:
            text = "".join(f", {name} {figure}" for name, figure in figures.items())
            print(
                f"{self._name}: {self._unit} {self._n_done} of {self._total}{text}",
                file=sys.stderr,
                flush=True,
            )

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
