"""Axes to draw on, and what all images and legends drawn on them share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

# As many entries stand below each other in the height of a figure of the default size.
_ENTRIES_IN_A_COLUMN = 20


def axes_or_new(ax: "Axes | None") -> "Axes":
    """Return the axes that were given, or those of a new figure."""
    check_axes(ax)
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(layout="compressed")[1]
    return ax


def check_axes(ax: Any) -> None:
    """Refuse what are no axes to draw on."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise ValueError(f"ax must be one matplotlib Axes or None; got {type(ax).__name__}.")


def show_image(ax: "Axes", image: Any, **options: Any) -> "AxesImage":
    """Draw a map or picture, a cell for each pixel."""
    ax.set(xlabel="Column (pixel)", ylabel="Row (pixel)")
    return ax.imshow(image, **{"interpolation": "nearest", **options})


def plot_spectrum(
    ax: "Axes", positions: Any, values: Any, segments: Sequence[slice], **options: Any
) -> "list[Line2D]":
    """Draw a spectrum over bands or wavelengths, with gaps between its segments."""
    lines = []
    for segment in segments:
        # A line through one band has no length.
        marker = "." if segment.stop - segment.start == 1 else None
        lines += ax.plot(positions[segment], values[segment], linewidth=1, marker=marker, **options)
    return lines


def legend_beside(ax: "Axes", handles: Sequence["Artist"]) -> "Legend":
    """Draw a legend to the right of the axes, where it covers no data."""
    return ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.02, 1),
        borderaxespad=0,
        ncols=-(-len(handles) // _ENTRIES_IN_A_COLUMN),
        fontsize="small",
        frameon=False,
        markerscale=2,
    )
