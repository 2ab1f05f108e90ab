"""A map of one scene from few labels, by the graph of its pixels."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.random_projection import GaussianRandomProjection

from skhyp import (
    HypPreprocessor,
    MinimumNoiseFraction,
    SceneGraphClassifier,
    SpectralEnsembleClassifier,
    SpectralKernelClassifier,
)
from skhyp.model_selection import SpatialBlockKFold
from skhyp.scenes import apply, open_scene

N_BANDS = 8
MEMBERS = [("likeness", SpectralKernelClassifier()), ("bayes", GaussianNB())]


def fields(noise=0.8, seed=0, size=24):
    """Return a cube of four fields in strips, two of each class, and the class of each pixel."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([1, 2, 1, 2], size // 4)[np.newaxis] * np.ones((size, 1), int)
    shapes = np.stack([np.zeros(N_BANDS), np.linspace(1, 2, N_BANDS), np.linspace(2, 1, N_BANDS)])
    return shapes[truth] + rng.normal(0, noise, (size, size, N_BANDS)), truth


def few_labels(truth, step=5):
    labels = np.zeros_like(truth)
    labels[2::step, 2::step] = truth[2::step, 2::step]
    return labels


def classifier(estimator=None, **params):
    components = MinimumNoiseFraction(n_components=4, scaling=None)
    estimator = SpectralKernelClassifier() if estimator is None else estimator
    return SceneGraphClassifier(
        estimator, **{"components": components, "random_state": 0, **params}
    )


@pytest.fixture(scope="module")
def fitted():
    cube, truth = fields()
    return classifier().fit(cube, few_labels(truth))


def test_neighbours_clear_the_map_of_what_noise_confused(fitted):
    cube, truth = fields()
    is_test = few_labels(truth) == 0
    alone = fitted.estimator_.predict(cube.reshape(-1, N_BANDS)).reshape(truth.shape)
    right_alone = (alone == truth)[is_test].mean()
    right = (fitted.map_ == truth)[is_test].mean()
    assert right > 0.85 > right_alone + 0.05


