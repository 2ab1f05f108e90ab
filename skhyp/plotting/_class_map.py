"""ClassMapDisplay: a map of classes with its legend."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.scenes import Scene, apply, mask_unlabelled, open_scene, to_map, unroll
from skhyp.scenes._class_colours import UNLABELLED_COLOUR
from skhyp.scenes._class_labels import MEND_OF_CLASS_0, means_unlabelled
from skhyp.scenes.reading._opening import is_scene_like

from ._axes import axes_or_new, check_axes, legend_beside, show_image
from ._classes import class_styles, labels_of
from ._responses import respond

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ClassMapDisplay:
    """A map of classes, unlabelled pixels in dark grey.

    Made by :meth:`from_predictions` or :meth:`from_estimator`. A label has the same colour in
    all maps.

    Parameters
    ----------
    class_map : array-like of shape (rows, columns), Scene, str or path
        Whole numbers. Pixels of 0, less than 0 or NaN, and masked ones, are unlabelled. A file
        may be a map that :func:`skhyp.scenes.apply` wrote, which knows the names of its classes.
    class_names : sequence or mapping of str, default=None
        ``class_names[label]`` is the name of a class, as in ``scene.class_names``; a sequence
        begins with the name of 0, such as "Unlabelled". All that it names are in the legend. None
        shows the labels themselves, of the classes that occur.
    colours : sequence or mapping of colours, default=None
        ``colours[label]`` is the colour of a class, in any form that Matplotlib knows; a sequence
        begins with that of 0. None takes those of the file, or of :func:`class_colours`.

    Attributes
    ----------
    im_ : :class:`matplotlib.image.AxesImage`
        The map as drawn, of labels.
    patches_ : list of :class:`matplotlib.patches.Patch`
        An entry of the legend for each class: maps side by side share one by
        ``figure.legend(handles=display.patches_)``.
    legend_ : :class:`matplotlib.legend.Legend` or None
    ax_ : :class:`matplotlib.axes.Axes`
    figure_ : :class:`matplotlib.figure.Figure`

    See Also
    --------
    SceneDisplay : The scene itself.

    Examples
    --------
    >>> from skhyp.plotting import ClassMapDisplay
    >>> class_map = [[0, 1, 1], [0, 2, 1]]
    >>> names = ["Unlabelled", "Corn", "Woods"]
    >>> display = ClassMapDisplay.from_predictions(class_map, class_names=names)
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['Unlabelled', 'Corn', 'Woods']
    """

    def __init__(
        self,
        class_map: ArrayLike | Scene | str | PathLike,
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        colours: Sequence[Any] | Mapping[int, Any] | None = None,
    ):
        self.class_map = class_map
        self.class_names = class_names
        self.colours = colours

    def plot(self, ax: Axes | None = None, *, legend: bool = True) -> ClassMapDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes.

        Returns
        -------
        self : ClassMapDisplay

        Raises
        ------
        ValueError
            If `class_map` does not hold whole numbers in two dimensions, if `class_names` lacks a
            class that occurs or names what is no label, if `colours` lacks a class, or if `ax` is
            something else.
        """
        class_map, names, colours = self.class_map, self.class_names, self.colours
        if is_scene_like(class_map):
            stored = open_scene(class_map)
            names = stored.class_names if names is None else names
            colours = stored.class_colours if colours is None else colours
            class_map = _labels_of_file(stored)
        class_map = _whole_labels(class_map)
        occurring = np.unique(class_map).tolist()
        if names is None:
            names = {label: str(label) for label in occurring if label}
        _refuse_a_class_of_unlabelled(names)
        if isinstance(names, Mapping):
            names = {0: "Unlabelled", **names}
        if isinstance(colours, Mapping):
            colours = {0: UNLABELLED_COLOUR, **colours}
        labels = _sorted_labels({0, *occurring, *labels_of(names)})
        styles = class_styles(labels, names, colours)
        self.ax_ = axes_or_new(ax)
        self.figure_ = self.ax_.figure

        from matplotlib.colors import BoundaryNorm, ListedColormap
        from matplotlib.patches import Patch

        edges = [label - 0.5 for label in [*labels, labels[-1] + 1]]
        self.im_ = show_image(
            self.ax_,
            class_map,
            cmap=ListedColormap([style.colour for style in styles]),
            norm=BoundaryNorm(edges, len(labels)),
        )
        if 0 not in occurring:
            styles = styles[1:]
        self.patches_ = [Patch(color=style.colour, label=style.name) for style in styles]
        self.legend_ = legend_beside(self.ax_, self.patches_) if legend else None
        return self

    @classmethod
    def from_predictions(
        cls,
        class_map: ArrayLike | Scene | str | PathLike,
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        colours: Sequence[Any] | Mapping[int, Any] | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> ClassMapDisplay:
        """Show a map of labels: predicted ones, or the reference.

        Parameters
        ----------
        class_map, class_names, colours
            As in :class:`ClassMapDisplay`.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ClassMapDisplay

        Raises
        ------
        ValueError
            As in :meth:`plot`.
        """
        display = cls(class_map, class_names=class_names, colours=colours)
        return display.plot(ax=ax, legend=legend)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        cube: ArrayLike | Scene | str | PathLike,
        *,
        labels: ArrayLike | Scene | str | PathLike | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        colours: Sequence[Any] | Mapping[int, Any] | None = None,
        legend: bool = True,
        ax: Axes | None = None,
    ) -> ClassMapDisplay:
        """Predict and show the class of each pixel of a scene.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with `predict`, which gives whole numbers.
        cube : array-like of shape (rows, columns, bands), Scene, str or path
            The scene, as the estimator wants its spectra; of a file, as
            :func:`skhyp.scenes.apply` finds them.
        labels : array-like of shape (rows, columns), Scene, str or path, default=None
            The reference: pixels that are unlabelled there are shown as unlabelled. None shows
            the whole scene.
        class_names, colours
            As in :class:`ClassMapDisplay`.
        legend : bool, default=True
            Whether to draw a legend to the right of the axes.
        ax : :class:`matplotlib.axes.Axes`, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        display : ClassMapDisplay

        Raises
        ------
        ValueError
            If `cube` does not have three dimensions, if `estimator` has no `predict`, if `labels`
            does not fit, and as in :meth:`plot`.
        """
        check_axes(ax)
        _refuse_classes_of_unlabelled(estimator)
        _refuse_a_class_of_unlabelled([] if class_names is None else class_names)
        if is_scene_like(labels):
            labels = open_scene(labels).read(bands=[0])[..., 0]
        if is_scene_like(cube):
            class_map = apply(estimator, cube)
        else:
            spectra = unroll(cube)
            class_map = to_map(respond("estimator", estimator, "predict", spectra), np.shape(cube))
        if labels is not None:
            class_map = mask_unlabelled(class_map, labels)
        return cls.from_predictions(
            class_map, class_names=class_names, colours=colours, legend=legend, ax=ax
        )


