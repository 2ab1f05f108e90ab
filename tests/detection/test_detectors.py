"""Scores of targets and anomalies: by their formulae, against SPy, over scenes."""

import numpy as np
import pytest
import spectral
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from skhyp import (
    AdaptiveCosineEstimator,
    ConstrainedEnergyMinimization,
    MatchedFilter,
    ReedXiaoliDetector,
)
from skhyp.libraries import SpectralLibrary
from skhyp.scenes import apply, open_scene
from skhyp.spectra import Spectra

OF_TARGETS = [AdaptiveCosineEstimator, ConstrainedEnergyMinimization, MatchedFilter]
DETECTORS = [*OF_TARGETS, ReedXiaoliDetector]
N_BANDS = 30
WAVELENGTHS = np.linspace(400, 1000, N_BANDS)
TARGET = 0.2 + 0.3 * np.exp(-(((np.arange(N_BANDS) - 12) / 3) ** 2))
# Where the target was put, and how much of it.
PLANTED = np.random.default_rng(5).permutation(1500)[:15]


def make_image(share=0.0, seed=0):
    """Return an image of correlated background in which some pixels have a share of the target."""
    rng = np.random.default_rng(seed)
    band = np.linspace(0, 1, N_BANDS)
    shapes = np.stack([band, np.sin(5 * band), np.ones(N_BANDS)])
    cube = 0.3 + 0.03 * rng.standard_normal((30, 50, 3)) @ shapes
    cube += 0.003 * rng.standard_normal(cube.shape)
    pixels = cube.reshape(-1, N_BANDS)
    pixels[PLANTED] += share * (TARGET - pixels[PLANTED])
    return cube


def fitted(detector, X, targets=TARGET, **parameters):
    if detector is not ReedXiaoliDetector:
        parameters["targets"] = targets
    return detector(**parameters).fit(X)


@pytest.mark.parametrize(
    ("detector", "reference"),
    [
        (MatchedFilter, lambda cube: spectral.matched_filter(cube, TARGET)),
        (AdaptiveCosineEstimator, lambda cube: spectral.ace(cube, TARGET)),
        (ReedXiaoliDetector, spectral.rx),
    ],
)
def test_scores_are_those_of_spy(detector, reference):
    cube = make_image(0.1)
    scores = fitted(detector, cube).score_samples(cube).reshape(30, 50)
    np.testing.assert_allclose(scores, reference(cube), rtol=1e-5, atol=1e-9)


def test_scores_are_what_their_formulae_say():
    X = make_image(0.1).reshape(-1, N_BANDS)
    inverse = np.linalg.inv(X.T @ X / len(X))
    expected = X @ inverse @ TARGET / (TARGET @ inverse @ TARGET)
    found = fitted(ConstrainedEnergyMinimization, X).score_samples(X)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10)

    inverse = np.linalg.inv(np.cov(X.T))
    centred, target = X - X.mean(axis=0), TARGET - X.mean(axis=0)
    along, around = centred @ inverse @ target, np.sum(centred @ inverse * centred, axis=1)
    length = target @ inverse @ target
    for detector, expected in (
        (MatchedFilter, along / length),
        (AdaptiveCosineEstimator, along**2 / length / around),
        (ReedXiaoliDetector, around),
    ):
        found = fitted(detector, X).score_samples(X)
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("detector", DETECTORS)
def test_planted_targets_are_found(detector):
    cube = make_image(0.2)
    is_target = np.isin(np.arange(1500), PLANTED)
    scores = fitted(detector, cube).score_samples(cube)
    assert roc_auc_score(is_target, scores) > 0.95


def test_the_matched_filter_tells_the_share_of_the_target():
    scores = fitted(MatchedFilter, make_image(0.0)).score_samples(make_image(0.2))
    assert abs(scores[PLANTED].mean() - 0.2) < 0.02
    assert abs(np.delete(scores, PLANTED).mean()) < 0.002


