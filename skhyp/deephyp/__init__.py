"""Models that were trained by deephyp 0.1, read from the folders that it writes.

deephyp [1]_ keeps a model as a folder with the network's ``config.json`` and a folder
``epoch_N`` for each saved epoch, in which there is a TensorFlow 1 checkpoint. :func:`load_model`
makes a fitted estimator of it, :func:`load_config` one that is still to be fitted. Nothing in
these files is executed.

References
----------
.. [1] L. Windrim, "deephyp: deep learning for hyperspectral imagery", version 0.1.5,
   https://pypi.org/project/deephyp.
"""

from ._models import load_config, load_model

__all__ = ["load_config", "load_model"]
