"""Arguments that are passed on, refused by name before anything is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches


def names_of_arguments(function: Callable) -> set[str]:
    """Return the names of what a function takes by keyword."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(function).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind in kinds} - {"self"}


def image_options() -> set[str]:
    """Return the names of what ``imshow`` takes beside the image."""
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    properties = {name[4:] for name in dir(AxesImage) if name.startswith("set_")}
    return (names_of_arguments(Axes.imshow) | properties) - {"X", "data", "array"}


def refuse_unknown(
    options: Iterable[str], known: Iterable[str], called: str, advice: str = ""
) -> None:
    """Raise the TypeError that Python would of an argument that does not exist."""
    known = sorted(known)
    for name in options:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise TypeError(f"{called} has no argument {name!r}.{hint}{advice and ' ' + advice}")
