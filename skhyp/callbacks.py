"""What is told of a training while it runs.

An estimator's ``callbacks`` are objects with the methods of :class:`Callback`. Each fit works with
copies of them, made when it begins: clones, folds and repeated fits share nothing.
"""

import csv
from os import PathLike
from pathlib import Path
from typing import Any

__all__ = ["CSVLogger", "Callback"]


class Callback:
    """A base that does nothing at each moment; override what is of interest.

    As each fit works with a copy, what a callback collects is not on the object that was passed:
    write it to a file, or see ``loss_curve_``. A callback watches; it does not end a training.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralAutoencoder
    >>> from skhyp.callbacks import Callback
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
        estimator : SpectralAutoencoder or SpectralCNNClassifier
            Whose training it is; not to be changed.
        n_epochs : int
            After so many epochs at most it ends.
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
        The file, in a folder that is made if need be. One that is there is replaced, or continued
        by a fit with ``resume=True``.
    """

    def __init__(self, path: str | PathLike):
        self.path = path

    def on_training_begin(self, estimator: Any, n_epochs: int) -> None:
        """Remove a former file."""
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        if not estimator.resume:
            Path(self.path).unlink(missing_ok=True)

    def on_epoch_end(self, epoch: int, losses: dict[str, float]) -> None:
        """Write a line, after one of names at the beginning."""
        with Path(self.path).open("a", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", *losses])
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow({"epoch": epoch, **losses})