def test_the_map_is_the_likeliest_class_and_confidence_its_probability(fitted):
    np.testing.assert_allclose(fitted.probabilities_.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_array_equal(
        fitted.map_, fitted.classes_[fitted.probabilities_.argmax(axis=2)]
    )
    np.testing.assert_array_equal(fitted.confidence_, fitted.probabilities_.max(axis=2))


def test_shares_add_up_and_follow_the_losses_of_folds(fitted):
    assert sum(fitted.shares_.values()) == pytest.approx(1)
    ways = list(fitted.shares_)
    assert ways == ["model", "smoothed", "labels spread", "labels spread far"]
    assert fitted.shares_["model"] < 0.5
    assert fitted.fold_losses_["map"] < fitted.fold_losses_["model"]
    assert set(fitted.fold_losses_) == {*ways, "map"}


def test_where_neighbours_are_of_other_classes_the_model_keeps_its_share():
    rng = np.random.default_rng(0)
    truth = rng.integers(1, 3, (24, 24))  # nothing lies beside its like
    shapes = np.stack([np.zeros(N_BANDS), np.linspace(1, 2, N_BANDS), np.linspace(2, 1, N_BANDS)])
    cube = shapes[truth] + rng.normal(0, 0.2, (24, 24, N_BANDS))
    by_place = classifier(position_weight=1000).fit(cube, few_labels(truth, 3))
    assert by_place.shares_["model"] > 0.5
    is_test = few_labels(truth, 3) == 0
    assert (by_place.map_ == truth)[is_test].mean() > 0.95


def test_fit_predict_returns_the_map(fitted):
    cube, truth = fields()
    np.testing.assert_array_equal(classifier().fit_predict(cube, few_labels(truth)), fitted.map_)


def test_labels_may_be_given_by_positions_and_be_text(fitted):
    cube, truth = fields()
    labels = few_labels(truth)
    positions = np.argwhere(labels)
    names = np.array(["", "clay", "sand"])[labels[tuple(positions.T)]]
    by_name = classifier().fit(cube, names, positions)
    assert by_name.classes_.tolist() == ["clay", "sand"]
    np.testing.assert_array_equal(by_name.map_ == "sand", fitted.map_ == 2)
    np.testing.assert_array_equal(by_name.positions_, positions)


def test_pixels_without_data_are_in_no_map():
    cube, truth = fields()
    cube[:3, :4] = np.nan
    labels = few_labels(truth)
    labels[0, 0] = 1  # without data
    found = classifier().fit(open_scene(cube), labels)
    missing = np.zeros(truth.shape, bool)
    missing[:3, :4] = True
    np.testing.assert_array_equal(found.map_ == 0, missing)
    np.testing.assert_array_equal(np.isnan(found.confidence_), missing)
    np.testing.assert_array_equal(np.isnan(found.probabilities_).all(axis=2), missing)
    np.testing.assert_array_equal(np.isnan(found.doubt_map()), missing)
    assert [0, 0] not in found.positions_.tolist()
    assert not missing[tuple(found.label_next(20).T)].any()


def test_pixels_to_label_next_are_doubtful_and_have_no_label(fitted):
    _, truth = fields()
    chosen = fitted.label_next(6)
    assert chosen.shape == (6, 2)
    assert (few_labels(truth)[tuple(chosen.T)] == 0).all()
    doubt = fitted.doubt_map()
    assert doubt[tuple(chosen.T)].min() > np.median(doubt)
    np.testing.assert_array_equal(fitted.label_next(6), chosen)
    assert fitted.label_next(6, criterion="entropy").shape == (6, 2)


class Kept(FunctionTransformer):
    """Leaves spectra as they are, to write them."""

    n_features_in_ = N_BANDS

    def __sklearn_is_fitted__(self):
        return True


class CountedBayes(GaussianNB):
    """Counts the fits of all its copies."""

    n_fits = 0

    def fit(self, X, y):
        CountedBayes.n_fits += 1
        return super().fit(X, y)


@pytest.mark.parametrize("is_ensemble", [True, False])
def test_a_member_is_fitted_to_each_fold_and_to_all_labels_once(is_ensemble, monkeypatch):
    monkeypatch.setattr(CountedBayes, "n_fits", 0)
    cube, truth = fields()
    estimator = CountedBayes()
    if is_ensemble:
        estimator = SpectralEnsembleClassifier(estimators=[("bayes", estimator)])
    classifier(estimator, cv=4).fit(cube, few_labels(truth))
    assert CountedBayes.n_fits == 4 + 1


def test_ensembles_of_folds_have_not_seen_what_they_are_tested_on():
    cube, truth = fields()
    X, y = cube.reshape(-1, N_BANDS)[::7], truth.ravel()[::7]
    folds = list(KFold(3).split(X))
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, random_state=0)
    of_folds = ensemble._fit_to_folds(X, y, folds)
    for found, (train, test) in zip(of_folds, folds, strict=True):
        member = GaussianNB().fit(X[train], y[train])
        np.testing.assert_array_equal(
            found.estimators_[1].predict_proba(X[test]), member.predict_proba(X[test])
        )
        np.testing.assert_allclose(found.predict_proba(X[test]), ensemble.out_of_fold_[test])


def test_by_default_the_ensemble_has_the_components_of_the_scene():
    cube, _ = fields()
    found = SceneGraphClassifier(random_state=0)
    found.components_ = MinimumNoiseFraction().fit(cube)
    ensemble = found._seeded_estimator(0)
    assert isinstance(ensemble, SpectralEnsembleClassifier)
    assert ensemble.components.estimator is found.components_
    assert ensemble.random_state is not None


def test_components_that_have_learned_elsewhere_are_taken_as_they_are(fitted):
    cube, truth = fields()
    frozen = FrozenEstimator(fitted.components_)
    again = classifier(components=frozen).fit(cube, few_labels(truth))
    assert again.components_ is frozen
    np.testing.assert_array_equal(again.probabilities_, fitted.probabilities_)


def test_any_classifier_and_splitter_will_do():
    cube, truth = fields(noise=0.5)
    found = classifier(LogisticRegression(), cv=KFold(4, shuffle=True, random_state=0))
    assert (found.fit_predict(cube, few_labels(truth)) == truth).mean() > 0.9


