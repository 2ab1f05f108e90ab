"""Other light as a parameter of networks and by itself."""

import json
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)
from skhyp.graph.compilation import trace_counts
from skhyp.light import Relighting, sky_to_sun
from skhyp.scenes import open_scene
from skhyp.spectra import Spectra

N_BANDS = 24
WAVELENGTHS = np.linspace(420, 2300, N_BANDS)
RELIGHTING = Relighting(share=0.5, shadow=0.5, wavelengths=WAVELENGTHS)
SMALL = {"max_epochs": 6, "batch_size": 16, "random_state": 0}
CONV = {"n_filters": (4,), "kernel_sizes": 5, "dense_layer_sizes": (8,), **SMALL}
ESTIMATORS = {
    "classifier": SpectralCNNClassifier(**CONV),
    "regressor": SpectralCNNRegressor(**CONV),
    "autoencoder": SpectralAutoencoder(hidden_layer_sizes=(8,), n_components=3, **SMALL),
}
of_all = pytest.mark.parametrize("name", ESTIMATORS)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    endmembers = rng.uniform(0.1, 1, (3, N_BANDS))
    y = rng.integers(0, 3, 90)
    X = endmembers[y] * rng.uniform(0.5, 1, (90, 1)) + rng.normal(0, 0.01, (90, N_BANDS))
    return np.abs(X).astype(np.float32), np.array(["ash", "elm", "oak"])[y]


def fitted(name, data, **parameters):
    X, y = data
    y = 10 * np.asarray(X)[:, 3] if name == "regressor" else y
    return clone(ESTIMATORS[name]).set_params(**parameters).fit(X, y)


def assert_same_model(one, other):
    np.testing.assert_array_equal(one.parameters_, other.parameters_)
    np.testing.assert_array_equal(one.loss_curve_, other.loss_curve_)


@pytest.mark.parametrize("dtype", ["uint16", "float32", "float64"])
def test_a_spectrum_in_shadow_has_the_light_of_the_sky_alone(dtype):
    fixed = {"sky_view": (0.5, 0.5), "rayleigh": (0.1, 0.1), "aerosol": (0.06, 0.06)}
    relighting = Relighting(shadow=1, constant=(0.02, 0.02), **fixed)
    X = Spectra(
        (1000 * np.random.default_rng(0).uniform(1, 2, (5, N_BANDS))).astype(dtype), WAVELENGTHS
    )
    relit = relighting.relight(X)
    rho = 0.1 * (WAVELENGTHS / 550) ** -4 + 0.06 * (WAVELENGTHS / 550) ** -1.3 + 0.02
    np.testing.assert_allclose(relit, np.asarray(X) * 0.5 * rho / (1 + rho), rtol=1e-5)
    assert relit.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_array_equal(relit.wavelengths, WAVELENGTHS)


def test_light_is_drawn_within_its_ranges():
    X = np.ones((2000, N_BANDS))
    sunny = clone(RELIGHTING).set_params(shadow=0, random_state=0).factors(X)
    # (s + G rho) / (1 + rho) lies between s and G: sunlight from 0.2 and sky view from 0.3.
    assert 0.2 <= sunny.min() < 0.22 and 0.98 < sunny.max() <= 1
    mixed = clone(RELIGHTING).set_params(shadow=0.25, random_state=0).factors(X)
    in_shadow = mixed[:, -1] < 0.1
    assert abs(in_shadow.mean() - 0.25) < 0.03
    assert (np.diff(mixed[in_shadow]) < 0).all()
    np.testing.assert_array_equal(
        clone(RELIGHTING).set_params(shadow=0.25, random_state=0).factors(X), mixed
    )


