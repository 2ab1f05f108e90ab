"""deephyp's ``config.json``, checked entry by entry, and what it means here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from skhyp.files._json import read_json_object

CONFIG = "config.json"

# deephyp's initial weights, and what is nearest to them here. It draws from a normal distribution
# for "xavier" too, and takes a deviation or constant of 0.1 whatever weightStd says.
_INITIALIZERS = {
    "truncated_normal": "truncated_normal",
    "gaussian": "normal",
    "constant": "constant",
    "xavier": "glorot",
    "xavier_improved": "he",
}
_DEVIATION = 0.1


class _Entry(NamedTuple):
    """What is expected of the value of a key."""

    expected: str
    is_right: Callable[[Any], bool]


def _is_integer(value: Any, least: int = 1) -> bool:
    return type(value) is int and least <= value < 2**31


def _integers(least: int = 1, n: str = "one or more") -> _Entry:
    def is_right(value: Any) -> bool:
        return isinstance(value, list) and bool(value) and all(_is_integer(v, least) for v in value)

    return _Entry(f"a list of {n} integers of at least {least}", is_right)


def _one_of(*choices: str) -> _Entry:
    expected = " or ".join(repr(choice) for choice in choices)
    return _Entry(expected, lambda value: isinstance(value, str) and value in choices)


_INTEGER = _Entry("an integer of at least 1", _is_integer)
_NUMBER = _Entry("a number", lambda value: type(value) in (int, float))
_FLAG = _Entry("true or false", lambda value: type(value) is bool or value in (0, 1))
_TIES = _Entry(
    "null or a list of 0 and 1",
    lambda value: value is None or (isinstance(value, list) and all(v in (0, 1) for v in value)),
)
_ACTIVATION = _one_of("relu", "sigmoid", "linear")

_OF_ALL = {
    "inputSize": _INTEGER,
    "activationFunc": _ACTIVATION,
    "weightInitOpt": _one_of(*_INITIALIZERS),
    "weightStd": _NUMBER,
}
_OF_AUTOENCODERS = {
    **_OF_ALL,
    "activationFuncFinal": _ACTIVATION,
    "tiedWeights": _TIES,
    "skipConnect": _FLAG,
}
_OF_DENSE = {**_OF_AUTOENCODERS, "encodersize": _integers()}
_PADDING = _one_of("SAME", "VALID")
_OF_CONV = {
    **_OF_AUTOENCODERS,
    "zDim": _INTEGER,
    "encoderNumfilters": _integers(),
    "encoderFiltersize": _integers(),
    "encoderStride": _integers(),
    "padding": _PADDING,
}
_OF_CLASSIFIER = {
    **_OF_ALL,
    "numClasses": _Entry("an integer of at least 2", lambda value: _is_integer(value, 2)),
    "convNumFilters": _integers(),
    "convFilterSize": _integers(),
    "convStride": _integers(),
    "fcSize": _integers(),
    "padding": _PADDING,
}


class Configuration(NamedTuple):
    """What a ``config.json`` says: the size of the data, and parameters of an estimator.

    ``n_classes`` is ``None`` for an autoencoder.
    """

    n_bands: int
    n_classes: int | None
    parameters: dict[str, Any]


def read_configuration(path: Path) -> Configuration:
    """Read and check a ``config.json``."""
    entries = read_json_object(path)
    if "numClasses" in entries:
        _check(path, entries, _OF_CLASSIFIER)
        described = _convolutions(path, entries, "convNumFilters", "convFilterSize", "convStride")
        described |= {
            "views": None,
            "dense_layer_sizes": tuple(entries["fcSize"]),
            "class_weight": "balanced_batch",
        }
    elif "encodersize" in entries:
        _check(path, entries, _OF_DENSE)
        *hidden, n_components = entries["encodersize"]
        described = {
            "architecture": "dense",
            "hidden_layer_sizes": tuple(hidden),
            "n_components": n_components,
            "loss": "csa",
            **_of_autoencoder(path, entries, n_layers=len(hidden) + 1),
        }
    else:
        _check(path, entries, _OF_CONV)
        described = _convolutions(
            path, entries, "encoderNumfilters", "encoderFiltersize", "encoderStride"
        )
        described |= {
            "architecture": "conv",
            "n_components": entries["zDim"],
            "loss": "sse",
            **_of_autoencoder(path, entries, n_layers=len(described["n_filters"])),
        }
    described |= {
        "activation": entries["activationFunc"],
        "initializer": _INITIALIZERS[entries["weightInitOpt"]],
        "initializer_std": _DEVIATION,
    }
    return Configuration(entries["inputSize"], entries.get("numClasses"), described)


def _check(path: Path, entries: Mapping[str, Any], expected: Mapping[str, _Entry]) -> None:
    """Refuse entries that are missing, not known, or not what they should be."""
    if missing := sorted(expected.keys() - entries.keys()):
        raise ValueError(
            f"{path} is not a whole configuration of deephyp: {', '.join(missing)} missing."
        )
    if unknown := sorted(entries.keys() - expected.keys()):
        raise ValueError(
            f"{path} has entries that deephyp does not write: {', '.join(unknown)}. It writes "
            f"{', '.join(sorted(expected))}."
        )
    for key, entry in expected.items():
        if not entry.is_right(entries[key]):
            raise ValueError(f"{path}: {key} must be {entry.expected}, got {entries[key]!r:.80}.")


def _of_autoencoder(path: Path, entries: Mapping[str, Any], n_layers: int) -> dict[str, Any]:
    tied = entries["tiedWeights"]
    if tied is not None and len(tied) != n_layers:
        raise ValueError(f"{path}: tiedWeights must have {n_layers} entries, got {tied!r:.80}.")
    return {
        "latent_activation": entries["activationFunc"],  # one for all of the encoder
        "output_activation": entries["activationFuncFinal"],
        "tied_weights": False if tied is None else tuple(bool(layer) for layer in tied),
        "skip_connections": bool(entries["skipConnect"]),
        "scale_input": False,
    }


def _convolutions(
    path: Path, entries: Mapping[str, Any], n_filters: str, kernel_sizes: str, strides: str
) -> dict[str, Any]:
    layers = {key: tuple(entries[key]) for key in (n_filters, kernel_sizes, strides)}
    if len({len(values) for values in layers.values()}) > 1:
        raise ValueError(f"{path}: {', '.join(layers)} must be of one length, got {layers!r:.200}.")
    return {
        "n_filters": layers[n_filters],
        "kernel_sizes": layers[kernel_sizes],
        "strides": layers[strides],
        "padding": entries["padding"].lower(),
    }