def test_a_splitter_in_space_is_given_the_positions_of_labels():
    cube, truth = fields(noise=0.5)
    blocks = SpatialBlockKFold(2, block_size=6, guard=1, random_state=0)
    found = classifier(cv=blocks).fit(cube, few_labels(truth))
    assert (found.map_ == truth).mean() > 0.9


def test_the_same_seed_gives_the_same_map_and_a_fitted_one_can_be_pickled(fitted):
    cube, truth = fields()
    again = clone(fitted).fit(cube, few_labels(truth))
    restored = pickle.loads(pickle.dumps(fitted))
    for other in (again, restored):
        np.testing.assert_array_equal(other.probabilities_, fitted.probabilities_)
        np.testing.assert_array_equal(other.label_next(3), fitted.label_next(3))


def test_a_class_of_one_label_is_mapped_though_no_fold_can_test_it():
    cube, truth = fields(noise=0.5)
    labels = few_labels(truth)
    cube[20:, 20:] = 9 - cube[20:, 20:]
    labels[22, 22] = 3
    found = classifier().fit(cube, labels)
    assert found.classes_.tolist() == [1, 2, 3]
    assert found.map_[22, 22] == 3
    assert np.isfinite(list(found.fold_losses_.values())).all()


def test_labels_in_a_table_are_text_where_pixels_have_no_data():
    pandas = pytest.importorskip("pandas")
    cube, truth = fields()
    cube[0, 0] = np.nan
    positions = np.argwhere(few_labels(truth))
    names = pandas.Series(np.array(["", "clay", "sand"])[truth[tuple(positions.T)]], dtype=object)
    found = classifier().fit(open_scene(cube), names, positions)
    assert found.map_[0, 0] == ""
    assert set(np.unique(found.map_)) == {"", "clay", "sand"}


def test_labels_may_be_true_and_false_where_all_pixels_have_data():
    cube, truth = fields()
    positions = np.argwhere(few_labels(truth))
    found = classifier().fit(cube, truth[tuple(positions.T)] == 2, positions)
    assert found.map_.dtype == bool
    cube[0, 0] = np.nan
    with pytest.raises(ValueError, match="Every number of bool is a class"):
        found.fit(open_scene(cube), truth[tuple(positions.T)] == 2, positions)