def test_measured_skylight_takes_the_place_of_the_drawn_one(data):
    sunlit = np.random.default_rng(0).uniform(0.2, 0.6, N_BANDS)
    rho = 0.2 * (WAVELENGTHS / 500) ** -2
    ratio = sky_to_sun(sunlit, sunlit * 0.7 * rho / (1 + rho), sky_view=0.7)
    np.testing.assert_allclose(ratio, rho)
    relighting = Relighting(
        sky_to_sun=ratio, shadow=1, sky_view=(0.7, 0.7), wavelengths=WAVELENGTHS
    )
    relit = relighting.relight(sunlit[None])
    np.testing.assert_allclose(relit[0], sunlit * 0.7 * rho / (1 + rho))
    before = trace_counts()
    fitted("autoencoder", data, augmentation=RELIGHTING)
    once = trace_counts()
    fitted("autoencoder", data, augmentation=relighting)
    assert trace_counts() == once != before


def test_more_spectra_to_train_on_are_those_given_and_copies(data):
    X, y = Spectra(data[0], WAVELENGTHS), data[1]
    relighting = Relighting(n_copies=2, exclude_classes=["elm"], random_state=0)
    more, labels = relighting.fit_resample(X, y)
    assert isinstance(more, Spectra) and more.shape == (3 * len(X), N_BANDS)
    np.testing.assert_array_equal(labels.reshape(3, -1), [y] * 3)
    original, *copies = np.split(np.asarray(more), 3)
    np.testing.assert_array_equal(original, X)
    for copy in copies:
        np.testing.assert_array_equal((copy == original).all(axis=1), y == "elm")
    assert not np.array_equal(*copies)


def test_a_pipeline_refuses_what_would_change_spectra_in_predict(data):
    with pytest.raises(TypeError, match="should be transformers"):
        make_pipeline(RELIGHTING, KNeighborsClassifier()).fit(*data)


@of_all
def test_a_share_of_none_is_training_without(name, data):
    plain = fitted(name, data)
    relit = fitted(name, data, augmentation=clone(RELIGHTING).set_params(share=0.0))
    np.testing.assert_allclose(relit.parameters_, plain.parameters_, rtol=2e-3, atol=1e-4)
    np.testing.assert_array_equal(relit.statistics_, plain.statistics_)
    other = fitted(name, data, augmentation=RELIGHTING)
    assert np.abs(other.parameters_ - plain.parameters_).max() > 0.01


@of_all
def test_one_seed_is_one_model_also_side_by_side(name, data):
    once = fitted(name, data, augmentation=RELIGHTING)
    # What the augmentation would draw by itself has no say.
    by_itself = clone(RELIGHTING).set_params(random_state=5, n_copies=9)
    others = joblib.Parallel(2, backend="threading")(
        joblib.delayed(fitted)(name, data, augmentation=by_itself) for _ in range(2)
    )
    for other in others:
        assert_same_model(other, once)
    seeded = fitted(name, data, augmentation=RELIGHTING, random_state=1)
    assert not np.array_equal(seeded.loss_curve_, once.loss_curve_)


@of_all
@pytest.mark.parametrize("known_by", ["frame", "spectra", "parameter"])
def test_wavelengths_come_from_wherever_they_are_known(name, data, known_by):
    X, y = data
    knowing = {
        "frame": pd.DataFrame(X, columns=[f"{nm:.6f} nm" for nm in WAVELENGTHS]),
        "spectra": Spectra(X, WAVELENGTHS),
        "parameter": X,
    }[known_by]
    augmentation = clone(RELIGHTING)
    if known_by != "parameter":
        augmentation.set_params(wavelengths=None)
    found = fitted(name, (knowing, y), augmentation=augmentation, max_epochs=1)
    expected = fitted(name, data, augmentation=RELIGHTING, max_epochs=1)
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=0.02)


