"""The parameters of an estimator as JSON: to keep, to compare, to put beside a paper's figures."""

import difflib
import json
import math
from collections.abc import Mapping, Set
from numbers import Integral, Real
from os import PathLike
from typing import Any, Self

import numpy as np

from skhyp import __version__
from skhyp.files._json import read_json_object
from skhyp.files._paths import user_path
from skhyp.files._whole_files import write_whole
from skhyp.light import AUGMENTATIONS, Augmentation

# Raised when a file of this version could be misread by what was written before.
CONFIG_VERSION = 1
_KEYS = {"config_version", "skhyp", "estimator", "parameters"}


class ConfigMixin:
    """``to_config`` and ``from_config`` for an estimator with plain parameters."""

    def to_config(self, path: str | PathLike | None = None) -> dict[str, Any]:
        """Return the parameters as plain values that JSON has, and write them if asked.

        What was learned in fit is not in it: for that, see the guide on saving.

        Parameters
        ----------
        path : str or path, default=None
            A file to write, whole or not at all.

        Returns
        -------
        config : dict

        Raises
        ------
        ValueError
            If a parameter holds something that is not a number, a string or a collection of them,
            as a ``RandomState``.

        Examples
        --------
        >>> from skhyp import SpectralAutoencoder
        >>> config = SpectralAutoencoder(n_components=3).to_config()
        >>> SpectralAutoencoder.from_config(config)
        SpectralAutoencoder(n_components=3)
        """
        config = {
            "config_version": CONFIG_VERSION,
            "skhyp": __version__,
            "estimator": type(self).__name__,
            "parameters": encode_parameters(
                self,
                kept_in="a config",
                remedy="Leave it out: clone(estimator).set_params({name}=None).to_config().",
            ),
        }
        if path is not None:
            text = json.dumps(config, indent=2, allow_nan=False) + "\n"
            write_whole(user_path("path", path), text.encode())
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any] | str | PathLike) -> Self:
        """Return an estimator, not fitted, with the parameters of a config.

        Parameters
        ----------
        config : dict, str or path
            What ``to_config`` returned, or the file that it wrote. Parameters that are not in it
            get their defaults.

        Returns
        -------
        estimator : object of this class

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not a config of this class, or has parameters that the class does not
            know or does not allow; they are named.
        """
        if isinstance(config, Mapping):
            where, content = "The config", dict(config)
        else:
            where, content = str(config), read_json_object(user_path("config", config))
        _refuse_unknown("entries", where, content.keys() - _KEYS, _KEYS)
        if missing := sorted(_KEYS - {"skhyp"} - content.keys()):
            raise ValueError(f"{where} is not a config of skhyp: {', '.join(missing)} missing.")
        if content["config_version"] != CONFIG_VERSION:
            raise ValueError(
                f"{where} has config_version {content['config_version']!r}; this skhyp "
                f"({__version__}) reads {CONFIG_VERSION}."
            )
        if content["estimator"] != cls.__name__:
            raise ValueError(f"{where} is of {content['estimator']!r:.80}, not of {cls.__name__}.")
        if not isinstance(content["parameters"], Mapping):
            raise ValueError(
                f"{where}: parameters must be an object, got {content['parameters']!r:.80}."
            )
        kind: Any = cls  # which is a BaseEstimator too
        known = kind().get_params(deep=False)
        _refuse_unknown("parameters", where, content["parameters"].keys() - known.keys(), known)
        try:
            estimator = kind(**decode_parameters(content["parameters"]))
            estimator._validate_params()
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where}: {error}") from error
        return estimator


def encode_parameters(
    estimator: Any, leaving_out: Set[str] = frozenset(), *, kept_in: str, remedy: str
) -> dict[str, Any]:
    """Return the parameters of an estimator as values of JSON.

    Where one cannot be ``kept_in`` what this is for, the error ends with the remedy, in which
    "{name}" stands for the parameter.
    """
    encoded = {}
    for name, value in sorted(estimator.get_params(deep=False).items()):
        if name in leaving_out:
            continue
        try:
            encoded[name] = _encode(value)
        except (TypeError, OverflowError) as error:
            raise ValueError(
                f"{name}={value!r} cannot be kept in {kept_in}. Kept are None, booleans, "
                "numbers, strings, and lists, arrays and dicts of them. "
                + remedy.replace("{name}", name)
            ) from error
    return encoded


def decode_parameters(encoded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that were encoded."""
    return {name: _decode(value, name) for name, value in encoded.items()}


def _refuse_unknown(what: str, where: str, unknown: set[str], known: Any) -> None:
    if unknown:
        meant = {close for name in unknown for close in difflib.get_close_matches(name, known, 1)}
        question = f" Did you mean {', '.join(sorted(meant))}?" if meant else ""
        raise ValueError(
            f"{where} has {what} that are not known: {', '.join(sorted(map(repr, unknown)))}."
            f"{question} Known are {', '.join(sorted(known))}."
        )


def _encode(value: Any) -> Any:
    """Return a value of JSON that :func:`_decode` turns back into an equal one.

    Numbers are those of Python's own types, in which fits compute with them.
    """
    if isinstance(value, PathLike):
        value = str(value)
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufU":
        value = value.tolist()
    if isinstance(value, Real) and not isinstance(value, Integral):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Augmentation) and type(value) in AUGMENTATIONS.values():
        return {"augmentation": [type(value).__name__, _encode(value.get_params(deep=False))]}
    if isinstance(value, list | tuple | range):
        return [_encode(item) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_encode(k), _encode(v)] for k, v in value.items()]}
    raise TypeError(f"{type(value).__name__} is no plain value")


def _decode(value: Any, name: str) -> Any:
    """Return the value that was encoded; lists come back as tuples, which nobody changes."""
    if isinstance(value, list):
        return tuple(_decode(item, name) for item in value)
    if not isinstance(value, Mapping):
        return value
    try:
        ((kind, held),) = value.items()
        if kind == "float" and held in ("nan", "inf", "-inf"):
            return float(held)
        if kind == "mapping":
            return {_decode(k, name): _decode(v, name) for k, v in held}
        if kind == "augmentation" and held[0] in AUGMENTATIONS:
            return AUGMENTATIONS[held[0]](**_decode(held[1], name))
    except (TypeError, ValueError):
        pass
    raise ValueError(f"Parameter {name} of the config has a value of unknown kind: {value!r:.80}.")
