"""Models that deephyp 0.1.5 trained, read and trained on here: the same numbers come out."""

import json
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skhyp import SpectralAutoencoder, SpectralCNNClassifier
from skhyp.deephyp import load_config, load_model

CASES = [
    "ae_mlp_basic",
    "ae_mlp_tied_skip_sid",
    "ae_cnn_basic",
    "ae_cnn_same_tied_skip",
    "clf_cnn_basic",
    "clf_cnn_stride_same",
]
AUTOENCODERS = [case for case in CASES if case.startswith("ae")]
CLASSIFIERS = [case for case in CASES if case.startswith("clf")]


def of_cases(cases):
    return pytest.mark.parametrize("folder", cases, indirect=True)


def _assert_close(found, expected, tolerance=1e-5):
    """Equal to within ``tolerance`` of the largest magnitude."""
    expected = expected.reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@of_cases(AUTOENCODERS)
def test_an_autoencoder_of_deephyp_encodes_and_reconstructs_the_same(folder, oracle):
    model = load_model(folder)
    _assert_close(model.transform(oracle["X"]), oracle["latent"])
    _assert_close(model.reconstruct(oracle["X"]), oracle["reconstruction"])


@of_cases(AUTOENCODERS)
def test_an_autoencoder_of_deephyp_decodes_the_same_unless_it_skips(folder, oracle):
    model = load_model(folder)
    assert hasattr(model, "inverse_transform") == ("decoded" in oracle)
    if "decoded" in oracle:
        _assert_close(model.inverse_transform(oracle["latent"]), oracle["decoded"])


@of_cases(AUTOENCODERS)
@pytest.mark.parametrize("measure", ["sse", "csa", "sa", "sid"])
def test_losses_are_those_of_deephyp_where_it_has_numbers(folder, oracle, measure):
    expected = oracle[f"loss_{measure.upper()}"]
    found = load_model(folder).reconstruction_error(oracle["X"], measure=measure).sum()
    assert np.isfinite(found)
    if np.isnan(expected):
        # deephyp takes logarithms of a reconstruction with negative values.
        assert measure == "sid" and oracle["reconstruction"].min() < 0
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@of_cases(CLASSIFIERS)
def test_a_classifier_of_deephyp_predicts_the_same(folder, oracle, assert_same_labels):
    model = load_model(folder)
    _assert_close(model.decision_function(oracle["X"]), oracle["logits"])
    _assert_close(model.predict_proba(oracle["X"]), oracle["scores"])
    assert_same_labels(model.predict(oracle["X"]), oracle["labels"], oracle["scores"])


@of_cases(CLASSIFIERS)
def test_the_layers_of_a_classifier_of_deephyp_are_the_same(folder, oracle):
    model = load_model(folder)
    layers = [name for name in oracle if name.startswith("features_")]
    for layer in range(len(layers)):
        found = model.predict_features(oracle["X"], layer=layer)
        _assert_close(found, oracle[f"features_{layer + 1}"])
    with pytest.raises(ValueError, match="layer"):
        model.predict_features(oracle["X"], layer=len(layers))


def _training_parameters(folder, oracle):
    """The parameters that say what deephyp's training op was told."""
    recipe = json.loads((folder / "recipe.json").read_text())
    options = recipe["train_op"]
    parameters = {
        "batch_size": int(oracle["batch_size"]),
        "shuffle": False,
        "random_state": 0,
        "learning_rate": options.get("learning_rate", 1e-3),
    }
    if "piecewise_bounds" in options:
        parameters |= {
            "learning_rate_schedule": "piecewise",
            "learning_rate_boundaries": options["piecewise_bounds"],
            "learning_rate_values": options["piecewise_values"],
        }
    if "decay_rate" in options:
        parameters |= {
            "learning_rate_schedule": "exponential",
            "decay_steps": options["decay_steps"],
            "decay_rate": options["decay_rate"],
        }
    if recipe["loss"] is not None:
        parameters["loss"] = recipe["loss"].lower()
    elif not options["balance_classes"]:
        parameters["class_weight"] = None
    return parameters


def _trajectory(folder, oracle, dtype):
    """The loss before each of the updates, continued from epoch 0, and deephyp's own."""
    model = load_model(folder, epoch=0, **_training_parameters(folder, oracle))
    model.parameters_ = model.parameters_.astype(dtype)
    model._moments = model._moments.astype(dtype)
    X, n_rows = oracle["train_X"].astype(dtype), int(oracle["batch_size"])
    expected = oracle["trajectory_loss"]
    for step in range(len(expected)):
        rows = np.arange(step * n_rows, (step + 1) * n_rows) % len(X)
        y = () if isinstance(model, SpectralAutoencoder) else (oracle["train_y"][rows],)
        model.partial_fit(X[rows], *y)
    losses = np.array(model.loss_curve_[1:])
    # deephyp adds up the losses of spectra and takes the mean of cross-entropies.
    return losses * (n_rows if isinstance(model, SpectralAutoencoder) else 1), expected