def test_random_components_are_the_same_for_one_seed():
    cube, truth = fields()
    components = make_pipeline(HypPreprocessor(), GaussianRandomProjection(3))
    first, second = (
        classifier(components=components).fit(cube, few_labels(truth)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.probabilities_, second.probabilities_)


class Scores(GaussianNB):
    """Takes scores for probabilities."""

    def predict_proba(self, X):
        return 1000 * super().predict_proba(X)


def test_what_are_no_probabilities_is_refused():
    cube, truth = fields()
    with pytest.raises(
        ValueError, match=r"must give probabilities of classes, of which one is right.*Calibrate"
    ):
        classifier(Scores()).fit(cube, few_labels(truth))


def test_nothing_is_warned_of_a_classifier_that_keeps_no_wavelengths():
    cube, truth = fields(noise=0.5)
    scene = open_scene(cube, wavelengths=np.linspace(400, 2400, N_BANDS))
    found = classifier(GaussianNB()).fit(scene, few_labels(truth))
    assert (found.map_ == truth).mean() > 0.9


class Overlapping(KFold):
    """Trains on what it tests."""

    def split(self, X, y=None, groups=None):
        for _, test in super().split(X, y):
            yield np.arange(len(X)), test


@pytest.mark.parametrize(
    ("change", "labels", "message"),
    [
        ({}, np.zeros((24, 24), int), "all are unlabelled"),
        ({}, np.eye(24, dtype=int), "at least two classes, got one class"),
        ({}, np.diag([1, 2] + 22 * [0]), "at least one class must have two labels"),
        ({}, np.ones((3, 3), int), "labels"),
        ({"cv": 1}, None, "cv"),
        ({"cv": "3"}, None, "cv"),
        ({"cv": Overlapping(3)}, None, "cv must not test what it trains on"),
        ({"cv": ShuffleSplit(3)}, None, "cv must test each sample once"),
        ({"cv": KFold(2, shuffle=False)}, "sorted", "to learn from"),
        ({"n_neighbors": 0}, None, "n_neighbors"),
        ({"position_weight": -1}, None, "position_weight"),
        ({"search": "fast"}, None, "search"),
        ({"estimator": 3}, None, "estimator"),
    ],
)
def test_what_makes_no_map_is_refused(change, labels, message):
    cube, truth = fields()
    if labels is None:
        labels = few_labels(truth)
    elif isinstance(labels, str):  # one class above the other
        labels = np.zeros_like(truth)
        labels[:2], labels[-2:] = 1, 2
    with pytest.raises(ValueError, match=message):
        classifier(**change).fit(cube, labels)


def test_a_single_class_is_refused_before_components_are_fitted():
    class Components(MinimumNoiseFraction):
        def fit(self, X, y=None, **params):
            raise AssertionError("fitted")

    cube, _ = fields()
    with pytest.raises(ValueError, match="at least two classes"):
        classifier(components=Components()).fit(cube, np.eye(24, dtype=int))


def test_two_labels_of_one_pixel_are_refused():
    cube, _ = fields()
    with pytest.raises(ValueError, match="Points 0 and 2 lie in one pixel"):
        classifier().fit(cube, ["a", "b", "c", "a"], [[0, 0], [1, 1], [0, 0], [2, 2]])


def test_a_fit_that_fails_leaves_the_map_as_it_was():
    cube, truth = fields()
    found = classifier().fit(cube, few_labels(truth))
    before = found.map_.copy()
    with pytest.raises(ValueError, match="one class"):
        found.fit(cube, np.eye(24, dtype=int))
    np.testing.assert_array_equal(found.map_, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_pixels": 0}, "n_pixels must be an integer of 1 or more"),
        ({"n_pixels": 2.5}, "n_pixels must be an integer of 1 or more"),
        ({"criterion": "luck"}, "criterion must be 'margin' or 'entropy'"),
    ],
)
def test_what_asks_for_no_pixels_is_refused(fitted, arguments, message):
    with pytest.raises(ValueError, match=message):
        fitted.label_next(**arguments)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_the_map_is_written_where_the_scene_lies(fitted, tmp_path, method):
    pytest.importorskip("rasterio")
    cube, truth = fields()
    cube[0, 0] = np.nan
    place = {"crs": "EPSG:32633", "transform": (30.0, 0.0, 5e5, 0.0, -30.0, 58e5)}
    apply(Kept(), replace(open_scene(cube), **place), tmp_path / "scene.tif", method="transform")
    found = classifier().fit(tmp_path / "scene.tif", few_labels(truth))
    names = {1: "clay", 2: "sand"}
    out = found.write_map(tmp_path / "map.tif", method=method, class_names=names)
    written = open_scene(out)
    assert written.transform == place["transform"]
    assert "32633" in written.crs or "UTM zone 33N" in written.crs
    values = np.asarray(written)
    if method == "predict":
        np.testing.assert_array_equal(values[..., 0], found.map_)
        assert written.class_names == names
    else:
        np.testing.assert_array_equal(values, found.probabilities_)
        assert written.band_names == ["clay", "sand"]
    with pytest.raises(ValueError, match="which the scene is read from"):
        found.write_map(tmp_path / "scene.tif")
    with pytest.raises(ValueError, match="method must be 'predict' or 'predict_proba', got 'fit'"):
        found.write_map(tmp_path / "map.tif", method="fit")


def test_a_map_of_a_scene_that_is_no_longer_there_is_written(fitted, tmp_path):
    cube, truth = fields()
    np.save(tmp_path / "cube.npy", cube)
    found = classifier().fit(tmp_path / "cube.npy", few_labels(truth))
    (tmp_path / "cube.npy").unlink()
    written = np.load(found.write_map(tmp_path / "map.npy"))
    np.testing.assert_array_equal(written, fitted.map_)


def test_progress_is_shown_where_it_is_asked_for(capsys):
    cube, truth = fields()
    classifier(verbose=1).fit(cube, few_labels(truth))
    assert "SceneGraphClassifier" in capsys.readouterr().err
