"""Codes are drawn where they lie, each class apart from the others."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.plotting import LatentSpaceDisplay, class_colours


def drawn(points):
    return np.asarray(points.get_offsets())


def test_the_codes_of_each_class_are_drawn(fitted_autoencoder, spectra):
    X, y = spectra
    display = LatentSpaceDisplay.from_estimator(fitted_autoencoder, X, y, components=(2, 0))
    codes = fitted_autoencoder.transform(X)
    for label, points in enumerate(display.scatter_):
        np.testing.assert_allclose(drawn(points), codes[y == label][:, [2, 0]])
    assert display.ax_.get_xlabel() == "Code value 2 (arbitrary units)"
    assert display.ax_.get_ylabel() == "Code value 0 (arbitrary units)"


def test_without_classes_all_codes_look_the_same(fitted_autoencoder, spectra):
    display = LatentSpaceDisplay.from_estimator(fitted_autoencoder, spectra[0])
    (points,) = display.scatter_
    np.testing.assert_allclose(drawn(points), fitted_autoencoder.transform(spectra[0])[:, :2])
    assert display.legend_ is None


def test_classes_differ_in_marker_and_in_colour():
    y = np.arange(16)
    display = LatentSpaceDisplay.from_predictions(np.eye(16), y)
    colours = {tuple(points.get_facecolor()[0]) for points in display.scatter_}
    assert len(colours) == 16
    outlines = [points.get_paths()[0].vertices for points in display.scatter_]
    neighbours_alike = [np.array_equal(*pair) for pair in pairwise(outlines)]
    assert not any(neighbours_alike)


def test_labels_have_the_colours_of_the_map():
    from matplotlib.colors import to_rgba

    display = LatentSpaceDisplay.from_predictions(np.eye(3), [2, 7, 2])
    assert [tuple(points.get_facecolor()[0]) for points in display.scatter_] == [
        to_rgba(class_colours(7)[label]) for label in (2, 7)
    ]


def test_rare_classes_are_drawn_over_frequent_ones():
    display = LatentSpaceDisplay.from_predictions(np.eye(6), [1, 1, 1, 2, 3, 3])
    order = [points.get_zorder() for points in display.scatter_]
    assert order[1] > order[2] > order[0]


@pytest.mark.parametrize(
    ("y", "class_names", "expected"),
    [
        ([1, 2, 2], None, ["1", "2"]),
        ([1, 2, 2], ["Unlabelled", "Corn", "Oats"], ["Corn", "Oats"]),
        ([1, 2, 2], np.array(["Unlabelled", "Corn", "Oats"]), ["Corn", "Oats"]),
        (["oats", "corn", "oats"], None, ["corn", "oats"]),
        (["o", "c", "c"], {"o": "Oats", "c": "Corn"}, ["Corn", "Oats"]),
        ([-1, 1, 1], {1: "normal", -1: "outlier"}, ["outlier", "normal"]),
    ],
)
def test_the_legend_names_the_classes_that_occur(y, class_names, expected):
    display = LatentSpaceDisplay.from_predictions(np.eye(3), y, class_names=class_names)
    assert [text.get_text() for text in display.legend_.get_texts()] == expected


def test_the_legend_can_be_left_out():
    display = LatentSpaceDisplay.from_predictions(np.eye(3), [1, 2, 2], legend=False)
    assert display.legend_ is None and display.ax_.get_legend() is None


def test_a_pipeline_gives_the_same_codes(fitted_autoencoder, spectra):
    pipeline = make_pipeline(HypPreprocessor().fit(spectra[0]), fitted_autoencoder)
    np.testing.assert_array_equal(
        LatentSpaceDisplay.from_estimator(pipeline, spectra[0]).codes,
        fitted_autoencoder.transform(spectra[0]),
    )


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        (np.ones(3), {}, r"codes must have the shape .* got shape \(3,\)"),
        (np.ones((0, 3)), {}, r"codes must have the shape .* got shape \(0, 3\)"),
        (np.eye(3), {"y": [1, 2]}, r"y must hold one label for each of the 3 codes.* \(2,\)"),
        (np.eye(3), {"components": (0, 3)}, r"components must lie between 0 and 2.* \(0, 3\)"),
        (np.eye(3), {"components": (0, 1, 2)}, r"components must be 2 integers; got \(0, 1, 2\)"),
        (np.eye(3), {"y": [1, 1, 2], "class_names": ["a", "b"]}, r"class_names must .* label 2 "),
        (np.eye(3), {"y": list("aab"), "class_names": {"a": "A"}}, r"class_names must .* 'b' too"),
        (np.eye(3), {"y": list("aab"), "class_names": ["A", "B"]}, r"class_names must .* 'a' too"),
    ],
)
def test_what_does_not_fit_is_refused(codes, options, message):
    with pytest.raises(ValueError, match=message):
        LatentSpaceDisplay.from_predictions(codes, **options)


def test_an_estimator_that_gives_no_codes_is_refused(fitted_classifier, spectra):
    with pytest.raises(ValueError, match=r"estimator must have transform; got SpectralCNN"):
        LatentSpaceDisplay.from_estimator(fitted_classifier, spectra[0])