@of_all
@pytest.mark.parametrize("epochs", [2, 5])
def test_a_training_cut_short_goes_on_to_the_same_bits(name, data, tmp_path, epochs):
    options = {"augmentation": RELIGHTING, "save_epochs": 2, "learning_rate_schedule": "constant"}
    whole = fitted(name, data, **options)
    fitted(name, data, checkpoint_dir=tmp_path, max_epochs=epochs, **options)
    options["augmentation"] = clone(RELIGHTING)
    assert_same_model(fitted(name, data, checkpoint_dir=tmp_path, resume=True, **options), whole)
    options["augmentation"] = clone(RELIGHTING).set_params(share=0.4)
    with pytest.raises(ValueError, match=r"of another training; these differ: augmentation"):
        fitted(name, data, checkpoint_dir=tmp_path, resume=True, **options)


def test_a_search_over_light_compiles_once(data):
    ranges = {
        "augmentation__share": [0.2, 0.6],
        "augmentation__sunlight": [(0.1, 0.5), (0.5, 1.0)],
        "augmentation__exclude_classes": [(), ("elm",)],
    }
    model = clone(ESTIMATORS["classifier"]).set_params(augmentation=RELIGHTING, max_epochs=1)
    model.fit(*data)
    before = trace_counts()
    search = GridSearchCV(model, ranges, cv=2, scoring="neg_log_loss", error_score="raise")
    search.fit(*data)
    assert trace_counts()["update_loop"] == before["update_loop"]
    assert len(set(search.cv_results_["mean_test_score"])) == 8
    assert search.best_estimator_.augmentation.share in (0.2, 0.6)
    assert RELIGHTING.share == 0.5


def test_light_survives_clone_config_pickle_and_skops(data, tmp_path):
    augmentation = Relighting(
        sunlight=[0.3, 1.2], exclude_classes=("elm",), wavelengths=WAVELENGTHS, share=0.25
    )
    model = fitted("classifier", data, augmentation=augmentation)
    config = model.to_config(tmp_path / "model.json")
    assert json.loads((tmp_path / "model.json").read_text()) == config
    skops.io.dump(model, tmp_path / "model.skops")
    types = skops.io.get_untrusted_types(file=tmp_path / "model.skops")
    assert all(name.startswith("skhyp.") for name in types)
    for again in (
        clone(model),
        SpectralCNNClassifier.from_config(tmp_path / "model.json"),
        pickle.loads(pickle.dumps(model)),
        skops.io.load(tmp_path / "model.skops", trusted=types),
    ):
        kept = again.augmentation
        assert kept is not augmentation and type(kept) is Relighting
        assert again.to_config() == config
        assert_same_model(clone(again).fit(*data), model)


def test_a_config_names_only_what_there_is():
    config = SpectralAutoencoder(augmentation=RELIGHTING).to_config()
    config["parameters"]["augmentation"] = {"augmentation": ["os.system", {"mapping": []}]}
    with pytest.raises(ValueError, match="augmentation of the config has a value of unknown kind"):
        SpectralAutoencoder.from_config(config)
    config["parameters"]["augmentation"] = {"augmentation": ["Relighting", [["moon", 1]]]}
    with pytest.raises(ValueError, match="augmentation of the config has a value of unknown kind"):
        SpectralAutoencoder.from_config(config)


def test_excluded_classes_are_left_as_they_are(data):
    share_of_none = clone(RELIGHTING).set_params(share=0.0)
    none = clone(RELIGHTING).set_params(exclude_classes=["ash", "elm", "oak"])
    some = clone(RELIGHTING).set_params(exclude_classes=["oak"])
    plain, excluded, partly = (
        fitted("classifier", data, augmentation=each) for each in (share_of_none, none, some)
    )
    assert_same_model(excluded, plain)
    assert not np.array_equal(partly.parameters_, plain.parameters_)