def _labels_of_file(stored: Scene) -> np.ndarray:
    """Return the labels of a map in a file, those without data masked."""
    labels = stored.read(bands=[0])[..., 0]
    if stored.nodata in (None, 0) or np.isnan(stored.nodata):
        return labels
    masked = np.ma.masked_array(labels, labels == stored.nodata)
    if np.any(masked == 0):
        warnings.warn(
            f"{stored.name} marks missing data by {stored.nodata:g} and has pixels of 0 beside: "
            "they are shown as unlabelled, even if 0 is a class there. Number classes from 1.",
            UserWarning,
            stacklevel=4,
        )
    return masked


def _whole_labels(class_map: ArrayLike) -> np.ndarray:
    """Return the labels as integers, 0 where a pixel has none."""
    if np.ma.isMaskedArray(class_map):
        class_map = class_map.filled(0)
    class_map = np.asarray(class_map)
    if class_map.ndim != 2 or not class_map.size:
        raise ValueError(
            f"class_map must have the shape (rows, columns); got shape {class_map.shape}."
        )
    if class_map.dtype.kind not in "biuf":
        raise ValueError(
            "class_map must hold whole numbers, 0 where a pixel is unlabelled; got dtype "
            f"{class_map.dtype}. Names are numbered from 1 by names, numbers = numpy.unique("
            "class_map, return_inverse=True) and numbers.reshape(class_map.shape) + 1, of which "
            "class_names=['Unlabelled', *names]."
        )
    labelled = np.where(class_map > 0, class_map, 0)
    whole = labelled.astype(np.int64)
    if np.any(whole != labelled):
        raise ValueError(
            "class_map must hold whole numbers, 0 or less or NaN where a pixel is unlabelled; "
            f"got {labelled[whole != labelled][0]}."
        )
    return whole


def _sorted_labels(labels: set[Any]) -> list[int]:
    """Return the labels in order, after checking those that class_names may have brought in."""
    strange = [label for label in labels if not isinstance(label, int | np.integer) or label < 0]
    if strange:
        raise ValueError(
            f"class_names of a map must name whole numbers, 0 or more; got {strange[0]!r}."
        )
    return sorted(labels)


def _refuse_a_class_of_unlabelled(names: Sequence[str] | Mapping[int, str]) -> None:
    """Raise if a sequence has the names of the classes alone, which would all be one label off."""
    if isinstance(names, Mapping) or not len(names):
        return
    if not means_unlabelled(names[0]):
        raise ValueError(
            "class_names must begin with a name for 0, which is never a class, such as "
            f"'Unlabelled'; got {names[0]!r}. Pass ['Unlabelled', *class_names] if the first "
            "class is 1, or a mapping of labels to names."
        )


def _refuse_classes_of_unlabelled(estimator: Any) -> None:
    """Raise if an estimator has classes that a map takes for no class."""
    classes = np.asarray(getattr(estimator, "classes_", [1]))
    if classes.dtype.kind in "biuf" and classes.min() <= 0:
        raise ValueError(
            "estimator must have labels above 0, as 0 and less are unlabelled in a map; got "
            f"classes_ {classes.tolist()}. {MEND_OF_CLASS_0}."
        )
