"""AbundanceMapDisplay: where there is how much of each endmember."""

from __future__ import annotations

import math
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.scenes import Scene, apply, open_scene
from skhyp.scenes.reading._opening import is_scene_like

from ._axes import axes_or_new, check_axes
from ._options import image_options, refuse_unknown

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_MISSING_COLOUR = "#d9d9d9"
# Between maps, of the longer side of one; above each, there is room for its name.
_GAP, _ROOM_FOR_NAMES = 0.05, 0.16


class AbundanceMapDisplay:
    """Maps of the abundances of endmembers beside each other, by one scale of colours.

    Made by :meth:`from_values` or :meth:`from_estimator`. Pixels without a value are light grey.

    Parameters
    ----------
    abundances : ndarray of shape (rows, columns, n_endmembers)
        NaN and infinite values are missing.
    names : sequence of str, default=None
        Of the endmembers. None numbers them.

    Attributes
    ----------
    images_ : list of :class:`matplotlib.image.AxesImage`
        One for each endmember.
    colour_bar_ : :class:`matplotlib.colorbar.Colorbar`
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    ValueMapDisplay : One map, with the pixels on its axes.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.plotting import AbundanceMapDisplay
    >>> shares = np.random.default_rng(0).dirichlet(np.ones(3), (20, 30))
    >>> display = AbundanceMapDisplay.from_values(shares, names=["soil", "grass", "water"])
    >>> [text.get_text() for text in display.ax_.texts]
    ['soil', 'grass', 'water']
    """

    def __init__(self, abundances: ArrayLike, *, names: Sequence[str] | None = None):
        self.abundances = abundances
        self.names = names

    def plot(
        self, ax: Axes | None = None, *, n_columns: int | None = None, **options: Any
    ) -> AbundanceMapDisplay:
        """Draw the maps.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        n_columns : int, default=None
            How many maps stand beside each other; None makes about as many rows as columns.
        **options
            Of :meth:`matplotlib.axes.Axes.imshow`, such as `cmap`, which is "viridis" otherwise,
            or `vmin` and `vmax`, which are 0 and 1.

        Returns
        -------
        self : AbundanceMapDisplay

        Raises
        ------
        ValueError
            If `abundances` does not have three dimensions or holds none, or if `names`,
            `n_columns` or `ax` is not as described.
        TypeError
            If there is no such argument.
        """
        values = np.asarray(self.abundances, np.float64)
        values = np.ma.filled(np.ma.masked_invalid(values), np.nan)
        if values.ndim != 3 or not np.isfinite(values).any():
            raise ValueError(
                "abundances must be numbers of shape (rows, columns, n_endmembers), one of them "
                f"finite; got shape {values.shape}."
            )
        n_maps = values.shape[2]
        names = [f"Endmember {number}" for number in range(n_maps)]
        names = names if self.names is None else [str(name) for name in self.names]
        if len(names) != n_maps:
            raise ValueError(f"names must be {n_maps}, one for each map; got {len(names)}.")
        _check_drawing("AbundanceMapDisplay.plot", ax, {"n_columns": n_columns, **options})
        across = min(n_columns or math.ceil(math.sqrt(n_maps)), n_maps)
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure
        from matplotlib import colormaps

        cmap = options.pop("cmap", None)
        colours = colormaps["viridis" if cmap is None else cmap].with_extremes(bad=_MISSING_COLOUR)
        options = {"vmin": 0.0, "vmax": 1.0, "interpolation": "nearest", **options}
        height, width = values.shape[:2]
        gap = _GAP * max(height, width)
        step = width + gap, height + gap + _ROOM_FOR_NAMES * height
        self.images_ = []
        for number, name in enumerate(names):
            row, column = divmod(number, across)
            left, top = column * step[0], row * step[1]
            image = self.ax_.imshow(
                values[..., number],
                cmap=colours,
                extent=(left, left + width, top + height, top),
                **options,
            )
            self.images_.append(image)
            self.ax_.text(left + width / 2, top - gap / 2, name, ha="center", va="bottom")
        n_rows = -(-n_maps // across)
        self.ax_.set(
            xlim=(0, across * step[0] - gap),
            ylim=(n_rows * step[1] - step[1] + height, -_ROOM_FOR_NAMES * height),
            aspect="equal",
        )
        self.ax_.set_axis_off()
        low, high = self.images_[0].get_clim()
        beyond = (bool(np.nanmin(values) < low), bool(np.nanmax(values) > high))
        extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}
        self.colour_bar_ = self.figure_.colorbar(
            self.images_[0], ax=self.ax_, label="Abundance", extend=extend.get(beyond, "both")
        )
        return self

    @classmethod
    def from_values(
        cls,
        abundances: ArrayLike | Scene | str | PathLike | xarray.DataArray,
        *,
        names: Sequence[str] | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> AbundanceMapDisplay:
        """Show abundances that were computed before.

        Parameters
        ----------
        abundances : array-like of shape (rows, columns, n_endmembers), Scene, DataArray, str or \
path
            As :func:`skhyp.scenes.apply` gives or writes them.
        names : sequence of str, default=None
            Of the endmembers. None takes those that a file or a DataArray has.
        ax, **options
            As in :meth:`plot`.

        Returns
        -------
        display : AbundanceMapDisplay

        Raises
        ------
        ValueError
            As in :meth:`plot`.
        TypeError
            If there is no such argument.
        """
        _check_drawing("AbundanceMapDisplay.from_values", ax, options)
        if is_scene_like(abundances):
            scene = open_scene(abundances)
            values = np.asarray(scene.read()).astype(np.float64)
            if scene.nodata is not None:
                values[values == scene.nodata] = np.nan
            if names is None and scene.band_names is not None and any(scene.band_names):
                names = scene.band_names
            abundances = values
        return cls(abundances, names=names).plot(ax=ax, **options)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: ArrayLike | Scene | str | PathLike,
        *,
        names: Sequence[str] | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> AbundanceMapDisplay:
        """Show the abundances that an estimator finds in a scene.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `transform`, such as :class:`~skhyp.FullyConstrainedLeastSquares`.
        cube : array-like of shape (rows, columns, bands), Scene, str or path
            The scene, as :func:`skhyp.scenes.apply` takes it.
        names : sequence of str, default=None
            Of the endmembers. None takes those of `estimator`.
        ax, **options
            As in :meth:`plot`.

        Returns
        -------
        display : AbundanceMapDisplay

        Raises
        ------
        ValueError
            As in :meth:`plot`.
        TypeError
            If there is no such argument; nothing is computed then.
        """
        _check_drawing("AbundanceMapDisplay.from_estimator", ax, options)
        abundances = np.asarray(apply(estimator, cube, method="transform"))
        if names is None and hasattr(estimator, "get_feature_names_out"):
            names = list(estimator.get_feature_names_out())
        return cls(abundances, names=names).plot(ax=ax, **options)


def _check_drawing(called: str, ax: Any, options: dict[str, Any]) -> None:
    """Refuse what :meth:`AbundanceMapDisplay.plot` would, before a scene is computed."""
    check_axes(ax)
    refuse_unknown(options, (image_options() - {"extent"}) | {"n_columns"}, called)
    number = options.get("n_columns")
    is_number = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if number is not None and not (is_number and number >= 1):
        raise ValueError(f"n_columns must be an integer of 1 or more, or None; got {number!r}.")
