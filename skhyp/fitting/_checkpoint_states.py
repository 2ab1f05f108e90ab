"""The fitted state of an estimator in a checkpoint, and whether a checkpoint has one."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ._checkpoint_files import CheckpointFile
from ._config import decode_parameters

# Arrays of a checkpoint that are no fitted attributes.
_OF_TRAINING = {
    "latest_parameters",
    "latest_moments",
    "best_parameters",
    "best_moments",
    "best_loss",
    "losses",
    "validation_losses",
}
# Fitted attributes by scikit-learn's rule; a file sets no others.
_FITTED = re.compile(r"[a-z]+(_[a-z]+)*_")
# Fitted integers, and between what they are.
_INTEGERS = (("n_iter_", 0, 2**31), ("seed_", 0, 2**31), ("n_features_in_", 1, 2**31))


def fitted_state(estimator: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the fitted attributes: plain values, and arrays (of strings as lists)."""
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, value in vars(estimator).items():
        if not name.endswith("_") or name.startswith("_"):
            continue
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            plain[name] = {"objects": value.tolist()}
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, list):
            arrays[name] = np.array(value, dtype=np.float64)
        else:
            plain[name] = value
    return plain, arrays


def read_checkpoint(path: Path, n_epochs: int) -> CheckpointFile:
    """Return the checkpoint in a file that is named after so many epochs."""
    checkpoint = CheckpointFile.read(path)
    fitted = checkpoint.description.get("fitted")
    found = fitted.get("n_iter_") if isinstance(fitted, dict) else None
    if found != n_epochs:
        raise ValueError(f"{path} holds epoch {found!r}, not {n_epochs} as its name says.")
    return checkpoint


def estimator_of(kind: type, checkpoint: CheckpointFile) -> Any:
    """Return the estimator, of a class, whose fitted state a checkpoint holds.

    Raises an error of any kind if that is none that a fit could have left.
    """
    estimator = kind(**decode_parameters(checkpoint.description["config"]))
    estimator._validate_params()
    _restore(estimator, checkpoint)
    return estimator


def _restore(estimator: Any, checkpoint: CheckpointFile) -> None:
    """Give an estimator the fitted state that a checkpoint holds, if it fits its parameters."""
    description, arrays = checkpoint
    fitted = dict(description["fitted"])
    fitted |= {name: arrays[name] for name in arrays.keys() - _OF_TRAINING}
    for name, value in fitted.items():
        if not _FITTED.fullmatch(name) or hasattr(type(estimator), name):
            raise ValueError(f"{name!r} is no fitted attribute")
        if isinstance(value, dict) and value.keys() == {"objects"}:
            value = np.array(value["objects"], dtype=object)
        value = value.tolist() if name.endswith("loss_curve_") else _with_tuples(value)
        setattr(estimator, name, value)
    for name, least, most in _INTEGERS:
        _refuse_other_integer(name, getattr(estimator, name), least, most)
    state = "best" if "best_parameters" in arrays else "latest"
    estimator._moments = arrays[f"{state}_moments"]
    estimator._n_updates = description[f"{state}_n_updates"]
    _refuse_another_state(estimator)
    if not np.array_equal(estimator.parameters_, arrays[f"{state}_parameters"]):
        raise ValueError(f"its parameters_ are not those of its {state} state")


