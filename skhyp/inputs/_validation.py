"""What all estimators ask of the spectra they are given."""

import contextlib
import functools
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import MethodType
from typing import Any

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.validation import validate_data

from skhyp.spectra import Spectra

from ._known_wavelengths import as_scene, refuse_other_wavelengths

# What to do where a model is used in a precision that does not hold it.
PASS_FLOAT64 = "Pass X as float64."
EXPORT_FLOAT64 = "Export it with dtype='float64'."
# A spectrum this many times brighter than the median one is a fault of the sensor, not a surface.
OUTLIER_IN_MEDIANS = 1000.0
# The integers of the floats of so many bytes, and all of their bits but the sign.
_MAGNITUDE_BITS = {
    n_bytes: (integer, np.iinfo(integer).max)
    for n_bytes, integer in ((2, np.int16), (4, np.int32), (8, np.int64))
}
# What to do with other bands than those that were fitted.
_IN_A_MAP = (
    "For a scene, skhyp.scenes.apply(model, scene) finds the bands by their wavelengths, in "
    "whatever order and among others."
)
_IN_TRAINING = (
    "Training goes on (warm_start=True, partial_fit) with the bands that it began with, in their "
    "order. bands = skhyp.wavelengths.nearest_bands(X.wavelengths, model.wavelengths_, "
    "tolerance=0.5) finds them: pass X[:, bands] or, of a scene, scene.read(bands=bands) unrolled. "
    "To fit anew, set warm_start=False, or clone the estimator."
)
_TOO_MANY_FEATURES = re.compile(r"X has (\d+) features, but \w+ is expecting (\d+) features")
# Arrays of so many values are worth a check of our own.
_LARGE = 2**18
# So many spectra are in the processor's cache while they are looked at.
_ROWS_AT_ONCE = 1024


def validate_spectra(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    allow_nan: bool = False,
    continues: bool = False,
    **check_params: Any,
) -> Any:
    """Return X (and y, where it is passed) checked by scikit-learn, integers left as they are.

    Integers are cast chunk by chunk where they are used: a scene is never copied as a whole.
    Cubes are refused with a message that says how to unroll them. Where training ``continues``,
    X is no new data of a fitted model, but is to be learned from.
    """
    if np.ma.isMaskedArray(X) and np.ma.is_masked(X):
        raise ValueError(
            "X is a masked array with masked values, which would be lost. Fill them, as with "
            "X.filled(-9999), and pass that value as nodata of a HypPreprocessor."
        )
    if getattr(X, "ndim", 2) == 3:
        if as_scene(X) is not None:
            raise ValueError(
                f"{type(estimator).__name__} takes spectra here, one a row, got a scene. "
                "skhyp.scenes.apply(model, scene, method=...) maps any method of a fitted model "
                "over it, pixels without data and bad bands left out, and "
                "skhyp.scenes.labelled_pixels(scene, labels) gives spectra to fit it to."
            )
        raise ValueError(
            f"X must be a matrix (n_spectra, n_bands), got an array of dim 3 with shape {X.shape}. "
            "Unroll a cube with skhyp.scenes.unroll(cube), or put a HypPreprocessor before: it "
            "takes cubes. Reshape your data."
        )
    if type(X) is not np.ndarray:
        if not reset:
            refuse_other_wavelengths(estimator, X, _IN_TRAINING if continues else _IN_A_MAP)
        X = np.asarray(X) if isinstance(X, Spectra) else X
    finite: Any = "allow-nan" if allow_nan else True
    if _is_seen_to_be_finite(X):
        if not (reset or check_params) and _is_as_in_fit(estimator, X):
            return X
        finite = False  # nothing is left to check
    try:
        return validate_data(
            estimator, X, reset=reset, dtype="numeric", ensure_all_finite=finite, **check_params
        )
    except ValueError as error:
        if _has_too_many_bands(error) and not continues:
            raise ValueError(
                f"{error} For a scene, skhyp.scenes.apply gives the model those bands that it was "
                "fitted to: by their wavelengths or, like labelled_pixels, all that the file does "
                "not list as bad. Of an array, these are X[..., scene.good_bands]."
            ) from error
        if "Input X contains NaN" not in str(error):
            raise
        raise ValueError(
            f"Input X contains NaN. {type(estimator).__name__} needs complete spectra: leave out "
            "the pixels without data, which HypPreprocessor(nodata=) turns into NaN (complete = "
            "~numpy.isnan(X).any(axis=1); skhyp.scenes.apply(model, scene) does that), or drop the "
            "bands that have none with HypPreprocessor(bands=)."
        ) from error