def test_a_scene_larger_than_memory_is_relit_window_by_window(data):
    X = np.tile(data[0], (20, 1))
    scene = open_scene(X.reshape(60, 30, N_BANDS), wavelengths=WAVELENGTHS)
    model = clone(ESTIMATORS["autoencoder"]).set_params(max_epochs=2)
    relit = clone(model).set_params(augmentation=Relighting())
    unlit = clone(model).set_params(augmentation=Relighting(share=0.0))
    with config_context(working_memory=0.06):
        plain = clone(model).fit(scene)
        np.testing.assert_allclose(
            unlit.fit(scene).parameters_, plain.parameters_, rtol=2e-3, atol=1e-4
        )
        assert_same_model(clone(relit).fit(scene), relit.fit(scene))
    assert np.abs(relit.parameters_ - plain.parameters_).max() > 1e-3


def test_early_stopping_looks_at_spectra_as_they_are(data):
    options = {"early_stopping": True, "patience": 3, "max_epochs": 3}
    plain = fitted("classifier", data, **options)
    none = fitted("classifier", data, augmentation=clone(RELIGHTING).set_params(share=0), **options)
    np.testing.assert_allclose(none.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-3)


def test_training_in_parts_and_warm_starts_go_on_in_other_light(data):
    X, y = data
    model = clone(ESTIMATORS["classifier"]).set_params(augmentation=RELIGHTING)
    parts = clone(model)
    for part in (slice(0, 45), slice(45, 90), slice(0, 45)):
        parts.partial_fit(X[part], y[part], classes=["ash", "elm", "oak"])
    assert parts.n_iter_ == 3
    model.set_params(warm_start=True, max_epochs=2).fit(X, y).fit(X, y)
    assert model.n_iter_ == 4


def test_a_network_that_saw_other_light_knows_shadow():
    rng = np.random.default_rng(1)
    classes = rng.uniform(0.2, 0.6, (4, N_BANDS))
    y = rng.integers(0, 4, 160)
    X = classes[y] * rng.uniform(0.8, 1.1, (160, 1)) + rng.normal(0, 0.01, (160, N_BANDS))
    options = {**CONV, "max_epochs": 60, "learning_rate": 0.01}
    dark = Relighting(shadow=1, wavelengths=WAVELENGTHS, random_state=3).relight(X)
    plain = SpectralCNNClassifier(**options).fit(X, y)
    relit = SpectralCNNClassifier(augmentation=RELIGHTING, **options).fit(X, y)
    assert min(plain.score(X, y), relit.score(X, y)) > 0.95
    assert relit.score(dark, y) > 0.9 > plain.score(dark, y) + 0.2


def test_the_relit_autoencoder_gives_the_spectrum_in_full_light(data):
    X = data[0]
    options = {"max_epochs": 200, "learning_rate": 0.01, "loss": "sse"}
    options["hidden_layer_sizes"] = (32,)
    plain = fitted("autoencoder", data, **options)
    relit = fitted("autoencoder", data, augmentation=RELIGHTING, **options)
    dark = clone(RELIGHTING).set_params(shadow=1, random_state=0).relight(X)
    errors = [np.mean(_angles(model.reconstruct(dark), X)) for model in (relit, plain)]
    assert errors[0] < errors[1] / 2
    # Codes keep the material: they move less beside what lies between materials.
    drifts = []
    for model in (relit, plain):
        codes, in_shadow = model.transform(X), model.transform(dark)
        centres = np.stack([codes[data[1] == label].mean(axis=0) for label in set(data[1])])
        between = np.linalg.norm(centres - centres.mean(axis=0), axis=1).mean()
        drifts.append(np.linalg.norm(in_shadow - codes, axis=1).mean() / between)
    assert drifts[0] < drifts[1] / 2


def _angles(a, b):
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    return 2 * np.arctan2(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))


@of_all
def test_spectra_of_unknown_wavelengths_are_refused_with_the_ways_to_give_them(name, data):
    with pytest.raises(ValueError, match=r"(?s)needs the wavelengths.*Spectra\(X, wavelengths\)"):
        fitted(name, data, augmentation=Relighting())
    with pytest.raises(ValueError, match=r"needs the wavelengths"):
        Relighting().relight(data[0])


