"""Every constructor parameter survives clone and does something: it has a value that shows."""

import numpy as np
import pytest
from sklearn.base import clone

from skhyp import (
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)

# A run that every other case departs from: few epochs, several updates in each.
START = {"learning_rate": 0.01, "max_epochs": 3, "batch_size": 32, "random_state": 0}
CONV = {"architecture": "conv", "n_filters": (3,), "kernel_sizes": 5}
PIECEWISE = {
    "learning_rate_schedule": "piecewise",
    "learning_rate_boundaries": (3,),
    "learning_rate_values": (0.001,),
}
EXPONENTIAL = {"learning_rate_schedule": "exponential", "decay_steps": 3}
STOPPING = {"early_stopping": True, "max_epochs": 12, "learning_rate": 0.5}

# Of each parameter: the value that is to show, and what it needs the others to be.
OF_ALL = {
    "optimizer": ("sgd", {}),
    "learning_rate": (0.02, {}),
    "epsilon": (0.1, {}),
    "learning_rate_schedule": ("cosine", {}),
    "decay_steps": (5, EXPONENTIAL),
    "decay_rate": (0.5, EXPONENTIAL),
    "learning_rate_boundaries": ((6,), PIECEWISE),
    "learning_rate_values": ((0.03,), PIECEWISE),
    "weight_decay": (0.1, {}),
    "batch_size": (40, {}),
    "max_epochs": (4, {}),
    "shuffle": (False, {}),
    "early_stopping": (True, {}),
    "validation_fraction": (0.3, {"early_stopping": True}),
    "patience": (1, STOPPING),
    "warm_start": (True, {}),
    "random_state": (1, {}),
    "verbose": (1, {}),
}
OF_LAYERS = OF_ALL | {
    "activation": ("tanh", {}),
    "initializer": ("normal", {}),
    "initializer_std": (0.3, {"initializer": "normal"}),
    "inference_dtype": ("bfloat16", {}),
}
# What these do is seen in files and calls, see test_checkpoints.py and test_callbacks.py, and in
# other light, see light/test_relighting.py.
SEEN_ELSEWHERE = {"augmentation", "callbacks", "checkpoint_dir", "resume", "save_epochs"}
CASES = {
    SpectralAutoencoder: {
        **OF_LAYERS,
        "architecture": ("conv", {}),
        "n_components": (4, {}),
        "hidden_layer_sizes": ((11,), {}),
        "n_filters": ((4,), CONV),
        "kernel_sizes": (6, CONV),
        "strides": (2, CONV),
        "padding": ("same", CONV),
        "latent_activation": ("tanh", {}),
        "output_activation": ("softplus", {}),
        "tied_weights": (True, {}),
        "skip_connections": (True, {}),
        "loss": ("csa", {}),
        "scale_input": (False, {}),
    },
    SpectralUnmixer: {
        **OF_ALL,
        "n_endmembers": (4, {}),
        "loss": ("csa", {}),
        "positive": (False, {}),
        "volume_weight": (2.0, {}),
        "learning_rate_schedule": ("constant", {}),
        "n_init": (1, {"n_endmembers": 6}),
    },
    SpectralCNNClassifier: {
        **OF_LAYERS,
        "views": (("bands",), {}),
        "n_filters": ((5,), {}),
        "kernel_sizes": (7, {}),
        "strides": (3, {}),
        "padding": ("same", {}),
        "dense_layer_sizes": ((9,), {}),
        "whitening": (0.9, {}),
        "dropout": (0.3, {}),
        "class_weight": ("balanced", {}),
    },
    SpectralCNNRegressor: {
        **OF_LAYERS,
        "learning_rate_schedule": ("constant", {}),
        "views": (("bands",), {}),
        "n_filters": ((5,), {}),
        "kernel_sizes": (7, {}),
        "strides": (3, {}),
        "padding": ("same", {}),
        "dense_layer_sizes": ((9,), {}),
        "dropout": (0.3, {}),
        "loss": ("huber", {}),
        "quantile": (0.9, {"loss": "quantile"}),
    },
}
SMALL = {
    SpectralAutoencoder: START
    | {
        "hidden_layer_sizes": (10,),
        "n_components": 3,
        "loss": "sse",
    },  # the one with least to trace
    SpectralUnmixer: START | {"n_endmembers": 3},
    SpectralCNNClassifier: START
    | {"n_filters": (4,), "kernel_sizes": 8, "dense_layer_sizes": (8,)},
    SpectralCNNRegressor: START | {"n_filters": (4,), "kernel_sizes": 8, "dense_layer_sizes": (8,)},
}
PREDICT = {
    SpectralAutoencoder: "reconstruct",
    SpectralUnmixer: "reconstruct",
    SpectralCNNClassifier: "predict_proba",
    SpectralCNNRegressor: "predict",
}
ALL_CASES = [
    pytest.param(estimator, name, value, needed, id=f"{estimator.__name__}-{name}")
    for estimator, cases in CASES.items()
    for name, (value, needed) in cases.items()
]


