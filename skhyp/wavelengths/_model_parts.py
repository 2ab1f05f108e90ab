"""The fitted parts of a model that are given its spectra, and the columns that each is given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import _ConstantPredictor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from ._names import wavelengths_from_names
from ._protocols import KnowsWavelengths

# Where meta-estimators of scikit-learn, and those of others that follow it, keep what was fitted to
# their own input; what was fitted to predictions is not among it. The first that are there count:
# beside several models, one alone is their pattern, and without an underscore it was fitted before.
_FITTED_TO_THE_INPUT = (
    (
        *("estimators_", "calibrated_classifiers_"),
        *("classifier_", "classifiers_", "regressor_", "regressors_"),
    ),
    ("estimator_", "base_estimator_"),
    ("estimator",),
)
_METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")


class Part(NamedTuple):
    """A part of a model, and the places of its columns among those that its owner is given.

    A place of -1 is a column that the owner adds. Without places, the part is given something
    else than these columns. ``name`` says where in the owner it is.
    """

    estimator: Any
    places: NDArray[np.intp] | None
    name: str


def unwrapped(model: Any) -> Any:
    """Return the model in a fitted search or a FrozenEstimator, which do nothing but pass on."""
    while True:
        if isinstance(model, FrozenEstimator):
            model = model.estimator
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return model


def n_features(model: Any) -> int | None:
    """Return how many columns a model is given, where it says so."""
    n_columns = getattr(model, "n_features_in_", None)
    return None if n_columns is None else int(n_columns)


def steps_of(model: Any) -> list[tuple[str, Any]] | None:
    """Return the steps of a pipeline that spectra pass, with their names."""
    if not isinstance(model, Pipeline):
        return None
    return [(f"[{name!r}]", step) for name, step in model.steps if not _lets_pass(step)]


def branches_of(model: Any, n_columns: int) -> list[Part] | None:
    """Return what stands side by side in a FeatureUnion or a ColumnTransformer."""
    if isinstance(model, FeatureUnion):
        branches = [(*branch, slice(None)) for branch in model.transformer_list]
    elif isinstance(model, ColumnTransformer):
        branches = model.transformers_
    else:
        return None
    names = list(getattr(model, "feature_names_in_", ()))
    return [
        Part(None if _lets_pass(part) else part, _places(key, n_columns, names), f"[{name!r}]")
        for name, part, key in branches
        if not (isinstance(part, str) and part == "drop")
    ]


def parts_of(model: Any, n_columns: int, selected: NDArray[np.intp] | None) -> list[Part]:
    """Return the fitted parts that a meta-estimator passes its columns on to.

    ``selected`` are the places of the columns that it selects, if it does.
    """
    features = getattr(model, "estimators_features_", None)  # of bagging
    found = []
    for number, (part, name) in enumerate(held_parts(model)):
        if features is not None and name.startswith("estimators_["):
            places = np.asarray(features[number], np.intp)
        else:
            places = _places_given(model, part, n_columns, selected)
        found.append(Part(part, places, f".{name}"))
    if getattr(model, "passthrough", False) and hasattr(model, "final_estimator_"):  # of stacking
        final = model.final_estimator_
        n_predictions = max(0, (n_features(final) or n_columns) - n_columns)
        places = np.concatenate([np.full(n_predictions, -1), np.arange(n_columns)])
        found.append(Part(final, places, ".final_estimator_"))
    return found


def held_parts(model: Any) -> list[tuple[Any, str]]:
    """Return the fitted parts of a meta-estimator, and where each is."""
    for names in _FITTED_TO_THE_INPUT:
        found = [member for name in names for member in _members(_held(model, name), name)]
        if found:
            return found
    return []


def number_of_bands(model: Any) -> int | None:
    """Return how many bands a model is given: what it says, or parts that know of bands."""
    model = unwrapped(model)
    if (n_bands := n_features(model)) is not None:
        return n_bands
    steps = steps_of(model)
    if steps is not None:
        return number_of_bands(steps[0][1]) if steps else None
    counts = [number_of_bands(part) for part, _ in held_parts(model) if _knows_bands(part)]
    return counts[0] if len(set(counts)) == 1 else None


def column_names(model: Any) -> NDArray[Any] | None:
    """Return the names of the columns that a model was fitted with."""
    model = unwrapped(model)
    names = getattr(model, "feature_names_in_", None)
    if names is not None or n_features(model) is not None:
        return names
    steps = steps_of(model)
    entries = held_parts(model) if steps is None else [(step, "") for _, step in steps[:1]]
    return next((names for part, _ in entries if (names := column_names(part)) is not None), None)


def selected_columns(model: Any, n_columns: int) -> NDArray[np.intp] | None:
    """Return which of its columns a model selects, where it says so.

    By ``get_support``, as scikit-learn's selectors, or by ``bands_``, as our preprocessor.
    """
    columns = None
    if hasattr(model, "get_support"):
        with contextlib.suppress(Exception):  # others may have it mean something else
            columns = model.get_support(indices=True)
    else:
        columns = getattr(model, "bands_", None)
    if not isinstance(columns, np.ndarray) or columns.ndim != 1 or columns.dtype.kind not in "iu":
        return None
    is_selection = len(columns) and columns.min() >= 0 and columns.max() < n_columns
    if not is_selection or len(np.unique(columns)) < len(columns):
        return None
    return columns.astype(np.intp)


def _knows_bands(model: Any) -> bool:
    """Return whether what gets the input of a model first tells wavelengths, or is made to.

    Steps before it, as scalers, may pass on as many columns as they are given.
    """
    model = unwrapped(model)
    steps = steps_of(model)
    if steps is not None:
        n_given = number_of_bands(model)
        later = [step for _, step in steps[1:] if n_features(step) == n_given is not None]
        return bool(steps) and (_knows_bands(steps[0][1]) or any(map(_tells_wavelengths, later)))
    names = getattr(model, "feature_names_in_", None)
    if isinstance(model, KnowsWavelengths) or wavelengths_from_names(names) is not None:
        return True
    return any(_knows_bands(part) for part, _ in held_parts(model))


def _tells_wavelengths(model: Any) -> bool:
    model = unwrapped(model)
    if steps := steps_of(model):
        return _tells_wavelengths(steps[0][1])
    if not isinstance(model, KnowsWavelengths):
        return False
    n_columns = n_features(model)
    return n_columns is not None and model._input_wavelengths(n_columns) is not None


def _lets_pass(step: Any) -> bool:
    """Return whether a step of a pipeline changes nothing: those that resample act in fit only."""
    if step is None or isinstance(step, str):
        return True
    if isinstance(step, FunctionTransformer) and step.func is None:
        return True
    return hasattr(step, "fit_resample") and not hasattr(step, "transform")


def _places(key: Any, n_columns: int, names: list[Any]) -> NDArray[np.intp]:
    """Return the places of columns as a ColumnTransformer takes them, callables resolved."""
    if isinstance(key, slice):
        start, stop = (
            names.index(end) if isinstance(end, str) else end for end in (key.start, key.stop)
        )
        if isinstance(key.stop, str):
            stop += 1  # as in pandas, the last name is within
        return np.arange(n_columns)[start : stop : key.step]
    keys = np.atleast_1d(np.asarray(key, dtype=object if _has_names(key) else None))
    if keys.dtype == object:
        return np.array([names.index(name) for name in keys], np.intp)
    return np.arange(n_columns)[keys if keys.size else keys.astype(np.intp)]


def _has_names(key: Any) -> bool:
    return isinstance(key, str) or (np.iterable(key) and any(isinstance(k, str) for k in key))


def _places_given(
    owner: Any, part: Any, n_columns: int, selected: NDArray[np.intp] | None
) -> NDArray[np.intp] | None:
    """Return which columns a part is given, as their number tells."""
    n_given = n_features(part)
    if n_given in (n_columns, None):
        return np.arange(n_columns)
    if selected is not None and n_given == len(selected):
        return selected
    if hasattr(owner, "order_") and n_given > n_columns:  # of chains: former predictions come last
        return np.concatenate([np.arange(n_columns), np.full(n_given - n_columns, -1)])
    return None


def _held(model: Any, name: str) -> Any:
    try:
        return getattr(model, name, None)
    except Exception:  # a property of another's may raise anything
        return None


def _members(held: Any, name: str) -> Iterator[tuple[Any, str]]:
    """Yield the fitted estimators in an attribute, in lists and mappings too."""
    if isinstance(held, Mapping):
        for key, member in held.items():
            yield from _members(member, f"{name}[{key!r}]")
    elif isinstance(held, Sequence | np.ndarray) and not isinstance(held, str):
        for number, member in enumerate(held):
            yield from _members(member, f"{name}[{number}]")
    elif isinstance(held, _ConstantPredictor):
        return  # of a class that is everywhere, or nowhere: it looks at nothing
    elif not isinstance(held, type) and any(hasattr(held, method) for method in _METHODS):
        try:
            check_is_fitted(held)
        except NotFittedError:
            return  # the pattern of those that were fitted
        except TypeError:
            pass  # it has no fit: it was made as it is
        yield held, name
