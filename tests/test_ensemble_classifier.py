"""Classifiers that are trusted by their folds: how sure each may be, and what share it gets."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, ShuffleSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from skhyp import (
    MinimumNoiseFraction,
    SpectralCNNClassifier,
    SpectralEnsembleClassifier,
    SpectralKernelClassifier,
)
from skhyp.fitting._trust import mixture_weights
from skhyp.scenes import apply, open_scene
from skhyp.spectra import Spectra

MEMBERS = [("logistic", LogisticRegression()), ("bayes", GaussianNB())]


class Knowing(ClassifierMixin, BaseEstimator):
    """Tells the class that stands in a column, as sure as it is told to be."""

    def __init__(self, *, column=0, sureness=0.9):
        self.column = column
        self.sureness = sureness

    def fit(self, X, y):
        self.classes_, self.seen_ = np.unique(y), sorted(np.asarray(X)[:, 2].tolist())
        return self

    def predict_proba(self, X):
        told = np.asarray(X)[:, self.column][:, None] == self.classes_
        wrong = (1 - self.sureness) / (len(self.classes_) - 1)
        return np.where(told, self.sureness, wrong)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.fixture(scope="module")
def answers():
    """Samples that hold two answers, right 9 times of 10 and 6 times, their number, and y."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(2000) % 4)
    others = (y + rng.integers(1, 4, 2000)) % 4
    columns = [np.where(rng.uniform(size=2000) < rate, y, others) for rate in (0.9, 0.6)]
    return np.column_stack([*columns, np.arange(2000)]).astype(float), y


