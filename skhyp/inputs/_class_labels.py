"""What a classifier asks of the classes that it is to learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ._reference_values import refuse_masked
from ._validation import validate_spectra


def spectra_and_classes(
    estimator: Any, X: Any, y: Any, **check_params: Any
) -> tuple[Any, NDArray[Any], NDArray[np.intp]]:
    """Return spectra, the classes, and the number of each spectrum's class, checked together.

    Two classes or more are needed. ``y`` may be numbers or text.
    """
    refuse_masked(y)
    X, y = validate_spectra(estimator, X, y=y, reset=True, **check_params)
    classes, numbers = np.unique(class_labels(y), return_inverse=True)
    refuse_one_class(estimator, classes)
    return X, classes, numbers


def class_labels(y: Any) -> NDArray[Any]:
    """Return labels in one row, refusing those that are no classes, as fractions are none."""
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    return y


def refuse_one_class(estimator: Any, classes: NDArray[Any]) -> None:
    """Refuse a single class: there is nothing to tell it from."""
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least two classes, got one class: "
            f"{classes.tolist()}."
        )
