"""LatentSpaceDisplay: where spectra lie in the space of their codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.scenes._class_colours import class_colour

from ._axes import axes_or_new, check_axes, legend_beside
from ._classes import ClassStyle, class_styles
from ._responses import respond, validate_components

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Points squared: small where there are many points, but not so small that markers are alike.
_LARGEST_MARKER, _SMALLEST_MARKER, _INK = 36.0, 9.0, 18000.0


class LatentSpaceDisplay:
    """Two values of the code of each spectrum, classes apart by colour and by marker.

    Made by :meth:`from_estimator` or :meth:`from_predictions`. Rare classes are drawn over
    frequent ones.

    Parameters
    ----------
    codes : array-like of shape (n_spectra, n_components)
    y : array-like of shape (n_spectra,), default=None
        The class of each spectrum, of any sortable type. Whole numbers have the colours that they
        have in :class:`ClassMapDisplay`.
    components : sequence of two int, default=(0, 1)
        The code values along the horizontal and the vertical axis.
    class_names : sequence or mapping of str, default=None
        ``class_names[label]`` is the name of a class, for the legend. None shows the labels.

    Attributes
    ----------
    scatter_ : list of :class:`matplotlib.collections.PathCollection`
        The points of each class that occurs, sorted by label; one for all without `y`.
    legend_ : :class:`matplotlib.legend.Legend` or None
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    skhyp.metrics.fisher_discriminant_ratio : How well classes are separated, as a number.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skhyp.plotting import LatentSpaceDisplay
    >>> X = np.random.default_rng(0).uniform(size=(30, 20))
    >>> y = np.repeat(["soil", "tree"], 15)
    >>> display = LatentSpaceDisplay.from_estimator(PCA(3).fit(X), X, y, components=(0, 2))
    >>> display.ax_.get_ylabel()
    'Code value 2 (arbitrary units)'
    """

    def __init__(
        self,
        codes: ArrayLike,
        y: ArrayLike | None = None,
        *,
        components: Sequence[int] = (0, 1),
        class_names: Sequence[str] | Mapping[Any, str] | None = None,
    ):
        self.codes = codes
        self.y = y
        self.components = components
        self.class_names = class_names

    def plot(self, ax: Axes | None = None, *, legend: bool = True) -> LatentSpaceDisplay:
        """Draw the points.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes, if there is `y`.

        Returns
        -------
        self : LatentSpaceDisplay

        Raises
        ------
        ValueError
            If `codes` is no matrix, if `y` is not as long, if `components` are not among the code
            values, if `class_names` lacks a class that occurs, or if `ax` is something else.
        """
        codes = np.asarray(self.codes)
        if codes.ndim != 2 or not codes.size:
            raise ValueError(
                f"codes must have the shape (n_spectra, n_components); got shape {codes.shape}."
            )
        horizontal, vertical = validate_components(self.components, 2, codes.shape[1])
        styles, members = [ClassStyle(None, "", class_colour(1), "o")], np.zeros(len(codes), int)
        if self.y is not None:
            y = np.asarray(self.y)
            if y.shape != (len(codes),):
                raise ValueError(
                    f"y must hold one label for each of the {len(codes)} codes; got an array of "
                    f"shape {y.shape}."
                )
            classes, members = np.unique(y, return_inverse=True)
            styles = class_styles(classes.tolist(), self.class_names)
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        size = np.clip(_INK / len(codes), _SMALLEST_MARKER, _LARGEST_MARKER)
        self.scatter_ = []
        for number, style in enumerate(styles):
            of_class = codes[members == number]
            points = self.ax_.scatter(
                of_class[:, horizontal],
                of_class[:, vertical],
                s=size,
                color=style.colour,
                marker=style.marker,
                linewidths=0,
                label=style.name,
                zorder=3 - len(of_class) / len(codes),
            )
            self.scatter_.append(points)
        self.ax_.set(
            xlabel=f"Code value {horizontal} (arbitrary units)",
            ylabel=f"Code value {vertical} (arbitrary units)",
        )
        self.legend_ = None
        if legend and self.y is not None:
            self.legend_ = legend_beside(self.ax_, self.scatter_)
        return self

    @classmethod
    def from_predictions(
        cls,
        codes: ArrayLike,
        y: ArrayLike | None = None,
        *,
        components: Sequence[int] = (0, 1),
        class_names: Sequence[str] | Mapping[Any, str] | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> LatentSpaceDisplay:
        """Show codes that were computed before.

        Parameters
        ----------
        codes, y, components, class_names
            As in :class:`LatentSpaceDisplay`.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes, if there is `y`.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LatentSpaceDisplay

        Raises
        ------
        ValueError
            As in :meth:`plot`.
        """
        display = cls(codes, y, components=components, class_names=class_names)
        return display.plot(ax=ax, legend=legend)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        components: Sequence[int] = (0, 1),
        class_names: Sequence[str] | Mapping[Any, str] | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> LatentSpaceDisplay:
        """Compute and show the codes of spectra.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `transform`, such as :class:`~skhyp.SpectralAutoencoder`.
        X : array-like of shape (n_spectra, n_bands)
        y, components, class_names
            As in :class:`LatentSpaceDisplay`.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes, if there is `y`.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : LatentSpaceDisplay

        Raises
        ------
        ValueError
            If the estimator has no `transform`, and as in :meth:`plot`.
        """
        check_axes(ax)
        codes = respond("estimator", estimator, "transform", X)
        return cls.from_predictions(
            codes, y, components=components, class_names=class_names, legend=legend, ax=ax
        )
