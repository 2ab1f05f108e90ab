"""What scikit-learn alone computes of an exported pipeline is what the pipeline computes."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

from skhyp import (
    HypPreprocessor,
    MinimumNoiseFraction,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralKernelRegressor,
    SpectralPLSRegressor,
    SpectralUnmixer,
)
from skhyp.export import to_sklearn

N_PIPELINES = 50
SMALL = {"max_epochs": 1, "random_state": 0}
CONVOLUTION = {**SMALL, "n_filters": (3,), "kernel_sizes": 8, "dense_layer_sizes": (5,)}
# Few shapes, so that few are compiled; what is drawn around them has none.
NETWORKS = {
    "classifier": SpectralCNNClassifier(**CONVOLUTION),
    "two classes": SpectralCNNClassifier(
        **CONVOLUTION | {"n_filters": (2, 3), "strides": (2, 3), "padding": "same"},
        activation="tanh",
        views=("bands",),
    ),
    "regressor": SpectralCNNRegressor(**CONVOLUTION),
    "single regressor": SpectralCNNRegressor(
        **CONVOLUTION | {"dense_layer_sizes": ()}, views=("curvature",), activation="sigmoid"
    ),
    "no views": SpectralCNNRegressor(**CONVOLUTION, views=None, activation="linear"),
    "codes": SpectralAutoencoder(**SMALL, hidden_layer_sizes=(9,), n_components=3),
    "convolved codes": SpectralAutoencoder(
        **SMALL,
        architecture="conv",
        n_filters=(3,),
        kernel_sizes=8,
        n_components=3,
        activation="tanh",
        latent_activation="sigmoid",
    ),
    "codes of shapes": SpectralAutoencoder(
        **SMALL, hidden_layer_sizes=(9,), n_components=3, scale_input="spectrum"
    ),
    "shares": SpectralUnmixer(**SMALL, n_endmembers=3, positive=False),
    "elu": SpectralAutoencoder(**SMALL, hidden_layer_sizes=(9,), activation="elu"),
    "softplus": SpectralAutoencoder(**SMALL, hidden_layer_sizes=(9,), latent_activation="softplus"),
}
REFUSED_NETWORKS = {"elu": "activation='elu'", "softplus": "latent_activation='softplus'"}
METHODS = [None, "minmax", "l2", "l1", "snv", "standardize", "savgol"]
REFUSED_METHODS = ["msc", "continuum", "deephyp-minmax"]
N_SPECTRA, N_BANDS, N_KEPT = 60, 40, 32


def spectra(rng, n_bands):
    walks = rng.standard_normal((N_SPECTRA, n_bands)).cumsum(axis=1)
    X = rng.uniform(0.5, 2, (N_SPECTRA, 1)) * (walks - walks.min() + 5)
    X[0] = X[0, 0]  # a flat one
    return (100 * X).astype(rng.choice(["uint16", "float32"]))


def targets(network, rng):
    if network == "two classes":
        return rng.integers(0, 2, N_SPECTRA) * 3 - 1
    if network == "classifier":
        return np.array(["water", "grass", "soil"])[rng.integers(0, 3, N_SPECTRA)]
    values = rng.normal(1000, 30, (N_SPECTRA, 2))
    return values if network == "regressor" else values[:, 0]


def drawn_pipeline(seed):
    """Return a fitted pipeline, its spectra, and what names a part that has no equal, if any."""
    rng = np.random.default_rng(seed)
    network = rng.choice(list(NETWORKS))
    names = [REFUSED_NETWORKS[network]] if network in REFUSED_NETWORKS else []
    steps, n_bands = [NETWORKS[network]], N_KEPT
    if rng.random() < 0.3:
        steps.insert(0, rng.choice([StandardScaler(), RobustScaler(), MinMaxScaler(), PCA()]))
    if rng.random() < 0.8:
        n_bands = N_BANDS
        method = rng.choice([*METHODS, *METHODS, *REFUSED_METHODS])
        bands = np.random.default_rng(0).permutation(N_BANDS)[:N_KEPT]
        bands = bands if rng.random() < 0.5 else np.sort(bands)
        nodata = rng.choice([None, -9999.0])
        steps.insert(0, HypPreprocessor(method=method, bands=bands, nodata=nodata))
        names += [f"method={method!r}"] if method in REFUSED_METHODS else []
    X = spectra(rng, n_bands)
    model = make_pipeline(*steps).fit(X, targets(network, rng))
    return model, X, names


def results(model, X):
    """Return what each method of a model that is exported gives."""
    methods = ("predict", "predict_proba") if hasattr(model, "classes_") else ("predict",)
    methods = methods if hasattr(model, "predict") else ("transform",)
    return {method: np.asarray(getattr(model, method)(X)) for method in methods}


# In an environment of its own, in which nothing but scikit-learn and skops can be imported.
ALONE = """
import sys

