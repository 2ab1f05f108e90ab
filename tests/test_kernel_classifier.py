"""Classes by likeness: what leaving out says, calibrated scores, and what is refused."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import make_pipeline

from skhyp import MinimumNoiseFraction, SpectralKernelClassifier, kernel_classifier
from skhyp.scenes import apply, open_scene
from skhyp.spectra import Spectra


@pytest.fixture(scope="module")
def fitted(spectra):
    X, y = spectra
    return SpectralKernelClassifier().fit(X, y)


def refitted_without(X, y, row, classifier):
    """Return the scores of a row by a ridge regression of the others, as they were chosen."""
    others = np.arange(len(X)) != row
    Z = (X - classifier.mean_) / classifier.unit_
    targets = (y[others, None] == classifier.classes_).astype(float)
    kernel = rbf_kernel(Z[others], gamma=classifier.gamma_)
    # The mean is not penalised: it is one unknown more.
    n = len(kernel)
    system = np.block(
        [[kernel + classifier.alpha_ * np.eye(n), np.ones((n, 1))], [np.ones((1, n)), 0]]
    )
    solved = np.linalg.solve(system, np.vstack([targets, np.zeros((1, targets.shape[1]))]))
    return (
        rbf_kernel(Z[row : row + 1], Z[others], gamma=classifier.gamma_) @ solved[:-1] + solved[-1]
    )


def test_scores_of_left_out_spectra_are_those_of_refits_without_them(spectra, fitted):
    X, y = spectra
    for row in (0, 17, 119):
        expected = refitted_without(X.astype(float), y, row, fitted)[0]
        np.testing.assert_allclose(fitted.loo_scores_[row], expected, atol=1e-8)


def test_what_is_chosen_has_the_least_error(spectra, fitted):
    g, a = np.unravel_index(np.argmin(fitted.loo_errors_), fitted.loo_errors_.shape)
    targets = spectra[1][:, None] == fitted.classes_
    errors = np.square(targets - fitted.loo_scores_).mean()
    assert fitted.loo_errors_.shape == (5, 16)
    assert errors == pytest.approx(fitted.loo_errors_[g, a], rel=1e-9)
    assert fitted.alpha_ == pytest.approx(np.geomspace(1e-3, 100, 16)[a])


def test_spectra_are_told_apart_by_their_shapes(spectra, fitted, spectra_factory):
    X, y = spectra_factory(seed=1)
    assert fitted.score(X, y) > 0.95


def test_probabilities_are_as_sure_as_they_are_right():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 1200)
    X = rng.normal(size=(1200, 5)) + np.eye(3, 5)[y]  # classes that overlap
    classifier = SpectralKernelClassifier().fit(X[:300], y[:300])
    probabilities = classifier.predict_proba(X[300:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    accuracy = np.mean(classifier.predict(X[300:]) == y[300:])
    assert 0.5 < accuracy < 0.8
    assert probabilities.max(axis=1).mean() == pytest.approx(accuracy, abs=0.06)
    scores = classifier.decision_function(X[300:])
    for factor in (0.3, 3):
        other = np.exp(scores / (factor * classifier.temperature_))
        other /= other.sum(axis=1, keepdims=True)
        assert log_loss(y[300:], probabilities) < log_loss(y[300:], other)


def test_classes_that_are_told_apart_without_an_error_are_not_certain():
    X = np.repeat([[0.0, 1], [1, 0]], 5, axis=0) + 0.01 * np.eye(10, 2)
    classifier = SpectralKernelClassifier().fit(X, np.repeat(["a", "b"], 5))
    assert classifier.predict([[0, 1], [1, 0]]).tolist() == ["a", "b"]
    assert 0.8 < classifier.predict_proba([[0, 1]])[0, 0] < 0.99


def test_of_two_classes_the_decision_is_a_difference(spectra):
    X, y = spectra
    classifier = SpectralKernelClassifier().fit(X, np.where(y == 2, "other", "first"))
    decisions = classifier.decision_function(X)
    assert decisions.shape == (120,)
    np.testing.assert_array_equal(classifier.predict(X) == "other", decisions > 0)


@pytest.mark.parametrize("factor", [1e-20, 1e-3, 1e20])
def test_the_unit_of_spectra_changes_nothing(spectra, fitted, factor):
    X, y = spectra
    other = SpectralKernelClassifier().fit(X * np.float64(factor), y)
    np.testing.assert_allclose(other.loo_scores_, fitted.loo_scores_, atol=1e-5)
    assert other.gamma_ == pytest.approx(fitted.gamma_, rel=1e-5)


def test_columns_that_vary_more_count_more():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    X = rng.normal(size=(80, 2))
    X[:, 0] += 3 * y
    by_the_first = SpectralKernelClassifier().fit(X * [1, 0.01], y)
    by_the_second = SpectralKernelClassifier().fit(X * [0.01, 1], y)
    assert by_the_first.loo_errors_.min() < 0.75 * by_the_second.loo_errors_.min()


def test_rows_in_blocks_are_predicted_like_rows_at_once(spectra, fitted, monkeypatch):
    X, _ = spectra
    at_once = fitted.predict_proba(X)
    monkeypatch.setattr(kernel_classifier, "_BLOCK_VALUES", 7 * len(X))
    np.testing.assert_allclose(fitted.predict_proba(X), at_once, rtol=1e-6)


def test_numbers_of_any_type_give_the_same_to_their_precision(spectra, fitted):
    X, y = spectra
    assert fitted.predict_proba(X).dtype == np.float32
    assert fitted.predict_proba(X.astype(np.float64)).dtype == np.float64
    stored = np.round(X * 10_000)
    as_integers = SpectralKernelClassifier().fit(stored.astype(np.int16), y)
    as_floats = SpectralKernelClassifier().fit(stored, y)
    np.testing.assert_array_equal(as_integers.loo_scores_, as_floats.loo_scores_)


def test_a_map_is_made_of_components_of_the_whole_scene(spectra):
    X, y = spectra
    cube = X.reshape(10, 12, 40)
    wavelengths = np.linspace(400, 1000, 40)
    scene = open_scene(cube, wavelengths=wavelengths)
    components = MinimumNoiseFraction(n_components=5).fit(scene)
    model = make_pipeline(FrozenEstimator(components), SpectralKernelClassifier())
    model.fit(Spectra(X, wavelengths), y + 1)
    np.testing.assert_array_equal(np.asarray(apply(model, scene)).ravel(), model.predict(X))


def test_it_knows_its_bands(spectra):
    X, y = spectra
    wavelengths = np.linspace(400, 1000, 40)
    classifier = SpectralKernelClassifier().fit(Spectra(X, wavelengths), y)
    np.testing.assert_array_equal(classifier.wavelengths_, wavelengths)
    with pytest.raises(ValueError, match="other bands than those"):
        classifier.predict(Spectra(X, wavelengths + 50))


def test_it_is_kept_by_pickle_clone_and_config(spectra, fitted):
    X, y = spectra
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict_proba(X), fitted.predict_proba(X))
    again = SpectralKernelClassifier.from_config(clone(fitted).to_config()).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("n_spectra", [2, 3, 4])
def test_very_few_spectra_are_enough(n_spectra):
    X = np.arange(2.0 * n_spectra).reshape(n_spectra, 2)
    y = np.arange(n_spectra) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probabilities = SpectralKernelClassifier().fit(X, y).predict_proba(X)
    assert np.isfinite(probabilities).all()


def test_spectra_that_are_all_equal_are_of_each_class_as_often_as_seen():
    classifier = SpectralKernelClassifier().fit(np.ones((6, 3)), [0, 0, 0, 0, 1, 1])
    assert classifier.predict(np.ones((1, 3))).tolist() == [0]
    np.testing.assert_allclose(classifier._scores(np.ones((1, 3))), [[4 / 6, 2 / 6]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gammas": ()}, "gammas must hold numbers"),
        ({"gammas": (0.0,)}, "gammas must hold numbers from 1e-12"),
        ({"alpha_range": (1.0, 0.1)}, "the lower one first"),
        ({"alpha_range": (1.0,)}, "two numbers"),
        ({"n_alphas": 0}, "'n_alphas' parameter"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(spectra, parameters, message):
    with pytest.raises(ValueError, match=message):
        SpectralKernelClassifier(**parameters).fit(*spectra)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, np.zeros(len(y))), "at least two classes, got one class"),
        (lambda X, y: (X, y + 0.5), "Unknown label type: continuous"),
        (lambda X, y: (X[:5], y), "inconsistent numbers of samples"),
        (lambda X, y: (np.where(X > 0, np.nan, X), y), "contains NaN"),
        (lambda X, y: (X.astype(float) * 1e80, y), "can be computed with"),
        (lambda X, y: (X, np.ma.masked_equal(y, 1)), "masked"),
        (lambda X, y: (np.zeros((20_001, 1)), np.arange(20_001) % 2), "20000 spectra at most"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(spectra, change, message):
    with pytest.raises(ValueError, match=message):
        SpectralKernelClassifier().fit(*change(*spectra))


def test_a_fit_that_fails_leaves_the_former_one(spectra):
    X, y = spectra
    classifier = SpectralKernelClassifier().fit(X, y)
    before = classifier.predict_proba(X)
    with pytest.raises(ValueError, match="one class"):
        classifier.fit(X[:, :5], np.ones(len(X)))
    np.testing.assert_array_equal(classifier.predict_proba(X), before)
