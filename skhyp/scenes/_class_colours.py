"""Colours of classes that readers with any colour vision can tell apart."""

from numbers import Integral

from sklearn.utils._param_validation import Interval, validate_params

UNLABELLED_COLOUR = "#262626"

# Found by a search for the colours whose two nearest are farthest apart, in CIELAB, for normal
# vision and for all three dichromacies; then ordered so that the first few are farther apart still.
# fmt: off
_COLOURS = (
    "#2762ff", "#eb7600", "#d889b1", "#761476", "#14b1ff", "#ffd800", "#d8eb89", "#eb003b",
    "#9d9d76", "#0000eb", "#eb27c4", "#006214", "#27ffc4", "#b1ebff", "#6200b1", "#b11462",
    "#89c44e", "#3b76b1", "#0089ff", "#b1c4ff", "#89d889", "#896289", "#c4274e", "#4e3b9d",
)
# fmt: on


@validate_params(
    {"n_classes": [Interval(Integral, 1, None, closed="left")]}, prefer_skip_nested_validation=True
)
def class_colours(n_classes: int) -> list[str]:
    """Return a colour for each class, after dark grey for what is unlabelled.

    Parameters
    ----------
    n_classes : int
        The number of classes, which are labelled 1 to n_classes.

    Returns
    -------
    colours : list of str, of length n_classes + 1
        ``colours[label]`` is the colour of a label, as "#rrggbb". It does not depend on
        `n_classes`, so that a class has one colour in all maps of a scene. Up to 16 classes are
        told apart with normal vision and with each kind of colour blindness, by hue or by
        lightness; the next 8 are closer to these, and from the 25th on colours repeat.

    Raises
    ------
    ValueError
        If `n_classes` is not an integer of 1 or more.

    Examples
    --------
    >>> from skhyp.plotting import class_colours
    >>> class_colours(2)
    ['#262626', '#2762ff', '#eb7600']
    """
    return [class_colour(number) for number in range(n_classes + 1)]


def class_colour(number: int) -> str:
    """Return the colour of the class of a number, dark grey for 0."""
    return _COLOURS[(number - 1) % len(_COLOURS)] if number else UNLABELLED_COLOUR
