"""A map of values shows which are missing, and says what they are."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skhyp.plotting import (
    BandAttributionDisplay,
    BandImportanceDisplay,
    ClassMapDisplay,
    SceneDisplay,
    ValueMapDisplay,
)
from skhyp.scenes import apply, open_scene, unroll


@pytest.fixture(scope="module")
def classifier(cube, class_map):
    labelled = class_map > 0
    return LogisticRegression(max_iter=500).fit(cube[labelled], class_map[labelled])


@pytest.fixture(scope="module")
def cube(spectra):
    return spectra[0].reshape(10, 12, -1)


@pytest.fixture(scope="module")
def class_map(spectra):
    return (spectra[1] + 1).reshape(10, 12)


def test_missing_values_are_grey_and_extremes_keep_the_scale():
    values = np.arange(100.0).reshape(10, 10)
    values[0, 0] = np.nan
    values[9, 9] = 1e6
    display = ValueMapDisplay.from_values(values, label="Error (rad)")
    assert display.im_.get_array().mask[0, 0] and display.im_.get_clim()[1] < 1e6
    assert display.colour_bar_.extend == "max"
    assert display.colour_bar_.ax.get_ylabel() == "Error (rad)"
    whole = ValueMapDisplay.from_values(values, percentiles=(0, 100), cmap="magma")
    assert whole.colour_bar_.extend == "neither" and whole.im_.get_cmap().name == "magma"


def test_a_classifier_shows_how_sure_it_is(classifier, cube):
    probabilities = classifier.predict_proba(unroll(cube)).reshape(10, 12, 3)
    entropy = ValueMapDisplay.from_estimator(classifier, cube)
    expected = -(probabilities * np.log2(probabilities)).sum(axis=2)
    np.testing.assert_allclose(entropy.im_.get_array(), expected, rtol=1e-6)
    confidence = ValueMapDisplay.from_estimator(classifier, cube, measure="confidence")
    np.testing.assert_allclose(confidence.im_.get_array(), probabilities.max(axis=2))
    with pytest.raises(ValueError, match="measure must be one of entropy, confidence"):
        ValueMapDisplay.from_estimator(classifier, cube, measure="margin")


def test_maps_in_files_are_shown_as_they_were_written(classifier, cube, class_map, tmp_path):
    marked = cube.astype(np.float64)
    marked[2, 3] = np.nan
    apply(classifier, marked, tmp_path / "scores.npy", method="predict_proba")
    with pytest.raises(ValueError, match="must have one band"):
        ValueMapDisplay.from_values(tmp_path / "scores.npy")
    np.save(tmp_path / "first.npy", np.load(tmp_path / "scores.npy")[..., 0])
    display = ValueMapDisplay.from_values(tmp_path / "first.npy")
    assert display.im_.get_array().mask.sum() == 1
    np.save(tmp_path / "labels.npy", class_map)
    shown = ClassMapDisplay.from_estimator(
        classifier, open_scene(marked), labels=tmp_path / "labels.npy"
    )
    assert shown.im_.get_array()[2, 3] == 0 and (shown.im_.get_array() == 0).sum() == 1


def test_three_bands_are_red_green_and_blue(cube):
    display = SceneDisplay.from_cube(cube[..., :3])
    assert display.ax_.get_title() == "Bands 0, 1, 2 as red, green, blue"
    assert SceneDisplay.from_cube(cube).ax_.get_title() == "Bands 33, 20, 6 as red, green, blue"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": np.zeros(3)}, "of shape"),
        ({"values": np.eye(2), "percentiles": (5, 5)}, "percentiles must be two rising"),
    ],
)
def test_what_is_no_map_of_values_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ValueMapDisplay.from_values(**arguments)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (
            {"method": "reconstruction_error"},
            TypeError,
            r"'method'.*from_values\(skhyp.scenes.apply",
        ),
        ({"mesure": "entropy"}, TypeError, "no argument 'mesure'. Did you mean 'measure'?"),
        ({"percentile": (0, 1)}, TypeError, "Did you mean 'percentiles'?"),
        ({"v_max": 1}, TypeError, "Did you mean 'vmax'?"),
        ({"cmap": "viridiss"}, ValueError, "cmap must be .* got 'viridiss'"),
        ({"percentiles": (5, 5)}, ValueError, "percentiles must be two rising"),
        ({"percentiles": 5}, ValueError, "percentiles must be two rising"),
        ({"ax": 1}, ValueError, "ax must be one matplotlib Axes"),
    ],
)
def test_wrong_arguments_are_refused_before_a_scene_is_mapped(
    wrong, error, message, classifier, cube, monkeypatch
):
    monkeypatch.setattr(
        "skhyp.plotting._value_map.apply", lambda *_, **__: pytest.fail("it was mapped")
    )
    with pytest.raises(error, match=message.replace("?", r"\?")):
        ValueMapDisplay.from_estimator(classifier, cube, **wrong)


def test_what_draws_an_image_is_passed_on(classifier, cube):
    options = {
        "alpha": 0.5,
        "interpolation": "bilinear",
        "origin": "lower",
        "zorder": 3,
        "norm": None,
    }
    display = ValueMapDisplay.from_estimator(classifier, cube, **options)
    assert display.im_.get_interpolation() == "bilinear" and display.im_.origin == "lower"
    assert display.im_.get_alpha() == 0.5 and display.im_.get_zorder() == 3


def test_options_of_other_displays_are_refused_by_name_too(classifier, spectra):
    with pytest.raises(TypeError, match=r"no argument 'n_repeat'\. Did you mean 'n_repeats'"):
        BandImportanceDisplay.from_estimator(classifier, *spectra, n_repeat=3)
    with pytest.raises(TypeError, match=r"no argument 'base_line'\. Did you mean 'baseline'"):
        BandAttributionDisplay.from_estimator(classifier, spectra[0], base_line=0)
