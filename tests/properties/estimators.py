"""Valid parameters of the estimators, and what they learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from .draws import Draws

ACTIVATIONS = ("relu", "sigmoid", "linear", "tanh", "elu", "softplus")
METHODS = (
    *("minmax", "deephyp-minmax", "l2", "l1", "snv", "msc", "standardize", "savgol", "continuum"),
    None,
)
_RATES = (1e-4, 1e-3, 1e-2)


def _convolutions(draws: Draws) -> dict[str, Any]:
    n_filters = draws.layers(1, 3, lambda: draws.integer(1, 4))
    return {
        "n_filters": n_filters,
        "kernel_sizes": draws.one_or_each(len(n_filters), lambda: draws.integer(1, 60)),
        "strides": draws.one_or_each(len(n_filters), lambda: draws.integer(1, 12)),
        "padding": draws.one_of("valid", "same"),
    }


def _layers(draws: Draws) -> dict[str, Any]:
    return {
        "activation": draws.one_of(*ACTIVATIONS),
        "initializer": draws.one_of("glorot", "he", "truncated_normal", "normal", "constant"),
        "initializer_std": draws.one_of(0.01, 0.1),
    }


def _training(draws: Draws, n_rows: int) -> dict[str, Any]:
    schedule = draws.one_of("constant", "exponential", "piecewise", "cosine")
    parameters = {
        "optimizer": draws.one_of("adam", "sgd"),
        "learning_rate": draws.one_of(*_RATES),
        "epsilon": draws.one_of(1e-8, 1e-4),
        "weight_decay": draws.one_of(0.0, 0.1),
        "batch_size": draws.one_of(1, 7, 64),
        "max_epochs": draws.integer(1, 3),
        "shuffle": draws.chance(),
        "random_state": draws.integer(0, 2**16),
        "learning_rate_schedule": schedule,
    }
    if schedule == "exponential":
        parameters |= {"decay_steps": draws.integer(1, 9), "decay_rate": draws.one_of(0.1, 0.9)}
    if schedule == "piecewise":
        parameters |= {
            "learning_rate_boundaries": (2, 5),
            "learning_rate_values": (draws.one_of(*_RATES), draws.one_of(*_RATES)),
        }
    if n_rows >= 8 and draws.chance():
        parameters |= {
            "early_stopping": True,
            "validation_fraction": draws.one_of(0.2, 0.5),
            "patience": draws.integer(1, 2),
        }
    return parameters


def autoencoder_parameters(draws: Draws, n_rows: int, loss: str) -> dict[str, Any]:
    """Draw parameters of a SpectralAutoencoder."""
    parameters = {
        **_layers(draws),
        **_training(draws, n_rows),
        "architecture": draws.one_of("dense", "conv"),
        "n_components": draws.integer(1, 6),
        "latent_activation": draws.one_of(*ACTIVATIONS),
        "output_activation": draws.one_of(None, *ACTIVATIONS),
        "skip_connections": draws.chance(),
        "loss": loss,
        "scale_input": draws.chance(),
    }
    if loss == "sid":  # which is of positive spectra
        parameters["output_activation"] = draws.one_of(None, "softplus", "sigmoid")
    if parameters["architecture"] == "dense":
        parameters["hidden_layer_sizes"] = draws.layers(0, 3, lambda: draws.integer(1, 12))
        n_decoder_layers = len(parameters["hidden_layer_sizes"]) + 1
    else:
        parameters |= _convolutions(draws)
        n_decoder_layers = len(parameters["n_filters"])
    parameters["tied_weights"] = draws.one_or_each(n_decoder_layers, draws.chance)
    return parameters


def unmixer_parameters(draws: Draws, X: np.ndarray, loss: str) -> dict[str, Any]:
    """Draw parameters of a SpectralUnmixer that suit spectra."""
    n_rows, n_bands = X.shape
    return _training(draws, n_rows) | {
        "n_endmembers": draws.integer(2, min(6, n_bands + 1)),
        "loss": loss,
        "positive": bool(np.min(X) >= 0) and draws.chance(),
        "volume_weight": draws.one_of(0.0, 1.0, 10.0),
        "n_init": draws.integer(1, 3),
    }


def classifier_parameters(draws: Draws, n_rows: int) -> dict[str, Any]:
    """Draw parameters of a SpectralCNNClassifier."""
    views = tuple(draws.some_of(["snv", "whitened", "bands"]))
    return (
        _layers(draws)
        | _training(draws, n_rows)
        | _convolutions(draws)
        | {
            "views": draws.one_of(None, views, views),
            "whitening": draws.one_of(0, 0.5, 1.0),
            "dense_layer_sizes": draws.layers(0, 3, lambda: draws.integer(1, 12)),
            "dropout": draws.one_of(0.0, 0.3, 0.9),
            "class_weight": draws.one_of(None, "balanced", "balanced_batch"),
        }
    )


def regressor_parameters(draws: Draws, n_rows: int) -> dict[str, Any]:
    """Draw parameters of a SpectralCNNRegressor."""
    views = tuple(draws.some_of(["snv", "bands"]))
    return (
        _layers(draws)
        | _training(draws, n_rows)
        | _convolutions(draws)
        | {
            "views": draws.one_of(None, views, views),
            "dense_layer_sizes": draws.layers(0, 3, lambda: draws.integer(1, 12)),
            "dropout": draws.one_of(0.0, 0.3, 0.9),
            "loss": draws.one_of("squared_error", "absolute_error", "huber", "quantile"),
            "quantile": draws.one_of(0.05, 0.5, 0.9),
        }
    )


def draw_values(draws: Draws, n_rows: int) -> np.ndarray:
    """Draw values of any type and unit, of one target or several, some constant, some outliers."""
    shape = draws.one_of((n_rows,), (n_rows, 1), (n_rows, 3))
    values = draws.rng.normal(draws.one_of(0, 30), 1, shape) * 10.0 ** draws.integer(-12, 12)
    columns = values.reshape(n_rows, -1)
    if draws.integer(0, 3) == 0:
        columns[:, -1] = columns[0, -1]
    if draws.chance():
        columns[0] *= 1000
    counts = draws.rng.integers(0, 100, shape)
    return draws.one_of(
        values, values, values.astype(np.float32), counts, counts > 50, values.astype(object)
    )


def draw_labels(draws: Draws, n_rows: int) -> np.ndarray:
    """Draw labels of any type: two classes, three, or one for each spectrum, as of very many."""
    few = 2, min(3, n_rows)
    codes = np.arange(n_rows) % draws.one_of(*(few if n_rows < 300 else ()), n_rows)
    return draws.one_of(
        codes + 1,
        (codes - 5).astype(np.int16),
        *([codes == 1] if codes.max() == 1 else ()),
        np.char.add("class ", codes.astype(str)),
        2.0 * codes,
        np.array([f"é{code}" for code in codes], dtype=object),
    )


def preprocessor_parameters(draws: Draws, X: np.ndarray) -> dict[str, Any]:
    """Draw parameters of a HypPreprocessor for spectra."""
    n_bands = X.shape[1]
    wavelengths = 400 + draws.one_of(1.0, 5.0) * np.arange(n_bands)
    if draws.chance():  # two detectors
        wavelengths[n_bands // 2 :] += 500
    chosen = draws.some_of(range(n_bands))
    beyond = [(wavelengths[-1] + 1, wavelengths[-1] + 9)]
    bands = draws.one_of(None, np.isin(np.arange(n_bands), chosen), chosen, beyond)
    knows = bands is beyond or draws.chance()
    window = 2 * draws.integer(0, 12) + 1
    return {
        "method": draws.one_of(*METHODS),
        "bands": bands,
        "wavelengths": wavelengths if knows else None,
        "nodata": draws.one_of(None, None, 0, -9999, np.nan, draws.rng.choice(X.ravel()).item()),
        "window_length": window,
        "polyorder": draws.integer(0, min(window - 1, 4)),
        "deriv": draws.integer(0, 2),
    }
