"""What a scene says of itself is used wherever it, or a part of it, goes in."""

import copy

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)
from skhyp.fitting import load_model
from skhyp.scenes import apply, labelled_pixels, open_scene
from skhyp.spectra import Spectra
from skhyp.wavelengths import nearest_bands, wavelength_names

N_BANDS = 40
WAVELENGTHS = np.r_[np.linspace(400, 900, 20), np.linspace(1100, 1600, 20)]
GOOD = np.arange(N_BANDS) != 7
NODATA = -9999


@pytest.fixture(scope="module")
def cube(spectra_factory):
    X, _ = spectra_factory((120, 120, 120), n_bands=N_BANDS, seed=3)
    cube = (X * 10000).astype(np.int16).reshape(20, 18, N_BANDS)
    cube[..., ~GOOD] = NODATA
    cube[3, 4] = cube[10, :5, 0] = NODATA
    return cube


@pytest.fixture(scope="module")
def scene(cube):
    return open_scene(cube, wavelengths=WAVELENGTHS, good_bands=GOOD, nodata=NODATA)


@pytest.fixture(scope="module")
def labels():
    return 1 + np.arange(360).reshape(20, 18) % 3


@pytest.fixture(scope="module")
def complete(cube):
    """The pixels with data in all good bands, as one would take them by hand."""
    rows = cube.reshape(-1, N_BANDS)
    return rows[(rows[:, GOOD] != NODATA).all(axis=1)]


@pytest.fixture
def autoencoder(small_autoencoder):
    return SpectralAutoencoder(**{**small_autoencoder, "max_epochs": 3})


@pytest.fixture
def little_memory():
    """A block of the scene is a part of it."""
    with sklearn.config_context(working_memory=0.01):
        yield


@pytest.mark.parametrize("method", ["standardize", "msc", "snv"])
def test_a_preprocessor_learns_from_a_scene_what_it_learns_by_hand(
    scene, complete, method, request
):
    by_hand = HypPreprocessor(method=method, bands=GOOD, wavelengths=WAVELENGTHS).fit(complete)
    for memory in (None, "little_memory"):
        if memory:
            request.getfixturevalue(memory)
        fitted = HypPreprocessor(method=method).fit(scene)
        for name in ("mean_", "scale_", "reference_"):
            np.testing.assert_array_equal(getattr(fitted, name, None), getattr(by_hand, name, None))
        np.testing.assert_array_equal(fitted.bands_, np.flatnonzero(GOOD))
        np.testing.assert_array_equal(fitted.wavelengths_, WAVELENGTHS[GOOD])
        assert (fitted.n_features_in_, fitted.nodata_) == (N_BANDS, NODATA)


def test_ranges_are_dropped_beside_bad_bands_and_indices_have_the_last_word(scene):
    ranges = HypPreprocessor(bands=[(1000, 2000)]).fit(scene)
    np.testing.assert_array_equal(ranges.bands_, np.setdiff1d(np.arange(20), 7))
    assert HypPreprocessor(bands=[3, 1]).fit(scene).bands_.tolist() == [3, 1]
    with pytest.raises(ValueError, match=r"Bands \[7\] have none anywhere"):
        HypPreprocessor(bands=[3, 7]).fit(scene)


def test_a_nodata_of_the_user_is_missing_beside_that_of_the_scene(cube):
    marked = cube[..., GOOD].copy()
    marked[0, 0, 0] = 0
    scene = open_scene(marked, nodata=NODATA)
    fitted = HypPreprocessor(method="standardize", nodata=0).fit(scene)
    assert fitted.mean_.min() > 0
    missing = np.isnan(fitted.transform(scene)).all(axis=1).reshape(cube.shape[:2])
    np.testing.assert_array_equal(missing, (marked[..., 0] == 0) | (marked == NODATA).any(axis=2))
    clean = fitted.transform(scene)
    chain = make_pipeline(HypPreprocessor(nodata=0), HypPreprocessor(method="l2", nodata=np.nan))
    chain.fit(scene)
    for X in (scene.read(), marked.reshape(360, -1), marked.astype(np.float32)):
        np.testing.assert_array_equal(fitted.transform(X), clean)
        np.testing.assert_array_equal(np.isnan(chain.transform(X)), np.isnan(clean))
    np.testing.assert_array_equal(
        apply(fitted, marked, method="transform").reshape(clean.shape), clean
    )
    exported = fitted.to_keras().predict(marked.reshape(360, -1).astype(np.float32), verbose=0)
    np.testing.assert_array_equal(np.isnan(exported), np.isnan(clean))
    of_array = HypPreprocessor(nodata=0).fit(marked)
    assert of_array.nodata_ is None and np.isnan(of_array.transform(marked)).any(axis=1).sum() == 1