def _has_too_many_bands(error: ValueError) -> bool:
    """Return whether scikit-learn found more features than it expected."""
    numbers = _TOO_MANY_FEATURES.match(str(error))
    return numbers is not None and int(numbers[1]) > int(numbers[2])


def _is_seen_to_be_finite(X: Any) -> bool:
    """Return whether a look at an array finds no NaN or infinity; False leaves it open.

    scikit-learn's own check adds up the values on one core, which a small network on a scene
    would have to wait for: a product with itself takes one pass of all cores.
    """
    if type(X) is not np.ndarray or X.dtype.kind not in "iuf":
        return False
    if X.dtype.kind != "f":
        return True
    if X.size < _LARGE:
        return bool(np.isfinite(X).all())
    if X.dtype not in (np.float32, np.float64) or not X.flags.c_contiguous:
        return False
    values = X.reshape(-1)
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.dot(values, values)))


def _is_as_in_fit(estimator: Any, X: np.ndarray) -> bool:
    """Return whether scikit-learn would find nothing to say of finite numbers.

    To find that out takes it a good part of the time of a prediction for one spectrum.
    """
    if hasattr(estimator, "feature_names_in_"):
        return False
    return X.ndim == 2 and len(X) > 0 and X.shape[1] == estimator.n_features_in_


def computation_dtype(dtype: np.dtype) -> str:
    """Return what is computed in: float64 for itself and longer floats, float32 for all else."""
    return "float64" if dtype.kind == "f" and dtype.itemsize >= 8 else "float32"


def largest_magnitudes(X: np.ndarray) -> np.ndarray:
    """Return the largest absolute value of each row, without a copy of X as a whole."""
    if X.dtype.kind in "ub":
        return X.max(axis=1).astype(np.float64)
    if X.dtype.kind == "f" and X.dtype.itemsize in _MAGNITUDE_BITS and X.dtype.isnative:
        return _largest_float_magnitudes(X)
    # Cast before the sign is dropped: the most negative integer has no positive counterpart.
    return np.maximum(X.max(axis=1).astype(np.float64), -X.min(axis=1).astype(np.float64))


def _largest_float_magnitudes(X: np.ndarray) -> np.ndarray:
    """Compare floats by their bits: without the sign, these are in the order of magnitudes.

    NumPy finds the largest integer of each row several times as fast as the largest float.
    """
    integer, bits = _MAGNITUDE_BITS[X.dtype.itemsize]
    largest = [
        np.bitwise_and(X[rows].view(integer), bits).max(axis=1)
        for rows in gen_batches(len(X), _ROWS_AT_ONCE)
    ]
    return np.concatenate(largest).view(X.dtype).astype(np.float64)


def warn_of_outliers(magnitudes: np.ndarray, consequence: str) -> None:
    """Warn of spectra that are far brighter than the median one, naming the first of them."""
    with np.errstate(over="ignore"):
        median = np.nanmedian(magnitudes)
        outliers = (
            np.flatnonzero(magnitudes > OUTLIER_IN_MEDIANS * median) if median > 0 else np.arange(0)
        )
    if len(outliers):
        warnings.warn(
            f"{len(outliers)} of {len(magnitudes)} spectra are over {OUTLIER_IN_MEDIANS:g} times "
            f"brighter than the median one (the first is row {outliers[0]}): {consequence}",
            UserWarning,
            stacklevel=5,
        )


