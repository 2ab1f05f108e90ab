"""What fitted estimators are asked for, and which of their bands and values are shown."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.wavelengths import wavelengths_from_names
from skhyp.wavelengths._model_parts import unwrapped


def respond(argument: str, estimator: Any, method: str, X: ArrayLike) -> np.ndarray:
    """Return what a method of an estimator gives for X, by the name of the argument in errors."""
    if not hasattr(estimator, method):
        raise ValueError(f"{argument} must have {method}; got {estimator!r}, which has not.")
    return np.asarray(getattr(estimator, method)(X))


def wavelengths_given(transformer: Any, n_values: int) -> NDArray[np.float64] | None:
    """Return the wavelengths of the bands that a fitted transformer gives, if it gives bands."""
    names: Any = None
    with contextlib.suppress(Exception):  # not all transformers can name what they give
        names = unwrapped(transformer).get_feature_names_out()
    if names is None or len(names) != n_values:
        return None
    return wavelengths_from_names([str(name) for name in names])


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
