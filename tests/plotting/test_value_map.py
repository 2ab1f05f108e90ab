"""A map of values shows which are missing, and says what they are."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LogisticRegression, Ridge

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
    with pytest.raises(ValueError, match="output must be which of 3 is shown, 0 to 2; got None"):
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


NAMES, UNITS = ["Chlorophyll", "Cover"], ["µg cm⁻²", "1"]


@pytest.fixture(scope="module")
def regressor(cube):
    X = unroll(cube)
    return Ridge().fit(X, X[:, :2] * 10)


@pytest.fixture
def label():
    return lambda display: display.colour_bar_.ax.get_ylabel()


def test_a_regressor_shows_what_it_predicts_with_its_unit(regressor, cube, label):
    X = unroll(cube)
    one = Ridge().fit(X, X[:, 0])
    display = ValueMapDisplay.from_estimator(one, cube, long_name="Protein", units="%")
    np.testing.assert_array_equal(display.im_.get_array(), apply(one, cube))
    assert label(display) == "Protein (%)" and display.colour_bar_.extend == "both"
    assert display.im_.get_clim() == tuple(np.percentile(apply(one, cube), (2, 98)))
    assert label(ValueMapDisplay.from_estimator(one, cube)) == "Value"
    column = PLSRegression(2).fit(X, X[:, :1])
    display = ValueMapDisplay.from_estimator(column, cube, long_name=["Protein"])
    np.testing.assert_array_equal(display.im_.get_array(), apply(column, cube)[..., 0])


@pytest.mark.parametrize("output", [1, "Cover"])
def test_of_several_targets_one_is_chosen_by_index_or_name(regressor, cube, output, label):
    display = ValueMapDisplay.from_estimator(
        regressor, cube, output=output, long_name=NAMES, units=UNITS
    )
    np.testing.assert_array_equal(display.im_.get_array(), apply(regressor, cube)[..., 1])
    assert label(display) == "Cover"  # shares have no unit


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "output must be which of 2 is shown, 0 to 1; got None"),
        ({"long_name": NAMES}, "0 to 1, or by name 'Chlorophyll', 'Cover'; got None"),
        ({"output": 2}, "output must be which of 2 .* got 2"),
        ({"output": -1}, "output must be which of 2"),
        ({"output": True}, "output must be which of 2"),
        ({"output": "Cover"}, "output must be which of 2 .* got 'Cover'"),
        ({"output": 0, "long_name": "Pigment"}, "long_name must be 2 strings"),
        ({"output": 0, "units": ["%"]}, "units must be 2 strings"),
    ],
)
def test_a_target_that_is_none_is_refused_before_the_scene_is_mapped(
    regressor, cube, arguments, message, monkeypatch
):
    monkeypatch.setattr(
        "skhyp.plotting._value_map.apply", lambda *_, **__: pytest.fail("it was mapped")
    )
    with pytest.raises(ValueError, match=message):
        ValueMapDisplay.from_estimator(regressor, cube, **arguments)


def test_how_sure_a_classifier_is_has_a_name_already(classifier, cube):
    with pytest.raises(ValueError, match="long_name and units must be None unless predictions"):
        ValueMapDisplay.from_estimator(classifier, cube, long_name="Doubt", units="bit")


@pytest.mark.parametrize("out", ["map.tif", "map.hdr", "map.zarr"])
def test_a_map_in_a_file_says_itself_what_it_shows(regressor, cube, out, tmp_path, label):
    path = tmp_path / out
    apply(regressor, cube, path, long_name=NAMES, units=UNITS)
    expected = apply(regressor, cube)
    for shown in (path, open_scene(path)):
        display = ValueMapDisplay.from_values(shown, output="Chlorophyll")
        np.testing.assert_array_equal(display.im_.get_array(), expected[..., 0])
        assert label(display) == "Chlorophyll (µg cm⁻²)"
    assert label(ValueMapDisplay.from_values(path, output=1, label="Soil")) == "Soil"
    with pytest.raises(ValueError, match="or by name 'Chlorophyll', 'Cover'; got 'Water'"):
        ValueMapDisplay.from_values(path, output="Water")


def test_so_does_a_lazy_map(regressor, cube, label):
    pytest.importorskip("dask")
    chunked = open_scene(cube).to_xarray()
    lazy = apply(regressor, chunked, long_name=NAMES, units=UNITS)
    assert label(ValueMapDisplay.from_values(lazy, output=0)) == "Chlorophyll (µg cm⁻²)"
    # One of them, as xarray gives it, has the name and unit of its coordinates.
    assert label(ValueMapDisplay.from_values(lazy.sel(output="Cover"))) == "Cover"
    assert label(ValueMapDisplay.from_values(lazy.isel(output=0))) == "Chlorophyll (µg cm⁻²)"
    display = ValueMapDisplay.from_estimator(
        regressor, chunked, output=0, long_name=NAMES, units=UNITS
    )
    np.testing.assert_array_equal(display.im_.get_array(), apply(regressor, cube)[..., 0])


def test_maps_with_the_same_ends_have_the_same_colours(cube):
    maps = [ValueMapDisplay.from_values(factor * cube[..., 0], vmin=0, vmax=3) for factor in (1, 2)]
    assert {display.im_.get_clim() for display in maps} == {(0, 3)}
    np.testing.assert_array_equal(maps[0].im_.cmap(0.5), maps[1].im_.cmap(0.5))
    one_end = ValueMapDisplay.from_values(cube[..., 0], vmin=0, vmax=None)
    assert one_end.im_.get_clim()[1] == np.percentile(cube[..., 0], 98)


def test_a_map_of_one_value_and_of_infinite_ones_is_drawn(cube):
    values = np.full((5, 6), 12.5)
    values[0, 0], values[1, 1], values[2, 2] = np.inf, -np.inf, np.nan
    display = ValueMapDisplay.from_values(values)
    display.figure_.canvas.draw()
    assert display.im_.get_array().mask.sum() == 3


def test_a_long_name_is_written_in_several_lines(cube, label):
    display = ValueMapDisplay.from_values(cube[..., 0], label="Value")
    assert label(display) == "Value"
    X = unroll(cube)
    one = Ridge().fit(X, X[:, 0])
    name = "Nitrogen content of the leaves of the upper canopy at flowering"
    display = ValueMapDisplay.from_estimator(one, cube, long_name=name, units="g m⁻²")
    assert label(display).replace("\n", " ") == f"{name} (g m⁻²)" and "\n" in label(display)