# In double precision as well, one of each kind; the classifier's is the next test.
@pytest.mark.parametrize(
    ("folder", "dtype"),
    [
        *((case, "float32") for case in CASES if case != "clf_cnn_basic"),
        ("ae_mlp_tied_skip_sid", "float64"),
        ("ae_cnn_same_tied_skip", "float64"),
    ],
    indirect=["folder"],
)
def test_training_goes_on_from_a_checkpoint_as_in_deephyp(folder, oracle, dtype):
    losses, expected = _trajectory(folder, oracle, dtype)
    assert len(losses) == 30
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


@of_cases(["clf_cnn_basic"])
def test_training_goes_on_as_in_deephyp_until_rounding_tells(folder, oracle):
    # Some units of this network are almost silent, so that Adam blows up the rounding of their
    # gradients: a last place more or less in the start moves the last losses by 1e-3 in float32.
    # In float64 ours do not move by 1e-8; what is left there, 3e-4, is deephyp's own rounding.
    losses, expected = _trajectory(folder, oracle, "float64")
    np.testing.assert_allclose(losses[:11], expected[:11], rtol=1e-6)
    np.testing.assert_allclose(losses[:26], expected[:26], rtol=1e-4)
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    losses, expected = _trajectory(folder, oracle, "float32")
    np.testing.assert_allclose(losses[:11], expected[:11], rtol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=5e-3)


@of_cases(CLASSIFIERS)
def test_the_loss_of_a_batch_is_that_of_deephyp(folder, oracle):
    parameters = _training_parameters(folder, oracle) | {"batch_size": len(oracle["loss_X"])}
    model = load_model(folder, **parameters).partial_fit(oracle["loss_X"], oracle["loss_y"])
    np.testing.assert_allclose(model.loss_curve_[-1], oracle["loss"], rtol=1e-5)


@of_cases(CASES)
def test_a_loaded_model_is_an_estimator_like_any_other(folder, oracle):
    # By the graphs of the trainings above.
    model = load_model(folder, **_training_parameters(folder, oracle))
    is_autoencoder = isinstance(model, SpectralAutoencoder)
    function = "transform" if is_autoencoder else "predict_proba"
    expected = getattr(model, function)(oracle["X"])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(getattr(again, function)(oracle["X"]), expected)

    twin = clone(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(twin)
    X = oracle["train_X"]
    y = None if is_autoencoder else np.arange(len(X)) % len(model.classes_)
    twin.set_params(max_epochs=1).fit(X, y)
    assert twin.architecture_ == model.architecture_


@of_cases(CASES)
def test_fit_goes_on_where_deephyp_stopped(folder, oracle):
    model = load_model(folder, max_epochs=2, **_training_parameters(folder, oracle))
    before, n_updates = model.parameters_.copy(), model._n_updates
    assert model.n_iter_ == len(model.loss_curve_) == 4  # epochs 0 to 3
    X, y = oracle["train_X"], None
    if isinstance(model, SpectralCNNClassifier):
        y = np.arange(len(X)) % len(model.classes_) + 1
    model.fit(X, y)
    assert model.n_iter_ == 6 and model._n_updates > n_updates
    assert np.isfinite(model.loss_curve_[-2:]).all()
    change = np.abs(model.parameters_ - before)
    assert 0 < change.max() < 0.1  # it did not start anew


@of_cases(["ae_mlp_basic", "clf_cnn_basic"])
def test_epochs_are_found_by_number_by_folder_and_by_default(folder, oracle):
    last = load_model(folder)
    np.testing.assert_array_equal(load_model(folder, epoch=3).parameters_, last.parameters_)
    by_folder = load_model(folder / "epoch_3")
    np.testing.assert_array_equal(by_folder.parameters_, last.parameters_)
    first = load_model(folder, epoch=0)
    assert first.n_iter_ == 1 and not np.array_equal(first.parameters_, last.parameters_)


@of_cases(CASES)
def test_a_configuration_alone_gives_the_same_estimator_not_fitted(folder):
    estimator = load_config(folder)
    assert not hasattr(estimator, "parameters_")
    loaded = load_model(folder).get_params()
    assert {k: v for k, v in loaded.items() if k not in ("warm_start", "optimizer")} == {
        k: v for k, v in estimator.get_params().items() if k not in ("warm_start", "optimizer")
    }
    kind = SpectralAutoencoder if folder.name.startswith("ae") else SpectralCNNClassifier
    assert isinstance(load_config(folder / "config.json", max_epochs=7), kind)
    assert load_config(folder / "config.json", max_epochs=7).max_epochs == 7
