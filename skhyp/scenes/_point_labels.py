"""Labels of points, as they come out of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# So many points are named.
_SHOWN = 8


def labels_of_points(labels: ArrayLike, n_points: int) -> NDArray[Any]:
    """Return the labels of points as an array, none of them missing."""
    # As objects: among strings, NumPy makes the string "nan" of what is missing.
    entries = np.asarray(labels, dtype=object)
    if entries.shape != (n_points,):
        raise ValueError(
            f"labels must have one entry for each of the {n_points} points; got shape "
            f"{entries.shape}."
        )
    is_missing = np.array([is_missing_label(entry) for entry in entries.tolist()], bool)
    is_missing |= np.ma.getmaskarray(labels) if np.ma.isMaskedArray(labels) else False
    missing = np.flatnonzero(is_missing)
    if len(missing):
        shown = ", ".join(map(str, missing[:_SHOWN].tolist()))
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise ValueError(
            f"labels must be there for all points; those of {len(missing)} of {n_points} are "
            f"missing, of the numbers {shown}{more} ({entries[missing[0]]!r}). Leave these points "
            "out, as with points = points.dropna() of a DataFrame."
        )
    return np.asarray(labels)


def is_missing_label(label: Any) -> bool:
    """Return whether a label is none: None, NaN (as a string too), NA of pandas, or empty."""
    if isinstance(label, str):
        return label.strip() in ("", "nan")
    if label is None or label is np.ma.masked:
        return True
    try:
        return bool(label != label)
    except (TypeError, ValueError):  # NA of pandas is neither equal to itself nor not
        return True
