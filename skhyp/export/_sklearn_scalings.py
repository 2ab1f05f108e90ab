"""Fitted preprocessors as steps of scikit-learn."""

from typing import Any

import numpy as np

from . import _sklearn_steps as steps
from ._sklearn_steps import Steps

_CONVERT = (None, "minmax", "l2", "l1", "snv", "standardize", "savgol")


def preprocessor_steps(preprocessor: Any) -> Steps:
    """Return what selects bands, refuses missing spectra and scales the others."""
    method = preprocessor.method
    if method not in _CONVERT:
        raise ValueError(
            f"HypPreprocessor(method={method!r}) has no equal in scikit-learn. Of method, "
            f"{', '.join(map(repr, _CONVERT))} convert."
        )
    n_bands = len(preprocessor.bands_)
    made: Steps = []
    if not np.array_equal(preprocessor.bands_, np.arange(preprocessor.n_features_in_)):
        made += steps.selected(preprocessor.bands_, preprocessor.n_features_in_)
    if preprocessor._nodata_values:
        made += steps.complete(_missing_values(preprocessor), n_bands)
    return made + _scaling(preprocessor, n_bands)


def components_steps(components: Any) -> Steps:
    """Return what makes the components of a MinimumNoiseFraction."""
    n_bands, factor = components.n_features_in_, 1.0
    made: Steps = []
    if components.scaling_ == "snv":
        made, factor = steps.standard_normal_variate(n_bands), np.sqrt(n_bands)
    mean, scale = components.mean_ / factor, components.scale_ / factor
    made.append(("standardised", steps.standardised(mean, scale)))
    return [*made, ("components", steps.linear(components.projection_))]


def takes_nan(preprocessor: Any) -> bool:
    """Return whether NaN marks missing data, and may be in bands that are not used."""
    return any(np.isnan(value) for value in preprocessor._nodata_values)


def _missing_values(preprocessor: Any) -> list[float]:
    """Return what marks missing data, as it is and as files of single precision hold it."""
    values = [float(v) for v in preprocessor._nodata_values if not np.isnan(v)]
    with np.errstate(over="ignore"):
        rounded = [float(np.float32(value)) for value in values]
    return [value for value in dict.fromkeys(values + rounded) if np.isfinite(value)]


def _scaling(preprocessor: Any, n_bands: int) -> Steps:
    # A former fit by another method is told of as everywhere.
    preprocessor._computation(np.dtype("float64"))
    method = preprocessor.method
    if method == "minmax":
        return steps.between_0_and_1(n_bands)
    if method in ("l1", "l2"):
        return [*steps.unit_magnitude(n_bands), (method, steps.unit_norm(method, n_bands))]
    if method == "snv":
        factor = np.full(n_bands, np.sqrt(n_bands))
        made = steps.standard_normal_variate(n_bands)
        return [*made, ("factor", steps.affine(factor, 0 * factor))]
    if method == "standardize":
        return [(method, steps.standardised(preprocessor.mean_, preprocessor.scale_))]
    if method == "savgol":
        return [(method, steps.linear(preprocessor._savgol_matrix()))]
    return []