@pytest.fixture(scope="module")
def unbalanced_spectra(spectra_factory):
    """Spectra in digital numbers, so that their scale matters, of classes of unequal size."""
    X, y = spectra_factory((70, 30, 20))
    return 50 * X, y


@pytest.fixture(scope="module")
def outcomes():
    """What runs gave, by estimator and parameters: the starting points are shared."""
    return {}


def _outcome(outcomes, estimator, parameters, spectra, capsys):
    """Return all that a user can see of two fits: history, output, what was printed."""
    key = (estimator, repr(sorted(parameters.items())))
    if key not in outcomes:
        fitted = estimator(**parameters).fit(*spectra).fit(*spectra)
        output = getattr(fitted, PREDICT[estimator])(spectra[0])
        outcomes[key] = (
            fitted.n_iter_,
            fitted.loss_curve_,
            fitted.validation_loss_curve_,
            bool(capsys.readouterr().err),
            fitted.parameters_.tolist(),
            np.round(output, 12).tolist(),
        )
    return outcomes[key]


@pytest.mark.parametrize(("estimator", "name", "value", "needed"), ALL_CASES)
def test_a_parameter_shows(unbalanced_spectra, outcomes, capsys, estimator, name, value, needed):
    before = SMALL[estimator] | needed
    assert estimator(**before).get_params()[name] != value
    without = _outcome(outcomes, estimator, before, unbalanced_spectra, capsys)
    with_value = _outcome(outcomes, estimator, before | {name: value}, unbalanced_spectra, capsys)
    assert with_value != without


@pytest.mark.parametrize(("estimator", "name", "value", "needed"), ALL_CASES)
def test_a_parameter_survives_clone(estimator, name, value, needed):
    cloned = clone(estimator(**needed | {name: value}))
    assert cloned.get_params() == estimator().get_params() | needed | {name: value}


@pytest.mark.parametrize("estimator", CASES)
def test_every_parameter_has_a_case(estimator):
    parameters = set(estimator().get_params())
    assert set(CASES[estimator]) | (SEEN_ELSEWHERE & parameters) == parameters


@pytest.mark.parametrize(
    ("name", "visible"),
    [
        ("verbose", "print"),
        ("warm_start", "epochs"),
        ("early_stopping", "validation"),
        ("patience", "epochs"),
    ],
)
@pytest.mark.parametrize("estimator", CASES)
def test_what_does_not_change_the_model_shows_where_it_should(
    unbalanced_spectra, outcomes, capsys, estimator, name, visible
):
    value, needed = CASES[estimator][name]
    before = SMALL[estimator] | needed
    place = {"epochs": 0, "validation": 2, "print": 3}[visible]
    seen = [
        _outcome(outcomes, estimator, parameters, unbalanced_spectra, capsys)
        for parameters in (before, before | {name: value})
    ]
    assert seen[0][place] != seen[1][place]
