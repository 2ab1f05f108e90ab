"""Models from the checkpoints of a training.

With ``checkpoint_dir`` a ``fit`` writes checkpoints: the weights, all that is needed to go on
training as if nothing had happened, and the parameters. Each is written whole or not at all and
carries a check sum; reading one executes nothing.
"""

from os import PathLike

from ._checkpoint_files import saved_checkpoints
from ._checkpoint_states import estimator_of, read_checkpoint
from ._validation import user_path
from .autoencoder import SpectralAutoencoder
from .classifier import SpectralCNNClassifier

__all__ = ["load_model", "saved_epochs"]

_ESTIMATORS = {kind.__name__: kind for kind in (SpectralAutoencoder, SpectralCNNClassifier)}


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


def load_model(
    folder: str | PathLike, epoch: int | None = None
) -> SpectralAutoencoder | SpectralCNNClassifier:
    """Return the estimator that a training had made after an epoch.

    Parameters
    ----------
    folder : str or path
        The ``checkpoint_dir`` of the training.
    epoch : int, default=None
        One of :func:`saved_epochs`; ``None`` is the last.

    Returns
    -------
    estimator : SpectralAutoencoder or SpectralCNNClassifier
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
    >>> from skhyp.checkpoints import load_model, saved_epochs
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
        kind = _ESTIMATORS[checkpoint.description["identity"]["estimator"]]
        return estimator_of(kind, checkpoint)
    except Exception as error:  # a file may have come from anywhere
        raise ValueError(f"{saved[epoch]} is not a whole checkpoint: {error!r:.200}.") from error
