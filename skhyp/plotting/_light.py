"""LightDisplay: a spectrum as it would be in the lights that an augmentation draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from skhyp.inputs._known_wavelengths import wavelengths_of
from skhyp.light import Relighting
from skhyp.spectra import Spectra
from skhyp.wavelengths import contiguous_segments, validate_wavelengths

from ._axes import axes_or_new, plot_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of Okabe and Ito's colours, which eyes of all kinds tell apart.
_SUN, _SHADOW = "#E69F00", "#0072B2"


class LightDisplay:
    """One spectrum, and the same material in the sun and in shadow.

    Made by :meth:`from_augmentation`.

    Parameters
    ----------
    spectrum : array-like of shape (n_bands,)
        In full light.
    relit : array-like of shape (n_lights, n_bands)
        In other lights.
    sees_sun : array-like of bool, shape (n_lights,)
        Which of these have sunlight.
    wavelengths : array-like of shape (n_bands,)
        In nm.

    Attributes
    ----------
    lines_ : list of :class:`matplotlib.lines.Line2D`
        Of all spectra: those in shadow, those in the sun, and that of full light last.
    legend_ : :class:`matplotlib.legend.Legend`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.light import Relighting
    >>> from skhyp.plotting import LightDisplay
    >>> from skhyp.spectra import Spectra
    >>> grey = Spectra(np.full((1, 4), 0.5), [450, 550, 850, 1650])
    >>> relighting = Relighting(random_state=0)
    >>> display = LightDisplay.from_augmentation(relighting, grey, n_lights=6)
    >>> display.relit.shape
    (6, 4)
    """

    def __init__(
        self, spectrum: ArrayLike, relit: ArrayLike, sees_sun: ArrayLike, wavelengths: ArrayLike
    ):
        self.spectrum = spectrum
        self.relit = relit
        self.sees_sun = sees_sun
        self.wavelengths = wavelengths

    def plot(self, ax: Axes | None = None) -> LightDisplay:
        """Draw the spectra.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self : LightDisplay

        Raises
        ------
        ValueError
            If the arrays are not as described, or if `ax` is something else.
        """
        spectrum, relit = np.asarray(self.spectrum), np.asarray(self.relit)
        sees_sun = np.asarray(self.sees_sun, dtype=bool)
        if spectrum.ndim != 1 or relit.ndim != 2 or relit.shape[1:] != spectrum.shape:
            raise ValueError(
                "spectrum must be of shape (n_bands,) and relit of (n_lights, n_bands); got "
                f"{spectrum.shape} and {relit.shape}."
            )
        if sees_sun.shape != (len(relit),):
            raise ValueError(
                f"sees_sun must have one value for each of {len(relit)} lights; got shape "
                f"{sees_sun.shape}."
            )
        wavelengths = validate_wavelengths(self.wavelengths, len(spectrum))
        order = np.argsort(wavelengths, kind="stable")
        segments = contiguous_segments(np.arange(len(order)), wavelengths[order])
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        self.lines_ = []
        for values, colour, label in (
            (relit[~sees_sun], _SHADOW, "in shadow"),
            (relit[sees_sun], _SUN, "in the sun"),
            (spectrum[None], "black", "in full light"),
        ):
            for number, each in enumerate(values):
                drawn = plot_spectrum(
                    self.ax_, wavelengths[order], each[order], segments, color=colour
                )
                drawn[0].set_label(label if number == 0 else "_")
                self.lines_ += drawn
        self.ax_.set(xlabel="Wavelength (nm)", ylabel="Value, in the unit of the spectrum")
        self.ax_.set_ylim(bottom=min(0, float(self.ax_.get_ylim()[0])))
        self.legend_ = self.ax_.legend(frameon=False, fontsize="small")
        return self

    @classmethod
    def from_augmentation(
        cls,
        augmentation: Relighting,
        spectrum: ArrayLike,
        *,
        n_lights: int = 20,
        ax: Axes | None = None,
    ) -> LightDisplay:
        """Show a spectrum in lights as the augmentation draws them.

        Parameters
        ----------
        augmentation : Relighting
            Its `random_state` decides which lights.
        spectrum : array-like of shape (n_bands,) or (1, n_bands)
            Of known wavelengths, if the augmentation has none.
        n_lights : int, default=20
            How many are drawn, in the sun and in shadow.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LightDisplay

        Raises
        ------
        ValueError
            If the augmentation is none, if `n_lights` is not above zero, if there is more than
            one spectrum, or if no wavelengths are known.
        """
        if not isinstance(augmentation, Relighting):
            raise ValueError(
                f"augmentation must be a skhyp.light.Relighting, got {type(augmentation).__name__}."
            )
        if n_lights < 1:
            raise ValueError(f"n_lights must be at least 1, got {n_lights!r}.")
        known: Any = wavelengths_of(spectrum)
        values = np.atleast_2d(np.asarray(spectrum))
        if len(values) != 1 or values.ndim != 2:
            raise ValueError(f"spectrum must be one spectrum, got shape {np.shape(spectrum)}.")
        wavelengths = augmentation._wavelengths_for(known, values.shape[1])
        n_shadow = round(n_lights * augmentation.shadow)
        relit = [
            clone(augmentation)
            .set_params(shadow=float(shadow), wavelengths=wavelengths)
            .relight(Spectra(np.repeat(values, n, axis=0), wavelengths))
            for shadow, n in ((1, n_shadow), (0, n_lights - n_shadow))
            if n
        ]
        sees_sun = np.arange(n_lights) >= n_shadow
        display = cls(values[0], np.asarray(np.concatenate(relit)), sees_sun, wavelengths)
        return display.plot(ax=ax)
