"""Bands that a model rests on are important, as groups, and others are not."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp import HypPreprocessor
from skhyp.inspection import band_groups, band_permutation_importance
from skhyp.spectra import Spectra


@pytest.fixture(scope="module")
def copies():
    """Classes that twenty neighbouring bands tell, each a copy of the others; 40 are noise."""
    rng = np.random.default_rng(0)
    y = np.repeat([1, 2], 150)
    X = rng.normal(size=(300, 60))
    X[:, 20:40] = (3 * y + rng.normal(scale=0.5, size=300))[:, None] + 0.01 * X[:, 20:40]
    return X, y


def test_bands_that_tell_the_same_are_important_together_and_not_alone(copies):
    X, y = copies
    model = LogisticRegression().fit(X, y)
    together = band_permutation_importance(model, X, y, groups=20, random_state=0)
    assert together.score > 0.95
    assert np.argmax(together.importances_mean) == 1 and together.importances_mean[1] > 0.3
    assert np.abs(together.importances_mean[[0, 2]]).max() < 0.05
    alone = band_permutation_importance(model, X, y, groups=1, random_state=0)
    assert alone.importances_mean.max() < 0.1


def test_the_same_seed_gives_the_same_importances(copies):
    X, y = copies
    model = LogisticRegression().fit(X, y)
    first, again, other = (
        band_permutation_importance(model, X, y, groups=20, random_state=seed).importances
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and first.shape == (3, 5)


def test_the_spectra_stay_as_they_were_and_groups_may_be_chosen(copies):
    X, y = copies
    before = X.copy()
    model = LogisticRegression().fit(X, y)
    importance = band_permutation_importance(
        model, X, y, groups=[[0, 59], np.arange(20, 40)], n_repeats=2, scoring="neg_log_loss"
    )
    np.testing.assert_array_equal(X, before)
    assert importance.importances.shape == (2, 2)
    assert importance.importances_mean[1] > importance.importances_mean[0]
    np.testing.assert_allclose(importance.importances_std, importance.importances.std(axis=1))


def test_a_regressor_is_scored_by_its_values(measured, fitted_regressor):
    importance = band_permutation_importance(fitted_regressor, *measured, groups=8, random_state=0)
    assert importance.score == fitted_regressor.score(*measured) > 0.9
    assert len(importance.groups) == 5 and importance.importances_mean.min() > 0


def test_an_autoencoder_is_looked_into_without_labels(spectra, fitted_autoencoder):
    X, _ = spectra
    importance = band_permutation_importance(fitted_autoencoder, X, groups=8, random_state=0)
    assert len(importance.groups) == 5 and importance.importances_mean.max() > 0


def test_wavelengths_come_from_the_model_and_groups_end_at_gaps(copies):
    X, y = copies
    wavelengths = np.r_[np.linspace(400, 690, 30), np.linspace(900, 1190, 30)]
    model = make_pipeline(HypPreprocessor(wavelengths=wavelengths), LogisticRegression()).fit(X, y)
    importance = band_permutation_importance(model, X, y, groups=20, n_repeats=1)
    np.testing.assert_array_equal(importance.wavelengths, wavelengths)
    assert [(group[0], group[-1]) for group in importance.groups] == [
        *((0, 14), (15, 29), (30, 44), (45, 59)),
    ]


@pytest.mark.parametrize("n_bands", [1, 7, 40])
@pytest.mark.parametrize("width", [1, 3, 100])
def test_groups_have_each_band_once_and_keep_their_width(n_bands, width):
    groups = band_groups(n_bands, width)
    np.testing.assert_array_equal(np.concatenate(groups), np.arange(n_bands))
    assert max(map(len, groups)) <= width


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[99]], "bands from 0 to 59"),
        ([[]], "as integers"),
        ([[0.5]], "as integers"),
        (0, "groups"),
    ],
)
def test_groups_that_are_none(copies, groups, message):
    X, y = copies
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=message):
        band_permutation_importance(model, X, y, groups=groups)


def test_the_wavelengths_of_a_wrapped_model_end_its_groups_at_gaps():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 6)), np.repeat([1, 2], 30)
    wavelengths = np.array([400.0, 410, 420, 800, 810, 820])
    pipeline = make_pipeline(HypPreprocessor(wavelengths=wavelengths), GaussianNB())
    model = CalibratedClassifierCV(pipeline, cv=2).fit(X, y)
    importance = band_permutation_importance(model, X, y, groups=4, n_repeats=1, random_state=0)
    np.testing.assert_array_equal(importance.wavelengths, wavelengths)
    assert [group.tolist() for group in importance.groups] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("first", [None, StandardScaler()])
def test_spectra_in_another_order_are_refused(copies, first):
    X, y = copies
    wavelengths = 400 + 10 * np.arange(X.shape[1])
    spectra = Spectra(X, wavelengths)
    model = make_pipeline(first, HypPreprocessor(wavelengths=wavelengths), GaussianNB())
    model.fit(spectra, y)
    assert band_permutation_importance(model, spectra, y, groups=20).score > 0.9
    with pytest.raises(ValueError, match=r"X has other bands .* band 0 at 990 nm, not at 400 nm"):
        band_permutation_importance(model, spectra[:, ::-1], y, groups=20)


def test_spectra_on_the_kept_bands_alone_are_scored_as_the_model_does(copies):
    X, y = copies
    wavelengths = 400 + 10 * np.arange(X.shape[1])
    kept = np.arange(10, 50)
    model = make_pipeline(HypPreprocessor(wavelengths=wavelengths, bands=kept), GaussianNB())
    alone = Spectra(X, wavelengths)[:, kept]
    found = band_permutation_importance(model.fit(X, y), alone, y, groups=20)
    np.testing.assert_array_equal(found.wavelengths, wavelengths[kept])
    assert found.score == model.score(alone, y)
