"""ClassSpectraDisplay: the mean spectrum of each class, and how its spectra spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skhyp.inputs._known_wavelengths import wavelengths_of
from skhyp.wavelengths import contiguous_segments, validate_wavelengths

from ._axes import axes_or_new, legend_beside, plot_spectrum
from ._classes import class_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ClassSpectraDisplay:
    """The mean spectrum of each class, with a band of one standard deviation about it.

    Made by :meth:`from_spectra`.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels.
    means, deviations : ndarray of shape (n_classes, n_bands)
        Mean and standard deviation of the spectra of each class.
    wavelengths : array-like of shape (n_bands,), default=None
        In nm. Lines end at gaps and where detectors overlap. None draws over the bands.
    class_names : sequence or mapping of str, default=None
        ``class_names[label]`` is the name of a class. None shows the labels.

    Attributes
    ----------
    lines_ : list of list of :class:`matplotlib.lines.Line2D`
        The mean of each class, a line for each segment.
    legend_ : :class:`matplotlib.legend.Legend`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.plotting import ClassSpectraDisplay
    >>> X = np.random.default_rng(0).uniform(size=(20, 30))
    >>> y = np.repeat([1, 2], 10)
    >>> display = ClassSpectraDisplay.from_spectra(X, y, class_names=["", "Corn", "Woods"])
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['Corn', 'Woods']
    """

    def __init__(
        self,
        classes: ArrayLike,
        means: ArrayLike,
        deviations: ArrayLike,
        *,
        wavelengths: ArrayLike | None = None,
        class_names: Sequence[str] | Mapping[Any, str] | None = None,
    ):
        self.classes = classes
        self.means = means
        self.deviations = deviations
        self.wavelengths = wavelengths
        self.class_names = class_names

    def plot(self, ax: Axes | None = None, *, spread: bool = True) -> ClassSpectraDisplay:
        """Draw a line for each class.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        spread : bool, default=True
            Whether to shade one standard deviation about each mean.

        Returns
        -------
        self : ClassSpectraDisplay

        Raises
        ------
        ValueError
            If the arrays do not fit each other, if wavelengths are not in nm, if `class_names`
            lacks a class, or if `ax` is something else.
        """
        classes = np.asarray(self.classes)
        means, deviations = np.asarray(self.means), np.asarray(self.deviations)
        if means.ndim != 2 or means.shape != deviations.shape or len(means) != len(classes):
            raise ValueError(
                "means and deviations must have the shape (n_classes, n_bands), a row for each of "
                f"{len(classes)} classes; got {means.shape} and {deviations.shape}."
            )
        n_bands = means.shape[1]
        wavelengths = self.wavelengths
        if wavelengths is not None:
            wavelengths = validate_wavelengths(wavelengths, n_bands)
        styles = class_styles(classes.tolist(), self.class_names)
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        positions = np.arange(n_bands) if wavelengths is None else wavelengths
        segments = contiguous_segments(np.arange(n_bands), wavelengths)
        self.lines_ = []
        for style, mean, deviation in zip(styles, means, deviations, strict=True):
            self.lines_.append(
                plot_spectrum(
                    self.ax_, positions, mean, segments, color=style.colour, label=style.name
                )
            )
            for segment in segments if spread else ():
                low, high = (mean - deviation)[segment], (mean + deviation)[segment]
                self.ax_.fill_between(
                    positions[segment], low, high, color=style.colour, alpha=0.15, linewidth=0
                )
        self.ax_.set(
            xlabel="Band" if wavelengths is None else "Wavelength (nm)",
            ylabel="Value (unit of the spectra)",
        )
        self.legend_ = legend_beside(self.ax_, [lines[0] for lines in self.lines_])
        return self

    @classmethod
    def from_spectra(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        *,
        wavelengths: ArrayLike | None = None,
        class_names: Sequence[str] | Mapping[Any, str] | None = None,
        spread: bool = True,
        ax: Axes | None = None,
    ) -> ClassSpectraDisplay:
        """Show the means of labelled spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        y : array-like of shape (n_spectra,)
            Their classes.
        wavelengths : array-like of shape (n_bands,), default=None
            In nm; None takes those that X knows: those of :class:`~skhyp.spectra.Spectra`, or of
            columns named like "450.5 nm".
        class_names
            As in :class:`ClassSpectraDisplay`.
        spread, ax
            As in :meth:`plot`.

        Returns
        -------
        display : ClassSpectraDisplay

        Raises
        ------
        ValueError
            If X and y do not fit each other, or as in :meth:`plot`.
        """
        if wavelengths is None:
            wavelengths = wavelengths_of(X)
        spectra = check_array(X, dtype="numeric")
        labels = column_or_1d(y)
        check_consistent_length(spectra, labels)
        check_classification_targets(labels)
        classes = np.unique(labels)
        members = [spectra[labels == label].astype(np.float64) for label in classes]
        display = cls(
            classes,
            np.array([of_class.mean(axis=0) for of_class in members]),
            np.array([of_class.std(axis=0) for of_class in members]),
            wavelengths=wavelengths,
            class_names=class_names,
        )
        return display.plot(ax=ax, spread=spread)
