"""SignalToNoiseDisplay: how far each component of spectra stands out of the noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.wavelengths._model_bands import flat_steps

from ._axes import axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SignalToNoiseDisplay:
    """The signal of each component over its noise, and how many components are kept.

    Made by :meth:`from_estimator`. Several estimators are compared on one `ax`.

    Parameters
    ----------
    signal_to_noise : array-like of shape (n_components,)
        Variances beyond that of the noise, over it.
    n_kept : int, default=None
        How many of them are kept, from the first; None marks none.
    label : str, default=None
        The name of the estimator in the legend.

    Attributes
    ----------
    line_ : :class:`matplotlib.lines.Line2D`
        Of all components that stand out of the noise at all.
    kept_ : :class:`matplotlib.lines.Line2D` or None
        Of the kept ones, with markers.
    noise_ : :class:`matplotlib.lines.Line2D`
        Where signal and noise are alike.
    legend_ : :class:`matplotlib.legend.Legend`
        Of all that is on `ax_`.
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import MinimumNoiseFraction
    >>> from skhyp.plotting import SignalToNoiseDisplay
    >>> X = np.random.default_rng(0).uniform(1, 2, size=(50, 20))
    >>> components = MinimumNoiseFraction(n_components=3).fit(X)
    >>> display = SignalToNoiseDisplay.from_estimator(components)
    >>> display.kept_.get_xdata().tolist()
    [1, 2, 3]
    """

    def __init__(
        self, signal_to_noise: ArrayLike, *, n_kept: int | None = None, label: str | None = None
    ):
        self.signal_to_noise = signal_to_noise
        self.n_kept = n_kept
        self.label = label

    def plot(self, ax: Axes | None = None, *, log_scale: bool = True) -> SignalToNoiseDisplay:
        """Draw the curve.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure. On axes that have curves, this is added.
        log_scale : bool, default=True
            Whether the vertical axis is logarithmic; components without signal are left out then.

        Returns
        -------
        self : SignalToNoiseDisplay

        Raises
        ------
        ValueError
            If there are no components, if more are kept than there are, or if `ax` is something
            else.
        """
        ratios = np.asarray(self.signal_to_noise, dtype=np.float64)
        if ratios.ndim != 1 or not len(ratios):
            raise ValueError(
                "signal_to_noise must hold the ratio of one component or more; got shape "
                f"{ratios.shape}."
            )
        n_kept = 0 if self.n_kept is None else self.n_kept
        if not 0 <= n_kept <= len(ratios):
            raise ValueError(f"n_kept must be None or from 0 to {len(ratios)}; got {n_kept!r}.")
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure

        from matplotlib.ticker import MaxNLocator

        if log_scale:
            self.ax_.set_yscale("log")
            ratios = np.where(ratios > 0, ratios, np.nan)
        numbers = np.arange(1, len(ratios) + 1)
        name = "" if self.label is None else f"{self.label}, "
        (self.line_,) = self.ax_.plot(numbers, ratios, linewidth=1, label=f"{name}all components")
        self.kept_ = None
        if n_kept:
            (self.kept_,) = self.ax_.plot(
                numbers[:n_kept],
                ratios[:n_kept],
                color=self.line_.get_color(),
                linestyle="none",
                marker="o",
                markersize=4,
                label=f"{name}kept",
            )
        drawn = {line.get_label(): line for line in self.ax_.get_lines()}
        alike = "as much signal as noise"
        self.noise_ = drawn.get(alike) or self.ax_.axhline(
            1, color="0.5", linestyle="dotted", linewidth=1, label=alike
        )
        self.ax_.set(xlabel="Component", ylabel="Signal over noise (variances)")
        self.ax_.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        self.legend_ = self.ax_.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        label: str | None = None,
        log_scale: bool = True,
        ax: Axes | None = None,
    ) -> SignalToNoiseDisplay:
        """Show how far the components of an estimator stand out of the noise.

        Parameters
        ----------
        estimator : MinimumNoiseFraction or Pipeline
            Fitted; of a Pipeline, the step that has `signal_to_noise_`.
        label : str, default=None
            The name of the estimator in the legend, where several are on one `ax`.
        log_scale : bool, default=True
            Whether the vertical axis is logarithmic; components without signal are left out then.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure. On axes that have curves, this is added.

        Returns
        -------
        display : SignalToNoiseDisplay

        Raises
        ------
        ValueError
            If nothing of the estimator has `signal_to_noise_`, and as in :meth:`plot`.
        """
        parts = [estimator, *flat_steps(estimator)]
        measured = [part for part in parts if hasattr(part, "signal_to_noise_")]
        if not measured:
            raise ValueError(
                "estimator must be a fitted MinimumNoiseFraction, or a Pipeline with one; got "
                f"{estimator!r:.200}, which has no signal_to_noise_."
            )
        display = cls(measured[-1].signal_to_noise_, n_kept=measured[-1].n_components_, label=label)
        return display.plot(ax=ax, log_scale=log_scale)
