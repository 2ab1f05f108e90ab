"""ValueMapDisplay: a map of one value a pixel, such as an error, a confidence or an entropy."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.scenes import Scene, apply, open_scene
from skhyp.scenes._pictures import check_percentiles
from skhyp.scenes.reading._opening import is_scene_like

from ._axes import axes_or_new, check_axes, show_image
from ._options import image_options, refuse_unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MISSING_COLOUR = "#d9d9d9"
_MEASURES = ("entropy", "confidence")


class ValueMapDisplay:
    """A map of one value a pixel, with a bar that says which colour is which.

    Made by :meth:`from_values` or :meth:`from_estimator`. Pixels without a value are light grey.

    Parameters
    ----------
    values : ndarray of shape (rows, columns)
        NaN and infinite values are missing.
    label : str, default="Value"
        What they are, with the unit, for the bar.

    Attributes
    ----------
    im_ : :class:`matplotlib.image.AxesImage`
    colour_bar_ : :class:`matplotlib.colorbar.Colorbar`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.plotting import ValueMapDisplay
    >>> errors = np.random.default_rng(0).uniform(size=(6, 8))
    >>> display = ValueMapDisplay.from_values(errors, label="Spectral angle (rad)")
    >>> display.colour_bar_.ax.get_ylabel()
    'Spectral angle (rad)'
    """

    def __init__(self, values: ArrayLike, *, label: str = "Value"):
        self.values = values
        self.label = label

    def plot(
        self,
        ax: Axes | None = None,
        *,
        percentiles: tuple[float, float] = (0, 98),
        **options: Any,
    ) -> ValueMapDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        percentiles : tuple of two float, default=(0, 98)
            Where the colours begin and end; what lies beyond has the outermost.
        **options
            Of :meth:`matplotlib.axes.Axes.imshow`, such as `cmap`, which is "viridis" otherwise,
            or `vmin` and `vmax`, which count before `percentiles`.

        Returns
        -------
        self : ValueMapDisplay

        Raises
        ------
        ValueError
            If `values` does not have two dimensions or holds none, or if `percentiles` or `ax` is
            not as described.
        TypeError
            If there is no such argument.
        """
        values = np.ma.filled(np.ma.masked_invalid(np.asarray(self.values, np.float64)), np.nan)
        if values.ndim != 2 or not np.isfinite(values).any():
            raise ValueError(
                "values must be numbers of shape (rows, columns), one of them finite; got shape "
                f"{values.shape}."
            )
        _check_drawing("ValueMapDisplay.plot", ax, {"percentiles": percentiles, **options})
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        low, high = np.nanpercentile(values, percentiles)
        from matplotlib import colormaps

        cmap = options.pop("cmap", None)
        colours = colormaps["viridis" if cmap is None else cmap].with_extremes(bad=_MISSING_COLOUR)
        options = {"vmin": low, "vmax": high, **options}
        self.im_ = show_image(self.ax_, values, cmap=colours, **options)
        beyond = (np.nanmin(values) < options["vmin"], np.nanmax(values) > options["vmax"])
        extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}
        self.colour_bar_ = self.figure_.colorbar(
            self.im_, ax=self.ax_, label=self.label, extend=extend.get(beyond, "both")
        )
        return self

    @classmethod
    def from_values(
        cls,
        values: ArrayLike | Scene | str | PathLike,
        *,
        label: str = "Value",
        ax: Axes | None = None,
        **options: Any,
    ) -> ValueMapDisplay:
        """Show values that were computed before.

        Parameters
        ----------
        values : array-like of shape (rows, columns), Scene, str or path
            A file has one band, as :func:`skhyp.scenes.apply` writes it.
        label : str, default="Value"
            What they are, with the unit.
        ax, **options
            As in :meth:`plot`.

        Returns
        -------
        display : ValueMapDisplay

        Raises
        ------
        ValueError
            If a file has several bands, and as in :meth:`plot`.
        TypeError
            If there is no such argument.
        """
        _check_drawing("ValueMapDisplay.from_values", ax, options)
        if is_scene_like(values):
            scene = open_scene(values)
            if scene.shape[2] != 1:
                raise ValueError(f"values must have one band; {scene.name} has {scene.shape[2]}.")
            values = scene.read()[..., 0].astype(np.float64)
            if scene.nodata is not None:
                values[values == scene.nodata] = np.nan
        return cls(values, label=label).plot(ax=ax, **options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: ArrayLike | Scene | str | PathLike,
        *,
        measure: str = "entropy",
        ax: Axes | None = None,
        **options: Any,
    ) -> ValueMapDisplay:
        """Show how sure a classifier is of each pixel.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `predict_proba`.
        cube : array-like of shape (rows, columns, bands), Scene, str or path
            The scene, as :func:`skhyp.scenes.apply` takes it.
        measure : {"entropy", "confidence"}, default="entropy"
            The entropy of the probabilities in bits, 0 where it is sure; or the largest of them.
        ax, **options
            As in :meth:`plot`.

        Returns
        -------
        display : ValueMapDisplay

        Raises
        ------
        ValueError
            If `estimator` has no `predict_proba`, or if an argument is not as described.
        TypeError
            If there is no such argument; nothing is computed then.
        """
        _check_drawing("ValueMapDisplay.from_estimator", ax, options)
        if measure not in _MEASURES:
            raise ValueError(f"measure must be one of {', '.join(_MEASURES)}; got {measure!r}.")
        probabilities = np.asarray(apply(estimator, cube, method="predict_proba"), np.float64)
        if measure == "confidence":
            label, values = "Largest probability", probabilities.max(axis=2)
        else:
            logarithms = np.log2(np.maximum(probabilities, np.finfo(np.float64).tiny))
            label, values = "Entropy (bit)", -(probabilities * logarithms).sum(axis=2)
        return cls.from_values(values, label=label, ax=ax, **options)


def _check_drawing(called: str, ax: Any, options: dict[str, Any]) -> None:
    """Refuse what :meth:`ValueMapDisplay.plot` would, before a scene is read and computed."""
    check_axes(ax)
    refuse_unknown(
        options,
        image_options() | {"percentiles", "measure" if "estimator" in called else "label"},
        called,
        "The values of any method of an estimator are shown by ValueMapDisplay.from_values(skhyp."
        "scenes.apply(estimator, scene, method=...), label=...), arguments of the colours by those "
        "of matplotlib's imshow.",
    )
    check_percentiles(options.get("percentiles", (0, 100)))
    from matplotlib import colormaps
    from matplotlib.colors import Colormap

    cmap = options.get("cmap")
    if not (cmap is None or isinstance(cmap, Colormap) or cmap in colormaps):
        raise ValueError(f"cmap must be the name of a colour map of matplotlib; got {cmap!r}.")
