"""What a regressor asks of the values that it is to learn."""

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse

from ._validation import validate_spectra

# Values are to differ by so many of the steps between the numbers that predictions have.
_LEAST_STEPS = 100


def refuse_masked(y: Any) -> None:
    """Refuse targets of which some are masked: as plain arrays they would be numbers again."""
    if np.ma.is_masked(y):
        raise ValueError(
            "y is a masked array with masked values, which would be lost. Leave their spectra "
            "out: X[~y.mask], y[~y.mask]."
        )


def spectra_and_values(
    estimator: Any, X: Any, y: Any, **check_params: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return spectra and targets that an estimator is fitted to anew, checked together."""
    refuse_masked(y)
    X, y = validate_spectra(estimator, X, y=y, reset=True, multi_output=True, **check_params)
    return X, reference_values(y)


def reference_values(y: Any) -> np.ndarray:
    """Return targets as float64, refusing all that is not a number, or none that a float can be.

    Text and dates would be turned into numbers in silence, and None into NaN.
    """
    if sparse.issparse(y):
        raise ValueError("y must be a dense array of numbers, got a sparse one. Pass y.toarray().")
    if y.dtype.kind == "O":
        others = [value for value in y.ravel() if not isinstance(value, Real | Decimal | np.bool_)]
        if others:
            raise ValueError(f"y must hold numbers, got {others[0]!r:.80} among its values.")
    elif y.dtype.kind not in "biuf":
        raise ValueError(
            f"y must hold numbers, got values of the type {y.dtype}. Convert them, text by "
            "y.astype(float) and dates to days since one of them."
        )
    try:
        with np.errstate(over="ignore"):
            values = y.astype(np.float64)
    except OverflowError as error:
        raise ValueError("y has a value larger than any float.") from error
    if not np.isfinite(values).all():
        raise ValueError("y has values that are infinite, or larger than any float.")
    return values


def refuse_unresolved(mean: np.ndarray, scale: np.ndarray, dtype: str, remedy: str) -> None:
    """Refuse targets that differ by less than the numbers do that predictions are rounded to."""
    steps = np.abs(mean.astype(np.float64)) * float(np.finfo(dtype).eps)
    unresolved = np.flatnonzero(scale < _LEAST_STEPS * steps)
    if len(unresolved):
        target = unresolved[0]
        raise ValueError(
            f"y has values around {mean[target]:.6g} with deviations of {scale[target]:.3g}, but "
            f"predictions in {dtype} go by steps of {steps[target]:.2g} there. {remedy}"
        )
