"""PredictionDisplay: predicted against measured values of a quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier

from skhyp.metrics import regression_report
from skhyp.metrics._regression import paired_values
from skhyp.scenes._class_colours import class_colour

from ._axes import axes_or_new, check_axes, legend_beside
from ._classes import ClassStyle, class_styles
from ._quantities import chosen_output, quantity_label, report_text
from ._responses import respond

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE_COLOUR = "#595959"
# Of the range of the values, left free around them.
_MARGIN = 0.05
# The size of the box, in parts of the axes.
_BOX = (0.45, 0.3)


class PredictionDisplay:
    """Predicted against measured values, the line where both are equal, and how far they are off.

    Made by :meth:`from_estimator` or :meth:`from_predictions`. Both axes are in the unit of the
    quantity, and have one range and one scale. In the emptier corner off the line are the number of
    samples, bias, RMSE, SEP and R², as :func:`skhyp.metrics.regression_report` defines them.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        What was measured.
    y_pred : array-like of shape (n_samples,)
        What was predicted, of samples that the model was not fitted to.
    groups : array-like of shape (n_samples,), default=None
        What samples are told apart by, such as their variety or year.
    long_name : str, default=None
        What the quantity is, such as "Protein content".
    units : str, default=None
        Its unit, such as "%"; "1" is not written.

    Attributes
    ----------
    report_ : :class:`~skhyp.metrics.RegressionReport`
    scatter_ : list of :class:`matplotlib.collections.PathCollection`
        The points of each group, sorted; one for all without `groups`.
    line_ : :class:`matplotlib.lines.Line2D`
    text_ : :class:`matplotlib.text.Text`
    legend_ : :class:`matplotlib.legend.Legend` or None
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    sklearn.metrics.PredictionErrorDisplay : The same of any regressor, or its residuals.

    Examples
    --------
    >>> from skhyp.plotting import PredictionDisplay
    >>> display = PredictionDisplay.from_predictions(
    ...     [10.0, 11.0, 12.0, 13.0], [10.5, 11.5, 12.0, 14.0], long_name="Protein", units="%"
    ... )
    >>> display.ax_.get_xlabel(), round(display.report_.rmse, 3)
    ('Protein, measured (%)', 0.612)
    """

    def __init__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        long_name: str | None = None,
        units: str | None = None,
    ):
        self.y_true = y_true
        self.y_pred = y_pred
        self.groups = groups
        self.long_name = long_name
        self.units = units

    def plot(self, ax: Axes | None = None, *, legend: bool = True) -> PredictionDisplay:
        """Draw the points and the line, and write the figures.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        legend : bool, default=True
            Whether to draw a legend of the groups to the right of the axes, if there are any.

        Returns
        -------
        self : PredictionDisplay

        Raises
        ------
        ValueError
            If `y_true` and `y_pred` are not finite numbers of one target and one length, if
            `groups` are not as many, or if `ax` is something else.
        """
        measured, predicted = paired_values(self.y_true, self.y_pred)
        if measured.shape[1] != 1:
            raise ValueError(
                f"y_true must be of one target; got {measured.shape[1]}. from_predictions(output=) "
                "takes one of them."
            )
        measured, predicted = measured[:, 0], predicted[:, 0]
        styles, members = self._styles(len(measured))
        self.report_ = regression_report(measured, predicted)
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        limits = _limits(measured, predicted)
        (self.line_,) = self.ax_.plot(
            limits, limits, color=_LINE_COLOUR, linestyle="--", linewidth=1, label="1:1", zorder=1
        )
        self.scatter_ = [
            self.ax_.scatter(
                measured[members == number],
                predicted[members == number],
                s=25,
                color=style.colour,
                marker=style.marker,
                alpha=0.8,
                linewidths=0,
                label=style.name,
                zorder=2,
            )
            for number, style in enumerate(styles)
        ]
        # Both corners are off the line, and no point is hidden by what is written.
        is_low = _share_in_corner(predicted, measured, limits) < _share_in_corner(
            measured, predicted, limits
        )
        self.text_ = self.ax_.text(
            *((0.97, 0.03) if is_low else (0.03, 0.97)),
            report_text(self.report_, self.units),
            transform=self.ax_.transAxes,
            horizontalalignment="right" if is_low else "left",
            verticalalignment="bottom" if is_low else "top",
            fontsize="small",
            zorder=1.5,
        )
        self.ax_.set(
            xlim=limits,
            ylim=limits,
            aspect="equal",
            xlabel=quantity_label(self.long_name, self.units, "measured"),
            ylabel=quantity_label(self.long_name, self.units, "predicted"),
        )
        self.legend_ = None
        if legend and self.groups is not None:
            self.legend_ = legend_beside(self.ax_, [*self.scatter_, self.line_])
        return self

    def _styles(self, n_samples: int) -> tuple[list[ClassStyle], np.ndarray]:
        """Return how the points of each group are drawn, and the number of the group of each."""
        if self.groups is None:
            return [ClassStyle(None, "", class_colour(1), "o")], np.zeros(n_samples, int)
        groups = np.asarray(self.groups)
        if groups.shape != (n_samples,):
            raise ValueError(
                f"groups must have one entry for each of the {n_samples} samples; got an array of "
                f"shape {groups.shape}."
            )
        try:
            found, members = np.unique(groups, return_inverse=True)
        except TypeError as error:
            raise ValueError(f"groups must be of one type that can be sorted: {error}.") from error
        # As words: years are no numbers of classes, of which some would look alike.
        return class_styles([str(group) for group in found.tolist()]), members

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        output: int | str | None = None,
        long_name: str | None = None,
        units: str | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> PredictionDisplay:
        """Show values that were predicted before, as by cross-validation.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
            What was measured, and what was predicted.
        groups : array-like of shape (n_samples,), default=None
            What samples are told apart by, such as their variety or year.
        output : int or str, default=None
            Of several targets, the index of the one to show or, where `y_true` is a DataFrame, the
            name of its column.
        long_name : str, default=None
            What the quantity is. None takes the name of a Series, or of the column of a DataFrame.
        units : str, default=None
            Its unit, such as "%"; "1" is not written.
        legend : bool, default=True
            Whether to draw a legend of the groups to the right of the axes, if there are any.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : PredictionDisplay

        Raises
        ------
        ValueError
            If there are several targets and `output` is none of them, and as in :meth:`plot`.
        """
        names = _names_of_targets(y_true)
        measured, predicted = paired_values(y_true, y_pred)
        index = chosen_output(output, names, measured.shape[1])
        if long_name is None and names is not None:
            long_name = names[index] or None
        display = cls(
            measured[:, index],
            predicted[:, index],
            groups=groups,
            long_name=long_name,
            units=units,
        )
        return display.plot(ax=ax, legend=legend)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        output: int | str | None = None,
        long_name: str | None = None,
        units: str | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> PredictionDisplay:
        """Predict, and show it against what was measured.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted regressor.
        X : array-like of shape (n_samples, n_bands)
            Spectra that it was not fitted to: of others it tells less than it seems.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What was measured of them.
        groups, output, long_name, units, legend, ax
            As in :meth:`from_predictions`.

        Returns
        -------
        display : PredictionDisplay

        Raises
        ------
        ValueError
            If `estimator` is a classifier or has no `predict`, and as in :meth:`from_predictions`.
        """
        check_axes(ax)
        if is_classifier(estimator):
            raise ValueError(
                f"estimator must be a regressor; got {type(estimator).__name__}, which predicts "
                "classes."
            )
        return cls.from_predictions(
            y,
            respond("estimator", estimator, "predict", X),
            groups=groups,
            output=output,
            long_name=long_name,
            units=units,
            legend=legend,
            ax=ax,
        )


def _names_of_targets(y: Any) -> list[str] | None:
    """Return the names that a DataFrame or a Series has, where these are words."""
    columns = getattr(y, "columns", None)
    names = [getattr(y, "name", None)] if columns is None else list(columns)
    names = [name if isinstance(name, str) else "" for name in names]
    return names if any(names) else None


def _limits(measured: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Return where both axes begin and end."""
    low = float(min(measured.min(), predicted.min()))
    high = float(max(measured.max(), predicted.max()))
    margin = _MARGIN * (high - low) or _MARGIN * abs(low) or 1.0
    return low - margin, high + margin


def _share_in_corner(along: np.ndarray, up: np.ndarray, limits: tuple[float, float]) -> float:
    """Return the share of points where a box would be: low along one axis, high up the other."""
    length = limits[1] - limits[0]
    is_there = (along - limits[0] < _BOX[0] * length) & (limits[1] - up < _BOX[1] * length)
    return float(np.mean(is_there))