@pytest.mark.parametrize("detector", [ConstrainedEnergyMinimization, MatchedFilter])
def test_the_target_itself_has_the_score_1(detector):
    model = fitted(detector, make_image())
    np.testing.assert_allclose(model.transform([TARGET]), 1)


def test_the_background_itself_has_the_least_scores():
    X = make_image()
    mean = X.reshape(-1, N_BANDS).mean(axis=0, keepdims=True)
    for detector in (AdaptiveCosineEstimator, MatchedFilter, ReedXiaoliDetector):
        np.testing.assert_allclose(fitted(detector, X).transform(mean), 0, atol=1e-9)


def test_what_lies_on_the_other_side_has_a_sign_in_the_matched_filter_alone():
    X = make_image()
    mean = X.reshape(-1, N_BANDS).mean(axis=0)
    opposite = [2 * mean - TARGET]
    np.testing.assert_allclose(fitted(MatchedFilter, X).transform(opposite), -1)
    np.testing.assert_allclose(fitted(AdaptiveCosineEstimator, X).transform(opposite), 1)


@pytest.mark.parametrize("detector", DETECTORS)
def test_light_and_unit_of_all_spectra_change_nothing(detector):
    cube = make_image(0.1)
    one = fitted(detector, cube).transform(cube)
    stored = fitted(detector, 1e4 * cube, 1e4 * TARGET).transform(1e4 * cube)
    np.testing.assert_allclose(stored, one, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_scene_is_learned_and_mapped_block_by_block(detector):
    stored = np.round(1e4 * make_image(0.1)).astype(np.int16)
    stored[5:9, 7:20] = -9999
    good = np.arange(N_BANDS) != 4
    scene = open_scene(stored, wavelengths=WAVELENGTHS, nodata=-9999, good_bands=good)
    target = Spectra(1e4 * TARGET[good], WAVELENGTHS[good])
    with config_context(working_memory=1):
        model = fitted(detector, scene, target)
    rows = stored[stored[..., 0] >= 0][:, good]
    of_rows = fitted(detector, rows, 1e4 * TARGET[good])
    np.testing.assert_allclose(model.whitening_, of_rows.whitening_, rtol=1e-6, atol=1e-12)
    mapped = np.asarray(apply(model, scene, method="score_samples"))
    assert np.isnan(mapped[5:9, 7:20]).all() and np.isnan(mapped).sum() == 4 * 13
    np.testing.assert_allclose(mapped[stored[..., 0] >= 0], of_rows.score_samples(rows), rtol=1e-4)
    np.testing.assert_array_equal(model.transform(scene)[:, 0], mapped.ravel())


@pytest.mark.parametrize("detector", DETECTORS)
def test_rows_do_not_depend_on_each_other(detector):
    cube = make_image(0.1)
    model = fitted(detector, cube)
    whole = model.transform(cube)
    np.testing.assert_array_equal(model.transform(cube[3, 7:8]), whole[157:158])
    assert model.transform(cube.astype("f")).dtype == np.float32


@pytest.mark.parametrize("detector", OF_TARGETS)
def test_several_targets_have_a_score_each_and_the_highest_is_that_of_the_spectrum(detector):
    cube = make_image(0.1)
    targets = np.stack([TARGET, TARGET[::-1]])
    library = SpectralLibrary(Spectra(targets, WAVELENGTHS), ["paint", "tin"])
    model = fitted(detector, Spectra(cube, WAVELENGTHS), library)
    scores = model.transform(cube)
    assert model.get_feature_names_out().tolist() == ["paint", "tin"]
    np.testing.assert_array_equal(model.score_samples(cube), scores.max(axis=1))
    alone = [fitted(detector, cube, target).transform(cube)[:, 0] for target in targets]
    np.testing.assert_allclose(scores.T, alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("detector", OF_TARGETS)
def test_without_targets_they_are_the_means_of_classes(detector):
    X = make_image(0.3).reshape(-1, N_BANDS)
    y = np.zeros(1500, int)
    y[PLANTED], y[:3] = 2, 7
    model = detector().fit(X, y)
    np.testing.assert_allclose(model.targets_, [X[y == 2].mean(axis=0), X[y == 7].mean(axis=0)])
    assert model.get_feature_names_out().tolist() == ["2", "7"]
    names = np.where(y == 2, "paint", "")
    assert detector().fit(X, names).target_names_.tolist() == ["paint"]


@pytest.mark.parametrize("detector", DETECTORS)
def test_bands_that_are_mixtures_of_others_change_no_score(detector):
    X = make_image(0.1).reshape(-1, N_BANDS)
    mixing = np.column_stack([np.eye(N_BANDS), np.eye(N_BANDS)[:2].mean(axis=0)])
    model = fitted(detector, X @ mixing, TARGET @ mixing)
    assert model.n_directions_ == N_BANDS
    expected = fitted(detector, X).transform(X)
    np.testing.assert_allclose(model.transform(X @ mixing), expected, rtol=1e-6, atol=1e-9)


def test_shrinkage_makes_a_background_of_few_spectra():
    X = make_image().reshape(-1, N_BANDS)[:20]
    with pytest.raises(ValueError, match=r"too few spectra .* \(n_samples = 20, n_features = 30\)"):
        ReedXiaoliDetector().fit(X)
    round_one = ReedXiaoliDetector(shrinkage=1.0).fit(X)
    distances = np.square(X - X.mean(axis=0)).sum(axis=1) / (np.trace(np.cov(X.T)) / N_BANDS)
    np.testing.assert_allclose(round_one.score_samples(X), distances)


@pytest.mark.parametrize("detector", OF_TARGETS)
@pytest.mark.parametrize(
    ("targets", "y", "message"),
    [
        (None, None, "needs the spectra of what it looks for"),
        (None, np.zeros(1500), "y must have a class above 0"),
        (None, np.ones(7), "y must have an entry for each of the 1500 spectra; got 7"),
        (TARGET[:5], None, "targets must have as many bands as X, which has 30; got 5"),
        (np.full(N_BANDS, np.nan), None, "targets must be complete"),
    ],
)
def test_targets_that_are_none_are_refused(detector, targets, y, message):
    X = make_image().reshape(-1, N_BANDS)
    with pytest.raises(ValueError, match=message):
        detector(targets=targets).fit(X, y)


def test_a_target_that_is_the_background_is_refused():
    X = make_image().reshape(-1, N_BANDS)
    with pytest.raises(ValueError, match="targets must differ from the mean of the background"):
        MatchedFilter(targets=X.mean(axis=0)).fit(X)
    with pytest.raises(ValueError, match="targets must differ from zero"):
        ConstrainedEnergyMinimization(targets=np.zeros(N_BANDS)).fit(X)


@pytest.mark.parametrize("detector", DETECTORS)
def test_what_is_no_background_is_refused(detector):
    with pytest.raises(ValueError, match="all its spectra are the same"):
        fitted(detector, np.zeros((50, N_BANDS)))
    with pytest.raises(ValueError, match=f"{detector.__name__} needs complete spectra"):
        fitted(detector, np.full((50, N_BANDS), np.nan))


def test_labels_of_a_scene_are_refused():
    with pytest.raises(ValueError, match="y is for spectra in rows, but X is a scene"):
        MatchedFilter().fit(open_scene(make_image()), np.ones(1500))


def test_another_unit_is_warned_of():
    with pytest.warns(UserWarning, match=r"targets are .* times as bright as X"):
        MatchedFilter(targets=1e4 * TARGET).fit(make_image())


def test_a_fit_that_fails_leaves_the_former_one():
    X = make_image().reshape(-1, N_BANDS)
    model = MatchedFilter(targets=TARGET).fit(X)
    before = clone(model).fit(X).transform(X)
    with pytest.raises(ValueError, match="too few spectra"):
        model.fit(X[:5])
    np.testing.assert_array_equal(model.transform(X), before)
