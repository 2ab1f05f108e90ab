"""What a method of a fitted model gives for spectra, given to it as those that it was fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.pipeline import Pipeline

from skhyp.spectra._spectra import spectra_with
from skhyp.wavelengths._model_bands import ModelInput
from skhyp.wavelengths._model_parts import unwrapped


def respond(
    estimator: Any, method: str, method_params: dict[str, Any], known: ModelInput, X: NDArray[Any]
) -> NDArray[Any]:
    """Return what a method gives; a pipeline has those of its last step too."""
    n_rows = len(X)
    responder, seen = _with_method(estimator, method, _as_fitted(known, X))
    function = getattr(responder, method, None)
    if not callable(function):
        raise ValueError(
            f"method must be a method of the estimator; {type(responder).__name__} has no "
            f"{method!r}."
        )
    result = function(seen, **method_params)
    if issparse(result):
        raise ValueError(f"method={method!r} gives a sparse matrix, which is no map.")
    result = np.asarray(result)
    if result.ndim not in (1, 2) or len(result) != n_rows:
        raise ValueError(
            f"method={method!r} must give one value or one row for each spectrum; got shape "
            f"{result.shape} for {n_rows} spectra."
        )
    return result


def _with_method(estimator: Any, method: str, X: Any) -> tuple[Any, Any]:
    """Return an estimator, or the last step of a pipeline that has a method, and what it sees."""
    if not hasattr(estimator, method) and isinstance(estimator, Pipeline):
        last = unwrapped(estimator[-1])
        if hasattr(last, method) or isinstance(last, Pipeline):
            seen = estimator[:-1].transform(X) if len(estimator) > 1 else X
            return _with_method(last, method, seen)
    return estimator, X


def _as_fitted(known: ModelInput, X: NDArray[Any]) -> Any:
    """Return the spectra as the model was fitted: with the names of its columns, where it has any.

    scikit-learn warns without them. Without names the spectra know their wavelengths: a model that
    moves bands before a part that knows them is refused by that part.
    """
    if known.used is not None and X.dtype.kind == "f":
        X = _without_gaps(X, known.used)
    if known.names is None:
        is_whole = known.wavelengths is not None and not np.isnan(known.wavelengths).any()
        return spectra_with(X, known.wavelengths) if is_whole else X
    try:
        import pandas
    except ImportError:
        return X
    return pandas.DataFrame(X, columns=known.names)


def _without_gaps(X: NDArray[Any], used: NDArray[np.intp]) -> NDArray[Any]:
    """Return spectra whose bands that do not matter are finite: some models look at all of them."""
    is_spare = np.ones(X.shape[1], bool)
    is_spare[used] = False
    spare = X[:, is_spare]
    if np.isfinite(spare).all():
        return X
    X = X.copy()
    X[:, is_spare] = np.where(np.isfinite(spare), spare, 0)
    return X
