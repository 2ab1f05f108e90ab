"""SceneDisplay: a picture of three bands of a scene, or of three values of its code."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.inputs._known_wavelengths import wavelengths_of
from skhyp.scenes import Scene, apply, false_colour, open_scene, to_map, unroll
from skhyp.scenes._pictures import check_percentiles, default_bands
from skhyp.scenes.reading._opening import is_scene_like
from skhyp.wavelengths import nearest_bands, validate_wavelengths

from ._axes import axes_or_new, check_axes, show_image
from ._responses import respond, validate_components, wavelengths_given

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TRUE_COLOUR = (640.0, 550.0, 460.0)


class SceneDisplay:
    """A scene in true or false colour, or the image that three values of a code make of it.

    Made by :meth:`from_cube` or :meth:`from_estimator`.

    Parameters
    ----------
    picture : ndarray of shape (rows, columns, 3)
        Red, green and blue, from 0 to 1.
    channels : str, default=None
        What they show, for the title, such as "Bands 5, 3, 1"; without it there is none.

    Attributes
    ----------
    im_ : :class:`matplotlib.image.AxesImage`
        The picture as drawn.
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    ClassMapDisplay : A map of classes.
    skhyp.scenes.false_colour : The picture as an array.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.plotting import SceneDisplay
    >>> cube = np.random.default_rng(0).uniform(size=(6, 8, 100))
    >>> display = SceneDisplay.from_cube(cube, wavelengths=np.linspace(400, 2380, 100))
    >>> display.ax_.get_title()
    '640, 540, 460 nm as red, green, blue'
    """

    def __init__(self, picture: ArrayLike, *, channels: str | None = None):
        self.picture = picture
        self.channels = channels

    def plot(self, ax: Axes | None = None) -> SceneDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        self : SceneDisplay

        Raises
        ------
        ValueError
            If `ax` is something else, or if `picture` does not have three channels.
        """
        if np.ndim(self.picture) != 3 or np.shape(self.picture)[2] != 3:
            raise ValueError(
                f"picture must have the shape (rows, columns, 3); got {np.shape(self.picture)}."
            )
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        self.im_ = show_image(self.ax_, self.picture)
        if self.channels is not None:
            self.ax_.set_title(f"{self.channels} as red, green, blue", fontsize="medium")
        return self

    @classmethod
    def from_cube(
        cls,
        cube: ArrayLike | Scene | str | PathLike,
        *,
        wavelengths: ArrayLike | None = None,
        bands: Sequence[int] | None = None,
        percentiles: tuple[float, float] = (2, 98),
        nodata: float | None = None,
        ax: Axes | None = None,
    ) -> SceneDisplay:
        """Show three bands of a scene.

        Parameters
        ----------
        cube : array-like of shape (rows, columns, bands), Scene, str or path
            The scene, in any unit. NaN and infinite values are missing, and black. Of a file,
            only the three bands are read.
        wavelengths : array-like of shape (bands,), default=None
            In nm; None takes those of a file, or those that the cube knows. With them, the bands
            nearest to 640, 550 and 460 nm are shown: true colour, if the sensor sees it. The title
            says which they are.
        bands : sequence of three int, default=None
            The bands shown as red, green and blue, whatever the wavelengths. With neither, three
            spread evenly, the last as red.
        percentiles : tuple of two float, default=(2, 98)
            The percentiles of each band that become darkest and brightest.
        nodata : float, default=None
            A value that is missing as well; None takes that of a file.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SceneDisplay

        Raises
        ------
        ValueError
            If `cube` does not have three dimensions, if `wavelengths` does not fit it, or if
            `bands`, `percentiles` or `ax` is not as described.
        """
        if is_scene_like(cube):
            cube = open_scene(cube)
        if wavelengths is None:
            wavelengths = wavelengths_of(cube)
        if wavelengths is not None:
            wavelengths = validate_wavelengths(wavelengths, np.shape(cube)[-1])
            if bands is None:
                bands = nearest_bands(wavelengths, _TRUE_COLOUR)
        picture = false_colour(cube, bands=bands, percentiles=percentiles, nodata=nodata)
        if bands is None:
            bands = default_bands(np.shape(cube)[2])
        channels = "Bands " + ", ".join(map(str, bands))
        if wavelengths is not None:
            channels = _in_nm(wavelengths, bands)
        return cls(picture, channels=channels).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: ArrayLike | Scene | str | PathLike,
        *,
        components: Sequence[int] | None = None,
        percentiles: tuple[float, float] = (2, 98),
        ax: Axes | None = None,
    ) -> SceneDisplay:
        """Show three values of the code of each pixel, or three bands of what a scaling gives.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `transform`, such as :class:`~skhyp.SpectralAutoencoder`.
        cube : array-like of shape (rows, columns, bands), Scene, str or path
            The scene, as the estimator wants its spectra; of a file, as
            :func:`skhyp.scenes.apply` finds them.
        components : sequence of three int, default=None
            The code values shown as red, green and blue. None takes the first three or, where the
            values are those of bands whose wavelengths the estimator knows, as of a
            :class:`~skhyp.HypPreprocessor`, the bands that :meth:`from_cube` takes.
        percentiles : tuple of two float, default=(2, 98)
            The percentiles of each value that become darkest and brightest.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : SceneDisplay

        Raises
        ------
        ValueError
            If `cube` does not have three dimensions, if `estimator` has no `transform`, or if
            `components`, `percentiles` or `ax` is not as described.
        """
        check_axes(ax)
        check_percentiles(percentiles)
        if is_scene_like(cube):
            codes = apply(estimator, cube, method="transform")
        else:
            spectra = unroll(cube)
            codes = to_map(respond("estimator", estimator, "transform", spectra), np.shape(cube))
        wavelengths = wavelengths_given(estimator, codes.shape[2])
        if components is None:
            components = (0, 1, 2)
            if wavelengths is not None:
                components = nearest_bands(wavelengths, _TRUE_COLOUR)
        components = validate_components(components, 3, codes.shape[2])
        picture = false_colour(codes, bands=components, percentiles=percentiles)
        channels = "Code values " + ", ".join(map(str, components))
        if wavelengths is not None:
            channels = _in_nm(wavelengths, components)
        return cls(picture, channels=channels).plot(ax=ax)


def _in_nm(wavelengths: NDArray[np.float64], bands: Sequence[int]) -> str:
    return ", ".join(f"{wavelengths[band]:.0f}" for band in bands) + " nm"
