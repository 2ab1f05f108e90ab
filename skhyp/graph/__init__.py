"""The computation: networks, losses, training and inference, in TensorFlow.

TensorFlow lives in this package and nowhere else. Estimators import from here inside their
methods, so that ``import skhyp`` stays quick and a process that never computes never pays for it.
Nothing in here knows of estimators: networks are frozen values, everything they compute is a pure
function of arrays.
"""

from ._startup import import_tensorflow

import_tensorflow()
