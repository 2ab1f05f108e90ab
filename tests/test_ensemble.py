"""Members are trusted as far as their out-of-fold predictions deserve."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from skhyp import SpectralEnsembleRegressor, SpectralPLSRegressor
from skhyp.fitting._trust import least_squares_weights
from skhyp.spectra import Spectra


@pytest.fixture(scope="module")
def linear():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 12))
    return X, X @ rng.normal(size=12) + 0.05 * rng.normal(size=90)


@pytest.fixture
def members():
    return [("ridge", Ridge(1e-3)), ("neighbours", KNeighborsRegressor(3))]


def test_a_member_that_predicts_nothing_has_no_share(linear, members):
    ensemble = SpectralEnsembleRegressor(
        estimators=[*members, ("mean", DummyRegressor())], random_state=0
    ).fit(*linear)
    assert ensemble.weights_[0] > 0.99 and ensemble.weights_.sum() == pytest.approx(1)
    assert ensemble.fold_errors_[0] < 0.1 < ensemble.fold_errors_[1] < ensemble.fold_errors_[2]


def test_predictions_are_the_weighted_mean_of_members_fitted_to_all(linear, members):
    X, y = linear
    ensemble = SpectralEnsembleRegressor(estimators=members, random_state=0).fit(X, y)
    alone = [clone(member).fit(X, y).predict(X) for _, member in members]
    np.testing.assert_allclose(ensemble.predict(X), ensemble.weights_ @ alone, rtol=1e-12)
    assert ensemble.named_estimators_.ridge is ensemble.estimators_[0]


def test_errors_and_predictions_of_folds_are_those_of_scikit_learn(linear, members):
    X, y = linear
    folds = KFold(4, shuffle=True, random_state=5)
    ensemble = SpectralEnsembleRegressor(estimators=members, cv=folds, shrinkage=0).fit(X, y)
    answers = np.stack([cross_val_predict(clone(m), X, y, cv=folds) for _, m in members], axis=1)
    expected = np.sqrt(np.mean((answers - y[:, None]) ** 2, axis=0))
    np.testing.assert_allclose(ensemble.fold_errors_, expected, rtol=1e-12)
    np.testing.assert_allclose(ensemble.out_of_fold_, answers @ ensemble.weights_, rtol=1e-12)


def test_weights_are_the_best_of_all_shares():
    rng = np.random.default_rng(1)
    errors = rng.normal(size=(200, 3)) * [1, 1.5, 3] + 0.5 * rng.normal(size=(200, 1))
    found = least_squares_weights(errors, shrinkage=0.3)
    assert (found >= 0).all() and found.sum() == pytest.approx(1)

    least = np.mean(errors**2, axis=0).min()

    def objective(weights):
        penalty = 0.3 * least * np.sum((weights - 1 / 3) ** 2, axis=-1)
        return np.mean((weights @ errors.T) ** 2, axis=-1) + penalty

    others = rng.dirichlet(np.ones(3), 20_000)
    assert objective(found) <= objective(others).min() + 1e-9
    assert objective(np.array([0.0, 0.0, 1.0])) > objective(found)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_weights_do_not_depend_on_the_unit(scale):
    errors = np.random.default_rng(2).normal(size=(50, 4)) * [1, 2, 3, 4]
    expected = least_squares_weights(errors, shrinkage=0.3)
    np.testing.assert_allclose(least_squares_weights(scale * errors, shrinkage=0.3), expected)


def test_shrinkage_draws_weights_to_equal_ones():
    errors = np.random.default_rng(3).normal(size=(100, 3)) * [1, 2, 4]
    distances = [
        np.abs(least_squares_weights(errors, shrinkage=shrinkage) - 1 / 3).max()
        for shrinkage in (0, 1, 10, 1e6)
    ]
    assert distances == sorted(distances, reverse=True) and distances[-1] < 1e-4


def test_members_without_an_error_share_what_there_is():
    errors = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    np.testing.assert_array_equal(least_squares_weights(errors, shrinkage=0.3), [0.5, 0, 0.5])


def test_each_target_trusts_members_by_itself(linear, members):
    X, y = linear
    ensemble = SpectralEnsembleRegressor(estimators=members, random_state=0)
    both = ensemble.fit(X, np.column_stack([y, np.sign(X[:, 0]) * X[:, 1] ** 2]))
    assert both.weights_.shape == both.fold_errors_.shape == (2, 2)
    assert both.weights_[0, 0] > 0.99 and both.weights_[1, 1] > 0.3
    alone = clone(ensemble).fit(X, y)
    np.testing.assert_allclose(both.weights_[0], alone.weights_, rtol=1e-6)
    assert both.predict(X).shape == (90, 2) and alone.predict(X).shape == (90,)
    assert clone(ensemble).fit(X, y[:, None]).predict(X).shape == (90, 1)


def test_groups_are_on_one_side_of_each_fold(linear, members):
    X, y = linear
    groups = np.repeat(np.arange(9), 10)
    ensemble = SpectralEnsembleRegressor(estimators=members, cv=3).fit(X, y, groups=groups)
    answers = np.stack(
        [
            cross_val_predict(clone(member), X, y, groups=groups, cv=GroupKFold(3))
            for _, member in members
        ],
        axis=1,
    )
    expected = np.sqrt(np.mean((answers - y[:, None]) ** 2, axis=0))
    np.testing.assert_allclose(ensemble.fold_errors_, expected, rtol=1e-12)


@pytest.mark.parametrize("n_groups", [2, 3, 6])
def test_the_default_members_take_as_few_groups_as_there_are(linear, n_groups, monkeypatch):
    X, y = linear
    groups = np.arange(90) * n_groups // 90
    # All but the network, which knows of no groups.
    default = SpectralEnsembleRegressor._default_members
    monkeypatch.setattr(
        SpectralEnsembleRegressor, "_default_members", lambda *given: default(*given)[:2]
    )
    ensemble = SpectralEnsembleRegressor(random_state=0).fit(X, y, groups=groups)
    pls = ensemble.named_estimators_["pls"]
    assert pls.cv == {2: 2, 3: 2, 6: 4}[n_groups]
    alone = SpectralPLSRegressor(cv=pls.cv).fit(X, y, groups=groups)
    np.testing.assert_array_equal(pls.cv_errors_, alone.cv_errors_)


def test_the_default_members_take_as_few_samples_as_there_may_be(linear, monkeypatch):
    X, y = linear
    default = SpectralEnsembleRegressor._default_members
    monkeypatch.setattr(
        SpectralEnsembleRegressor, "_default_members", lambda *given: default(*given)[:2]
    )
    ensemble = SpectralEnsembleRegressor(random_state=0).fit(X[:4], y[:4])
    assert ensemble.named_estimators_["pls"].cv == 3


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(90, "1.5"), "y must hold numbers, got values of the type <U3"),
        (np.arange(90).astype("datetime64[D]"), "y must hold numbers, got values of the type"),
        (np.full(90, None), "y must hold numbers, got None among its values"),
    ],
    ids=["text", "dates", "nothing"],
)
def test_values_that_are_no_numbers_are_not_made_some(linear, members, y, message):
    with pytest.raises(ValueError, match=message):
        SpectralEnsembleRegressor(estimators=members).fit(linear[0], y)


def test_one_seed_is_one_model_and_seeds_what_has_none(linear):
    X, y = linear
    tree = DecisionTreeRegressor(max_features=1)
    members = [("drawn", tree), ("fixed", clone(tree).set_params(random_state=3))]
    first, second, other = (
        SpectralEnsembleRegressor(estimators=members, random_state=seed).fit(X, y)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    assert first.estimators_[0].random_state != other.estimators_[0].random_state
    assert first.estimators_[1].random_state == 3
    assert tree.random_state is None, "the user's own estimator was changed"


def test_two_processes_give_the_same_bits(linear, members):
    one, two = (
        SpectralEnsembleRegressor(estimators=members, random_state=0, n_jobs=n_jobs).fit(*linear)
        for n_jobs in (None, 2)
    )
    np.testing.assert_array_equal(one.predict(linear[0]), two.predict(linear[0]))


def test_a_pickle_predicts_the_same(linear, members):
    ensemble = SpectralEnsembleRegressor(estimators=members, random_state=0).fit(*linear)
    again = pickle.loads(pickle.dumps(ensemble))
    np.testing.assert_array_equal(again.predict(linear[0]), ensemble.predict(linear[0]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimators": []}, "estimators must have a member or more"),
        ({"estimators": [Ridge()]}, r"estimators must be a list of \(name, estimator\)"),
        ({"estimators": [("a", Ridge()), ("a", Ridge())]}, "not unique"),
        ({"estimators": [("a", LogisticRegression())]}, "must be regressors, got 'a'"),
        ({"cv": ShuffleSplit(3, random_state=0)}, "cv must test each sample once"),
        ({"cv": 1}, "'cv' parameter"),
        ({"shrinkage": -1}, "'shrinkage' parameter"),
    ],
)
def test_what_makes_no_ensemble_is_refused(linear, members, changes, message):
    ensemble = SpectralEnsembleRegressor(**{"estimators": members} | changes)
    with pytest.raises(ValueError, match=message):
        ensemble.fit(*linear)
    assert not hasattr(ensemble, "estimators_")


def test_few_samples_make_few_folds_and_too_few_are_refused(linear, members):
    X, y = linear
    members = [("ridge", Ridge()), ("mean", DummyRegressor())]
    few = SpectralEnsembleRegressor(estimators=members, random_state=0).fit(X[:4], y[:4])
    assert few.out_of_fold_.shape == (4,)
    with pytest.raises(ValueError, match="needs at least 4 samples, got n_samples = 3"):
        clone(few).fit(X[:3], y[:3])
    with pytest.raises(ValueError, match="needs at least 2 groups, got n_samples = 9 in 1 groups"):
        clone(few).fit(X[:9], y[:9], groups=np.zeros(9))


def test_masked_values_are_refused(linear, members):
    X, y = linear
    with pytest.raises(ValueError, match="y is a masked array"):
        SpectralEnsembleRegressor(estimators=members).fit(X, np.ma.masked_less(y, 0))


def test_bands_of_other_wavelengths_are_refused(members):
    rng = np.random.default_rng(0)
    X = Spectra(rng.normal(size=(30, 5)), [400, 500, 600, 700, 800])
    ensemble = SpectralEnsembleRegressor(estimators=members).fit(X, np.asarray(X)[:, 0])
    ensemble.predict(X)
    with pytest.raises(ValueError, match="X has other bands"):
        ensemble.predict(Spectra(X, [410, 510, 610, 710, 810]))
