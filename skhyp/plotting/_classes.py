"""How each class is named and drawn: the same in maps and in scatter plots."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from skhyp.scenes._class_colours import class_colour

_MARKERS = "osD^vP*X<>hd"


class ClassStyle(NamedTuple):
    """The name of a class, and what it looks like."""

    label: Any
    name: str
    colour: Any
    marker: str


def labels_of(class_names: Sequence[str] | Mapping[Any, str] | None) -> list[Any]:
    """Return the labels that have a name."""
    if class_names is None:
        return []
    return list(class_names) if isinstance(class_names, Mapping) else list(range(len(class_names)))


def class_styles(
    labels: Sequence[Any],
    class_names: Sequence[str] | Mapping[Any, str] | None = None,
    colours: Sequence[Any] | Mapping[Any, Any] | None = None,
) -> list[ClassStyle]:
    """Return how to draw each of some labels, which are sorted and differ.

    Integers from 0 have the colour of their number, whichever others there are. Other labels are
    numbered from 1 in the order of `class_names` or, without these, in their own.
    """
    if all(isinstance(label, int | np.integer) and label >= 0 for label in labels):
        numbers = {label: int(label) for label in labels}
    else:
        order = labels_of(class_names) if isinstance(class_names, Mapping) else labels
        numbers = {label: number for number, label in enumerate(order, start=1)}
    styles = []
    for label in labels:
        name = str(label) if class_names is None else _entry("class_names", class_names, label)
        number = numbers[label]
        shade = class_colour(number) if colours is None else _entry("colours", colours, label)
        styles.append(ClassStyle(label, name, shade, _MARKERS[number % len(_MARKERS)]))
    return styles


def _entry(argument: str, entries: Sequence[Any] | Mapping[Any, Any], label: Any) -> Any:
    if label in labels_of(entries):
        return entries[label]
    if isinstance(entries, Mapping):
        given = f"a mapping of {list(entries)}"
    else:
        given = f"{len(entries)} entries, for the labels 0 to {len(entries) - 1}"
    raise ValueError(f"{argument} must have an entry for the label {label!r} too; got {given}.")
