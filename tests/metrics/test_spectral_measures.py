"""The measures against plain arithmetic, and the scorers at work inside scikit-learn."""

import math
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from skhyp.metrics import (
    MEASURES,
    SID_FLOOR,
    cosine_spectral_angle,
    fisher_discriminant_ratio,
    make_reconstruction_scorer,
    spectral_angle,
    spectral_information_divergence,
    sum_of_squared_errors,
)
from skhyp.spectra import Spectra

# What becomes of negative values is tested here, and that it is told of in one test.
pytestmark = pytest.mark.filterwarnings("ignore:Distributions, as which spectra are compared")

GAIN_FREE = ["csa", "sa", "sid"]


def _shares_by_hand(x):
    positive = [max(value, 0.0) for value in x]
    total = math.fsum(positive)
    shares = [value / total if total else 1 / len(x) for value in positive]
    return [max(share, SID_FLOOR) for share in shares]


def _by_hand(name, x, y):
    """The textbook formulae, one Python float at a time."""
    x, y = [float(value) for value in x], [float(value) for value in y]
    if name == "sse":
        return math.fsum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    if name == "sid":
        pairs = zip(_shares_by_hand(x), _shares_by_hand(y), strict=True)
        return math.fsum((p - q) * (math.log(p) - math.log(q)) for p, q in pairs)
    dot = math.fsum(a * b for a, b in zip(x, y, strict=True))
    cosine = dot / (math.hypot(*x) * math.hypot(*y))
    return 1 - cosine if name == "csa" else math.acos(min(1.0, max(-1.0, cosine)))


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 1e-4)])
def test_measures_agree_with_the_textbook_formulae(name, dtype, rtol):
    generator = np.random.default_rng(0)
    X = generator.uniform(-0.2, 1.0, size=(40, 17)).astype(dtype)
    Y = generator.uniform(-0.2, 1.0, size=(40, 17)).astype(dtype)
    expected = [_by_hand(name, x, y) for x, y in zip(X, Y, strict=True)]
    errors = MEASURES[name](X, Y)
    assert errors.dtype == dtype
    np.testing.assert_allclose(errors, expected, rtol=rtol)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("against", ["rows", "library"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_perfect_reconstruction_is_exactly_zero_and_never_nan(name, against, dtype):
    generator = np.random.default_rng(1)
    for n_bands in (1, 2, 3, 7, 16, 103, 200, 225):
        X = generator.normal(size=(60, n_bands)).astype(dtype)
        X *= np.exp(generator.uniform(-30, 30, size=(60, 1))).astype(dtype)
        errors = MEASURES[name](X, np.asfortranarray(X), against=against)
        assert np.isfinite(errors).all() or name == "sse"
        assert np.all(np.diagonal(errors) == 0 if against == "library" else errors == 0)


@pytest.mark.parametrize("name", MEASURES)
def test_measures_are_symmetric(name):
    generator = np.random.default_rng(2)
    X, Y = generator.normal(size=(2, 50, 9))
    np.testing.assert_array_equal(MEASURES[name](X, Y), MEASURES[name](Y, X))


@pytest.mark.parametrize("name", GAIN_FREE)
@pytest.mark.parametrize("gain", [1e-30, 1e-3, 4096.0, 1e30])
def test_angles_and_divergences_ignore_the_gain_even_where_squares_would_overflow(name, gain):
    generator = np.random.default_rng(3)
    X, Y = generator.uniform(0.1, 1, size=(2, 30, 50)).astype(np.float32)
    expected = MEASURES[name](X, Y)
    np.testing.assert_allclose(MEASURES[name](X * np.float32(gain), Y), expected, rtol=2e-5)
    np.testing.assert_allclose(MEASURES[name](X, Y * np.float32(gain)), expected, rtol=2e-5)


def test_squared_errors_that_float32_cannot_hold_are_infinite_without_a_warning():
    X = np.full((1, 4), 1e30, dtype=np.float32)
    assert sum_of_squared_errors(X, -X) == np.inf
    assert sum_of_squared_errors(X, X) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_spectrum_without_direction_is_a_right_angle_from_any_other(dtype):
    nothing = np.zeros((2, 5), dtype=dtype)
    nothing[1] = np.finfo(dtype).tiny / 4
    something = np.full((2, 5), 3, dtype=dtype)
    np.testing.assert_array_equal(cosine_spectral_angle(nothing, something), [1, 1])
    np.testing.assert_allclose(spectral_angle(nothing, something), np.pi / 2, rtol=1e-6)
    for measure in (cosine_spectral_angle, spectral_angle):
        np.testing.assert_array_equal(measure(something, nothing), measure(nothing, something))
        np.testing.assert_array_equal(measure(nothing, nothing[::-1]), [0, 0])


def test_opposite_spectra_are_half_a_turn_apart():
    x = np.array([[0.2, 0.5, 0.9]])
    np.testing.assert_allclose(spectral_angle(x, -3 * x), np.pi, rtol=1e-15)
    np.testing.assert_allclose(cosine_spectral_angle(x, -3 * x), 2, rtol=1e-15)


@pytest.mark.parametrize("angle", [1e-2, 1e-5, 1e-9, 1e-13])
@pytest.mark.parametrize("against", ["rows", "library"])
def test_small_angles_keep_their_digits(angle, against):
    x, y = [[1.0, 0.0]], [[math.cos(angle), math.sin(angle)]]
    np.testing.assert_allclose(spectral_angle(x, y, against=against).ravel(), angle, rtol=1e-12)
    np.testing.assert_allclose(
        cosine_spectral_angle(x, y, against=against).ravel(), angle**2 / 2, rtol=1e-4
    )


def test_the_divergence_counts_negative_values_as_zero_and_nothing_positive_as_flat():
    np.testing.assert_array_equal(
        spectral_information_divergence([[1.0, -5.0, 2.0]], [[1.0, 0.0, 2.0]]), [0]
    )
    flat, rising = np.ones((3, 4)), np.arange(1.0, 5.0)
    none_positive = np.array([[0.0] * 4, [-1.0] * 4, [-1e300] * 4])
    np.testing.assert_array_equal(
        spectral_information_divergence(none_positive, rising),
        spectral_information_divergence(flat, rising),
    )
    # Disjoint spectra are as far apart as the floor lets them be.
    worst = spectral_information_divergence([[1.0, 0.0]], [[0.0, 1.0]])
    np.testing.assert_allclose(worst, -2 * math.log(SID_FLOOR), rtol=1e-6)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_library_is_every_row_against_every_entry_however_it_is_cut(name, dtype, monkeypatch):
    generator = np.random.default_rng(4)
    X = generator.normal(size=(23, 11)).astype(dtype)
    library = np.vstack([generator.normal(size=(4, 11)), np.zeros(11), X[3]]).astype(dtype)
    expected = np.column_stack([MEASURES[name](X, entry) for entry in library])
    assert expected.dtype == dtype
    for chunk_values in (1, 50, 2**18):
        monkeypatch.setattr("skhyp.metrics._spectral.CHUNK_VALUES", chunk_values)
        errors = MEASURES[name](X, library, against="library")
        np.testing.assert_array_equal(errors, expected)
        np.testing.assert_array_equal(
            MEASURES[name](X, X[::-1]), np.diagonal(MEASURES[name](X, X[::-1], against="library"))
        )
    assert MEASURES[name](X, library[0], against="library").shape == (23, 1)


@pytest.mark.parametrize("name", MEASURES)
def test_integers_are_computed_in_double_precision_and_do_not_wrap(name):
    X = np.array([[65535, 1, 300]], dtype=np.uint16)
    Y = np.array([[1, 65535, 300]], dtype=np.uint16)
    errors = MEASURES[name](X, Y)
    assert errors.dtype == np.float64
    np.testing.assert_allclose(errors, [_by_hand(name, X[0], Y[0])], rtol=1e-9)
    assert MEASURES[name](X.astype(np.float32), Y).dtype == np.float64


@pytest.mark.parametrize(
    ("X", "Y", "against", "message"),
    [
        (np.ones((3, 4)), np.ones((3, 5)), "rows", "Y must have as many bands as X, which has 4"),
        (np.ones((3, 4)), np.ones((2, 4)), "rows", 'To compare all pairs, use against="library"'),
        (np.ones((3, 4)), np.ones((1, 4)), "rows", "Y must have as many rows as X, which has 3"),
        (np.ones((3, 4)), np.ones(3), "rows", "which has 4; got 3"),
        (np.ones(4), np.ones(4), "rows", "Expected 2D array, got 1D array"),
        (np.ones((3, 4)), np.ones((2, 3, 4)), "rows", "Y must have one or two dimensions"),
        (np.full((1, 2), np.nan), np.ones((1, 2)), "rows", "Input X contains NaN"),
        (np.ones((1, 2)), np.full((1, 2), np.inf), "rows", "Input Y contains infinity"),
        (np.ones((1, 2)), np.ones((1, 2)), "columns", "The 'against' parameter"),
    ],
)
def test_spectra_that_cannot_be_compared_are_refused_by_name(X, Y, against, message):
    with pytest.raises(ValueError, match=message):
        spectral_angle(X, Y, against=against)


class SpectralMean(TransformerMixin, BaseEstimator):
    """Reconstructs every spectrum as its mean; there is no inverse transform."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X.mean(axis=1, keepdims=True)

    def reconstruct(self, X):
        return np.repeat(self.transform(X), X.shape[1], axis=1)


def _low_rank_spectra(rank=3):
    generator = np.random.default_rng(5)
    return 1 + generator.uniform(size=(80, rank)) @ generator.uniform(size=(rank, 12))


@pytest.mark.parametrize("name", MEASURES)
def test_a_search_finds_the_number_of_components_by_reconstruction(name):
    X = _low_rank_spectra(rank=3)
    search = GridSearchCV(
        PCA(random_state=0),
        {"n_components": [1, 2, 3]},
        scoring=make_reconstruction_scorer(name),
        cv=3,
        error_score="raise",
    ).fit(X)
    assert search.best_params_ == {"n_components": 3}
    np.testing.assert_allclose(search.best_score_, 0, atol=1e-6)
    assert make_reconstruction_scorer(name)(search, X) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_the_score_is_minus_the_mean_error(name):
    X = _low_rank_spectra()
    model = PCA(2).fit(X)
    errors = MEASURES[name](X, model.inverse_transform(model.transform(X)))
    score = make_reconstruction_scorer(name)(model, X)
    assert isinstance(score, float)
    assert score == pytest.approx(-errors.mean())


def test_a_pipeline_is_scored_on_what_its_reconstructing_step_sees():
    X = _low_rank_spectra()
    scorer = make_reconstruction_scorer("sse")
    seen = Normalizer().fit_transform(X)
    expected = scorer(SpectralMean().fit(seen), seen)
    pipeline = make_pipeline(Normalizer(), SpectralMean()).fit(X)
    assert scorer(pipeline, X) == pytest.approx(expected)
    alone = make_pipeline(SpectralMean()).fit(seen)
    assert scorer(alone, seen) == pytest.approx(expected)
    assert cross_val_score(pipeline, X, scoring=scorer, cv=2).shape == (2,)


def test_a_pipeline_that_can_be_inverted_is_scored_in_its_own_unit():
    X = _low_rank_spectra()
    pipeline = make_pipeline(StandardScaler(), PCA(1)).fit(X)
    expected = -sum_of_squared_errors(X, pipeline.inverse_transform(pipeline.transform(X))).mean()
    assert make_reconstruction_scorer("sse")(pipeline, X) == pytest.approx(expected)


def test_scorers_survive_pickling_and_print_how_they_were_made():
    X = _low_rank_spectra()
    model = PCA(2).fit(X)
    scorer = make_reconstruction_scorer("sid")
    assert pickle.loads(pickle.dumps(scorer))(model, X) == scorer(model, X)
    assert repr(scorer) == "make_reconstruction_scorer('sid')"


def test_what_cannot_be_reconstructed_is_refused_by_name():
    X = _low_rank_spectra()
    with pytest.raises(ValueError, match=r"estimator must have reconstruct.*got Normalizer\(\)"):
        make_reconstruction_scorer()(Normalizer().fit(X), X)
    with pytest.raises(ValueError, match="The 'measure' parameter"):
        make_reconstruction_scorer("euclid")


def _scatter_by_hand(Z, y):
    mean = Z.mean(axis=0)
    between, within = np.zeros((2, Z.shape[1], Z.shape[1]))
    for label in set(y):
        members = [z for z, other in zip(Z, y, strict=True) if other == label]
        centre = sum(members) / len(members)
        between += len(members) * np.outer(centre - mean, centre - mean) / len(Z)
        for z in members:
            within += np.outer(z - centre, z - centre) / len(Z)
    return between, within


def test_discriminant_ratios_follow_their_definitions():
    generator = np.random.default_rng(6)
    y = np.array(["tree", "soil", "road"])[generator.integers(3, size=50)]
    Z = generator.normal(size=(50, 4)) + (y == "tree")[:, np.newaxis]
    between, within = _scatter_by_hand(Z, y)
    expected = np.trace(between) / np.trace(within)
    assert fisher_discriminant_ratio(Z, y) == pytest.approx(expected)
    for regularization in (1e-6, 0.5):
        regularized = within + regularization * np.eye(4)
        expected = np.trace(np.linalg.inv(regularized) @ between)
        ratio = fisher_discriminant_ratio(Z, y, kind="whitened", regularization=regularization)
        assert ratio == pytest.approx(expected)


def test_whitening_survives_features_that_repeat_each_other():
    generator = np.random.default_rng(7)
    y = np.repeat([0, 1], 20)
    z = 1e4 * (generator.normal(size=(40, 1)) + y[:, np.newaxis])
    once = fisher_discriminant_ratio(z, y, kind="whitened")
    twice = fisher_discriminant_ratio(np.hstack([z, z]), y, kind="whitened")
    assert twice == pytest.approx(once, rel=1e-3)


@pytest.mark.parametrize("kind", ["trace", "whitened"])
def test_classes_that_are_single_points_are_infinitely_far_apart(kind):
    y = [1, 1, 1, 2, 2, 2]
    points = np.repeat([[0.1, 0.7], [0.3, 0.9]], 3, axis=0)
    assert fisher_discriminant_ratio(points, y, kind=kind) == np.inf
    assert fisher_discriminant_ratio(np.full((6, 2), 0.1), y, kind=kind) == 0


def test_discriminant_ratios_need_two_classes_and_labels():
    Z = np.ones((3, 2))
    with pytest.raises(ValueError, match=r"y must hold at least two classes; got only \[7\]"):
        fisher_discriminant_ratio(Z, [7, 7, 7])
    with pytest.raises(ValueError, match="continuous"):
        fisher_discriminant_ratio(Z, [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fisher_discriminant_ratio(Z, [1, 2])
    with pytest.raises(ValueError, match="The 'regularization' parameter"):
        fisher_discriminant_ratio(Z, [1, 2, 2], regularization=0.0)


def test_negative_values_under_a_measure_of_positive_spectra_are_told_of():
    X = np.ones((5, 4))
    X[[1, 3], 2] = -0.5
    with pytest.warns(
        UserWarning, match=r"X has 2 of 5 with some \(the first is row 1\)"
    ) as caught:
        found = spectral_information_divergence(X, np.ones(4))
    assert caught[0].filename == __file__ and len(caught) == 1
    np.testing.assert_array_equal(found, spectral_information_divergence(X.clip(min=0), np.ones(4)))
    with pytest.warns(UserWarning, match="negative values: Y has 1 of 1"):
        spectral_information_divergence([[1, 2]], [1, -2])
    spectral_angle(X, np.ones(4))  # which is defined for them


@pytest.mark.parametrize("against", ["rows", "library"])
def test_spectra_of_other_bands_are_not_compared(against):
    wavelengths = np.array([400, 500, 600])
    X = Spectra(np.arange(1.0, 7).reshape(2, 3), wavelengths)
    assert np.abs(spectral_angle(X, X)).max() == 0
    with pytest.raises(ValueError, match=r"Y must have the bands of X, .* band 0 at 600 nm"):
        spectral_angle(X, X[:, ::-1], against=against)
    assert (spectral_angle(X, np.asarray(X)[:, ::-1]) > 0).all()
