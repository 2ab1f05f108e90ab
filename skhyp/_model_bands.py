"""Which bands a fitted model was given, and which of them it looks at."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OneToOneFeatureMixin
from sklearn.pipeline import Pipeline

from .wavelengths import wavelengths_from_names


def flat_steps(estimator: Any) -> list[Any]:
    """Return the steps that a model consists of, those of pipelines and searches in it too."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not isinstance(estimator, Pipeline):
        return [estimator]
    steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
    return [part for step in steps for part in flat_steps(step)]


def first_step(estimator: Any) -> Any:
    """Return what gets the spectra first: an estimator, or that of a pipeline or a search."""
    return next(iter(flat_steps(estimator)), estimator)


def input_wavelengths(estimator: Any) -> NDArray[np.float64] | None:
    """Return the wavelengths in nm of all bands that a model is given, where it knows them."""
    first = first_step(estimator)
    if hasattr(first, "_input_wavelengths"):
        return first._input_wavelengths(first.n_features_in_)
    return wavelengths_from_names(getattr(first, "feature_names_in_", None))


def input_bands_used(estimator: Any) -> NDArray[np.intp] | None:
    """Return the indices of the bands that matter, of those that a model is given; None is all."""
    return getattr(first_step(estimator), "bands_", None)


class SeenBands(NamedTuple):
    """The bands that a network sees: their places among the model's (None is all), wavelengths.

    ``are_bands`` is False where a step before it makes features of the bands that are none.
    """

    indices: NDArray[np.intp] | None
    wavelengths: NDArray[np.float64] | None
    are_bands: bool = True


def bands_seen(estimator: Any) -> SeenBands:
    """Return which bands a network sees, as far as the steps before it tell.

    Preprocessors know both; scalers of single bands change neither.
    """
    *before, network = flat_steps(estimator)
    places, wavelengths = None, wavelengths_from_names(getattr(network, "feature_names_in_", None))
    for step in reversed(before):
        if hasattr(step, "bands_"):
            if wavelengths is None and step.wavelengths_ is not None:
                wavelengths = step.wavelengths_ if places is None else step.wavelengths_[places]
            places = step.bands_ if places is None else step.bands_[places]
        elif not isinstance(step, OneToOneFeatureMixin):
            return SeenBands(None, None, are_bands=False)
    return SeenBands(places, wavelengths)
