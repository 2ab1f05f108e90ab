"""Integrated gradients part what a network gives among the bands: all of it, where it belongs."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)
from skhyp.graph import attributions
from skhyp.graph.compilation import trace_counts
from skhyp.inspection import integrated_gradients
from skhyp.spectra import Spectra


def explain(estimator, X, **options):
    return integrated_gradients(estimator, X, **({"baseline": X.mean(axis=0)} | options))


def log_odds(classifier, X, label):
    logits = classifier.decision_function(X).astype(np.float64)
    place = list(classifier.classes_).index(label)
    return logits[:, place] - logsumexp(np.delete(logits, place, axis=1), axis=1)


@pytest.mark.parametrize("label", [0, 2])
def test_the_attributions_of_a_spectrum_sum_to_its_log_odds_less_those_of_the_baseline(
    label, spectra, fitted_classifier
):
    X, _ = spectra
    parts = explain(fitted_classifier, X, target=label, n_steps=256)
    assert parts.attributions.shape == X.shape and parts.output == f"Log-odds of {label}"
    np.testing.assert_allclose(parts.baseline, X.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(parts.outputs, log_odds(fitted_classifier, X, label), rtol=1e-4)
    baseline = log_odds(fitted_classifier, parts.baseline[None], label)
    np.testing.assert_allclose(parts.baseline_outputs, np.tile(baseline, len(X)), rtol=1e-3)
    change = parts.outputs - parts.baseline_outputs
    np.testing.assert_allclose(
        parts.attributions.sum(axis=1), change, atol=0.02 * np.abs(change).max()
    )
    assert np.abs(parts.residuals).max() < 0.02 * np.abs(change).max()


@pytest.mark.parametrize("target", [None, 0, np.int64(0)])
def test_the_attributions_of_a_value_sum_to_it_less_that_of_the_baseline(
    target, measured, fitted_regressor
):
    X, _ = measured
    parts = explain(fitted_regressor, X, target=target, n_steps=256)
    assert parts.output == "Predicted value" + ("" if target is None else " of target 0")
    np.testing.assert_allclose(parts.outputs, fitted_regressor.predict(X), rtol=1e-5)
    baseline = fitted_regressor.predict(X.mean(axis=0)[None])
    np.testing.assert_allclose(parts.baseline_outputs, np.tile(baseline, len(X)), rtol=1e-5)
    change = parts.outputs - parts.baseline_outputs
    np.testing.assert_allclose(
        parts.attributions.sum(axis=1), change, atol=0.02 * np.abs(change).max()
    )


def test_each_of_several_values_has_attributions_of_its_own(measured, small_regressor):
    X, y = measured
    regressor = SpectralCNNRegressor(**small_regressor).fit(X, np.c_[y, 500 - 40 * y])
    for target in (0, 1):
        parts = explain(regressor, X, target=target, n_steps=256)
        np.testing.assert_allclose(parts.outputs, regressor.predict(X)[:, target], rtol=1e-5)
        change = parts.outputs - parts.baseline_outputs
        np.testing.assert_allclose(
            parts.attributions.sum(axis=1), change, atol=0.03 * np.abs(change).max()
        )
    for nothing in (None, 2, -1, True, 0.0, "protein", [0]):
        with pytest.raises(ValueError, match="target must be the number of a target, from 0 to 1"):
            explain(regressor, X, target=nothing)


def test_bands_that_a_value_is_made_of_have_the_importance(small_regressor):
    X = np.random.default_rng(0).normal(size=(180, 40)).astype(np.float32)
    y = 50 + X[:, 10:20].sum(axis=1)
    regressor = SpectralCNNRegressor(**small_regressor | {"max_epochs": 60}).fit(X, y)
    importances = explain(regressor, X).importances
    assert importances[10:20].mean() > 2 * np.delete(importances, np.s_[10:20]).mean()


@pytest.mark.parametrize("architecture", ["dense", "conv"])
@pytest.mark.parametrize("target", [None, 1])
def test_the_attributions_of_an_autoencoder_sum_to_how_far_its_code_moves(
    architecture, target, spectra, small_autoencoder
):
    X, _ = spectra
    small_autoencoder |= {"architecture": architecture, "max_epochs": 3}
    autoencoder = SpectralAutoencoder(**small_autoencoder).fit(X)
    parts = explain(autoencoder, X, target=target, n_steps=256)
    codes, code = autoencoder.transform(X), autoencoder.transform(X.mean(axis=0)[None])
    if target is None:
        expected = ((codes - code) ** 2).sum(axis=1)
    else:
        expected = codes[:, target] - code[:, target]
    scale = np.abs(expected).max()
    if target is None:  # the square of what the code of the baseline is off by, by rounding
        np.testing.assert_allclose(parts.baseline_outputs, 0, atol=1e-9 * scale)
    np.testing.assert_allclose(parts.outputs - parts.baseline_outputs, expected, atol=1e-4 * scale)
    np.testing.assert_allclose(parts.attributions.sum(axis=1), expected, atol=0.02 * scale)


def test_those_of_a_linear_code_are_its_weights_times_what_sets_the_spectrum_apart(spectra):
    X = spectra[0].astype(np.float64)
    autoencoder = SpectralAutoencoder(
        hidden_layer_sizes=(), n_components=2, scale_input=False, max_epochs=1, random_state=0
    ).fit(X)
    weights = autoencoder.weights_["encoder_1_kernel"][:, 1]
    parts = explain(autoencoder, X[:5], target=1, baseline=X[7], n_steps=1)
    assert parts.attributions.dtype == np.float64
    np.testing.assert_allclose(parts.attributions, (X[:5] - X[7]) * weights, atol=1e-12)
    np.testing.assert_allclose(parts.residuals, 0, atol=1e-12)


def test_bands_that_tell_the_classes_have_the_importance(small_classifier):
    rng = np.random.default_rng(0)
    y = np.repeat(["clay", "sand", "soil"], 60)
    X = rng.normal(size=(180, 40)).astype(np.float32)
    X[y == "clay", 10:20] -= 3
    classifier = SpectralCNNClassifier(**small_classifier).fit(X, y)
    soil = X[y == "soil"].mean(axis=0)
    parts = explain(classifier, X[y == "clay"], target="clay", baseline=soil)
    inside, outside = parts.importances[10:20], np.delete(parts.importances, np.s_[10:20])
    assert inside.mean() > 3 * outside.mean()
    mean = parts.attributions.mean(axis=0)
    assert mean[10:20].sum() > 0.8 * mean.sum() > 0


def test_without_a_target_the_predicted_class_is_explained_and_each_spectrum_may_have_its_own(
    spectra, fitted_classifier
):
    X, y = spectra
    predicted = fitted_classifier.predict(X)
    by_default = explain(fitted_classifier, X)
    np.testing.assert_array_equal(
        by_default.attributions,
        explain(fitted_classifier, X, target=predicted).attributions,
    )
    true = explain(fitted_classifier, X, target=y)
    expected = [explain(fitted_classifier, X, target=label).outputs for label in y[:3]]
    np.testing.assert_allclose(true.outputs[:3], np.diagonal(expected), rtol=1e-5)
    assert by_default.output == "Log-odds of the class"


def test_of_a_pipeline_the_bands_are_those_that_the_network_sees(spectra, small_classifier):
    X, y = spectra
    wavelengths = np.linspace(400, 1180, 40)
    model = make_pipeline(
        HypPreprocessor(method="snv", wavelengths=wavelengths, bands=((700, 900),)),
        SpectralCNNClassifier(**small_classifier),
    ).fit(X, y)
    raw = X[y == 0].mean(axis=0)
    parts = explain(model, X[:10], target=1, baseline=raw)
    kept = np.flatnonzero((wavelengths < 700) | (wavelengths > 900))
    np.testing.assert_array_equal(parts.bands, kept)
    np.testing.assert_array_equal(parts.wavelengths, wavelengths[kept])
    np.testing.assert_allclose(parts.baseline, model[0].transform(raw[None])[0], rtol=1e-5)
    alone = explain(model[-1], model[0].transform(X[:10]), target=1, baseline=parts.baseline)
    np.testing.assert_allclose(parts.attributions, alone.attributions, atol=1e-4)
    np.testing.assert_array_equal(alone.wavelengths, wavelengths[kept])
    assert alone.bands.tolist() == list(range(len(kept)))


def test_the_best_model_of_a_search_is_looked_into(spectra, small_classifier):
    X, y = spectra
    search = GridSearchCV(
        SpectralCNNClassifier(**small_classifier), {"learning_rate": [0.01]}, cv=2
    ).fit(X, y)
    np.testing.assert_array_equal(
        explain(search, X, target=0).attributions,
        explain(search.best_estimator_, X, target=0).attributions,
    )


def test_chunks_and_numbers_of_steps_share_one_function_and_one_result(
    spectra, fitted_classifier, monkeypatch
):
    X, _ = spectra
    whole = explain(fitted_classifier, X, target=0)
    traced = trace_counts()["_attribution_function"]
    sizes = []
    monkeypatch.setattr(attributions, "rows_per_chunk", lambda network: 50)
    monkeypatch.setattr(attributions, "shared_array", lambda x: sizes.append(len(x)) or x.numpy())
    in_chunks = explain(fitted_classifier, X, target=0)
    assert sorted(set(sizes)) == [20, 50]
    np.testing.assert_allclose(in_chunks.attributions, whole.attributions, atol=1e-4)
    finer = explain(fitted_classifier, X, target=0, n_steps=200)
    assert np.abs(finer.residuals).max() <= np.abs(whole.residuals).max()
    assert trace_counts()["_attribution_function"] == traced


def test_reduced_precision_in_inference_does_not_blur_gradients(spectra, fitted_classifier):
    from copy import deepcopy

    X, _ = spectra
    reduced = deepcopy(fitted_classifier).set_params(inference_dtype="bfloat16")
    np.testing.assert_array_equal(
        explain(reduced, X, target=0).attributions,
        explain(fitted_classifier, X, target=0).attributions,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 7}, r"target must be among the classes \[0, 1, 2\]; got 7"),
        ({"target": [0, 1]}, r"one for each of 120 spectra; got an array of shape \(2,\)"),
        ({"n_steps": 0}, "'n_steps' parameter of integrated_gradients must be"),
        ({"baseline": np.ones((1, 40))}, r"baseline must have the shape \(n_bands,\)"),
        ({"baseline": np.ones(39)}, "baseline: X has 39 features"),
        ({"baseline": np.full(40, np.nan)}, "baseline: Input X contains NaN"),
        ({"baseline": np.ma.masked_less(np.arange(40), 3)}, "baseline must be a complete spectrum"),
        ({"wavelengths": np.arange(3)}, "wavelengths must have one entry for each of the 40 bands"),
    ],
)
def test_what_cannot_be_explained_is_said(options, message, spectra, fitted_classifier):
    with pytest.raises(ValueError, match=message):
        explain(fitted_classifier, spectra[0], **options)


@pytest.mark.parametrize("target", [3, -1, "corn", 0.5, True, [0, 1]])
def test_a_component_that_is_not_there_is_refused(target, spectra, fitted_autoencoder):
    with pytest.raises(ValueError, match="target must be None or a component from 0 to 2; got"):
        explain(fitted_autoencoder, spectra[0], target=target)


def test_an_estimator_without_a_network_is_sent_to_permutation(spectra):
    with pytest.raises(
        ValueError, match="estimator must be a network of skhyp, such as SpectralCNNClassifier"
    ):
        explain(make_pipeline("passthrough").fit(spectra[0]), spectra[0])
    model = make_pipeline(HypPreprocessor(), LogisticRegression()).fit(*spectra)
    with pytest.raises(ValueError, match="band_permutation_importance"):
        explain(model, spectra[0])


def test_results_are_printed_in_a_line(spectra, fitted_classifier):
    parts = explain(fitted_classifier, spectra[0], target=1)
    assert repr(parts) == "<BandAttributions of 'Log-odds of 1': 120 spectra x 40 bands>"


def test_a_flat_baseline_has_no_shape_to_compare_with_and_a_warning_says_so(
    spectra, fitted_classifier
):
    with pytest.warns(UserWarning, match=r"leave \d+ % of the change unexplained.*flat spectrum"):
        parts = explain(fitted_classifier, spectra[0], target=0, baseline=np.zeros(40))
    assert np.abs(parts.residuals).mean() > 0.1


def test_columns_of_a_frame_are_the_wavelengths_and_a_baseline_has_their_order(
    spectra, small_classifier
):
    import pandas as pd

    X, y = spectra
    names = [f"{wavelength} nm" for wavelength in range(400, 800, 10)]
    frame = pd.DataFrame(X, columns=names)
    classifier = SpectralCNNClassifier(**small_classifier).fit(frame, y)
    parts = integrated_gradients(classifier, frame, baseline=frame.mean())
    np.testing.assert_array_equal(parts.wavelengths, np.arange(400, 800, 10))
    plain = integrated_gradients(classifier, frame, baseline=X.mean(axis=0).tolist())
    np.testing.assert_allclose(parts.attributions, plain.attributions, atol=1e-3)
    with pytest.raises(ValueError, match="baseline must have the columns of X in their order"):
        integrated_gradients(classifier, frame, baseline=frame.mean()[::-1])


def test_bands_are_followed_through_scalers_and_nested_pipelines_and_end_at_components(
    spectra, small_classifier
):
    X, y = spectra
    wavelengths = np.linspace(400, 790, 40)
    drop_red = HypPreprocessor(wavelengths=wavelengths, bands=((600, 700),))
    last_first = HypPreprocessor(bands=np.arange(29)[::-1])
    model = make_pipeline(
        make_pipeline(drop_red, "passthrough", StandardScaler()),
        last_first,
        "passthrough",
        SpectralCNNClassifier(**small_classifier),
    ).fit(X, y)
    kept = np.flatnonzero((wavelengths < 600) | (wavelengths > 700))
    parts = integrated_gradients(model, X[:9], target=0, baseline=X[y == 1].mean(axis=0))
    np.testing.assert_array_equal(parts.bands, kept[:29][::-1])
    np.testing.assert_array_equal(parts.wavelengths, wavelengths[kept[:29][::-1]])

    components = make_pipeline(
        drop_red, PCA(6), SpectralAutoencoder(hidden_layer_sizes=(), max_epochs=1, random_state=0)
    )
    parts = explain(components.fit(X), X[:9], target=0)
    assert parts.bands is None and parts.wavelengths is None


def test_wavelengths_may_be_given(spectra, fitted_classifier):
    wavelengths = np.linspace(400, 790, 40)
    parts = explain(fitted_classifier, spectra[0][:5], target=0, wavelengths=wavelengths)
    np.testing.assert_array_equal(parts.wavelengths, wavelengths)


def test_importances_are_mean_magnitudes(spectra, fitted_classifier):
    parts = explain(fitted_classifier, spectra[0], target=0)
    np.testing.assert_allclose(parts.importances, np.abs(parts.attributions).mean(axis=0))
    assert (parts.importances > np.abs(parts.attributions.mean(axis=0))).any()


def test_what_is_not_fitted_is_said(spectra):
    search = GridSearchCV(SpectralCNNClassifier(), {"learning_rate": [0.01]})
    for unfitted in (SpectralCNNClassifier(), search, make_pipeline(SpectralCNNClassifier())):
        with pytest.raises(NotFittedError):
            explain(unfitted, spectra[0])


@pytest.mark.parametrize("unit", [1e-50, 1e50])
def test_spectra_of_a_shorter_type_than_what_was_learned_are_refused(unit, spectra):
    X = spectra[0].astype(np.float64)
    autoencoder = SpectralAutoencoder(hidden_layer_sizes=(3,), max_epochs=1).fit(X * unit)
    with pytest.raises(ValueError, match="fitted to spectra beyond the range of float32"):
        explain(autoencoder, spectra[0])
    with pytest.raises(ValueError, match="fitted to spectra beyond the range of float32"):
        autoencoder.transform(spectra[0])


def test_a_baseline_beyond_the_range_is_named(spectra, fitted_classifier, fitted_autoencoder):
    for network in (fitted_classifier, fitted_autoencoder):
        with pytest.raises(ValueError, match=r"baseline leads to values beyond .* float32"):
            explain(network, spectra[0][:5], baseline=np.full(40, 1e200))


def test_a_frozen_model_and_steps_of_single_bands_keep_the_wavelengths(spectra, small_autoencoder):
    X, wavelengths = spectra[0], 400.0 + 10 * np.arange(40)
    preprocessor = HypPreprocessor(wavelengths=wavelengths, bands=np.arange(5, 25))
    small_autoencoder["max_epochs"] = 1
    model = make_pipeline(
        StandardScaler(), make_pipeline(preprocessor, SpectralAutoencoder(**small_autoencoder))
    ).fit(X)
    plain, frozen = explain(model, X), explain(FrozenEstimator(model), X)
    for parts in (plain, frozen):
        np.testing.assert_array_equal(parts.bands, np.arange(5, 25))
        np.testing.assert_array_equal(parts.wavelengths, wavelengths[5:25])
    np.testing.assert_array_equal(plain.attributions, frozen.attributions)


def test_a_baseline_has_the_bands_of_the_spectra(spectra, small_classifier):
    X, y = spectra
    wavelengths = 400 + 10 * np.arange(X.shape[1])
    kept = np.arange(6, 35)
    preprocessor = HypPreprocessor(wavelengths=wavelengths, bands=kept)
    model = make_pipeline(preprocessor, SpectralCNNClassifier(**small_classifier)).fit(X, y)
    alone = Spectra(X, wavelengths)[:, kept]
    expected = integrated_gradients(model, X, baseline=X[0], n_steps=4)
    for baseline in (np.asarray(alone)[0], alone[0], Spectra(X, wavelengths)[0]):
        found = integrated_gradients(model, alone, baseline=baseline, n_steps=4)
        np.testing.assert_array_equal(found.attributions, expected.attributions)
    with pytest.raises(ValueError, match="baseline: X has other bands"):
        integrated_gradients(model, X, baseline=Spectra(X, wavelengths)[0, ::-1], n_steps=4)