@pytest.fixture(scope="module")
def overlapping():
    """Two classes that overlap, in ten columns."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    return rng.normal(size=(400, 10)) + 0.6 * y[:, None], np.where(y, "sand", "clay")


def test_who_is_right_more_often_gets_the_larger_share(answers):
    members = [("good", Knowing(column=0, sureness=0.7)), ("poor", Knowing(column=1, sureness=0.7))]
    ensemble = SpectralEnsembleClassifier(estimators=members, random_state=0).fit(*answers)
    assert ensemble.weights_[0] > 0.8
    assert ensemble.weights_.sum() == pytest.approx(1)
    np.testing.assert_allclose(ensemble.fold_scores_, [0.9, 0.6], atol=0.03)
    assert ensemble.score(*answers) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("sureness", [0.5, 0.9, 0.999])
def test_a_member_becomes_as_sure_as_it_is_right(answers, sureness):
    members = [("good", Knowing(column=0, sureness=sureness))]
    ensemble = SpectralEnsembleClassifier(estimators=members, random_state=0).fit(*answers)
    sure = ensemble.predict_proba(answers[0]).max(axis=1)
    np.testing.assert_allclose(sure, 0.9, atol=0.02)
    # In logarithms: from what it says to what is true.
    expected = np.log(sureness / (1 - sureness) * 3) / np.log(0.9 / 0.1 * 3)
    overall = ensemble.temperatures_[0] * ensemble.temperature_
    assert overall == pytest.approx(expected, rel=0.1)


def test_members_answer_of_spectra_that_they_were_not_fitted_to(answers, monkeypatch):
    X, y = answers
    asked = []
    monkeypatch.setattr(
        Knowing,
        "predict",
        lambda self, X: pytest.fail("probabilities are asked for"),
    )
    of_class = Knowing.predict_proba

    def predict_proba(self, X):
        asked.append((set(self.seen_), set(np.asarray(X)[:, 2].tolist())))
        return of_class(self, X)

    monkeypatch.setattr(Knowing, "predict_proba", predict_proba)
    SpectralEnsembleClassifier(estimators=[("good", Knowing())], random_state=0).fit(X, y)
    assert len(asked) == 5
    assert not any(seen & answered for seen, answered in asked)
    assert set().union(*(answered for _, answered in asked)) == set(range(2000))


def test_the_mean_is_calibrated(overlapping):
    X, y = overlapping
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, random_state=0)
    ensemble.fit(X[:200], y[:200])
    probabilities = ensemble.predict_proba(X[200:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    accuracy = ensemble.score(X[200:], y[200:])
    assert probabilities.max(axis=1).mean() == pytest.approx(accuracy, abs=0.06)
    losses = [log_loss(y[200:], m.predict_proba(X[200:])) for m in ensemble.estimators_]
    assert log_loss(y[200:], probabilities) < max(losses)


def test_out_of_fold_probabilities_are_those_of_the_folds(overlapping):
    X, y = overlapping
    groups = np.arange(400) // 40
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, cv=GroupKFold(5))
    ensemble.fit(X, y, groups=groups)
    train, test = next(GroupKFold(5).split(X, y, groups))
    mixed = 0
    for (_, member), share, temperature in zip(
        MEMBERS, ensemble.weights_, ensemble.temperatures_, strict=True
    ):
        said = clone(member).fit(X[train], y[train]).predict_proba(X[test])
        tempered = np.maximum(said, 1e-12) ** (1 / temperature)
        mixed = mixed + share * tempered / tempered.sum(axis=1, keepdims=True)
    expected = mixed ** (1 / ensemble.temperature_)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ensemble.out_of_fold_[test], expected, rtol=1e-6)


def test_groups_are_kept_whole(answers):
    X, y = answers
    groups = np.arange(2000) // 100
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, random_state=0)
    for train, test in ensemble._folds(X, y, groups):
        assert not set(groups[train]) & set(groups[test])


def test_each_fold_has_its_part_of_every_class(overlapping):
    X, y = overlapping
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, random_state=0)
    shares = [np.mean(y[test] == "sand") for _, test in ensemble._folds(X, y, None)]
    np.testing.assert_allclose(shares, np.mean(y == "sand"), atol=0.02)


def test_a_class_of_one_spectrum_is_learned_and_has_no_say(overlapping):
    X, y = overlapping
    X, y = np.vstack([X, np.full((1, 10), 9.0)]), np.append(y, "water")
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS[:1], random_state=0).fit(X, y)
    assert ensemble.classes_.tolist() == ["clay", "sand", "water"]
    assert ensemble.predict(np.full((1, 10), 9.0)).tolist() == ["water"]
    without = SpectralEnsembleClassifier(estimators=MEMBERS[:1], random_state=0).fit(X[:-1], y[:-1])
    np.testing.assert_allclose(ensemble.fold_losses_, without.fold_losses_, rtol=0.2)


def test_where_no_class_is_seen_twice_shares_are_equal():
    X, y = np.eye(4), np.array(["a", "b", "c", "d"])
    ensemble = SpectralEnsembleClassifier(estimators=[("a", Knowing()), ("b", Knowing())], cv=2)
    ensemble.fit(X, y)
    assert ensemble.weights_.tolist() == [0.5, 0.5]
    assert ensemble.temperatures_.tolist() == [1, 1]
    assert np.isnan(ensemble.fold_losses_).all()


def test_one_seed_is_one_ensemble(overlapping):
    X, y = overlapping
    members = [("network", SpectralCNNClassifier(max_epochs=2, n_filters=(2,), kernel_sizes=4))]
    first, again, other = (
        SpectralEnsembleClassifier(estimators=members, cv=2, random_state=seed).fit(X, y)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_by_default_network_discriminant_and_trees_are_asked_and_likeness_with_components():
    def names(**parameters):
        members = SpectralEnsembleClassifier(random_state=0, **parameters)._members(5)
        return dict(members)

    assert list(names()) == ["network", "discriminant", "trees"]
    components = MinimumNoiseFraction(n_components=2).fit(
        np.random.default_rng(0).normal(size=(9, 9))
    )
    members = names(components=FrozenEstimator(components))
    assert list(members) == [
        *("network", "discriminant", "trees"),
        *("likeness", "components_network"),
    ]
    assert isinstance(members["likeness"][-1], SpectralKernelClassifier)
    # It has learned from the scene, and is not to be fitted to few pixels.
    assert members["likeness"][0].estimator is components


def test_a_map_of_few_labels_is_made_with_components_of_the_scene(spectra, small_classifier):
    X, y = spectra
    wavelengths = np.linspace(400, 1000, 40)
    scene = open_scene(X.reshape(10, 12, 40), wavelengths=wavelengths)
    components = FrozenEstimator(MinimumNoiseFraction(n_components=5).fit(scene))
    ensemble = SpectralEnsembleClassifier(components=components, cv=2, random_state=0)
    few = np.arange(0, 120, 4)
    ensemble.fit(Spectra(X, wavelengths)[few], y[few] + 1)
    assert ensemble.score(X, y + 1) > 0.9
    mapped = np.asarray(apply(ensemble, scene))
    np.testing.assert_array_equal(mapped.ravel(), ensemble.predict(X))


def test_it_is_searched_cloned_and_pickled(overlapping):
    X, y = overlapping
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, cv=2, random_state=0)
    search = GridSearchCV(ensemble, {"logistic__C": [0.01, 1.0]}, cv=2).fit(X, y)
    best = search.best_estimator_
    assert search.best_params_["logistic__C"] == best.named_estimators_["logistic"].C
    restored = pickle.loads(pickle.dumps(best))
    np.testing.assert_array_equal(restored.predict_proba(X), best.predict_proba(X))
    again = clone(best).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), best.predict_proba(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"estimators": []}, "a member or more"),
        ({"estimators": [("svm", LinearSVC())]}, "classifiers with predict_proba, got 'svm'"),
        ({"components": MinimumNoiseFraction()}, "'components' parameter"),
        ({"cv": 1}, "'cv' parameter"),
        ({"cv": ShuffleSplit(2)}, "must test each sample once"),
        ({"shrinkage": -1}, "'shrinkage' parameter"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(overlapping, parameters, message):
    with pytest.raises(ValueError, match=message):
        SpectralEnsembleClassifier(**{"estimators": MEMBERS} | parameters).fit(*overlapping)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, np.full(len(y), "clay")), "at least two classes, got one class"),
        (lambda X, y: (X, np.linspace(0, 1, len(y))), "Unknown label type"),
        (lambda X, y: (X[:3], ["a", "b", "a"]), "at least 4 samples"),
        (
            lambda X, y: (X[:9], ["clay"] * 8 + ["sand"]),
            r"one of these has the class \['clay'\] alone to learn from",
        ),
        (lambda X, y: (np.where(X > 0, np.nan, X), y), "contains NaN"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(overlapping, change, message):
    with pytest.raises(ValueError, match=message):
        SpectralEnsembleClassifier(estimators=MEMBERS).fit(*change(*overlapping))


def test_a_fit_that_fails_leaves_the_former_one(overlapping):
    X, y = overlapping
    ensemble = SpectralEnsembleClassifier(estimators=MEMBERS, random_state=0).fit(X, y)
    before = ensemble.predict_proba(X)
    with pytest.raises(ValueError, match="one class"):
        ensemble.fit(X[:, :3], np.full(len(X), 1))
    np.testing.assert_array_equal(ensemble.predict_proba(X), before)


def test_shares_are_those_that_make_the_right_classes_likeliest():
    right = np.random.default_rng(0).uniform(0.05, 1, size=(50, 2)) * [1, 0.8]
    found = mixture_weights(right, shrinkage=0)[0]
    shares = np.linspace(0, 1, 10_001)
    likelihoods = np.log(np.outer(right[:, 0], shares) + np.outer(right[:, 1], 1 - shares))
    assert found == pytest.approx(shares[likelihoods.sum(axis=0).argmax()], abs=1e-3)


def test_shares_are_drawn_to_equal_ones():
    right = np.column_stack([np.full(20, 0.9), np.full(20, 0.1)])
    plain, drawn, most = (mixture_weights(right, shrinkage=s)[0] for s in (0, 1, 1e6))
    assert plain == pytest.approx(1, abs=1e-6)
    assert 0.5 < drawn < 0.95
    assert most == pytest.approx(0.5, abs=1e-3)


def test_a_member_that_knows_nothing_does_no_harm(overlapping):
    X, y = overlapping
    alone = SpectralEnsembleClassifier(estimators=MEMBERS[:1], shrinkage=0, random_state=0)
    beside = clone(alone).set_params(estimators=[*MEMBERS[:1], ("share", DummyClassifier())])
    alone.fit(X[:200], y[:200])
    beside.fit(X[:200], y[:200])
    assert beside.score(X[200:], y[200:]) == pytest.approx(alone.score(X[200:], y[200:]), abs=0.02)