def test_nan_beside_a_nodata_of_the_user_is_missing_where_a_scene_in_fit_says_so(cube):
    marked = np.where(cube == NODATA, np.nan, cube)[..., GOOD].astype(np.float32)
    marked[0, 0, 0] = 0
    by_scene = HypPreprocessor(method="l2", nodata=0).fit(open_scene(marked, nodata=np.nan))
    clean = by_scene.transform(marked)
    np.testing.assert_array_equal(clean, by_scene.transform(open_scene(marked, nodata=np.nan)))
    assert (
        np.isnan(clean).all(axis=1).sum() == 7 and by_scene.__sklearn_tags__().input_tags.allow_nan
    )
    with pytest.raises(ValueError, match="contains NaN"):
        HypPreprocessor(method="l2", nodata=0).fit(marked)


def test_entry_points_agree_on_what_a_scene_becomes(scene, cube, complete):
    preprocessor = HypPreprocessor(method="snv").fit(scene)
    expected = np.asarray(apply(preprocessor, scene, method="transform")).reshape(360, -1)
    missing = np.isnan(expected).all(axis=1)
    assert missing.sum() == 6 and not np.isnan(expected[~missing]).any()
    for X in (scene, scene.read(), cube, scene.to_xarray()):
        clean = preprocessor.transform(X)
        np.testing.assert_array_equal(clean, expected)
        np.testing.assert_array_equal(clean.wavelengths, WAVELENGTHS[GOOD])
    np.testing.assert_array_equal(scene.through(preprocessor).read().reshape(360, -1), expected)
    alone = clone(preprocessor).fit_transform(scene)
    np.testing.assert_array_equal(alone, expected[~missing])
    np.testing.assert_array_equal(clone(preprocessor).fit_transform(scene, np.ones(360)), expected)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_pixels_of_a_scene_that_lack_data_may_be_marked_in_any_way(cube, dtype):
    marked = cube[..., GOOD].astype(dtype)
    if dtype is np.float32:
        marked[0, 0, 0], marked[0, 1, 1] = np.nan, np.inf
    scene = open_scene(marked, nodata=NODATA)
    preprocessor = HypPreprocessor(method="standardize").fit(scene)
    missing = ~np.isfinite(marked).all(axis=2) | (marked == NODATA).any(axis=2)
    assert np.isfinite(preprocessor.mean_).all() and preprocessor.mean_.min() > 0
    clean = preprocessor.transform(scene).reshape(*missing.shape, -1)
    np.testing.assert_array_equal(np.isnan(clean).all(axis=2), missing)
    other = open_scene(np.where(marked == NODATA, dtype(7), marked), nodata=7)
    np.testing.assert_array_equal(preprocessor.transform(other).reshape(clean.shape), clean)


def test_bands_of_another_scene_are_found_by_their_wavelengths(scene, cube):
    preprocessor = HypPreprocessor(method="snv").fit(scene)
    turned = open_scene(cube[..., ::-1].copy(), wavelengths=WAVELENGTHS[::-1], nodata=NODATA)
    np.testing.assert_array_equal(preprocessor.transform(turned), preprocessor.transform(scene))
    with pytest.raises(ValueError, match=r"no band within 0.5 nm of 40 of the 40"):
        preprocessor.transform(open_scene(cube, wavelengths=WAVELENGTHS + 3))


def test_labelled_pixels_go_through_what_was_fitted_to_the_scene(scene, labels):
    preprocessor = HypPreprocessor(method="standardize").fit(scene)
    X, _, positions = labelled_pixels(scene, labels)
    of_all = preprocessor.transform(scene)
    clean = preprocessor.transform(X)
    np.testing.assert_array_equal(clean, of_all[positions @ [18, 1]])
    np.testing.assert_array_equal(clean.wavelengths, WAVELENGTHS[GOOD])
    with pytest.raises(ValueError, match="X has 39 features"):
        preprocessor.transform(np.asarray(X))


def test_a_pipeline_fitted_to_a_scene_is_the_one_made_by_hand(scene, complete, autoencoder):
    by_hand = make_pipeline(HypPreprocessor(method="l2", bands=GOOD), clone(autoencoder))
    by_hand.fit(complete)
    fitted = make_pipeline(HypPreprocessor(method="l2"), autoencoder).fit(scene)
    np.testing.assert_array_equal(fitted[-1].parameters_, by_hand[-1].parameters_)
    np.testing.assert_array_equal(fitted[-1].wavelengths_, WAVELENGTHS[GOOD])
    codes = apply(fitted, scene, method="transform")
    assert np.isnan(codes).any(axis=2).sum() == 6
    others = make_pipeline(HypPreprocessor(method="l2"), PCA(2)).fit(scene)
    assert others[-1].n_samples_ == len(complete)


