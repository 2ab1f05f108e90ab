"""Labels of classes: what stands for none of them."""

import numpy as np

# What files call the label of pixels that have no class.
NAMES_OF_UNLABELLED = frozenset(
    {
        *("", "0", "background", "masked", "n/a", "na", "no data", "nodata", "none", "null"),
        *("other", "unclassified", "undefined", "unknown", "unlabeled", "unlabelled", "void"),
    }
)
MEND_OF_CLASS_0 = (
    "If it stands for pixels without a label, such as a background, fit without them: X[y > 0], "
    "y[y > 0]. If it is a class, number the classes from 1"
)
# Files keep what stands for no label as a float: integers below are rounded.
_LEAST_EXACT = -(2**53)


def missing_label(classes: np.ndarray) -> np.ndarray:
    """Return what stands for no label, in the type of the labels: an integer that is no class."""
    if classes.dtype.kind in "US":
        return np.array("", classes.dtype)
    if classes.dtype.kind == "f":
        return np.array(np.nan, classes.dtype)
    if 0 not in classes:
        return np.array(0, classes.dtype)
    is_bool = classes.dtype.kind == "b"
    least, greatest = (
        (0, 1) if is_bool else (np.iinfo(classes.dtype).min, np.iinfo(classes.dtype).max)
    )
    below = int(classes.min()) - 1
    if below >= max(least, _LEAST_EXACT):
        return np.array(below, classes.dtype)
    taken = {int(label) for label in classes}
    unused = next(label for label in range(1, len(taken) + 1) if label not in taken)
    if unused > greatest:
        raise ValueError(f"Every number of {classes.dtype} is a class: none is left for no class.")
    return np.array(unused, classes.dtype)


def means_unlabelled(name: object) -> bool:
    """Return whether a name is one of those that label maps have for no class."""
    return str(name).strip().casefold() in NAMES_OF_UNLABELLED
