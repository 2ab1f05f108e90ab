"""SignalSubspaceDisplay: how many endmembers there are, and what it was found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.endmembers import SignalSubspace, signal_subspace

from ._axes import axes_or_new, check_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SignalSubspaceDisplay:
    """What is lost, and how much noise is kept, on the first directions of spectra.

    Made by :meth:`from_spectra`. The number of endmembers is where the sum is least.

    Parameters
    ----------
    subspace : SignalSubspace
        As :func:`skhyp.endmembers.signal_subspace` gives it.

    Attributes
    ----------
    error_, noise_, sum_ : :class:`matplotlib.lines.Line2D`
        The power that is lost, twice that of the noise that is kept, and both.
    least_ : :class:`matplotlib.lines.Line2D`
        A marker at the number of endmembers.
    legend_ : :class:`matplotlib.legend.Legend`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.plotting import SignalSubspaceDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.dirichlet(np.ones(4), 2000) @ rng.uniform(size=(4, 50))
    >>> X += 0.01 * rng.standard_normal((2000, 50))
    >>> display = SignalSubspaceDisplay.from_spectra(X)
    >>> display.least_.get_xdata().tolist()
    [4]
    """

    def __init__(self, subspace: SignalSubspace):
        self.subspace = subspace

    def plot(self, ax: Axes | None = None, *, n_shown: int | None = None) -> SignalSubspaceDisplay:
        """Draw the curves, over the number of directions.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        n_shown : int, default=None
            Up to which number. None is three times that of the endmembers, and 20 or more.

        Returns
        -------
        self : SignalSubspaceDisplay

        Raises
        ------
        ValueError
            If `subspace` is none, or if `n_shown` or `ax` is not as described.
        """
        found = self.subspace
        if not isinstance(found, SignalSubspace):
            raise ValueError(
                "subspace must be a SignalSubspace, as skhyp.endmembers.signal_subspace gives it; "
                f"got {type(found).__name__}."
            )
        n_bands = len(found.power)
        last = max(20, 3 * found.n_endmembers) if n_shown is None else n_shown
        if not last >= 1:
            raise ValueError(f"n_shown must be 1 or more, or None; got {n_shown!r}.")
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        from matplotlib.ticker import MaxNLocator

        shown = slice(0, min(last, n_bands) + 1)
        numbers = np.arange(n_bands + 1)[shown]
        error, noise = found.projection_error / n_bands, found.kept_noise / n_bands
        both = error + noise
        # Of all directions, rounding alone is lost; of none, no noise is kept.
        curves = [np.where(curve > 0, curve, np.nan)[shown] for curve in (error, noise, both)]
        styles = (
            ("Lost: projection error", "#2762ff", "dashed"),
            ("Kept: twice the noise", "#eb7600", "dotted"),
            ("Both", "#262626", "solid"),
        )
        drawn = [
            self.ax_.plot(numbers, curve, label=label, color=colour, linestyle=style)[0]
            for curve, (label, colour, style) in zip(curves, styles, strict=True)
        ]
        self.error_, self.noise_, self.sum_ = drawn
        number = found.n_endmembers
        (self.least_,) = self.ax_.plot(
            [number], [both[number]], "o", color="#262626", label=f"Least at {number}"
        )
        self.ax_.set_yscale("log")
        self.ax_.set(
            xlabel="Number of endmembers", ylabel="Mean square (squared unit of the spectra)"
        )
        self.ax_.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        self.legend_ = self.ax_.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_spectra(
        cls,
        X: Any,
        *,
        noise: str | ArrayLike = "regression",
        n_shown: int | None = None,
        ax: Axes | None = None,
    ) -> SignalSubspaceDisplay:
        """Find out how many endmembers spectra have, and show it.

        Parameters
        ----------
        X : Scene, or array-like of shape (n_spectra, n_bands) or (rows, columns, n_bands)
            As :func:`skhyp.endmembers.signal_subspace` takes it.
        noise : {"regression", "neighbours"} or array-like of shape (n_bands, n_bands), \
default="regression"
            How the noise of bands is seen, or its covariance.
        n_shown, ax
            As in :meth:`plot`.

        Returns
        -------
        display : SignalSubspaceDisplay

        Raises
        ------
        ValueError
            If X is not as described, and as in :meth:`plot`.
        """
        check_axes(ax)
        return cls(signal_subspace(X, noise=noise)).plot(ax=ax, n_shown=n_shown)
