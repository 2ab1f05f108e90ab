"""Colours of classes can be told apart, also by readers who see fewer of them."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from skhyp.plotting import class_colours

# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A physiologically-based model for simulation
# of color vision deficiency", IEEE TVCG 15(6), 2009: what of linear RGB is left.
VISION = {
    "normal": np.eye(3),
    "without red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "without green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "without blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
RGB_TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def as_cielab(colours, vision):
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(vision), 0, 1)
    xyz = seen @ np.transpose(RGB_TO_XYZ) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def least_distance(colours, vision):
    lab = as_cielab(colours, VISION[vision])
    distances = np.linalg.norm(lab[:, None] - lab, axis=2)
    return distances[np.triu_indices(len(lab), 1)].min()


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("n_classes", "least"), [(5, 20), (16, 15), (24, 8)])
def test_any_two_colours_differ_for_every_kind_of_vision(vision, n_classes, least):
    # About 2.3 can just be noticed, where two colours touch.
    assert least_distance(class_colours(n_classes), vision) > least


def test_no_colour_is_as_light_as_paper():
    assert as_cielab(class_colours(24), VISION["normal"])[:, 0].max() < 92


def test_a_class_keeps_its_colour_whatever_the_number_of_classes():
    assert class_colours(16)[:5] == class_colours(4)


def test_colours_repeat_when_there_are_no_more_but_unlabelled_stays_alone():
    colours = class_colours(60)
    assert len(colours) == 61 and colours[1] == colours[25]
    assert colours.count("#262626") == 1


@pytest.mark.parametrize("n_classes", [0, -1, 2.5, "16"])
def test_what_is_no_number_of_classes_is_refused(n_classes):
    with pytest.raises(ValueError, match=r"'n_classes' parameter .* \[1, inf\). Got"):
        class_colours(n_classes)