@pytest.mark.parametrize("memory", [None, "little_memory"])
def test_an_autoencoder_alone_takes_the_good_bands_and_complete_pixels(
    scene, cube, complete, autoencoder, memory, request
):
    if memory is None:
        expected = clone(autoencoder).fit(complete[:, GOOD])
        fitted = autoencoder.fit(scene)
        np.testing.assert_array_equal(fitted.parameters_, expected.parameters_)
    else:
        request.getfixturevalue(memory)
        fitted = autoencoder.fit(scene)
    np.testing.assert_array_equal(fitted.wavelengths_, WAVELENGTHS[GOOD])
    turned = open_scene(cube[..., ::-1].copy(), wavelengths=WAVELENGTHS[::-1], nodata=NODATA)
    codes = fitted.transform(scene)
    np.testing.assert_array_equal(fitted.transform(turned), codes)
    np.testing.assert_array_equal(
        apply(fitted, scene, method="transform").reshape(codes.shape), codes
    )
    assert np.isnan(codes).all(axis=1).sum() == 6
    assert fitted.reconstruct(scene).shape == (360, 39)
    for spectra in (
        fitted.reconstruct(scene),
        fitted.reconstruct(complete[:, GOOD]),
        fitted.inverse_transform(codes[:1]),
    ):
        np.testing.assert_array_equal(spectra.wavelengths, WAVELENGTHS[GOOD])
    assert fitted.score(scene) == pytest.approx(fitted.score(complete[:, GOOD]), rel=1e-6)


def test_methods_that_cannot_take_a_scene_name_apply(scene, labels, small_classifier, autoencoder):
    X, y, _ = labelled_pixels(scene, labels)
    classifier = SpectralCNNClassifier(**{**small_classifier, "max_epochs": 1}).fit(X, y)
    for call in (classifier.predict, lambda X: classifier.fit(X, y), autoencoder.partial_fit):
        with pytest.raises(ValueError, match=r"got a scene.*skhyp\.scenes\.apply\(model, scene"):
            call(scene)
    model = make_pipeline(HypPreprocessor(method="l2"), autoencoder).fit(scene)
    with pytest.raises(ValueError, match=r"contains NaN.*skhyp\.scenes\.apply\(model, scene"):
        model.score(scene)


def test_a_model_of_labelled_pixels_refuses_another_sensor(scene, cube, labels):
    X, y, _ = labelled_pixels(scene, labels)
    model = make_pipeline(HypPreprocessor(), LogisticRegression()).fit(X / 10000, y)
    np.testing.assert_array_equal(model[0].wavelengths_, WAVELENGTHS[GOOD])
    turned = open_scene(cube[..., ::-1].copy(), wavelengths=WAVELENGTHS[::-1], nodata=NODATA)
    np.testing.assert_array_equal(apply(model, turned), apply(model, scene))
    with pytest.raises(ValueError, match=r"no band within 0.5 nm"):
        apply(model, open_scene(cube[..., GOOD], wavelengths=np.linspace(400, 2400, 39)))


def test_a_second_preprocessor_knows_the_wavelengths(spectra):
    chain = make_pipeline(
        HypPreprocessor(method="snv", wavelengths=WAVELENGTHS),
        HypPreprocessor(method="savgol", deriv=1),
    ).fit(spectra[0])
    np.testing.assert_array_equal(chain[1].wavelengths_, WAVELENGTHS)
    ends = HypPreprocessor(method="snv").fit_transform(spectra[0])
    halves = [
        HypPreprocessor(method="savgol", deriv=1, wavelengths=WAVELENGTHS[half]).fit_transform(
            ends[:, half]
        )
        for half in (slice(20), slice(20, None))
    ]
    np.testing.assert_allclose(chain.transform(spectra[0]), np.hstack(halves), atol=1e-6)
    restored = HypPreprocessor(bands=[3, 1], wavelengths=WAVELENGTHS).fit(spectra[0])
    kept = restored.transform(spectra[0])
    assert kept.wavelengths.tolist() == WAVELENGTHS[[3, 1]].tolist()
    np.testing.assert_array_equal(restored.inverse_transform(kept).wavelengths, WAVELENGTHS)


def _known(spectra):
    return Spectra(spectra[0], WAVELENGTHS), spectra[1]


@pytest.mark.parametrize("container", ["Spectra", "DataFrame"])
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_networks_keep_the_wavelengths_that_spectra_know(
    spectra, small_autoencoder, small_classifier, container, call
):
    X, y = _known(spectra)
    if container == "DataFrame":
        X = pd.DataFrame(spectra[0], columns=wavelength_names(WAVELENGTHS))
    classes = {"classes": [0, 1, 2]} if call == "partial_fit" else {}
    autoencoder = SpectralAutoencoder(**{**small_autoencoder, "max_epochs": 1})
    classifier = SpectralCNNClassifier(**{**small_classifier, "max_epochs": 1})
    regressor = SpectralCNNRegressor(
        **{**small_classifier, "max_epochs": 1, "learning_rate_schedule": "constant"}
    )
    getattr(autoencoder, call)(X)
    getattr(classifier, call)(X, y, **classes)
    getattr(regressor, call)(X, y)
    for network in (autoencoder, classifier, regressor):
        np.testing.assert_allclose(network.wavelengths_, WAVELENGTHS, rtol=1e-7)
    assert autoencoder.fit(spectra[0]).wavelengths_ is None


