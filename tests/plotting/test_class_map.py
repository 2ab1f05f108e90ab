"""A class map shows each class in its colour, and what is unlabelled in dark grey."""

import copy

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.plotting import ClassMapDisplay, class_colours
from skhyp.scenes import open_scene

NAMES = ["Background", "Alfalfa", "Corn", "Oats"]


def drawn_colours(display):
    """The colour of each pixel."""
    return display.im_.cmap(display.im_.norm(display.im_.get_array()))


def legend_entries(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_each_pixel_has_the_colour_of_its_class(class_map):
    display = ClassMapDisplay.from_predictions(class_map, class_names=NAMES)
    np.testing.assert_array_equal(display.im_.get_array(), class_map)
    palette = np.array([to_rgba(colour) for colour in class_colours(3)])
    np.testing.assert_array_equal(drawn_colours(display), palette[class_map])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Column (pixel)", "Row (pixel)")


def test_the_legend_has_names_and_colours_of_all_classes(class_map):
    display = ClassMapDisplay.from_predictions(class_map, class_names=NAMES)
    assert legend_entries(display) == NAMES
    assert [patch.get_facecolor() for patch in display.patches_] == [
        to_rgba(colour) for colour in class_colours(3)
    ]


@pytest.mark.parametrize(
    "unlabelled",
    [
        lambda labels: np.where(labels == 0, -9999, labels),
        lambda labels: np.where(labels == 0, np.nan, labels),
        lambda labels: np.ma.masked_equal(np.where(labels == 0, 2, labels), 2),
    ],
    ids=["negative", "NaN", "masked"],
)
def test_pixels_without_a_class_are_dark_grey(class_map, unlabelled):
    given = unlabelled(class_map)
    display = ClassMapDisplay.from_predictions(given)
    grey = np.all(drawn_colours(display) == to_rgba("#262626"), axis=2)
    without = np.ma.getmaskarray(given) | ~(np.ma.getdata(given) > 0)
    np.testing.assert_array_equal(grey, without)
    assert legend_entries(display)[0] == "Unlabelled"


def test_unlabelled_is_in_the_legend_only_where_it_occurs(class_map):
    assert legend_entries(ClassMapDisplay.from_predictions(class_map[1:])) == ["1", "2", "3"]


def test_a_class_keeps_its_colour_where_others_are_missing(class_map):
    few = np.where(class_map == 3, 3, 0)
    first, second = (ClassMapDisplay.from_predictions(labels) for labels in (class_map, few))
    np.testing.assert_array_equal(
        drawn_colours(first)[class_map == 3], drawn_colours(second)[class_map == 3]
    )
    assert legend_entries(second) == ["Unlabelled", "3"]


def test_sparse_codes_have_names_and_colours_by_mappings():
    display = ClassMapDisplay.from_predictions(
        [[112, 0], [311, 511]],
        class_names={112: "Urban", 311: "Woods", 511: "Water"},
        colours={112: "red", 311: "green", 511: "blue"},
    )
    assert legend_entries(display) == ["Unlabelled", "Urban", "Woods", "Water"]
    np.testing.assert_array_equal(
        drawn_colours(display).reshape(4, 4),
        [to_rgba(colour) for colour in ("red", "#262626", "green", "blue")],
    )


@pytest.fixture
def mapping_classifier(fitted_classifier):
    """The classifier of classes 0 to 2 with classes 1 to 3, as 0 is none in a map."""
    classifier = copy.copy(fitted_classifier)
    classifier.classes_ = fitted_classifier.classes_ + 1
    return classifier


def test_an_estimator_maps_a_whole_scene(mapping_classifier, cube):
    pipeline = make_pipeline(HypPreprocessor().fit(cube), mapping_classifier)
    predicted = mapping_classifier.predict(cube.reshape(120, -1)).reshape(10, 12)
    for estimator in (mapping_classifier, pipeline):
        display = ClassMapDisplay.from_estimator(estimator, cube)
        np.testing.assert_array_equal(display.im_.get_array(), predicted)


def test_a_class_that_would_be_unlabelled_in_a_map_is_refused(fitted_classifier, cube):
    with pytest.raises(ValueError, match=r"labels above 0.* classes_ \[0, 1, 2\].*X\[y > 0\]"):
        ClassMapDisplay.from_estimator(fitted_classifier, cube)


def test_the_mend_of_names_followed_to_the_letter_keeps_all_classes():
    class_map = np.array([["oats", "corn"], ["corn", "woods"]])
    with pytest.raises(ValueError, match=r"reshape\(class_map.shape\) \+ 1"):
        ClassMapDisplay.from_predictions(class_map)
    names, numbers = np.unique(class_map, return_inverse=True)
    display = ClassMapDisplay.from_predictions(
        numbers.reshape(class_map.shape) + 1, class_names=["Unlabelled", *names]
    )
    assert legend_entries(display) == ["corn", "oats", "woods"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ax": 1}, "ax must be one matplotlib Axes"),
        ({"class_names": ["Alfalfa", "Corn", "Oats"]}, "must begin with a name for 0"),
        ({"labels": "nowhere.tif"}, "nowhere"),
    ],
)
def test_wrong_arguments_are_refused_before_a_scene_is_mapped(
    wrong, message, mapping_classifier, cube, monkeypatch
):
    monkeypatch.setattr("skhyp.plotting._class_map.apply", lambda *_: pytest.fail("it was mapped"))
    with pytest.raises((ValueError, OSError), match=message):
        ClassMapDisplay.from_estimator(mapping_classifier, open_scene(cube), **wrong)