def _refuse_another_state(estimator: Any) -> None:
    """Raise if fitted attributes do not fit the parameters, or each other."""
    from skhyp.graph.networks import differing_fields
    from skhyp.graph.parameters import vector_size
    from skhyp.graph.training import TrainingState

    dtype, classes = estimator.architecture_["dtype"], getattr(estimator, "classes_", None)
    if dtype not in ("float32", "float64"):
        raise ValueError(f"its network computes in {dtype!r}")
    network = estimator._network(int(estimator.n_features_in_), dtype)
    if differing := differing_fields(estimator.architecture_, network):
        raise ValueError(f"its network differs from its parameters in {', '.join(differing)}")
    for name, described in (
        ("parameters_", network.parameters),
        ("statistics_", network.statistics),
    ):
        array, n_values = getattr(estimator, name), vector_size(described)
        if array.shape != (n_values,) or array.dtype != dtype or not np.isfinite(array).all():
            raise ValueError(f"{name} must be {n_values} finite numbers of {dtype}")
    if hasattr(network, "n_targets"):
        _refuse_other_integer("n_outputs_", estimator.n_outputs_, 1, 2**31)
        least = 1 if estimator.n_outputs_ == 1 else 2
        _refuse_other_integer("target_ndim_", estimator.target_ndim_, least, 3)
    start = TrainingState.start(estimator.parameters_, estimator.optimizer)
    _refuse_another_array("the moments", estimator._moments, like=start.moments)
    _refuse_other_integer("the number of updates", estimator._n_updates, 0, 2**31)
    n_losses = len(np.asarray(estimator.loss_curve_, dtype=np.float64))
    if n_losses != estimator.n_iter_:
        raise ValueError(f"there are {n_losses} losses")
    if not len(np.asarray(estimator.validation_loss_curve_, dtype=np.float64)) <= n_losses:
        raise ValueError("there are more validation losses than epochs")
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and not (
        len(names) == estimator.n_features_in_ and all(isinstance(name, str) for name in names)
    ):
        raise ValueError(f"feature_names_in_ are no names of bands: {names!r:.80}")
    wavelengths = getattr(estimator, "wavelengths_", None)
    if wavelengths is not None:
        wavelengths = np.asarray(wavelengths, dtype=np.float64)
        is_positive = wavelengths.shape == (estimator.n_features_in_,) and (wavelengths > 0).all()
        if not (is_positive and np.isfinite(wavelengths).all()):
            raise ValueError(f"wavelengths_ are no wavelengths of bands: {wavelengths!r:.80}")
    if classes is not None and not (classes.ndim == 1 and len(set(classes.tolist())) >= 2):
        raise ValueError(f"classes_ are no labels: {classes!r:.80}")


def _refuse_other_integer(name: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value < most:
        raise ValueError(f"{name} must be an integer from {least} to {most - 1}, got {value!r:.80}")


def _refuse_another_array(name: str, array: np.ndarray, *, like: np.ndarray) -> None:
    is_alike = array.shape == like.shape and array.dtype == like.dtype
    if not is_alike or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers of {like.dtype} of shape {like.shape}")


def refuse_misshapen(checkpoint: CheckpointFile, estimator: Any) -> None:
    """Raise if the states to go on from are not those of the network."""
    description, arrays = checkpoint
    for state in ("latest", "best") if "best_parameters" in arrays else ("latest",):
        for name, like in (("parameters", estimator.parameters_), ("moments", estimator._moments)):
            _refuse_another_array(
                f"the {name} of its {state} state", arrays[f"{state}_{name}"], like=like
            )
        _refuse_other_integer("the number of updates", description[f"{state}_n_updates"], 0, 2**31)
    n_losses = estimator.n_iter_ - description["identity"]["first_epoch"]
    _refuse_other_integer("best_epoch", description["best_epoch"], 0, n_losses + 1)
    n_held_out = n_losses if estimator.early_stopping else 0
    shapes = {"losses": (n_losses,), "validation_losses": (n_held_out,), "best_loss": ()}
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f" or np.isnan(array).any():
            raise ValueError(f"{name} must be floats of shape {shape}, got {array!r:.80}")
    if arrays["losses"].tolist() != estimator.loss_curve_[estimator.n_iter_ - n_losses :]:
        raise ValueError("its losses are not the last ones of loss_curve_")


def _with_tuples(value: Any) -> Any:
    """Return what JSON made lists of as the tuples that it was."""
    if isinstance(value, dict):
        return {key: _with_tuples(held) for key, held in value.items()}
    return tuple(_with_tuples(held) for held in value) if isinstance(value, list) else value
