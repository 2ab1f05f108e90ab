"""ReconstructionDisplay: a spectrum beside what an autoencoder makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.metrics import spectral_angle
from skhyp.metrics._reconstruction import reconstruct
from skhyp.wavelengths import contiguous_segments, validate_wavelengths
from skhyp.wavelengths._model_bands import bands_seen
from skhyp.wavelengths._model_parts import unwrapped

from ._axes import axes_or_new, plot_spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPECTRUM_COLOUR, _RECONSTRUCTION_COLOUR = "black", "#d55e00"


class ReconstructionDisplay:
    """A spectrum and its reconstruction, with the angle between them in the legend.

    Made by :meth:`from_estimator` or :meth:`from_predictions`. Lines are interrupted where bands
    are missing and where detectors change.

    Parameters
    ----------
    spectrum : array-like of shape (n_bands,)
    reconstruction : array-like of shape (n_bands,)
        In the unit of the spectrum.
    wavelengths : array-like of shape (n_bands,), default=None
        In nm. None counts the bands.
    bands : array-like of int, shape (n_bands,), default=None
        Indices of the bands in a spectrum of which others were removed. None: there were no
        others.

    Attributes
    ----------
    angle_ : float
        The spectral angle between the two, in degrees.
    gain_ : float
        What the reconstruction is multiplied by, as drawn.
    spectrum_lines_, reconstruction_lines_ : list of :class:`matplotlib.lines.Line2D`
        One line for each contiguous segment.
    legend_ : :class:`matplotlib.legend.Legend`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    skhyp.wavelengths.contiguous_segments : Where lines are interrupted.
    skhyp.metrics.spectral_angle : The angle.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skhyp.plotting import ReconstructionDisplay
    >>> X = np.random.default_rng(0).uniform(1, 2, size=(30, 20))
    >>> pca = PCA(3).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(pca, X[0], wavelengths=range(400, 2400, 100))
    >>> display.ax_.get_xlabel()
    'Wavelength (nm)'
    """

    def __init__(
        self,
        spectrum: ArrayLike,
        reconstruction: ArrayLike,
        *,
        wavelengths: ArrayLike | None = None,
        bands: ArrayLike | None = None,
    ):
        self.spectrum = spectrum
        self.reconstruction = reconstruction
        self.wavelengths = wavelengths
        self.bands = bands

    def plot(
        self, *, ax: Axes | None = None, match_brightness: bool = True
    ) -> ReconstructionDisplay:
        """Draw both spectra.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        match_brightness : bool, default=True
            Whether the reconstruction is drawn at the gain that brings it nearest to the
            spectrum, in the least squares; the legend says so. All losses but "sse" leave the
            brightness open. Where no gain above zero brings it nearer, it is drawn as it is.

        Returns
        -------
        self : ReconstructionDisplay

        Raises
        ------
        ValueError
            If the arrays are not of one length, if they hold NaN, if wavelengths are not in nm,
            or if `ax` is something else.
        """
        spectrum = _finite("spectrum", self.spectrum)
        reconstruction = _finite("reconstruction", self.reconstruction)
        if spectrum.ndim != 1:
            raise ValueError(f"spectrum must have the shape (n_bands,); got {spectrum.shape}.")
        if reconstruction.shape != spectrum.shape:
            raise ValueError(
                f"reconstruction must have the shape of spectrum, {spectrum.shape}; got "
                f"{reconstruction.shape}."
            )
        bands = np.arange(len(spectrum)) if self.bands is None else np.asarray(self.bands)
        if bands.shape != spectrum.shape:
            raise ValueError(
                f"bands must have one entry for each of the {len(spectrum)} bands of spectrum; got "
                f"an array of shape {bands.shape}."
            )
        wavelengths = self.wavelengths
        if wavelengths is not None:
            wavelengths = validate_wavelengths(wavelengths, len(spectrum))
        self.angle_ = float(np.degrees(spectral_angle([spectrum], reconstruction)[0]))
        alike = spectrum @ reconstruction
        is_matched = match_brightness and alike > 0  # else the best gain would turn it over
        self.gain_ = float(alike / (reconstruction @ reconstruction)) if is_matched else 1.0
        name = "reconstruction"
        if is_matched:
            name += f" at its best gain ({self.gain_:.3g})"

        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        segments = contiguous_segments(bands, wavelengths)
        positions = bands if wavelengths is None else wavelengths
        self.spectrum_lines_ = plot_spectrum(
            self.ax_, positions, spectrum, segments, color=_SPECTRUM_COLOUR, label="spectrum"
        )
        self.reconstruction_lines_ = plot_spectrum(
            self.ax_,
            positions,
            self.gain_ * reconstruction,
            segments,
            color=_RECONSTRUCTION_COLOUR,
            label=f"{name}, {self.angle_:.2f}° apart",
        )
        self.ax_.set(
            xlabel="Band" if wavelengths is None else "Wavelength (nm)",
            ylabel="Value (unit of the spectrum)",
        )
        self.legend_ = self.ax_.legend(
            handles=[self.spectrum_lines_[0], self.reconstruction_lines_[0]],
            frameon=False,
            fontsize="small",
        )
        return self

    @classmethod
    def from_predictions(
        cls,
        spectrum: ArrayLike,
        reconstruction: ArrayLike,
        *,
        wavelengths: ArrayLike | None = None,
        bands: ArrayLike | None = None,
        match_brightness: bool = True,
        ax: Axes | None = None,
    ) -> ReconstructionDisplay:
        """Show a spectrum and a reconstruction that was computed before.

        Parameters
        ----------
        spectrum, reconstruction, wavelengths, bands
            As in :class:`ReconstructionDisplay`.
        match_brightness : bool, default=True
            As in :meth:`plot`.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay

        Raises
        ------
        ValueError
            As in :meth:`plot`.
        """
        display = cls(spectrum, reconstruction, wavelengths=wavelengths, bands=bands)
        return display.plot(ax=ax, match_brightness=match_brightness)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        x: ArrayLike,
        *,
        wavelengths: ArrayLike | None = None,
        match_brightness: bool = True,
        ax: Axes | None = None,
    ) -> ReconstructionDisplay:
        """Reconstruct and show a spectrum.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `reconstruct`, or with `transform` and `inverse_transform`. Of a Pipeline
            whose last step has `reconstruct`, what that step sees is shown: the preprocessed
            spectrum.
        x : array-like of shape (n_bands,) or (1, n_bands)
            The spectrum.
        wavelengths : array-like of shape (n_bands,), default=None
            Of the bands that are shown, in nm. None takes those that a
            :class:`~skhyp.HypPreprocessor` right before the network knows, or that the columns of
            a DataFrame carried in fit.
        match_brightness : bool, default=True
            As in :meth:`plot`.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay

        Raises
        ------
        ValueError
            If `x` is not one spectrum, if the estimator cannot reconstruct, and as in
            :meth:`plot`.
        """
        X = np.asarray(x)[np.newaxis] if np.ndim(x) == 1 else x
        if np.ndim(X) != 2 or np.shape(X)[0] != 1:
            raise ValueError(
                f"x must be one spectrum, of shape (n_bands,) or (1, n_bands); got {np.shape(x)}."
            )
        seen, reconstruction = reconstruct(unwrapped(estimator), X)
        bands, known_wavelengths, _ = bands_seen(estimator)
        if wavelengths is None:
            wavelengths = known_wavelengths
        return cls.from_predictions(
            np.asarray(seen)[0],
            np.asarray(reconstruction)[0],
            wavelengths=wavelengths,
            bands=bands,
            match_brightness=match_brightness,
            ax=ax,
        )


def _finite(argument: str, values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(
            f"{argument} must hold finite values; got {values[~np.isfinite(values)][0]}."
        )
    return values
