"""What fitted estimators are asked for, and which of their bands and values are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from skhyp.wavelengths import wavelengths_from_names


def respond(argument: str, estimator: Any, method: str, X: ArrayLike) -> np.ndarray:
    """Return what a method of an estimator gives for X, by the name of the argument in errors."""
    if not hasattr(estimator, method):
        raise ValueError(f"{argument} must have {method}; got {estimator!r}, which has not.")
    return np.asarray(getattr(estimator, method)(X))


def bands_seen(estimator: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the indices and the wavelengths of the bands that a network sees, where known.

    A preprocessor right before it in a Pipeline knows both.
    """
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        preprocessor = estimator[-2]
        return getattr(preprocessor, "bands_", None), getattr(preprocessor, "wavelengths_", None)
    return None, wavelengths_from_names(getattr(estimator, "feature_names_in_", None))


def validate_components(components: Sequence[int], n_shown: int, n_components: int) -> list[int]:
    """Return the code values to show as a list, after checking number and range."""
    chosen = np.asarray(components)
    if chosen.shape != (n_shown,) or chosen.dtype.kind not in "iu":
        raise ValueError(f"components must be {n_shown} integers; got {components!r}.")
    if chosen.min() < 0 or chosen.max() >= n_components:
        raise ValueError(
            f"components must lie between 0 and {n_components - 1}, as there are {n_components} "
            f"code values; got {components!r}."
        )
    return chosen.tolist()
