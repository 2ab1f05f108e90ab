"""The course of a fit: callbacks that are told of it, and models from its checkpoints.

With ``checkpoint_dir`` a ``fit`` writes checkpoints: the weights, all that is needed to go on
training as if nothing had happened, and the parameters. Each is written whole or not at all and
carries a check sum; reading one executes nothing.
"""

from ._callbacks import Callback, CSVLogger
from ._models import load_model, saved_epochs

__all__ = ["CSVLogger", "Callback", "load_model", "saved_epochs"]
