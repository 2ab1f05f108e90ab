"""A model of one sensor maps scenes of another: what comes out, is missing, or is refused."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skhyp import BandResampler, HypPreprocessor
from skhyp.scenes import ClassSmoothing, apply, open_scene
from skhyp.spectra import Spectra

from .conftest import BANDS_BY_NUMBER

# Of the model, and of the scenes: another grid, narrower bands.
WANTED = np.arange(500.0, 801.0, 12)
MEASURED = np.arange(450.0, 851.0, 5)
SHAPE = (30, 20)


def _spectra(values, wavelengths):
    """Return a spectrum for each value, straight in wavelength, so that any resampling is exact."""
    return 0.2 + np.asarray(values)[..., np.newaxis] * (wavelengths - 650) / 1000


@pytest.fixture(scope="module")
def model():
    """A regression, by the slope of a spectrum, on bands whose widths are known."""
    values = np.linspace(-1, 1, 40)
    X = Spectra(_spectra(values, WANTED), WANTED, fwhm=14)
    return make_pipeline(HypPreprocessor(), LinearRegression()).fit(X, values)


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(0).uniform(-1, 1, SHAPE)


def _scene(values, wavelengths=MEASURED, fwhm=6.0, **facts):
    scene = open_scene(_spectra(values, wavelengths), wavelengths=wavelengths)
    return replace(scene, fwhm=np.full(len(wavelengths), fwhm), **facts)


def test_a_scene_of_another_sensor_is_mapped(model, values):
    np.testing.assert_allclose(apply(model, _scene(values), resample=True), values, atol=1e-9)


def test_it_is_what_the_resampler_gives(model, values):
    scene = _scene(values)
    resampled = scene.through(BandResampler(target=model).fit(scene))
    np.testing.assert_array_equal(apply(model, scene, resample=True), apply(model, resampled))


def test_without_it_the_error_names_the_ways_out(model, values):
    with pytest.raises(ValueError, match=r"resample=True\) resamples .* apply\(..., tolerance=\)"):
        apply(model, _scene(values))


def test_a_scene_that_has_the_bands_is_taken_as_it_is(model, values):
    scene = _scene(values, WANTED + 0.4, fwhm=14.2)
    np.testing.assert_array_equal(apply(model, scene, resample=True), apply(model, scene))


def test_bands_of_other_widths_are_resampled_though_their_wavelengths_fit(model, values):
    fine = np.arange(450.0, 851.0)
    stripes = np.where(np.isin(fine, WANTED[::2]), 0.5, 0)
    scene = open_scene(_spectra(values, fine) + stripes, wavelengths=fine)
    narrow = replace(scene, fwhm=np.full(len(fine), 1.0))
    taken = apply(model, scene)
    assert np.array_equal(apply(model, scene, resample=True), taken)  # nobody knows its widths
    smoothed = apply(model, narrow, resample=True)
    assert np.abs(smoothed - taken).max() > 0.01


def test_a_tolerance_takes_bands_that_are_farther_away(model, values):
    scene = _scene(values, WANTED + 0.8)
    with pytest.raises(ValueError, match=r"no band within 0\.5 nm of 26 of the 26"):
        apply(model, scene)
    found = apply(model, scene, tolerance=1)
    cube = np.asarray(scene).reshape(-1, len(WANTED))
    np.testing.assert_array_equal(found.ravel(), model.predict(cube))
    with pytest.raises(ValueError, match="tolerance"):
        apply(model, scene, tolerance=-1)


def test_missing_pixels_stay_missing_and_bands_that_do_not_count_may_be_empty(model, values):
    cube = _spectra(values, MEASURED)
    cube[3, 4, MEASURED == 600] = -1
    cube[5, 6, MEASURED == 610] = np.inf
    cube[..., MEASURED == 450] = -1
    scene = replace(open_scene(cube, wavelengths=MEASURED, nodata=-1), fwhm=np.full(81, 6.0))
    found = apply(model, scene, resample=True)
    assert np.argwhere(np.isnan(found)).tolist() == [[3, 4], [5, 6]]


def test_bands_listed_as_bad_are_not_used(model, values):
    bad = np.isin(MEASURED, [605, 610])
    cube = np.where(bad, 1e6, _spectra(values, MEASURED))
    scene = replace(open_scene(cube, wavelengths=MEASURED, good_bands=~bad), fwhm=np.full(81, 6.0))
    with pytest.raises(ValueError, match=r"did not measure 1 of the 26 bands .* sharply: 608 nm"):
        apply(model, scene, resample=True)
    beside = make_pipeline(HypPreprocessor(bands=[(605, 611)]), LinearRegression())
    X = Spectra(_spectra(values.ravel(), WANTED), WANTED, fwhm=14)
    beside.fit(X, values.ravel())
    np.testing.assert_allclose(apply(beside, scene, resample=True), values, atol=1e-9)


def test_what_does_not_know_its_wavelengths_is_refused(model, values):
    scene = _scene(values)
    with pytest.raises(ValueError, match="needs the wavelengths of the scene's bands"):
        apply(model, np.asarray(scene), resample=True)
    X = _spectra(values.ravel(), WANTED)
    with pytest.raises(ValueError, match="LinearRegression does not"):
        apply(LinearRegression().fit(X, values.ravel()), scene, resample=True)
    with pytest.raises(ValueError, match="another offset for each band"):
        apply(model, replace(scene, offset=np.linspace(0, 1, 81)), resample=True)


def test_the_map_is_the_same_whatever_the_blocks_and_in_chunks_of_dask(model, values, tmp_path):
    big = np.tile(values, (8, 6))
    scene = _scene(big)
    whole = apply(model, scene, resample=True)
    blocks = apply(model, scene, tmp_path / "map.npy", resample=True, working_memory=1)
    np.testing.assert_array_equal(np.load(blocks), whole)
    chunked = apply(model, scene.to_xarray(chunk_memory=4), resample=True)
    assert len(chunked.chunks[0]) > 1
    np.testing.assert_array_equal(chunked.compute().values, whole)


def test_what_is_gone_on_with_has_been_resampled_the_same(model, values, tmp_path, monkeypatch):
    scene, out = _scene(np.tile(values, (4, 4))), tmp_path / "map.npy"
    from skhyp.scenes.maps._map_files import NumpyMap

    def fail(*_):
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(NumpyMap, "write", fail)
        with pytest.raises(OSError, match="no room"):
            apply(model, scene, out, resample=True, working_memory=1, resume=True)
    other = replace(scene, fwhm=np.full(81, 5.0))
    with pytest.raises(ValueError, match="unfinished map of something else: numbers"):
        apply(model, other, out, resample=True, working_memory=1, resume=True)
    apply(model, scene, out, resample=True, working_memory=1, resume=True)
    np.testing.assert_array_equal(np.load(out), apply(model, scene, resample=True))


def test_a_map_is_smoothed_by_likeness_in_the_resampled_scene(values):
    X = Spectra(_spectra(values.ravel(), WANTED), WANTED, fwhm=14)
    classifier = make_pipeline(HypPreprocessor(), GaussianNB()).fit(X, values.ravel() > 0)
    scene = _scene(values)
    resampled = scene.through(BandResampler(target=classifier).fit(scene))
    smoothing = ClassSmoothing.for_scene(resampled, strength=2)
    found = apply(classifier, scene, resample=True, smoothing=smoothing)
    np.testing.assert_array_equal(found, apply(classifier, resampled, smoothing=smoothing))


@BANDS_BY_NUMBER
def test_a_parameter_of_a_method_may_be_called_tolerance_too(values):
    class Tolerant(LinearRegression):
        def near(self, X, tolerance):
            return np.abs(self.predict(X)) <= tolerance

    regressor = Tolerant().fit(_spectra(values.ravel(), MEASURED), values.ravel())
    found = apply(regressor, _scene(values), method="near", method_params={"tolerance": 0.5})
    np.testing.assert_array_equal(found == 1, np.abs(values) <= 0.5)
