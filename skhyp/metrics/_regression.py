"""Errors of predicted quantities, as spectroscopists report them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class RegressionReport(NamedTuple):
    """How predicted values differ from measured ones: one number, or an array of one a target.

    Attributes
    ----------
    n : int
        The number of samples.
    bias : float or ndarray of shape (n_targets,)
        The mean of predicted minus measured: above 0 where too much is predicted.
    rmse : float or ndarray of shape (n_targets,)
        The root of the mean squared difference (RMSEP of a test set, RMSECV of a
        cross-validation).
    sep : float or ndarray of shape (n_targets,)
        The standard error of prediction: the standard deviation of the differences around the bias.
        NaN of a single sample.
    r2 : float or ndarray of shape (n_targets,)
        The coefficient of determination. NaN where all measured values are the same, or of a
        single sample.
    """

    n: int
    bias: Any
    rmse: Any
    sep: Any
    r2: Any


def regression_report(y_true: ArrayLike, y_pred: ArrayLike) -> RegressionReport:
    """Compute bias, RMSE, SEP and R² of predicted values.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
        What was measured.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        What was predicted, in the same unit and order: of samples that the model was not fitted
        to, or by :func:`~sklearn.model_selection.cross_val_predict`. A single column is taken
        for the same as no columns.

    Returns
    -------
    report : RegressionReport
        `bias`, `rmse` and `sep` in the unit of `y_true`; `r2` has none.

    Raises
    ------
    ValueError
        If both are not numbers of one shape, if there is no sample, or if any value is missing
        or infinite.

    See Also
    --------
    skhyp.plotting.PredictionDisplay : The values and these figures as a picture.
    sklearn.metrics.r2_score : The same R², with a finite value for measured values that are alike.

    Notes
    -----
    With the differences :math:`e_i = \\hat{y}_i - y_i` of n samples,

    .. math::

        \\mathrm{bias} = \\frac{1}{n} \\sum_i e_i, \\quad
        \\mathrm{RMSE} = \\sqrt{\\frac{1}{n} \\sum_i e_i^2}, \\quad
        \\mathrm{SEP} = \\sqrt{\\frac{1}{n - 1} \\sum_i (e_i - \\mathrm{bias})^2}, \\quad
        R^2 = 1 - \\frac{\\sum_i e_i^2}{\\sum_i (y_i - \\bar{y})^2}

    so that RMSE² = bias² + SEP² (n - 1) / n. SEP is corrected for bias, as in [1]_ and [2]_; some
    programs call the RMSE so. Others give the bias the opposite sign, or the squared correlation
    for R², which does not see a bias.

    References
    ----------
    .. [1] T. Naes, T. Isaksson, T. Fearn and T. Davies, *A User-Friendly Guide to Multivariate
       Calibration and Classification*. NIR Publications, Chichester, 2002.
    .. [2] ISO 12099, *Animal feeding stuffs, cereals and milled cereal products: Guidelines for the
       application of near infrared spectrometry*.

    Examples
    --------
    >>> from skhyp.metrics import regression_report
    >>> report = regression_report([10.0, 11.0, 12.0, 13.0], [10.5, 11.5, 12.0, 14.0])
    >>> report.n, report.bias, round(report.rmse, 3), round(report.sep, 3), report.r2
    (4, 0.5, 0.612, 0.408, 0.7)
    """
    measured, predicted = paired_values(y_true, y_pred)
    n = len(measured)
    differences = predicted - measured
    bias = differences.mean(axis=0)
    squares = (differences**2).sum(axis=0)
    around_bias = ((differences - bias) ** 2).sum(axis=0)
    spread = ((measured - measured.mean(axis=0)) ** 2).sum(axis=0)
    # The mean of equal values may differ from them by rounding.
    varies = np.ptp(measured, axis=0) > 0
    sep = np.sqrt(around_bias / (n - 1)) if n > 1 else np.full(bias.shape, np.nan)
    r2 = np.full(bias.shape, np.nan)
    np.divide(squares, spread, out=r2, where=varies)
    figures = (bias, np.sqrt(squares / n), sep, 1 - r2)
    if measured.shape[1] == 1:
        return RegressionReport(n, *(float(values[0]) for values in figures))
    return RegressionReport(n, *figures)


def paired_values(
    y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return measured and predicted values as columns, one a target, after checking them."""
    measured, predicted = _columns("y_true", y_true), _columns("y_pred", y_pred)
    if measured.shape != predicted.shape:
        raise ValueError(
            f"y_pred must have a value for each in y_true, of shape {np.shape(y_true)}; got shape "
            f"{np.shape(y_pred)}."
        )
    return measured, predicted


def _columns(argument: str, values: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
        if array.dtype.kind in "cmMSU":
            raise TypeError(array.dtype)
        columns = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument} must be real numbers; got {error}.") from error
    if columns.ndim not in (1, 2) or not columns.size:
        raise ValueError(
            f"{argument} must have the shape (n_samples,) or (n_samples, n_targets), with one "
            f"sample or more; got shape {columns.shape}."
        )
    columns = columns.reshape(len(columns), -1)
    is_finite = np.isfinite(columns).all(axis=1)
    if not is_finite.all():
        raise ValueError(
            f"{argument} must be finite; {np.count_nonzero(~is_finite)} of {len(columns)} samples "
            f"are not, the first is number {np.flatnonzero(~is_finite)[0]}. Leave these out of "
            "both y_true and y_pred."
        )
    return columns
