"""LossCurveDisplay: how the loss of a network fell from epoch to epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.wavelengths._model_bands import flat_steps

from ._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_LOSS_NAMES = {
    "csa": "cosine spectral angle",
    "sa": "spectral angle (radians)",
    "sid": "spectral information divergence (nats)",
    "sse": "sum of squared errors",
    "squared_error": "mean squared error (squared deviations)",
    "absolute_error": "mean absolute error (deviations)",
    "huber": "Huber (squared deviations)",
    "quantile": "pinball (deviations)",
}


class LossCurveDisplay:
    """The mean loss of each epoch, and that of held-out spectra where there are any.

    Made by :meth:`from_estimator`. Several estimators are compared on one `ax`.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
    validation_loss_curve : array-like of shape (n_epochs,), default=None
        None, or empty, where nothing was held out.
    label : str, default=None
        The name of the estimator in the legend.
    loss_name : str, default=None
        What the loss is, for the vertical axis.

    Attributes
    ----------
    lines_ : list of :class:`matplotlib.lines.Line2D`
        The training loss and, dashed, the validation loss if there is one.
    legend_ : :class:`matplotlib.legend.Legend`
        Of all that is on `ax_`.
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralAutoencoder
    >>> from skhyp.plotting import LossCurveDisplay
    >>> X = np.random.default_rng(0).uniform(1, 2, size=(50, 20))
    >>> autoencoder = SpectralAutoencoder(max_epochs=3, random_state=0).fit(X)
    >>> display = LossCurveDisplay.from_estimator(autoencoder)
    >>> display.lines_[0].get_xdata().tolist()
    [1, 2, 3]
    """

    def __init__(
        self,
        loss_curve: ArrayLike,
        validation_loss_curve: ArrayLike | None = None,
        *,
        label: str | None = None,
        loss_name: str | None = None,
    ):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.label = label
        self.loss_name = loss_name

    def plot(self, ax: Axes | None = None, *, log_scale: bool = False) -> LossCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure. On axes that have curves, these are added.
        log_scale : bool, default=False
            Whether the vertical axis is logarithmic.

        Returns
        -------
        self : LossCurveDisplay

        Raises
        ------
        ValueError
            If there are no losses, if the curves are not of one length, or if `ax` is something
            else.
        """
        losses = np.asarray(self.loss_curve, dtype=np.float64)
        if losses.ndim != 1 or not len(losses):
            raise ValueError(
                f"loss_curve must hold the loss of at least one epoch; got shape {losses.shape}."
            )
        if np.isnan(losses).all():
            raise ValueError(
                "loss_curve must have a loss that is known; got NaN for all epochs. Models that "
                "deephyp has trained come without: train on, and show what is added."
            )
        curves = {"training": losses}
        given = () if self.validation_loss_curve is None else self.validation_loss_curve
        validation = np.asarray(given, dtype=np.float64)
        if len(validation):
            if validation.shape != losses.shape:
                raise ValueError(
                    f"validation_loss_curve must be as long as loss_curve, {len(losses)} epochs; "
                    f"got {len(validation)}. Where a training went on with another "
                    "early_stopping, show LossCurveDisplay(estimator.loss_curve_).plot()."
                )
            curves["validation"] = validation
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure

        from matplotlib.ticker import MaxNLocator

        self.lines_: list[Line2D] = []
        for name, curve in curves.items():
            if self.label is not None:
                name = f"{self.label}, {name}" if len(curves) > 1 else self.label
            # A marker, as the curve of one epoch is a point.
            self.lines_ += self.ax_.plot(
                np.arange(1, len(curve) + 1),
                curve,
                color=self.lines_[0].get_color() if self.lines_ else None,
                linestyle="dashed" if self.lines_ else "solid",
                marker="." if len(curve) == 1 else None,
                label=name,
            )
        if log_scale:
            self.ax_.set_yscale("log")
        loss = "Loss" if self.loss_name is None else f"Loss: {self.loss_name}"
        # Different losses on one axis are only losses.
        if self.ax_.get_ylabel() not in ("", loss):
            loss = "Loss"
        self.ax_.set(xlabel="Epoch", ylabel=loss)
        self.ax_.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        self.legend_ = self.ax_.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        label: str | None = None,
        log_scale: bool = False,
        ax: Axes | None = None,
    ) -> LossCurveDisplay:
        """Show how the training of an estimator went.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `loss_curve_`: :class:`~skhyp.SpectralAutoencoder`,
            :class:`~skhyp.SpectralCNNClassifier`, :class:`~skhyp.SpectralCNNRegressor`, or a
            Pipeline that ends with one.
        label : str, default=None
            The name of the estimator in the legend, where several are on one `ax`.
        log_scale : bool, default=False
            Whether the vertical axis is logarithmic.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure. On axes that have curves, these are added.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        ValueError
            If the estimator has no `loss_curve_`, and as in :meth:`plot`.
        """
        network = [estimator, *flat_steps(estimator)][-1]
        if not hasattr(network, "loss_curve_"):
            raise ValueError(
                f"estimator must be fitted and have loss_curve_; got {network!r}, which has not."
            )
        loss_name = _LOSS_NAMES.get(getattr(network, "loss", ""))
        if hasattr(network, "classes_"):
            loss_name = "cross-entropy (nats)"
        display = cls(
            network.loss_curve_,
            getattr(network, "validation_loss_curve_", None),
            label=label,
            loss_name=loss_name,
        )
        return display.plot(ax=ax, log_scale=log_scale)
