"""BandAttributionDisplay: what the bands of some spectra say for a class, or for a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.inspection import BandAttributions, integrated_gradients
from skhyp.wavelengths import contiguous_segments

from ._axes import axes_or_new, check_axes, plot_spectrum
from ._options import names_of_arguments, refuse_unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE_COLOUR = "#262626"
# Green and purple: no first colours of classes, and told apart by most eyes.
_SIDES = {True: ("#1b7837", "speaks for it"), False: ("#9970ab", "speaks against it")}
_QUARTILES = (0.25, 0.75)


class BandAttributionDisplay:
    """The mean attribution of each band over some spectra, and how it spreads.

    What lies above zero, in green, speaks for the output, what lies below, in purple, against it.
    Made by :meth:`from_estimator` or :meth:`from_attributions`.

    Parameters
    ----------
    attributions : BandAttributions
        As :func:`skhyp.inspection.integrated_gradients` returns them.

    Attributes
    ----------
    lines_ : list of :class:`matplotlib.lines.Line2D`
        The mean, a line for each segment: lines end at gaps and where detectors overlap.
    legend_ : :class:`matplotlib.legend.Legend`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp import SpectralAutoencoder
    >>> from skhyp.plotting import BandAttributionDisplay
    >>> X = np.random.default_rng(0).uniform(size=(50, 20))
    >>> autoencoder = SpectralAutoencoder(n_components=2, max_epochs=1, random_state=0).fit(X)
    >>> display = BandAttributionDisplay.from_estimator(
    ...     autoencoder, X, baseline=X.mean(axis=0), target=1
    ... )
    >>> display.ax_.get_ylabel()
    'Attribution (component 1 of the code)'
    """

    def __init__(self, attributions: BandAttributions):
        self.attributions = attributions

    def plot(self, ax: Axes | None = None, *, spread: bool = True) -> BandAttributionDisplay:
        """Draw the mean attributions over the wavelengths.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        spread : bool, default=True
            Whether to shade what lies between the quartiles of the spectra.

        Returns
        -------
        self : BandAttributionDisplay

        Raises
        ------
        ValueError
            If `attributions` or `ax` is something else.
        """
        if not isinstance(self.attributions, BandAttributions):
            raise ValueError(f"attributions must be BandAttributions; got {self.attributions!r}.")
        values = self.attributions.attributions
        if values.ndim != 2 or not values.size:
            raise ValueError(f"attributions must be of one spectrum or more; got {values.shape}.")
        bands, wavelengths = self.attributions.bands, self.attributions.wavelengths
        places = np.arange(values.shape[1]) if bands is None else bands
        positions = places if wavelengths is None else wavelengths
        if len(positions) != values.shape[1]:
            raise ValueError(
                f"attributions must have a column for each of {len(positions)} bands; got "
                f"{values.shape[1]}."
            )
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        segments = contiguous_segments(places, wavelengths)
        mean = values.mean(axis=0)
        low, high = np.quantile(values, _QUARTILES, axis=0)
        for segment in segments:
            self._fill(positions[segment], mean[segment])
            if spread:
                self.ax_.fill_between(
                    positions[segment],
                    low[segment],
                    high[segment],
                    color=_LINE_COLOUR,
                    alpha=0.2,
                    linewidth=0,
                )
        self.ax_.axhline(0, color=_LINE_COLOUR, linewidth=0.5)
        self.lines_ = plot_spectrum(self.ax_, positions, mean, segments, color=_LINE_COLOUR)
        from matplotlib.patches import Patch

        sides = [Patch(color=colour, label=label) for colour, label in _SIDES.values()]
        self.legend_ = self.ax_.legend(handles=sides, frameon=False, fontsize="small", ncols=2)
        output = self.attributions.output
        place = "Input of the network" if bands is None else "Band"
        self.ax_.set(
            xlabel=place if wavelengths is None else "Wavelength (nm)",
            ylabel=f"Attribution ({output[:1].lower()}{output[1:]})",
        )
        return self

    def _fill(self, positions: np.ndarray, mean: np.ndarray) -> None:
        """Fill between zero and the mean, in the colour of the side."""
        for is_for, (colour, _) in _SIDES.items():
            side = (mean > 0) if is_for else (mean < 0)
            if len(mean) == 1:  # an area over one band has no width
                self.ax_.vlines(positions[side], 0, mean[side], color=colour, linewidth=2)
            else:
                self.ax_.fill_between(
                    positions, mean, where=side, interpolate=True, color=colour, linewidth=0
                )

    @classmethod
    def from_attributions(
        cls, attributions: BandAttributions, *, spread: bool = True, ax: Axes | None = None
    ) -> BandAttributionDisplay:
        """Show attributions that were computed before.

        Parameters
        ----------
        attributions : BandAttributions
        spread, ax
            As in :meth:`plot`.

        Returns
        -------
        display : BandAttributionDisplay
        """
        return cls(attributions).plot(ax=ax, spread=spread)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        spread: bool = True,
        ax: Axes | None = None,
        **options: Any,
    ) -> BandAttributionDisplay:
        """Compute the attributions and show them.

        Parameters
        ----------
        estimator, X
            As in :func:`skhyp.inspection.integrated_gradients`.
        spread, ax
            As in :meth:`plot`.
        **options
            Of the same function: `baseline`, which has no default, `target`, `wavelengths`,
            `n_steps`.

        Returns
        -------
        display : BandAttributionDisplay
        """
        check_axes(ax)
        known = names_of_arguments(integrated_gradients) | {"ax", "spread"}
        refuse_unknown(options, known, "BandAttributionDisplay.from_estimator")
        return cls(integrated_gradients(estimator, X, **options)).plot(ax=ax, spread=spread)
