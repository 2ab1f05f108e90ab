"""Components in units of noise: what they are, what they are learned from, where they are used."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skhyp import HypPreprocessor, MinimumNoiseFraction
from skhyp.scenes import apply, labelled_pixels, open_scene
from skhyp.spectra import Spectra

N_BANDS = 30
WAVELENGTHS = np.linspace(400, 1000, N_BANDS)
# Noise that differs from band to band, much of it where there is little signal.
NOISE = np.linspace(1, 5, N_BANDS)


def make_image(rows=100, columns=120, noise=NOISE, seed=0):
    """Return an image of two smooth mixtures and noise in float64, and the image without."""
    rng = np.random.default_rng(seed)
    row, column = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    band = np.linspace(0, 1, N_BANDS)
    shapes = [np.exp(-(((band - centre) / 0.2) ** 2)) for centre in (0.3, 0.6)]
    shares = [np.sin(3 * row) + column, np.cos(4 * column)]
    clean = 1000 + 20 * sum(a[..., None] * b for a, b in zip(shares, shapes, strict=True))
    return clean + rng.normal(size=clean.shape) * noise, clean


@pytest.fixture(scope="module")
def image():
    cube, _ = make_image()
    cube.flags.writeable = False
    return cube


@pytest.fixture(scope="module")
def fitted(image):
    return MinimumNoiseFraction(scaling=None, n_components=4).fit(image)


def test_noise_is_measured_band_by_band(image):
    untrimmed = MinimumNoiseFraction(scaling=None, trim=0).fit(image)
    np.testing.assert_allclose(untrimmed.noise_deviation_, NOISE, rtol=0.1)
    assert untrimmed.n_differences_ == 100 * 119 + 99 * 120
    assert untrimmed.noise_source_ == "neighbours"


def test_two_mixtures_stand_out_of_the_noise_and_nothing_else(fitted):
    assert (fitted.signal_to_noise_[:2] > 10).all()
    assert (fitted.signal_to_noise_[2:] < 1).all()
    assert (np.diff(fitted.signal_to_noise_) <= 0).all()


def test_components_are_in_units_of_noise():
    clean = make_image(noise=0)[1]
    noise = np.random.default_rng(1).normal(size=clean.shape) * NOISE
    model = MinimumNoiseFraction(scaling=None, trim=0, shrinkage=0, n_components=None)
    model.fit(clean + noise)
    of_noise = model.transform(clean + noise) - model.transform(clean)
    np.testing.assert_allclose(np.cov(of_noise.T), np.eye(N_BANDS), atol=0.15)


def test_the_variance_of_a_component_is_signal_and_one_of_noise(image):
    model = MinimumNoiseFraction(scaling=None, n_components=None).fit(image)
    variances = model.transform(image).var(axis=0)
    above = variances > 1
    np.testing.assert_allclose(variances[above], model.signal_to_noise_[above] + 1, rtol=1e-6)


def test_principal_components_take_noise_for_signal_and_these_do_not():
    noisy = np.where(np.arange(N_BANDS) == 20, 100.0, 1.0)  # more than all that varies
    cube, clean = make_image(noise=noisy)
    spectra, signal = cube.reshape(-1, N_BANDS), clean.reshape(-1, N_BANDS)
    for model, is_misled in ((PCA(1), True), (MinimumNoiseFraction(scaling=None), False)):
        first = model.fit(cube if not is_misled else spectra).transform(spectra)[:, 0]
        of_noise = abs(np.corrcoef(first, (spectra - signal)[:, 20])[0, 1])
        of_signal = np.abs(np.corrcoef(np.column_stack([first, signal]).T)[0, 1:]).max()
        assert (of_noise > 0.9) == is_misled
        assert (of_signal > 0.9) != is_misled


@pytest.mark.parametrize("working_memory", [2, 8])
@pytest.mark.parametrize("scaling", ["snv", None])
def test_the_blocks_of_a_scene_change_nothing(image, working_memory, scaling):
    model = MinimumNoiseFraction(scaling=scaling, n_components=2)
    whole = clone(model).fit(open_scene(image))
    with config_context(working_memory=working_memory):
        in_blocks = clone(model).fit(open_scene(image))
    assert in_blocks.n_differences_ == whole.n_differences_
    np.testing.assert_allclose(in_blocks.projection_, whole.projection_, rtol=1e-6, atol=1e-8)


def test_a_cube_a_scene_and_pixels_with_positions_are_the_same(image, fitted):
    scene = open_scene(image)
    positions = np.random.default_rng(0).permutation(np.argwhere(np.ones((100, 120), bool)))
    of_scene = clone(fitted).fit(scene)
    of_pixels = clone(fitted).fit(scene.spectra_at(positions), positions=positions)
    assert of_pixels.noise_source_ == "neighbours"
    for other in (of_scene, of_pixels):
        np.testing.assert_allclose(other.projection_, fitted.projection_, rtol=1e-7)
        np.testing.assert_allclose(other.noise_deviation_, fitted.noise_deviation_, rtol=1e-9)


def test_pixels_without_data_and_bad_bands_are_left_out(image):
    stored = np.round(image).astype(np.int16)
    stored[5:9, 7:20] = -9999
    good_bands = np.arange(N_BANDS) != 12
    scene = open_scene(stored, wavelengths=WAVELENGTHS, nodata=-9999, good_bands=good_bands)
    model = MinimumNoiseFraction(scaling=None, n_components=3).fit(scene)
    positions = np.argwhere(stored[..., 0] != -9999)
    rows = stored[tuple(positions.T)][:, good_bands]
    expected = clone(model).fit(rows, positions=positions)
    np.testing.assert_allclose(model.projection_, expected.projection_, rtol=1e-6)
    np.testing.assert_allclose(model.wavelengths_, WAVELENGTHS[good_bands])
    Z = model.transform(scene).reshape(100, 120, 3)
    assert np.isnan(Z[5:9, 7:20]).all()
    assert np.isnan(Z).sum() == 4 * 13 * 3
    assert len(clone(model).fit_transform(scene)) == 100 * 120 - 4 * 13
    assert len(clone(model).fit_transform(scene, np.zeros(12_000))) == 100 * 120


def test_an_image_whose_pixels_are_repeated_has_the_same_noise(image, fitted):
    repeated = clone(fitted).fit(image.repeat(2, axis=0).repeat(2, axis=1))
    np.testing.assert_allclose(repeated.noise_deviation_, fitted.noise_deviation_, rtol=1e-6)


def test_edges_are_no_noise():
    cube, _ = make_image()
    with_fields = cube + 300 * (np.arange(120) // 20 % 2)[None, :, None]
    trimmed = MinimumNoiseFraction(scaling=None).fit(with_fields)
    untrimmed = MinimumNoiseFraction(scaling=None, trim=0).fit(with_fields)
    assert (trimmed.noise_deviation_ < 1.05 * NOISE).all()
    assert (untrimmed.noise_deviation_ > 10 * NOISE).any()


def test_replicates_show_the_noise():
    rng = np.random.default_rng(0)
    samples = rng.uniform(100, 1000, (300, N_BANDS))
    groups = np.repeat(np.arange(300), 3)
    X = samples[groups] + rng.normal(size=(900, N_BANDS)) * NOISE
    model = MinimumNoiseFraction(scaling=None, trim=0).fit(X, groups=groups)
    assert model.noise_source_ == "replicates"
    assert model.n_differences_ == 600
    np.testing.assert_allclose(model.noise_deviation_, NOISE, rtol=0.15)


def test_a_table_alone_shows_noise_along_its_spectra():
    X = make_image(noise=4)[0].reshape(-1, N_BANDS)
    model = MinimumNoiseFraction(scaling=None).fit(X)
    assert model.noise_source_ == "spectrum"
    np.testing.assert_allclose(model.noise_deviation_[1:-1], 4, rtol=0.1)


def test_wavelengths_say_which_bands_are_neighbours(image):
    rows = np.array(image.reshape(-1, N_BANDS))
    rows[:, 15:] += 5000  # another detector
    wavelengths = np.where(np.arange(N_BANDS) < 15, WAVELENGTHS, WAVELENGTHS + 600)
    unaware = MinimumNoiseFraction(scaling=None).fit(rows)
    aware = MinimumNoiseFraction(scaling=None).fit(Spectra(rows, wavelengths))
    assert unaware.noise_deviation_[15] > 1000
    assert (aware.noise_deviation_ < 30).all()
    assert aware.segments_.tolist() == [[0, 15], [15, 30]]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.9999])
def test_a_share_of_the_signal_is_kept_by_as_few_components_as_have_it(image, share):
    model = MinimumNoiseFraction(scaling=None, n_components=share).fit(image)
    signal = model.signal_to_noise_ / model.signal_to_noise_.sum()
    n = model.n_components_
    assert signal[:n].sum() >= share > signal[: n - 1].sum()
    assert model.transform(image[0]).shape == (120, n)
    assert len(model.get_feature_names_out()) == n


def test_more_components_than_bands_are_cut(image):
    assert MinimumNoiseFraction(n_components=500).fit(image).n_components_ == N_BANDS
    assert MinimumNoiseFraction(n_components=None).fit(image).n_components_ == N_BANDS


def test_all_components_give_the_spectra_back(image):
    model = MinimumNoiseFraction(scaling=None, n_components=None).fit(image)
    spectra = image.reshape(-1, N_BANDS)
    np.testing.assert_allclose(model.inverse_transform(model.transform(spectra)), spectra)


def test_few_components_give_spectra_with_less_noise(fitted):
    cube, clean = make_image()
    denoised = fitted.inverse_transform(fitted.transform(cube)).reshape(cube.shape)
    assert np.std(denoised - clean) < 0.5 * np.std(cube - clean)


def test_with_snv_brightness_is_gone_and_variates_come_back(image):
    model = MinimumNoiseFraction(n_components=None).fit(image)
    brighter = image[:3] * np.linspace(1, 3, 120)[None, :, None]
    np.testing.assert_allclose(model.transform(brighter), model.transform(image[:3]), atol=1e-6)
    variates = HypPreprocessor(method="snv").fit_transform(image)
    back = model.inverse_transform(model.transform(image))
    np.testing.assert_allclose(back, variates, atol=1e-8)


def test_rows_do_not_depend_on_each_other(image, fitted):
    whole = fitted.transform(image)
    np.testing.assert_array_equal(fitted.transform(image[3, 7:8]), whole[367:368])


def test_integers_are_computed_in_single_precision(image, fitted):
    stored = np.round(image).astype(np.uint16)
    model = clone(fitted).fit(stored)
    assert model.transform(stored).dtype == np.float32
    assert fitted.transform(image).dtype == np.float64
    as_floats = clone(fitted).fit(stored.astype(np.float64))
    np.testing.assert_allclose(model.projection_, as_floats.projection_, rtol=1e-4, atol=1e-6)


def test_a_map_of_few_labels_is_made_by_components_of_the_whole_scene(image):
    scene = open_scene(image, wavelengths=WAVELENGTHS)
    labels = np.zeros((100, 120), int)
    labels[2:5, 3:6], labels[60:63, 90:93] = 1, 2
    X, y, _ = labelled_pixels(scene, labels)
    components = MinimumNoiseFraction(n_components=3).fit(scene)
    model = make_pipeline(FrozenEstimator(components), LogisticRegression())
    model.fit(X, y)
    mapped = np.asarray(apply(model, scene))
    np.testing.assert_array_equal(mapped.ravel(), model.predict(image.reshape(-1, N_BANDS)))
    assert (mapped[2:5, 3:6] == 1).all()


def test_a_scene_of_other_order_is_found_by_its_wavelengths(image):
    scene = open_scene(image, wavelengths=WAVELENGTHS)
    turned = open_scene(image[..., ::-1], wavelengths=WAVELENGTHS[::-1])
    model = MinimumNoiseFraction(n_components=3).fit(scene)
    np.testing.assert_array_equal(model.transform(turned), model.transform(scene))


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ("neighbours", "noise='neighbours' needs an image, or positions in fit"),
        ("replicates", "noise='replicates' needs groups in fit"),
    ],
)
def test_noise_that_cannot_be_seen_is_asked_for_by_name(image, noise, message):
    with pytest.raises(ValueError, match=message):
        MinimumNoiseFraction(noise=noise).fit(image.reshape(-1, N_BANDS))


@pytest.mark.parametrize("known", ["positions", "groups"])
def test_an_image_has_no_other_positions_nor_groups(image, known):
    with pytest.raises(ValueError, match="X is an image, whose pixels have their places"):
        MinimumNoiseFraction().fit(image, **{known: np.zeros((12_000, 2), int)})


@pytest.mark.parametrize(
    ("X", "given", "message"),
    [
        (np.ones((4, 5, 6)), {}, "no two neighbouring pixels differ"),
        (np.ones((4, 6)), {"groups": np.zeros(4)}, "no two replicates differ"),
        (np.eye(6), {"groups": np.arange(6)}, "or there are none"),
        (np.ones((4, 6)), {}, "no band differs from its neighbours"),
        (np.arange(4.0)[:, None], {}, r"one band alone \(n_features = 1\)"),
        (np.eye(6), {"positions": np.zeros((6, 2))}, "positions must be integers"),
        (np.eye(6), {"positions": np.zeros((5, 2), int)}, "one row for each of the 6 samples"),
        (np.eye(6), {"groups": np.zeros(5)}, "inconsistent numbers of samples"),
        (np.full((4, 5, 6), np.nan), {}, "Input X contains NaN"),
    ],
)
def test_what_shows_no_noise_is_refused_with_the_reason(X, given, message):
    with pytest.raises(ValueError, match=message):
        MinimumNoiseFraction(scaling=None).fit(X, **given)


def test_one_band_of_which_snv_leaves_nothing_is_refused_with_that_reason(image):
    with pytest.raises(
        ValueError, match=r'one band alone \(n_features = 1\), scaling="snv" leaves'
    ):
        MinimumNoiseFraction().fit(image[..., :1])


def test_a_scene_without_data_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"No pixel of .* has data"):
        MinimumNoiseFraction().fit(open_scene(np.full((3, 4, 5), -1), nodata=-1))


def test_components_of_another_number_are_refused(fitted):
    with pytest.raises(ValueError, match="X has 3 components, but MinimumNoiseFraction has 4"):
        fitted.inverse_transform(np.zeros((2, 3)))


def test_a_fit_that_fails_leaves_the_former_one(image):
    model = MinimumNoiseFraction(n_components=2).fit(image)
    before = model.transform(image)
    with pytest.raises(ValueError, match="There is no noise"):
        model.fit(np.ones((4, 5, N_BANDS)))
    np.testing.assert_array_equal(model.transform(image), before)


def test_parameters_set_after_fit_change_nothing_before_the_next(image):
    model = MinimumNoiseFraction(n_components=2).fit(image)
    before = model.transform(image)
    model.set_params(scaling=None, n_components=5)
    np.testing.assert_array_equal(model.transform(image), before)
    assert model.scaling_ == "snv"
    assert model.fit(image).scaling_ is None


def test_a_second_fit_forgets_the_first(image, fitted):
    other = make_image(30, 20, seed=3)[0]
    twice = clone(fitted).fit(image).fit(other)
    np.testing.assert_array_equal(twice.projection_, clone(fitted).fit(other).projection_)
