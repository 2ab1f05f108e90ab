"""Labels of classes: what stands for none of them."""

import numpy as np


def missing_label(classes: np.ndarray) -> np.ndarray:
    """Return what stands for no label, in the type of the labels."""
    if classes.dtype.kind in "US":
        return np.array("", classes.dtype)
    if classes.dtype.kind == "f":
        return np.array(np.nan, classes.dtype)
    if 0 not in classes:
        return np.array(0, classes.dtype)
    if classes.dtype.kind == "u":
        unused = np.setdiff1d(np.arange(len(classes) + 1), classes)
        return np.array(unused[0], classes.dtype)
    least = np.iinfo(classes.dtype).min
    return classes.min() - 1 if classes.min() > least else classes.max() + 1
