"""What is told of a training while it runs.

An estimator's ``callbacks`` are objects with the methods of :class:`Callback`. Each fit works with
copies of them, made when it begins: clones, folds and repeated fits share nothing.
"""

import csv
import io
from collections.abc import Sequence
from os import PathLike
from typing import Any

from skhyp.files._paths import user_path
from skhyp.files._whole_files import write_whole

__all__ = ["CSVLogger", "Callback"]


class Callback:
    """A base that does nothing at each moment; override what is of interest.

    As each fit works with a copy, what a callback collects is not on the object that was passed:
    write it to a file, or see ``loss_curve_``. A callback watches; it does not end a training.

    A fit tells of each of its epochs once, in order, also if Ctrl-C or another callback ends it.
    Where it goes on from an earlier one (``resume``, ``warm_start``, ``partial_fit``), it begins
    with :meth:`on_former_epochs`, which has the losses of all epochs before. A checkpoint is
    written after its epochs were told of: none is missed. Epochs after the last checkpoint of a
    training that was killed are trained again, and told of again: what was heard of an epoch that
    is not among the former ones is void.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralAutoencoder
    >>> from skhyp.fitting import Callback
    >>> class Shout(Callback):
    ...     def on_epoch_end(self, epoch, losses):
    ...         if epoch % 2 == 0:
    ...             print("epoch", epoch, *losses)
    >>> X = np.random.default_rng(0).uniform(size=(50, 20))
    >>> autoencoder = SpectralAutoencoder(max_epochs=4, callbacks=[Shout()], random_state=0).fit(X)
    epoch 2 loss
    epoch 4 loss
    """

    def on_training_begin(self, estimator: Any, n_epochs: int) -> None:
        """Hear that a training begins.

        Parameters
        ----------
        estimator : SpectralAutoencoder, SpectralCNNClassifier or SpectralCNNRegressor
            Whose training it is; not to be changed.
        n_epochs : int
            After so many epochs at most it ends.
        """

    def on_former_epochs(self, history: Sequence[dict[str, float]]) -> None:
        """Hear, once after the beginning, of the epochs that came before this fit.

        Parameters
        ----------
        history : sequence of dict
            The losses of epoch 1, 2 and so on, as in :meth:`on_epoch_end`; empty where a training
            begins. The next epoch that is told of has the number ``len(history) + 1``.
        """

    def on_epoch_end(self, epoch: int, losses: dict[str, float]) -> None:
        """Hear of an epoch.

        Epochs run several at a time, so this may be called a while after the end of the epoch,
        and for several in a row.

        Parameters
        ----------
        epoch : int
            The number of epochs so far, counted from 1.
        losses : dict
            "loss", and "validation_loss" with ``early_stopping``.
        """

    def on_training_end(self) -> None:
        """Hear that the training has ended, also by an error or Ctrl-C."""


class CSVLogger(Callback):
    """Write the losses of each epoch to a text file, as they become known.

    Its columns are "epoch", "loss" and, with ``early_stopping``, "validation_loss".

    Parameters
    ----------
    path : str or path
        The file, in a folder that is made if need be; "~" is the home folder. What is there is
        replaced. A fit that goes on from an earlier one begins with the lines of the epochs
        before, so that the file of a training that was killed and resumed is that of one that
        never was.
    """

    _rows: list[dict[str, float]]
    _is_written = False

    def __init__(self, path: str | PathLike):
        self.path = path

    def on_training_begin(self, estimator: Any, n_epochs: int) -> None:
        """Make the folder."""
        user_path("path", self.path).parent.mkdir(parents=True, exist_ok=True)

    def on_former_epochs(self, history: Sequence[dict[str, float]]) -> None:
        """Replace a former file by one with the lines of these epochs."""
        self._file = user_path("path", self.path)
        self._columns, self._rows = ["epoch", "loss"], []
        for epoch, losses in enumerate(history, start=1):
            self._add(epoch, losses)
        self._write()

    def on_epoch_end(self, epoch: int, losses: dict[str, float]) -> None:
        """Write a line."""
        self._add(epoch, losses)
        if not self._is_written:
            self._write()
            return
        self._is_written = False  # until the line is whole
        with self._file.open("a", newline="") as file:
            self._writer(file).writerow(self._rows[-1])
        self._is_written = True

    def on_training_end(self) -> None:
        """Write what an interruption has kept from being written."""
        if getattr(self, "_rows", ()) and not self._is_written:
            self._write()

    def _add(self, epoch: int, losses: dict[str, float]) -> None:
        self._rows.append({"epoch": epoch, **losses})
        if new := [name for name in losses if name not in self._columns]:
            self._columns += new
            self._is_written = False

    def _write(self) -> None:
        text = io.StringIO(newline="")
        writer = self._writer(text)
        writer.writeheader()
        writer.writerows(self._rows)
        content = text.getvalue().encode()
        # In training by parts the file is what it should be already, but for the last line.
        if not self._file.is_file() or self._file.read_bytes() != content:
            write_whole(self._file, content)
        self._is_written = True

    def _writer(self, file: Any) -> csv.DictWriter:
        return csv.DictWriter(file, self._columns)