def refuse_too_small(magnitudes: np.ndarray, dtype: str) -> None:
    """Refuse spectra all of whose values are too small to be computed with."""
    largest, tiny = magnitudes.max(initial=0), np.finfo(dtype).tiny
    if 0 < largest < tiny:
        raise ValueError(
            f"The largest value of X is {largest:.2g}: in {dtype}, what is below {tiny:.2g} counts "
            "as zero. Scale the spectra, or pass them as float64."
        )


def refuse_another_range(
    estimator: Any, fitted: Mapping[str, np.ndarray], dtype: str, remedy: str
) -> None:
    """Refuse to compute in a dtype that does not hold what was fitted to spectra of another.

    What is too small counts as zero. In a mean or a bias, which are added, that is right; a scale
    divides, and of all else no more may be lost than is rounded anyway.
    """
    limits = np.finfo(dtype)
    for name, values in fitted.items():
        magnitudes = np.abs(values.astype(np.float64))
        largest = magnitudes.max(initial=0)
        lost = magnitudes[magnitudes < float(limits.tiny)].max(initial=0)
        is_lost = lost > (0 if name.endswith("scale") else float(limits.eps) * largest)
        if largest > float(limits.max) or (is_lost and not name.endswith(("mean", "bias"))):
            raise ValueError(
                f"{type(estimator).__name__} was fitted to spectra beyond the range of {dtype}, "
                f"in which it would be computed: from {limits.tiny:.2g} to {limits.max:.2g}. "
                f"{remedy}"
            )


def refuse_overflow(values: np.ndarray, X: np.ndarray, *, may_be_missing: bool = False) -> None:
    """Refuse what was computed of the rows of X if it is not finite; integers are -1 then.

    Rows that ``may_be_missing`` are NaN throughout.
    """
    if _is_seen_to_be_finite(values) and (values.dtype.kind == "f" or values.min(initial=0) >= 0):
        return
    is_known = np.empty(len(values), bool)
    for rows in gen_batches(len(values), _ROWS_AT_ONCE):
        part = values[rows].reshape(rows.stop - rows.start, -1)
        are_known = np.isfinite(part) if part.dtype.kind == "f" else part >= 0
        is_known[rows] = are_known.all(axis=1)
        if may_be_missing and not is_known[rows].all():
            is_known[rows] |= np.isnan(part).all(axis=1)
    overflowed = np.flatnonzero(~is_known)
    if len(overflowed):
        row = overflowed[0]
        raise ValueError(
            f"{len(overflowed)} of {len(X)} rows of X lead to values beyond the range of "
            f"{computation_dtype(X.dtype)}; the first is row {row}, with values of up to "
            f"{largest_magnitudes(X[row : row + 1])[0]:.3g}. Leave such rows out, scale them, or "
            "pass float64 if X is of another type."
        )


@contextlib.contextmanager
def all_or_nothing(estimator: Any) -> Iterator[None]:
    """Give an estimator back what it had, if what is done here fails."""
    former = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(former)
        raise


class available_unless:
    """Decorate a method that some settings make meaningless: it is absent then, and says why.

    ``reason(estimator)`` returns ``None``, or the message of the AttributeError. scikit-learn's
    ``available_if`` hides the message behind one of its own.
    """

    def __init__(self, reason: Callable[[Any], str | None]):
        self._reason = reason

    def __call__(self, method: Callable) -> "available_unless":
        self._method = method
        functools.update_wrapper(self, method)
        return self

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is None:
            return self._method  # as scikit-learn reads of the class what a method takes
        if (message := self._reason(estimator)) is not None:
            raise AttributeError(message)
        return MethodType(self._method, estimator)
