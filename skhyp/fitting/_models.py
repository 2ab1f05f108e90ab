"""Models from the checkpoints of a training."""

from os import PathLike

import skhyp
from skhyp.files._paths import user_path

from ._checkpoint_files import saved_checkpoints
from ._checkpoint_states import estimator_of, read_checkpoint
from ._training import TrainedNetworkEstimator


def saved_epochs(folder: str | PathLike) -> list[int]:
    """Return the epochs after which there are checkpoints in a folder, in order.

    Parameters
    ----------
    folder : str or path
        The ``checkpoint_dir`` of a training. One that does not exist has none.

    Returns
    -------
    epochs : list of int
        Counted from 1, over all fits of a ``warm_start``.

    Examples
    --------
    See :func:`load_model`.
    """
    return list(saved_checkpoints(user_path("folder", folder)))


def load_model(folder: str | PathLike, epoch: int | None = None) -> TrainedNetworkEstimator:
    """Return the estimator that a training had made after an epoch.

    Parameters
    ----------
    folder : str or path
        The ``checkpoint_dir`` of the training.
    epoch : int, default=None
        One of :func:`saved_epochs`; ``None`` is the last.

    Returns
    -------
    estimator : SpectralAutoencoder, SpectralUnmixer, SpectralCNNClassifier or SpectralCNNRegressor
        As ``fit`` would have left it had it ended then, with the parameters of the training.
        Models of several epochs can be used side by side. To train one on by itself, let go of
        the folder: ``model.set_params(checkpoint_dir=None, resume=False, warm_start=True)``.

    Raises
    ------
    FileNotFoundError
        If there is no such checkpoint.
    ValueError
        If it is damaged, or of another version of skhyp.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skhyp import SpectralAutoencoder
    >>> from skhyp.fitting import load_model, saved_epochs
    >>> X = np.random.default_rng(0).uniform(size=(50, 20))
    >>> folder = tempfile.mkdtemp()
    >>> training = SpectralAutoencoder(
    ...     checkpoint_dir=folder, save_epochs=2, max_epochs=5, random_state=0
    ... ).fit(X)
    >>> saved_epochs(folder)
    [2, 4, 5]
    >>> load_model(folder, epoch=2).transform(X).shape
    (50, 10)
    """
    folder = user_path("folder", folder)
    saved = saved_checkpoints(folder)
    if not saved:
        raise FileNotFoundError(f"{folder} has no checkpoints (epoch_N.ckpt).")
    if epoch is None:
        epoch = max(saved)
    if epoch not in saved:
        raise FileNotFoundError(
            f"{folder} has no checkpoint of epoch {epoch!r}; saved are "
            f"{', '.join(map(str, saved))}."
        )
    checkpoint = read_checkpoint(saved[epoch], epoch)
    try:
        return estimator_of(_kind_of(checkpoint.description["identity"]["estimator"]), checkpoint)
    except Exception as error:  # a file may have come from anywhere
        raise ValueError(f"{saved[epoch]} is not a whole checkpoint: {error!r:.200}.") from error


def _kind_of(name: str) -> type[TrainedNetworkEstimator]:
    """Return the estimator of a name, out of those that the package makes public."""
    kind = getattr(skhyp, name) if name in skhyp.__all__ else None
    if not (isinstance(kind, type) and issubclass(kind, TrainedNetworkEstimator)):
        raise ValueError(f"{name!r} is no estimator that writes checkpoints")
    return kind