class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("skhyp", "tensorflow", "keras"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuses())
import pickle
from pathlib import Path
import numpy as np
import skops.io

folder, n_compared = Path(sys.argv[1]), 0
for path in sorted(folder.glob("*.skops")):
    assert skops.io.get_untrusted_types(file=path) == []
    results = np.load(path.with_suffix(".npz"))
    for model in (skops.io.load(path), pickle.loads(path.with_suffix(".pkl").read_bytes())):
        for method in set(results) - {"X"}:
            found, expected = getattr(model, method)(results["X"]), results[method]
            assert found.shape == expected.shape
            if expected.dtype.kind in "iuU":
                assert (found == expected).all(), path
            else:
                limit = 1e-4 * max(1, np.abs(expected).max())
                assert np.abs(found - expected).max() <= limit, path
            n_compared += 1
assert not {"skhyp", "tensorflow"} & set(sys.modules)
print(n_compared)
"""


def write(model, X, path):
    exported = to_sklearn(model)
    skops.io.dump(exported, path.with_suffix(".skops"))
    path.with_suffix(".pkl").write_bytes(pickle.dumps(exported))
    np.savez(path.with_suffix(".npz"), X=X, **results(model, X))


def test_drawn_pipelines_are_exact_without_skhyp_or_refused_by_name(tmp_path):
    n_refused = 0
    for seed in range(N_PIPELINES):
        model, X, names = drawn_pipeline(seed)
        if names:
            with pytest.raises(ValueError, match="has no equal in scikit-learn") as refusal:
                to_sklearn(model)
            assert any(name in str(refusal.value) for name in names)
            assert "convert" in str(refusal.value)
            n_refused += 1
        else:
            write(model, X, tmp_path / f"{seed:02}")
    assert 0 < n_refused < N_PIPELINES / 2
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 2 * (N_PIPELINES - n_refused)


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = spectra(rng, N_KEPT).astype(np.float32)
    return NETWORKS["classifier"].fit(X, targets("classifier", rng)), X


def test_a_model_is_pickled_without_a_name_of_skhyp(fitted):
    classifier, _ = fitted
    assert b"skhyp" not in pickle.dumps(to_sklearn(classifier))


def test_doubles_are_computed_as_doubles():
    rng = np.random.default_rng(0)
    X = 1e8 + spectra(rng, N_BANDS).astype(np.float64)  # whose differences float32 cannot hold
    preprocessor = HypPreprocessor(method="snv").fit(X)
    found, expected = to_sklearn(preprocessor).transform(X), preprocessor.transform(X)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_flat_and_zero_spectra_are_the_same(method):
    X = spectra(np.random.default_rng(1), N_BANDS).astype(np.float32)
    preprocessor = HypPreprocessor(method=method).fit(X)
    flat = np.repeat(np.float32([0, 1e-30, 0.1, 1 / 3, 7, -7, 12345.6, 1e30]), N_BANDS)
    flat = flat.reshape(-1, N_BANDS)
    found, expected = to_sklearn(preprocessor).transform(flat), preprocessor.transform(flat)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_components_in_units_of_noise_convert(fitted):
    X = fitted[1]
    for scaling in (None, "snv"):
        components = MinimumNoiseFraction(n_components=5, noise="spectrum", scaling=scaling).fit(X)
        found, expected = to_sklearn(components).transform(X), components.transform(X)
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("scaling", [None, "snv", "slope", "curvature"])
@pytest.mark.parametrize("n_targets", [None, 1, 2])
def test_partial_least_squares_are_linear_there_too(fitted, scaling, n_targets):
    X = fitted[1]
    y = X[:, 3] if n_targets is None else X[:, :n_targets]
    regressor = SpectralPLSRegressor(scalings=[scaling], max_components=3).fit(X, y)
    found, expected = to_sklearn(regressor).predict(X), regressor.predict(X)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("nodata", [0, 1, 0.1, np.nan, -3.4e38])
def test_missing_spectra_are_refused(nodata):
    X = spectra(np.random.default_rng(1), N_BANDS).astype(np.float32)
    preprocessor = HypPreprocessor(nodata=nodata, bands=np.arange(1, N_BANDS)).fit(X)
    exported = to_sklearn(preprocessor)
    X[3, 0] = nodata  # which is not used
    np.testing.assert_array_equal(exported.transform(X), preprocessor.transform(X))
    X[3, 7] = nodata
    assert np.isnan(preprocessor.transform(X)[3]).all()
    with pytest.raises(ValueError, match=r"missing values in transform|NaN"):
        exported.transform(X)


def test_names_of_columns_are_kept(fitted):
    X = pd.DataFrame(fitted[1], columns=[f"{400 + i} nm" for i in range(N_KEPT)])
    preprocessor = HypPreprocessor(method="l2", bands=[(400, 410)]).fit(X)
    exported = to_sklearn(preprocessor)
    assert list(exported.feature_names_in_) == list(X.columns)
    np.testing.assert_allclose(exported.transform(X), preprocessor.transform(X), atol=1e-6)
    with pytest.raises(ValueError, match="feature names"):
        exported.transform(X[X.columns[::-1]])


def test_searches_frozen_estimators_and_nested_pipelines_are_looked_into(fitted):
    classifier, X = fitted
    y = classifier.predict(X)
    nested = make_pipeline(FrozenEstimator(make_pipeline(StandardScaler().fit(X))), classifier)
    search = GridSearchCV(nested, {"spectralcnnclassifier__batch_size": [64]}, cv=2).fit(X, y)
    exported = to_sklearn(search)
    np.testing.assert_array_equal(exported.predict(X), search.predict(X))
    assert len(exported) == 1 + len(to_sklearn(classifier))


def test_estimators_of_scikit_learn_are_copied(fitted):
    classifier, X = fitted
    y = classifier.predict(X)
    model = make_pipeline(HypPreprocessor(method="snv"), PCA(3), LogisticRegression()).fit(X, y)
    exported = to_sklearn(model)
    expected = model.predict_proba(X)
    model[-1].coef_[:] = 0
    np.testing.assert_allclose(exported.predict_proba(X), expected, atol=1e-5)


def doubled(X):
    return 2 * X


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            SpectralKernelRegressor(scalings=[None]),
            r"SpectralKernelRegressor has no equal .* HypPreprocessor, .* conv",
        ),
        (FunctionTransformer(doubled), r"FunctionTransformer, which holds .*doubled, has no equal"),
        (FunctionTransformer(lambda X: X), r"FunctionTransformer cannot be exported.*pickle"),
        (
            FeatureUnion([("clean", HypPreprocessor())]),
            r"FeatureUnion, which holds skhyp.preprocessing.HypPreprocessor, has no equal",
        ),
    ],
)
def test_other_steps_are_refused_by_name(fitted, step, message):
    X = fitted[1]
    with pytest.raises(ValueError, match=message):
        to_sklearn(step.fit(X, X[:, 0]))


def test_steps_that_were_fitted_to_names_made_by_others_are_refused(fitted):
    X = fitted[1]
    pipeline = make_pipeline(HypPreprocessor(), StandardScaler()).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r'StandardScaler .* set_output\(transform="default"\)'):
        to_sklearn(pipeline.fit(X))


def test_labels_that_are_neither_numbers_nor_strings_are_refused(fitted):
    odd = pickle.loads(pickle.dumps(fitted[0]))
    odd.classes_ = np.array([None, "soil", 3], dtype=object)
    with pytest.raises(ValueError, match="labels that are numbers or strings"):
        to_sklearn(odd)


def test_what_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        to_sklearn(SpectralCNNClassifier())
    with pytest.raises(ValueError, match="must have a step that computes"):
        to_sklearn(make_pipeline("passthrough").fit([[1]]))
