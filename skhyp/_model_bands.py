"""Which bands a fitted model was given, and which of them it looks at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from .wavelengths import wavelengths_from_names


def first_step(estimator: Any) -> Any:
    """Return what gets the spectra first: an estimator, or that of a pipeline or a search."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(estimator, Pipeline):
        return estimator
    for _, step in estimator.steps:
        if step not in (None, "passthrough"):
            return first_step(step)
    return estimator


def input_wavelengths(estimator: Any) -> NDArray[np.float64] | None:
    """Return the wavelengths in nm of all bands that a model is given, where it knows them."""
    first = first_step(estimator)
    if hasattr(first, "_input_wavelengths"):
        return first._input_wavelengths(first.n_features_in_)
    return wavelengths_from_names(getattr(first, "feature_names_in_", None))


def input_bands_used(estimator: Any) -> NDArray[np.intp] | None:
    """Return the indices of the bands that matter, of those that a model is given; None is all."""
    return getattr(first_step(estimator), "bands_", None)


def bands_seen(estimator: Any) -> tuple[NDArray[np.intp] | None, NDArray[np.float64] | None]:
    """Return the indices and the wavelengths of the bands that a network sees, where known.

    A preprocessor right before it in a Pipeline knows both.
    """
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        preprocessor = estimator[-2]
        return getattr(preprocessor, "bands_", None), getattr(preprocessor, "wavelengths_", None)
    return None, wavelengths_from_names(getattr(estimator, "feature_names_in_", None))
