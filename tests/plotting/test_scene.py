"""A scene is drawn in the bands, or the code values, that its title says."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor
from skhyp.plotting import SceneDisplay
from skhyp.scenes import false_colour, open_scene
from skhyp.spectra import Spectra


def test_with_wavelengths_the_scene_is_in_true_colour(cube, wavelengths):
    expected = false_colour(cube, bands=[12, 7, 3], percentiles=(2, 98))
    for display in (
        SceneDisplay.from_cube(cube, wavelengths=wavelengths),
        SceneDisplay.from_cube(Spectra(cube, wavelengths)),
    ):
        np.testing.assert_array_equal(display.im_.get_array(), expected)
        assert display.ax_.get_title() == "640, 540, 460 nm as red, green, blue"


def test_chosen_bands_come_before_true_colour(cube, wavelengths):
    display = SceneDisplay.from_cube(cube, wavelengths=wavelengths, bands=(39, 20, 0))
    np.testing.assert_array_equal(display.im_.get_array(), false_colour(cube, bands=(39, 20, 0)))
    assert display.ax_.get_title() == "1680, 770, 400 nm as red, green, blue"
    display = SceneDisplay.from_cube(cube, bands=(39, 20, 0), percentiles=(0, 100))
    np.testing.assert_array_equal(
        display.im_.get_array(), false_colour(cube, bands=(39, 20, 0), percentiles=(0, 100))
    )
    assert display.ax_.get_title() == "Bands 39, 20, 0 as red, green, blue"


def test_a_scene_of_unknown_wavelengths_is_shown_in_false_colour(cube):
    display = SceneDisplay.from_cube(cube)
    np.testing.assert_array_equal(display.im_.get_array(), false_colour(cube))
    assert display.ax_.get_title() == "Bands 33, 20, 6 as red, green, blue"


def test_axes_count_pixels(cube):
    ax = SceneDisplay.from_cube(cube).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Column (pixel)", "Row (pixel)")


def test_code_values_make_a_picture(fitted_autoencoder, cube):
    display = SceneDisplay.from_estimator(fitted_autoencoder, cube, components=(2, 0, 0))
    codes = fitted_autoencoder.transform(cube.reshape(120, -1)).reshape(10, 12, 3)
    np.testing.assert_array_equal(display.im_.get_array(), false_colour(codes, bands=(2, 0, 0)))
    assert display.ax_.get_title() == "Code values 2, 0, 0 as red, green, blue"


def test_a_pipeline_makes_the_same_picture(fitted_autoencoder, cube):
    pipeline = make_pipeline(HypPreprocessor().fit(cube), fitted_autoencoder)
    np.testing.assert_array_equal(
        SceneDisplay.from_estimator(pipeline, cube).picture,
        SceneDisplay.from_estimator(fitted_autoencoder, cube).picture,
    )


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline, FrozenEstimator])
def test_what_comes_out_in_bands_is_shown_in_true_colour(cube, wavelengths, wrap):
    scene = open_scene(cube, wavelengths=wavelengths, good_bands=np.arange(40) != 5)
    preprocessor = HypPreprocessor(method="snv").fit(scene)
    clean = preprocessor.transform(scene).reshape(10, 12, 39)
    for X in (scene, scene.read()):
        display = SceneDisplay.from_estimator(wrap(preprocessor), X)
        np.testing.assert_array_equal(display.picture, false_colour(clean, bands=[11, 6, 3]))
        assert display.ax_.get_title() == "640, 540, 460 nm as red, green, blue"
    display = SceneDisplay.from_estimator(wrap(preprocessor), scene, components=(38, 20, 5))
    assert display.ax_.get_title() == "1680, 790, 520 nm as red, green, blue"


def test_codes_of_a_scene_are_those_of_the_bands_that_the_model_was_fitted_to(cube, wavelengths):
    model = make_pipeline(HypPreprocessor(wavelengths=wavelengths), PCA(3))
    model.fit(cube.reshape(120, -1))
    turned = cube[..., ::-1].copy()
    turned[3, 4, 7] = -9999
    scene = open_scene(turned, wavelengths=wavelengths[::-1], nodata=-9999)
    codes = model.transform(cube.reshape(120, -1)).reshape(10, 12, 3)
    codes[3, 4] = np.nan
    np.testing.assert_allclose(
        SceneDisplay.from_estimator(model, scene).picture, false_colour(codes), atol=1e-5
    )


@pytest.mark.parametrize("wrong", [{"ax": 1}, {"percentiles": (5, 5)}, {"percentiles": 5}])
def test_wrong_arguments_are_refused_before_a_scene_is_mapped(
    wrong, fitted_autoencoder, cube, monkeypatch
):
    monkeypatch.setattr(
        "skhyp.plotting._scene.apply", lambda *_, **__: pytest.fail("it was mapped")
    )
    with pytest.raises(ValueError, match="must be"):
        SceneDisplay.from_estimator(fitted_autoencoder, open_scene(cube), **wrong)


def test_what_is_no_scene_is_refused(cube, wavelengths, fitted_autoencoder):
    with pytest.raises(ValueError, match=r"cube must have the shape .* got shape \(12, 40\)"):
        SceneDisplay.from_cube(cube[0])
    with pytest.raises(ValueError, match=r"cube must have the shape .* got shape \(12, 40\)"):
        SceneDisplay.from_estimator(fitted_autoencoder, cube[0])
    with pytest.raises(ValueError, match=r"wavelengths .* each of the 40 bands, .* shape \(39,\)"):
        SceneDisplay.from_cube(cube, wavelengths=wavelengths[1:])
    with pytest.raises(ValueError, match=r"picture must have the shape .* got \(10, 12, 40\)"):
        SceneDisplay(cube).plot()


@pytest.mark.parametrize("components", [(0, 1), (0, 1, 3), (-1, 0, 1), (0.0, 1.0, 2.0), "rgb"])
def test_components_that_are_no_three_code_values_are_refused(fitted_autoencoder, cube, components):
    with pytest.raises(ValueError, match=r"components must .*; got "):
        SceneDisplay.from_estimator(fitted_autoencoder, cube, components=components)


def test_an_estimator_that_gives_no_codes_is_refused(fitted_classifier, cube):
    with pytest.raises(ValueError, match=r"estimator must have transform; got SpectralCNN"):
        SceneDisplay.from_estimator(fitted_classifier, cube)