@pytest.mark.parametrize("kind", ["preprocessor", "autoencoder", "classifier", "regressor"])
def test_spectra_of_other_wavelengths_than_in_fit_are_refused(
    spectra, fitted_autoencoder, small_autoencoder, small_classifier, kind
):
    X, y = _known(spectra)
    estimator, method = {
        "preprocessor": (HypPreprocessor(), "transform"),
        "autoencoder": (SpectralAutoencoder(**{**small_autoencoder, "max_epochs": 1}), "transform"),
        "classifier": (SpectralCNNClassifier(**{**small_classifier, "max_epochs": 1}), "predict"),
        "regressor": (SpectralCNNRegressor(**{**small_classifier, "max_epochs": 1}), "predict"),
    }[kind]
    respond = getattr(estimator.fit(X, y), method)
    expected = respond(spectra[0])
    np.testing.assert_array_equal(respond(Spectra(spectra[0], WAVELENGTHS + 0.4)), expected)
    other = Spectra(spectra[0], WAVELENGTHS + np.where(np.arange(40) == 5, 0.6, 0))
    with pytest.raises(ValueError, match=r"X has other bands .* band 5 at 532.179 nm, not at 531"):
        respond(other)
    with pytest.raises(ValueError, match=r"30 bands from 400 to .* nm, not 40 from 400 to 1600"):
        respond(X[:, :30])
    np.testing.assert_array_equal(respond(np.asarray(other)), expected)


def test_training_goes_on_with_spectra_of_the_same_wavelengths(spectra, small_autoencoder):
    X, _ = _known(spectra)
    autoencoder = SpectralAutoencoder(**{**small_autoencoder, "max_epochs": 1, "warm_start": True})
    autoencoder.fit(X).partial_fit(spectra[0])
    np.testing.assert_array_equal(autoencoder.wavelengths_, WAVELENGTHS)
    former = autoencoder.parameters_.copy()
    turned = Spectra(spectra[0][:, ::-1], WAVELENGTHS[::-1])
    with pytest.raises(ValueError, match=r"X has other bands.*bands = skhyp\.wavelengths\.nearest"):
        autoencoder.fit(turned)
    with pytest.raises(ValueError, match=r"set warm_start=False") as refused:
        autoencoder.partial_fit(
            open_scene(np.asarray(turned)[None], wavelengths=turned.wavelengths).read()[0]
        )
    assert "apply" not in str(refused.value)
    bands = nearest_bands(turned.wavelengths, autoencoder.wavelengths_, tolerance=0.5)
    continued = copy.deepcopy(autoencoder).fit(turned[:, bands])
    np.testing.assert_array_equal(continued.wavelengths_, WAVELENGTHS)
    np.testing.assert_array_equal(autoencoder.parameters_, former)


def test_wavelengths_of_the_user_must_be_those_that_the_spectra_know(scene, spectra):
    frame = pd.DataFrame(spectra[0], columns=wavelength_names(WAVELENGTHS))
    for X in (scene, scene.read(), Spectra(spectra[0], WAVELENGTHS), frame):
        HypPreprocessor(wavelengths=WAVELENGTHS + 0.3).fit(X)
        with pytest.raises(
            ValueError, match=r"wavelengths must be those of X.* 405 nm, not at 400"
        ):
            HypPreprocessor(wavelengths=WAVELENGTHS + 5).fit(X)


def test_saved_networks_know_their_wavelengths(spectra, small_autoencoder, tmp_path):
    X, _ = _known(spectra)
    parameters = {**small_autoencoder, "max_epochs": 1, "checkpoint_dir": tmp_path / "checkpoints"}
    autoencoder = SpectralAutoencoder(**parameters).fit(X)
    joblib.dump(autoencoder, tmp_path / "model.joblib")
    skops.io.dump(autoencoder, tmp_path / "model.skops")
    trusted = skops.io.get_untrusted_types(file=tmp_path / "model.skops")
    for again in (
        joblib.load(tmp_path / "model.joblib"),
        skops.io.load(tmp_path / "model.skops", trusted=trusted),
        load_model(tmp_path / "checkpoints"),
    ):
        np.testing.assert_array_equal(again.wavelengths_, WAVELENGTHS)
        with pytest.raises(ValueError, match="X has other bands"):
            again.transform(Spectra(spectra[0], WAVELENGTHS + 9))
