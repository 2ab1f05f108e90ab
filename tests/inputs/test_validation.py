"""What is looked at in all spectra, and must not take long."""

import numpy as np
import pandas as pd
import pytest

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.inputs._validation import largest_magnitudes
from skhyp.scenes import apply, labelled_pixels, open_scene

SCENE = (5000, 60)  # large enough for the check of our own


def expected_of(X):
    return np.abs(X.astype(np.float64)).max(axis=1)


@pytest.mark.parametrize("dtype", [">f4", "f2", "f4", "f8", "longdouble", "i1", "i2", "u2", "?"])
def test_the_largest_magnitude_of_each_spectrum_whatever_its_type(dtype):
    X = np.random.default_rng(0).uniform(-100, 80, (3000, 7)).astype(dtype)
    expected = expected_of(X)
    np.testing.assert_array_equal(largest_magnitudes(X), expected)
    np.testing.assert_array_equal(largest_magnitudes(np.asfortranarray(X)), expected)
    np.testing.assert_array_equal(largest_magnitudes(X[::2, 1::3]), expected_of(X[::2, 1::3]))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_magnitudes_of_extreme_and_missing_values(dtype):
    limits = np.finfo(dtype)
    values = [0.0, -0.0, limits.smallest_subnormal, -limits.max, -np.inf, np.nan]
    X = np.array([[value, 0] for value in values], dtype)
    np.testing.assert_array_equal(largest_magnitudes(X), expected_of(X))


@pytest.fixture(scope="module")
def autoencoder():
    X = np.random.default_rng(0).uniform(size=(50, SCENE[1]))
    return SpectralAutoencoder(n_components=2, max_epochs=1, random_state=0).fit(X)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (2500, 30), (-1, -1)])
def test_one_value_that_is_not_finite_is_found_in_a_scene(autoencoder, dtype, value, place):
    X = np.random.default_rng(0).uniform(size=SCENE).astype(dtype)
    assert np.isfinite(autoencoder.transform(X)).all()
    X[place] = value
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        autoencoder.transform(X)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_large_values_are_not_taken_for_infinite(autoencoder, dtype):
    X = np.random.default_rng(0).uniform(size=SCENE).astype(dtype)
    X[7] = np.finfo(dtype).max ** 0.6  # its squares overflow
    assert len(autoencoder.transform(X)) == len(X)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble", ">f4"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_spectrum_is_looked_at_as_a_scene_is(autoencoder, dtype, value):
    x = np.full((1, SCENE[1]), 0.5, dtype)
    assert np.isfinite(autoencoder.transform(x)).all()
    x[0, -1] = value
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        autoencoder.transform(x)


def test_a_spectrum_of_other_bands_or_without_names_is_told_of(autoencoder):
    x = np.full((1, SCENE[1]), 0.5)
    for wrong, message in ((x[:, 1:], "has 59 features"), (x[:0], "0 sample"), (x[0], "1D array")):
        with pytest.raises(ValueError, match=message):
            autoencoder.transform(wrong)
    frame = pd.DataFrame(np.repeat(x, 50, axis=0), columns=[f"{i} nm" for i in range(SCENE[1])])
    named = SpectralAutoencoder(max_epochs=1).fit(frame)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        named.transform(x)


def test_too_many_bands_name_the_way_that_takes_the_right_ones(autoencoder):
    X = np.ones((2, SCENE[1] + 6))
    with pytest.raises(ValueError, match=r"X has 66 features, but .* expecting 60 .*scenes.apply"):
        autoencoder.transform(X)
    with pytest.raises(ValueError, match=r"X has 54 features.* 60 features as input\.$"):
        autoencoder.transform(X[:, :-12])


def test_the_mend_of_too_many_bands_followed_to_the_letter_gives_a_map():
    rng = np.random.default_rng(0)
    scene = open_scene(rng.uniform(size=(4, 5, 8)), good_bands=[1, 1, 0, 1, 1, 1, 0, 1])
    X, _, _ = labelled_pixels(scene, np.ones((4, 5), int))
    preprocessor = HypPreprocessor(method="l2").fit(X)
    with pytest.raises(
        ValueError, match=r"8 features.* expecting 6 .* X\[\.\.\., scene.good_bands\]"
    ):
        preprocessor.transform(scene.read())
    expected = preprocessor.transform(scene.read()[..., scene.good_bands]).reshape(4, 5, 6)
    np.testing.assert_array_equal(apply(preprocessor, scene, method="transform"), expected)
