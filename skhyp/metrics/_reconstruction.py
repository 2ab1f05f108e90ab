"""Scorers of how well an estimator reconstructs spectra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import StrOptions, validate_params

from skhyp.wavelengths._model_parts import unwrapped

from ._spectral import MEASURES


@validate_params({"measure": [StrOptions(set(MEASURES))]}, prefer_skip_nested_validation=True)
def make_reconstruction_scorer(measure: str = "csa") -> Callable[..., float]:
    """Make a scorer that tells how well an estimator reconstructs spectra.

    Parameters
    ----------
    measure : {"csa", "sa", "sid", "sse"}, default="csa"
        The measure of the error.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y=None)`` returns minus the mean error between X and its
        reconstruction: greater is better, 0 is perfect. It can be pickled, and passed as `scoring`
        to :class:`~sklearn.model_selection.GridSearchCV` and its like.

    Raises
    ------
    ValueError
        If `measure` is none of the names, or, from the scorer, if the estimator has neither
        `reconstruct` nor both `transform` and `inverse_transform`.

    Notes
    -----
    The reconstruction is ``estimator.reconstruct(X)`` where that exists, else
    ``estimator.inverse_transform(estimator.transform(X))``. A Pipeline whose last step has
    `reconstruct` is scored on what that step sees, that is on the preprocessed spectra: candidates
    that differ in their preprocessing are then compared in different spaces. Of a fitted search,
    the best estimator is scored.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skhyp.metrics import make_reconstruction_scorer
    >>> X = np.random.default_rng(0).uniform(1, 2, size=(30, 5))
    >>> score = make_reconstruction_scorer("sse")
    >>> bool(score(PCA(4).fit(X), X) > score(PCA(2).fit(X), X))
    True
    """
    return _ReconstructionScorer(measure)


class _ReconstructionScorer:
    """Minus the mean error of a reconstruction; a class so that it can be pickled and printed."""

    def __init__(self, measure: str):
        self.measure = measure

    def __call__(self, estimator: Any, X: ArrayLike, y: Any = None) -> float:
        seen, reconstruction = reconstruct(unwrapped(estimator), X)
        return -float(np.mean(MEASURES[self.measure](seen, reconstruction), dtype=np.float64))

    def __repr__(self) -> str:
        return f"make_reconstruction_scorer({self.measure!r})"


def reconstruct(estimator: Any, X: ArrayLike) -> tuple[ArrayLike, ArrayLike]:
    """Return the spectra that the reconstruction is to be compared with, and it."""
    if isinstance(estimator, Pipeline) and hasattr(estimator[-1], "reconstruct"):
        seen = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return seen, estimator[-1].reconstruct(seen)
    if hasattr(estimator, "reconstruct"):
        return X, estimator.reconstruct(X)
    if hasattr(estimator, "transform") and hasattr(estimator, "inverse_transform"):
        return X, estimator.inverse_transform(estimator.transform(X))
    raise ValueError(
        "estimator must have reconstruct, or both transform and inverse_transform, to be scored "
        f"on its reconstruction; got {estimator!r}."
    )
