"""Filters and hulls stop at the same gaps, whichever way the spectra of a scene come in."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor, SpectralAutoencoder
from skhyp.scenes import apply, labelled_pixels, labelled_points, open_scene, unroll
from skhyp.spectra import Spectra
from skhyp.wavelengths import wavelength_names

RISING = np.linspace(400, 790, 40)
LISTS = {
    "one bad band": (RISING, [17]),
    "four bad bands": (RISING, [0, 13, 26, 39]),
    "two detectors": (np.r_[np.linspace(400, 680, 20), np.linspace(665, 1045, 20)], [5, 19, 30]),
    "bands at one wavelength": (np.r_[RISING[:20], RISING[19:-1]], [20]),
    "a falling list": (RISING[::-1].copy(), [17]),
}


@pytest.fixture(params=LISTS)
def scene(request, spectra_factory):
    wavelengths, bad = LISTS[request.param]
    X, _ = spectra_factory((20, 20, 20), n_bands=40, seed=3)
    cube = (X * 10000).astype(np.int16).reshape(6, 10, 40)
    good = ~np.isin(np.arange(40), bad)
    cube[1, 2:4] = -9999
    return open_scene(cube, wavelengths=wavelengths, good_bands=good, nodata=-9999)


@pytest.fixture
def labels(scene):
    return 1 + np.arange(60).reshape(scene.shape[:2]) % 2


def test_all_ways_into_a_preprocessor_give_the_same_segments(scene, labels):
    good = np.flatnonzero(scene.good_bands)
    wavelengths = scene.wavelengths
    X, _, _ = labelled_pixels(scene, labels)
    cube = scene.read(bands=good)
    drops = HypPreprocessor(bands=good, wavelengths=wavelengths)
    ways = {
        "a scene": HypPreprocessor().fit(scene),
        "the whole cube": HypPreprocessor(bands=good).fit(scene.read()),
        "its good bands": HypPreprocessor().fit(cube),
        "rows of them": HypPreprocessor().fit(unroll(cube)),
        "a scene of an array": HypPreprocessor().fit(open_scene(cube)),
        "a scene that was computed": HypPreprocessor().fit(scene.through(drops.fit(scene))),
        "an image of xarray": HypPreprocessor().fit(scene.to_xarray()[..., good]),
        "pixels": HypPreprocessor().fit(X),
        "half of them": HypPreprocessor().fit(X[::2].astype(np.float32) / 2),
        "in pieces": HypPreprocessor().fit(np.concatenate([X[:9], X[9:]])),
        "a pickle": HypPreprocessor().fit(pickle.loads(pickle.dumps(X))),
        "wavelengths=": HypPreprocessor(wavelengths=wavelengths[good]).fit(X),
        "by hand": HypPreprocessor(bands=good, wavelengths=wavelengths).fit(np.asarray(scene)),
        "behind another": make_pipeline(HypPreprocessor(), HypPreprocessor()).fit(scene)[-1],
        "behind another, of pixels": make_pipeline(HypPreprocessor(), HypPreprocessor()).fit(X)[-1],
        "behind bands=": make_pipeline(drops, HypPreprocessor()).fit(np.asarray(scene))[-1],
    }
    expected = ways["a scene"]
    # Where a band was left out between two, a segment ends.
    starts = np.flatnonzero(np.diff(good) > 1) + 1
    assert set(starts) <= set(expected.segments_[:, 0].tolist())
    for way, fitted in ways.items():
        np.testing.assert_array_equal(fitted.segments_, expected.segments_, err_msg=way)
        # Of xarray, coordinates are read to nine digits.
        np.testing.assert_allclose(
            fitted.wavelengths_, expected.wavelengths_, 1e-8 if "xarray" in way else 0, err_msg=way
        )
        source_bands = fitted.source_bands_in_[fitted.bands_]
        np.testing.assert_array_equal(source_bands, good, err_msg=way)
        loaded = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(loaded.segments_, expected.segments_, err_msg=way)


@pytest.mark.parametrize(
    ("scene", "method"),
    [("two detectors", "savgol"), ("a falling list", "savgol"), ("four bad bands", "continuum")],
    indirect=["scene"],
)
def test_all_ways_into_a_preprocessor_give_the_same_numbers(scene, labels, method):
    preprocessor = HypPreprocessor(method=method, window_length=5, deriv=1)
    X, _, positions = labelled_pixels(scene, labels)
    expected = clone(preprocessor).fit(scene).transform(X)
    chain = make_pipeline(HypPreprocessor(), preprocessor)
    for fitted in (
        clone(preprocessor).fit(X),
        clone(preprocessor).fit(scene.read(bands=scene.good_bands)),
        clone(preprocessor).set_params(method=None).fit(X).set_params(method=method),
        clone(chain).fit(scene),
        clone(chain).fit(X),
    ):
        np.testing.assert_array_equal(fitted.transform(X), expected)
        mapped = apply(fitted, scene, method="transform")
        np.testing.assert_array_equal(mapped[tuple(positions.T)], expected)


def test_bands_that_are_taken_out_by_hand_leave_a_gap():
    X = Spectra(np.random.default_rng(0).uniform(1, 2, (5, 40)), RISING)
    mask = ~np.isin(np.arange(40), [19, 20])
    by_hand = HypPreprocessor(method="continuum").fit(X[:, mask])
    by_parameter = HypPreprocessor(method="continuum", bands=mask).fit(X)
    assert by_hand.segments_.tolist() == by_parameter.segments_.tolist() == [[0, 19], [19, 38]]
    np.testing.assert_array_equal(by_hand.transform(X[:, mask]), by_parameter.transform(X))
    assert HypPreprocessor().fit(X[:, mask][:, 20:]).segments_.tolist() == [[0, 18]]
    assert HypPreprocessor().fit(np.asarray(X[:, mask])).segments_.tolist() == [[0, 38]]


def test_bands_that_are_put_back_close_the_gap():
    X = Spectra(np.ones((5, 40)), RISING)
    without = HypPreprocessor(bands=np.arange(40) != 17).fit(X)
    restored = without.inverse_transform(without.transform(X))
    np.testing.assert_array_equal(restored.source_bands, np.arange(40))
    of_part = HypPreprocessor(bands=[0, 1, 5]).fit(without.transform(X)[:, 15:])
    assert of_part.source_bands_in_[:4].tolist() == [15, 16, 18, 19]
    assert of_part.segments_.tolist() == [[0, 2], [2, 3]]
    restored = of_part.inverse_transform(of_part.transform(without.transform(X)[:, 15:]))
    np.testing.assert_array_equal(restored.source_bands, of_part.source_bands_in_)


def test_the_warning_of_constant_bands_knows_the_gaps():
    X = Spectra(np.random.default_rng(0).uniform(1, 2, (5, 12)), RISING[:12])[
        :, [*range(9), 10, 11]
    ]
    with pytest.warns(UserWarning, match=r"bands=\[band for band .* not in \[9, 10\]\]"):
        HypPreprocessor(method="continuum").fit(X)


@pytest.mark.parametrize("scene", ["four bad bands"], indirect=True)
def test_a_scene_through_a_transformer_keeps_what_is_said_of_its_bands(scene):
    good = np.flatnonzero(scene.good_bands)
    every_second = HypPreprocessor(method="l2", bands=np.arange(0, 40, 2)).fit(np.asarray(scene))
    with pytest.warns(UserWarning, match="does not know"):
        through = scene.through(every_second)
    np.testing.assert_array_equal(through.wavelengths, scene.wavelengths[::2])
    np.testing.assert_array_equal(through.good_bands, scene.good_bands[::2])
    np.testing.assert_array_equal(through.source_bands, np.arange(0, 40, 2))
    assert (
        HypPreprocessor().fit(through).bands_.tolist()
        == np.flatnonzero(scene.good_bands[::2]).tolist()
    )
    snv = HypPreprocessor(method="snv").fit(scene)
    for transformer in (snv, make_pipeline(snv, StandardScaler()).fit(scene)):
        through = scene.through(transformer)
        np.testing.assert_array_equal(through.wavelengths, scene.wavelengths[good])
        assert through.good_bands.all()
        np.testing.assert_array_equal(through.source_bands, good)
        again = open_scene(through.through(HypPreprocessor(bands=[3, 4]).fit(through)))
        np.testing.assert_array_equal(again.source_bands, good[[3, 4]])
    for mixing in (PCA(3), make_union(snv, PCA(3))):
        through = scene.through(make_pipeline(HypPreprocessor(), mixing).fit(scene))
        assert through.good_bands is through.source_bands is None


@pytest.mark.parametrize("scene", ["four bad bands"], indirect=True)
def test_a_reconstruction_has_the_gaps_of_what_is_reconstructed(scene, labels, small_autoencoder):
    good = np.flatnonzero(scene.good_bands)
    X, _, _ = labelled_pixels(scene, labels)
    autoencoder = SpectralAutoencoder(**{**small_autoencoder, "max_epochs": 1}).fit(scene)
    for spectra in (X, scene, scene.to_xarray(), open_scene(scene.read(bands=good))):
        np.testing.assert_array_equal(autoencoder.reconstruct(spectra).source_bands, good)
    of_array = autoencoder.reconstruct(np.asarray(X))
    np.testing.assert_array_equal(of_array.source_bands, np.arange(len(good)))


@pytest.mark.parametrize("scene", ["four bad bands"], indirect=True)
def test_columns_know_no_gap_but_that_of_their_wavelengths(scene):
    pandas = pytest.importorskip("pandas")
    good = np.flatnonzero(scene.good_bands)
    names = wavelength_names(scene.wavelengths[good])
    frame = pandas.DataFrame(unroll(np.asarray(scene))[:, good], columns=names)
    fitted = HypPreprocessor().fit(frame)
    np.testing.assert_array_equal(fitted.source_bands_in_, np.arange(len(good)))


def test_points_know_the_gaps_too():
    cube = np.random.default_rng(0).uniform(1, 2, (3, 4, 40))
    scene = open_scene(cube, wavelengths=RISING, good_bands=np.arange(40) != 17)
    scene = replace(scene, transform=(1, 0, 0, 0, -1, 3))
    X, _, _ = labelled_points(scene, [0.5, 1.5], [0.5, 0.5], ["a", "b"])
    assert HypPreprocessor().fit(X).segments_.tolist() == [[0, 17], [17, 39]]
