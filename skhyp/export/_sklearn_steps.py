"""Steps of scikit-learn that compute something given, rather than what they would learn.

They hold attributes that scikit-learn 1.6 and all later versions ask for, and nothing but types and
universal functions of NumPy that skops trusts. Those of SciPy it trusts in some of its modes only.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer, StandardScaler

Steps = list[tuple[str, Any]]

# Of the largest magnitude of a spectrum, which is 1 then: what differs by less is rounding.
_GRID = 2.0**43
# Brings the smallest spectra to a size at which they are something.
_RAISED = 2.0**200


def in_pipeline(steps: Steps) -> Any:
    """Return steps as one transformer."""
    return steps[0][1] if len(steps) == 1 else Pipeline(steps)


def side_by_side(branches: Steps) -> Any:
    """Return transformers whose columns come after each other as one."""
    return branches[0][1] if len(branches) == 1 else FeatureUnion(branches)


def linear(matrix: NDArray[Any]) -> TruncatedSVD:
    """Return what multiplies rows by a matrix (columns in, columns out)."""
    step = TruncatedSVD(n_components=matrix.shape[1])
    step.components_ = np.ascontiguousarray(matrix.T)
    return _of_columns(step, len(matrix))


def affine(
    scale: NDArray[Any], offset: NDArray[Any], limits: tuple[float, float] | None = None
) -> MinMaxScaler:
    """Return what multiplies columns, adds to them, and keeps them within limits if there are."""
    step = MinMaxScaler(clip=limits is not None, feature_range=limits or (0, 1))
    step.scale_ = np.array(scale, np.float64)
    step.min_ = np.array(offset, np.float64)
    return _of_columns(step, len(step.scale_))


def standardised(mean: NDArray[Any], scale: NDArray[Any]) -> StandardScaler:
    """Return what takes a mean from columns, and divides them by a scale."""
    step = StandardScaler()
    step.mean_, step.scale_ = np.array(mean, np.float64), np.array(scale, np.float64)
    step.var_, step.n_samples_seen_ = step.scale_**2, 1
    return _of_columns(step, len(step.mean_))


def selected(kept: NDArray[np.intp], n_columns: int) -> Steps:
    """Return what keeps some columns, in their order or in another."""
    step = VarianceThreshold(threshold=0.5)
    step.variances_ = np.isin(np.arange(n_columns), kept).astype(np.float64)
    steps: Steps = [("bands", _of_columns(step, n_columns))]
    places = np.searchsorted(np.sort(kept), kept)
    if not np.array_equal(places, np.arange(len(kept))):
        steps.append(("order", linear(np.eye(len(kept))[:, places])))
    return steps


def complete(nodata: Sequence[float], n_columns: int) -> Steps:
    """Return what refuses rows with NaN, or with one of these values, and passes others on."""
    if not nodata:
        return [("complete", as_floats("float64", n_columns))]
    ones = np.ones(n_columns)
    branches: Steps = [("values", affine(ones, 0 * ones))]
    for number, value in enumerate(nodata, start=1):
        # It gives no column of those that had all data in fit, and refuses those that lack some.
        step = MissingIndicator(missing_values=value)
        branches.append((f"nodata-{number}", step.fit([float(value != 1) * ones])))
    return [("complete", FeatureUnion(branches))]


def as_floats(dtype: str, n_columns: int) -> FunctionTransformer:
    """Return what makes finite numbers of any kind floats of a dtype."""
    step = FunctionTransformer(np.positive, validate=True, kw_args={"dtype": dtype})
    return _of_columns(step, n_columns)


def elementwise(function: np.ufunc, **arguments: Any) -> FunctionTransformer:
    """Return what computes a universal function of each value."""
    return FunctionTransformer(function, kw_args=arguments or None)


def unit_magnitude(n_columns: int) -> Steps:
    """Return what divides each row by its largest magnitude; zeros stay."""
    # What is below ten units of rounding counts as zero there.
    raised = affine(np.full(n_columns, _RAISED), np.zeros(n_columns))
    return [("raised", raised), ("magnitude", unit_norm("max", n_columns))]


def unit_norm(norm: str, n_columns: int) -> Normalizer:
    """Return what divides each row by a norm; zeros stay."""
    return _of_columns(Normalizer(norm=norm), n_columns)


def standard_normal_variate(n_bands: int) -> Steps:
    """Return what makes standard normal variates, but for the factor sqrt(n_bands)."""
    centring = np.eye(n_bands) - 1 / n_bands
    return [
        *unit_magnitude(n_bands),
        ("centring", linear(centring)),
        *_without_rounding(n_bands),
        ("deviation", unit_norm("l2", n_bands)),
    ]


def between_0_and_1(n_bands: int) -> Steps:
    """Return what takes the least value from each row, and divides it by the largest then.

    Of rows y between -1 and 1, 3 - y has the magnitude 3 - min y: a column of ones beside it that
    is divided by that, and its reciprocal, tell the least value.
    """
    ones, identity = np.ones(n_bands), np.eye(n_bands)
    with_column = np.concatenate([-identity, np.zeros((n_bands, 1))], axis=1)
    last = np.zeros((n_bands + 1, 1))
    last[-1] = 1
    least: Steps = [
        ("negative", linear(with_column)),
        ("shifted", affine(np.ones(n_bands + 1), np.append(3 * ones, 1))),
        ("magnitude", unit_norm("max", n_bands + 1)),
        ("last", linear(last)),
        ("reciprocal", elementwise(np.reciprocal)),
        ("least", affine(np.array([-1.0]), np.array([3.0]))),
    ]
    difference = np.concatenate([identity, -np.ones((1, n_bands))])
    values = affine(ones, 0 * ones)
    return [
        *unit_magnitude(n_bands),
        ("extremes", FeatureUnion([("values", values), ("least", Pipeline(least))])),
        ("difference", linear(difference)),
        *_without_rounding(n_bands),
        ("span", unit_norm("max", n_bands)),
    ]


def _without_rounding(n_columns: int) -> Steps:
    """Return what makes nothing of differences that are rounding, and large numbers of others."""
    grid = affine(np.full(n_columns, _GRID), np.zeros(n_columns))
    return [("grid", grid), ("rounding", elementwise(np.rint))]


def _of_columns(step: Any, n_columns: int) -> Any:
    step.n_features_in_ = n_columns
    return step


def named(names: Sequence[str], step: Any) -> Any:
    """Return a step that knows the names of its columns."""
    step.feature_names_in_ = np.array(names, dtype=object)
    return step