def test_names_of_the_classes_alone_are_refused_as_all_would_be_one_off(class_map):
    with pytest.raises(ValueError, match=r"class_names must begin with a name for 0.* 'Alfalfa'"):
        ClassMapDisplay.from_predictions(class_map, class_names=NAMES[1:])


def test_an_estimator_maps_only_what_the_reference_labels(mapping_classifier, cube, class_map):
    display = ClassMapDisplay.from_estimator(mapping_classifier, cube, labels=class_map)
    predicted = mapping_classifier.predict(cube.reshape(120, -1)).reshape(10, 12)
    np.testing.assert_array_equal(display.im_.get_array(), np.where(class_map > 0, predicted, 0))


def test_maps_side_by_side_can_share_a_legend(class_map):
    figure, axes = plt.subplots(1, 2)
    for ax in axes:
        display = ClassMapDisplay.from_predictions(
            class_map, class_names=NAMES, legend=False, ax=ax
        )
        assert display.legend_ is None and ax.get_legend() is None
    legend = figure.legend(handles=display.patches_)
    assert [text.get_text() for text in legend.get_texts()] == NAMES


def test_a_legend_of_many_classes_stays_within_the_figure():
    names = ["Unlabelled", *(f"A class with a name of some length, {i}" for i in range(16))]
    display = ClassMapDisplay.from_predictions(np.arange(16).reshape(4, 4), class_names=names)
    display.figure_.canvas.draw()
    drawn = display.figure_.get_tightbbox()
    width, height = display.figure_.get_size_inches()
    assert drawn.x0 > 0 and drawn.y0 > 0 and drawn.x1 < width and drawn.y1 < height


@pytest.mark.parametrize(
    ("class_map", "message"),
    [
        ([1, 2], r"class_map must have the shape .* got shape \(2,\)"),
        ([[]], r"class_map must have the shape .* got shape \(1, 0\)"),
        ([["corn", "oats"]], r"class_map must hold whole numbers.* dtype <U4.* numpy.unique"),
        ([[1.0, 2.5]], r"class_map must hold whole numbers.* got 2.5"),
    ],
)
def test_what_is_no_class_map_is_refused(class_map, message):
    with pytest.raises(ValueError, match=message):
        ClassMapDisplay.from_predictions(class_map)


def test_classes_without_a_name_or_colour_are_refused(class_map, fitted_autoencoder, cube):
    with pytest.raises(ValueError, match=r"class_names must .* label 3 too; got 3 entries, for"):
        ClassMapDisplay.from_predictions(class_map, class_names=NAMES[:3])
    with pytest.raises(ValueError, match=r"colours must .* label 2 too; got a mapping of \[0, 1\]"):
        ClassMapDisplay.from_predictions(class_map, colours={1: "red"})
    with pytest.raises(ValueError, match=r"class_names of a map must name whole .* got 'corn'"):
        ClassMapDisplay.from_predictions(class_map, class_names={"corn": "Corn"})
    with pytest.raises(ValueError, match=r"estimator must have predict; got SpectralAuto"):
        ClassMapDisplay.from_estimator(fitted_autoencoder, cube)


def test_a_class_0_beside_another_nodata_is_told_of(tmp_path):
    import rasterio

    path = tmp_path / "map.tif"
    shape = {"driver": "GTiff", "height": 2, "width": 2, "count": 1, "dtype": "uint8", "nodata": 4}
    transform = rasterio.Affine(1, 0, 0, 0, -1, 2)
    with rasterio.open(path, "w", transform=transform, **shape) as file:
        file.write(np.array([[[0, 1], [2, 4]]], np.uint8))
    with pytest.warns(UserWarning, match="marks missing data by 4 and has pixels of 0 beside"):
        display = ClassMapDisplay.from_predictions(path)
    np.testing.assert_array_equal(display.im_.get_array(), [[0, 1], [2, 0]])
