"""ValueMapDisplay: a map of one value a pixel, such as a predicted quantity or an entropy."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_regressor

from skhyp.scenes import Scene, apply, open_scene
from skhyp.scenes._pictures import check_percentiles
from skhyp.scenes._pixel_models import PixelModel
from skhyp.scenes._quantities import Quantities
from skhyp.scenes.reading._opening import is_scene_like

from ._axes import axes_or_new, check_axes, show_image
from ._options import image_options, refuse_unknown
from ._quantities import chosen_output, quantity_label

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_MISSING_COLOUR = "#d9d9d9"
_MEASURES = ("entropy", "confidence")
# Of a predicted quantity, whose extremes may lie on either side; those of an error are above.
_PERCENTILES_OF_PREDICTIONS = (2, 98)


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
            or `vmin` and `vmax`, which count before `percentiles`: maps with the same can be
            compared.

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
        options = {name: value for name, value in options.items() if value is not None}
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
        values: ArrayLike | Scene | str | PathLike | xarray.DataArray,
        *,
        label: str | None = None,
        output: int | str | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> ValueMapDisplay:
        """Show values that were computed before.

        Parameters
        ----------
        values : array-like of shape (rows, columns), Scene, DataArray, str or path
            As :func:`skhyp.scenes.apply` gives or writes them; with several values a pixel, of
            shape (rows, columns, n_outputs), `output` says which.
        label : str, default=None
            What they are, with the unit. None takes the name and the unit that a file or a
            DataArray has, as of ``apply(long_name=, units=)``; if it has none, "Value".
        output : int or str, default=None
            Of several values a pixel, the index or the name of the one to show.
        ax, **options
            As in :meth:`plot`.

        Returns
        -------
        display : ValueMapDisplay

        Raises
        ------
        ValueError
            If there are several values a pixel and `output` is none of them, and as in
            :meth:`plot`.
        TypeError
            If there is no such argument.
        """
        _check_drawing("ValueMapDisplay.from_values", ax, options)
        if is_scene_like(values):
            scene = open_scene(values)
            index = chosen_output(output, scene.band_names, scene.shape[2])
            values = np.asarray(scene.read(bands=[index]))[..., 0].astype(np.float64)
            if scene.nodata is not None:
                values[values == scene.nodata] = np.nan
            if label is None:
                name, unit = (of[index] if of else None for of in (scene.band_names, scene.units))
                label = quantity_label(name, unit)
        elif np.ndim(values) == 3:
            values = np.asarray(values)
            values = values[..., chosen_output(output, None, values.shape[2])]
        elif output is not None:
            chosen_output(output, None, 1)
        return cls(values, label="Value" if label is None else label).plot(ax=ax, **options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: ArrayLike | Scene | str | PathLike,
        *,
        measure: str | None = None,
        output: int | str | None = None,
        long_name: str | Sequence[str] | None = None,
        units: str | Sequence[str] | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> ValueMapDisplay:
        """Show what a regressor predicts for each pixel, or how sure a classifier is of it.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted: a regressor, or a classifier with `predict_proba`.
        cube : array-like of shape (rows, columns, bands), Scene, str or path
            The scene, as :func:`skhyp.scenes.apply` takes it.
        measure : {"entropy", "confidence"}, default=None
            Of a classifier: the entropy of the probabilities in bits, 0 where it is sure; or the
            largest of them. None is the entropy or, of a regressor, what it predicts.
        output : int or str, default=None
            Of a regressor with several targets, the index, or the name in `long_name`, of the one
            to show.
        long_name, units : str or sequence of str, default=None
            What a regressor predicts and in which units, as :func:`skhyp.scenes.apply` takes them.
        ax, **options
            As in :meth:`plot`. Of a regressor, `percentiles` are (2, 98) by default.

        Returns
        -------
        display : ValueMapDisplay

        Raises
        ------
        ValueError
            If `estimator` is no regressor and has no `predict_proba`, or if an argument is not as
            described.
        TypeError
            If there is no such argument; nothing is computed then.
        """
        _check_drawing("ValueMapDisplay.from_estimator", ax, options)
        if measure is not None and measure not in _MEASURES:
            raise ValueError(f"measure must be one of {', '.join(_MEASURES)}; got {measure!r}.")
        if measure is None and not hasattr(estimator, "predict_proba") and is_regressor(estimator):
            index, label = _chosen_quantity(estimator, open_scene(cube), output, long_name, units)
            options = {"percentiles": _PERCENTILES_OF_PREDICTIONS, **options}
            return cls.from_values(
                np.asarray(apply(estimator, cube)),
                label=label,
                output=index,
                ax=ax,
                **options,
            )
        of_regressors = {"output": output, "long_name": long_name, "units": units}
        if given := [name for name, value in of_regressors.items() if value is not None]:
            raise ValueError(
                f"{' and '.join(given)} must be None unless predictions of a regressor are shown; "
                f"got {type(estimator).__name__}."
            )
        probabilities = np.asarray(apply(estimator, cube, method="predict_proba"), np.float64)
        if measure == "confidence":
            label, values = "Largest probability", probabilities.max(axis=2)
        else:
            logarithms = np.log2(np.maximum(probabilities, np.finfo(np.float64).tiny))
            label, values = "Entropy (bit)", -(probabilities * logarithms).sum(axis=2)
        return cls.from_values(values, label=label, ax=ax, **options)


def _chosen_quantity(
    estimator: Any,
    scene: Scene,
    output: int | str | None,
    long_name: str | Sequence[str] | None,
    units: str | Sequence[str] | None,
) -> tuple[int, str]:
    """Return which output of a regressor is shown and its label, before a scene is mapped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again with the map
        model = PixelModel.of(estimator, "predict", scene)
    quantities = Quantities.of(model, long_name, units)
    index = chosen_output(output, quantities.long_names, model.n_outputs or 1)
    name, unit = (of[index] if of else None for of in quantities)
    return index, quantity_label(name, unit)


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
