"""Parameters as JSON: they come back as they were, and nothing else does."""

import json
import re

import numpy as np
import pytest
from sklearn.base import clone

from skhyp import (
    HypPreprocessor,
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
)
from skhyp.fitting._config import CONFIG_VERSION

ESTIMATORS = [
    HypPreprocessor(),
    HypPreprocessor(
        method="savgol", bands=[(400.0, 900), (1100, 1800)], wavelengths=np.linspace(400, 2500, 7)
    ),
    HypPreprocessor(nodata=np.nan, bands=np.array([True, False, True])),
    HypPreprocessor(nodata=-np.inf),
    SpectralAutoencoder(),
    SpectralAutoencoder(
        architecture="conv", n_filters=[4, np.int64(5)], tied_weights=(True, False), loss="sid"
    ),
    SpectralCNNClassifier(learning_rate=np.float32(0.25), random_state=7),
    SpectralCNNClassifier(class_weight={1: 0.5, 2: 2.0}),
    SpectralCNNClassifier(class_weight={"oak": 1, "élm": 3.5}, views=None),
    SpectralCNNRegressor(loss="quantile", quantile=np.float64(0.9), views=["bands"]),
]


def _same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a == b
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_parameters_come_back_by_a_dict_and_by_a_file(estimator, tmp_path):
    config = estimator.to_config(tmp_path / "model.json")
    assert json.loads((tmp_path / "model.json").read_text()) == config
    for source in (config, tmp_path / "model.json", str(tmp_path / "model.json")):
        again = type(estimator).from_config(source)
        params, expected = again.get_params(), estimator.get_params()
        assert params.keys() == expected.keys()
        assert [name for name in params if not _same(params[name], expected[name])] == []
        assert clone(again).to_config() == config


def test_a_config_is_plain_json_that_says_what_it_is_of(tmp_path):
    config = SpectralAutoencoder(n_components=3).to_config(tmp_path / "model.json")
    assert config["config_version"] == CONFIG_VERSION
    assert config["estimator"] == "SpectralAutoencoder"
    assert config["parameters"]["n_components"] == 3
    assert config["parameters"]["hidden_layer_sizes"] == [50, 30]
    assert (tmp_path / "model.json").read_text().endswith("}\n")


def test_parameters_that_are_left_out_get_their_defaults():
    config = SpectralAutoencoder(n_components=3).to_config()
    del config["parameters"]["learning_rate"]
    estimator = SpectralAutoencoder.from_config(config)
    assert estimator.n_components == 3
    assert estimator.learning_rate == SpectralAutoencoder().learning_rate


def _config(**changes):
    return SpectralAutoencoder().to_config() | changes


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (_config(config_version=99), "config_version 99"),
        (_config(estimator="MLPClassifier"), "of 'MLPClassifier', not of SpectralAutoencoder"),
        (_config(parameters={"n_component": 3}), "parameters that are not known: 'n_component'"),
        (_config(parameters={"n_components": -3}), "n_components"),
        (_config(parameters={"n_components": {"exec": "rm"}}), "n_components.*unknown kind"),
        (_config(parameters={"batch_size": {"float": "1e3"}}), "batch_size.*unknown kind"),
        (_config(parameters={"loss": {"mapping": [[[], 1], 2]}}), "loss.*unknown kind"),
        (_config(parameters=[1]), "parameters must be an object"),
        (_config(weights=[1]), "entries that are not known: 'weights'"),
        ({}, "config_version, estimator, parameters missing"),
    ],
)
def test_what_is_not_a_config_of_the_class_is_refused(config, message, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(config))
    for source, where in ((config, "config"), (path, "config|model.json")):
        with pytest.raises(ValueError, match=message) as raised:
            SpectralAutoencoder.from_config(source)
        # What a parameter may be is scikit-learn's to say, which knows of no file.
        assert re.search(f"{where}|must be", str(raised.value))


@pytest.mark.parametrize("depth", [100, 700, 5000])
def test_a_value_nested_without_end_is_refused(depth, tmp_path):
    SpectralAutoencoder().to_config(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text()
    nested = "[" * depth + "]" * depth
    (tmp_path / "model.json").write_text(text.replace('"csa"', nested))
    with pytest.raises(ValueError, match=r"model\.json"):
        SpectralAutoencoder.from_config(tmp_path / "model.json")


def test_a_name_that_is_nearly_one_is_asked_about():
    config = SpectralAutoencoder().to_config()
    config["parameters"]["learn_rate"] = config["parameters"].pop("learning_rate")
    with pytest.raises(ValueError, match=r"'learn_rate'\. Did you mean learning_rate\?"):
        SpectralAutoencoder.from_config(config)


def test_a_parameter_that_json_cannot_hold_is_named(tmp_path):
    estimator = SpectralAutoencoder(random_state=np.random.RandomState(0))
    with pytest.raises(ValueError, match="random_state"):
        estimator.to_config(tmp_path / "model.json")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model\.json"):
        SpectralAutoencoder.from_config(tmp_path / "model.json")
    (tmp_path / "model.json").write_text("{'a': 1}")
    with pytest.raises(ValueError, match=r"model\.json is not readable as JSON"):
        SpectralAutoencoder.from_config(tmp_path / "model.json")


def test_a_config_may_lie_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    SpectralAutoencoder(n_components=3).to_config("~/config.json")
    assert (tmp_path / "config.json").is_file()
    assert SpectralAutoencoder.from_config("~/config.json").n_components == 3