@of_all
def test_other_wavelengths_than_those_of_x_are_refused(name, data):
    X = Spectra(data[0], WAVELENGTHS + 30)
    with pytest.raises(ValueError, match="wavelengths must be those of X"):
        fitted(name, (X, data[1]), augmentation=RELIGHTING)
    short = Relighting(wavelengths=WAVELENGTHS[1:])
    with pytest.raises(ValueError, match="wavelengths"):
        fitted(name, data, augmentation=short)


@of_all
def test_centred_spectra_are_refused(name, data):
    X = Spectra(data[0], WAVELENGTHS)
    snv = HypPreprocessor(method="snv").fit_transform(X)
    with pytest.raises(ValueError, match=r"multiplies reflectance or radiance, and \d+% of the"):
        fitted(name, (snv, data[1]), augmentation=Relighting())
    with pytest.raises(ValueError, match="multiplies reflectance"):
        Relighting().relight(snv)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"share": 1.5}, "'share' parameter of Relighting"),
        ({"shadow": -0.1}, "'shadow' parameter of Relighting"),
        ({"share": True}, "'share' parameter of Relighting"),
        ({"weight": 0}, "'weight' parameter of Relighting"),
        ({"sunlight": (1.0, 0.2)}, "sunlight must be two numbers of at least 0, from where"),
        ({"sunlight": (0.1, 0.2, 0.3)}, "sunlight must be two numbers"),
        ({"sky_view": (0.3, 1.1)}, "sky_view must be two numbers of at least 0 and at most 1"),
        ({"rayleigh": (-0.1, 0.2)}, "rayleigh must be two numbers"),
        ({"aerosol": (0.1, np.inf)}, "aerosol must be two numbers"),
        ({"constant": (np.nan, 0.2)}, "constant must be two numbers"),
        ({"sky_to_sun": [0.1, 0.2]}, f"sky_to_sun must hold .* for each of {N_BANDS} bands"),
        ({"sky_to_sun": [-0.1] * N_BANDS}, "sky_to_sun must hold"),
        ({"exclude_classes": ["beech"]}, re.escape("exclude_classes must be labels of y, got")),
        ({"n_copies": 0}, "'n_copies' parameter of Relighting"),
    ],
    ids=str,
)
def test_parameters_that_cannot_be_are_named_before_any_work(data, parameters, message):
    augmentation = clone(RELIGHTING).set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        augmentation.fit_resample(*data)
    with pytest.raises(ValueError, match=message):
        fitted("classifier", data, augmentation=augmentation)


@pytest.mark.parametrize("name", ["regressor", "autoencoder"])
def test_where_there_are_no_classes_none_can_be_excluded(name, data):
    augmentation = clone(RELIGHTING).set_params(exclude_classes=["ash"])
    with pytest.raises(ValueError, match="has no classes that augmentation could exclude"):
        fitted(name, data, augmentation=augmentation)


@pytest.mark.parametrize("given", ["relighting", Relighting, 0.5], ids=str)
def test_what_is_no_augmentation_is_refused(data, given):
    with pytest.raises(ValueError, match="'augmentation' parameter of SpectralCNNClassifier"):
        fitted("classifier", data, augmentation=given)


@pytest.mark.parametrize(
    ("sunlit", "shaded", "options", "message"),
    [
        ([0.4, 0.4], [0.1], {}, "the same bands, got 2 and 1"),
        ([0.4, 0.4], [0.1, 0.5], {}, r"in band 1 it is 0.5 beside 0.4"),
        ([0.4, 0.4], [0.1, 0.3], {"sky_view": 0.5}, "in band 1"),
        ([0.4, 0.4], [0.1, 0.1], {"sky_view": 0}, "sky_view must be above 0"),
    ],
)
def test_pairs_that_are_no_sun_and_shadow_are_refused(sunlit, shaded, options, message):
    with pytest.raises(ValueError, match=message):
        sky_to_sun(sunlit, shaded, **options)
