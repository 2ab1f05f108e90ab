"""Layers as users write them: checked, given per layer, and cut to the number of bands."""

import inspect
import warnings
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from skhyp.inputs._parameters import POSITIVE_INTEGER

# The strides of "auto" leave about so many positions, but are not shorter than the least.
_AUTO_POSITIONS = 64
_LEAST_STRIDE = 4


def layer_sizes(name: str, values: Any) -> tuple[int, ...]:
    """Return positive integers, one for each layer, as a tuple."""
    sizes = values.tolist() if isinstance(values, np.ndarray | np.generic) else values
    is_list = isinstance(sizes, Iterable) and not isinstance(sizes, str | Mapping | Set)
    sizes = tuple(sizes) if is_list else (sizes,)
    if not all(map(POSITIVE_INTEGER.is_satisfied_by, sizes)):
        raise ValueError(f"{name} must hold integers of at least 1, one per layer, got {values!r}.")
    return tuple(int(size) for size in sizes)


def per_layer(name: str, value: Any, n_layers: int) -> tuple:
    """Return the value for each of the layers: one for all, or as many as there are layers."""
    if isinstance(value, Mapping | Set):  # in no order that would be that of the layers
        raise ValueError(f"{name} must be one value, or a list of them, got {value!r}.")
    is_one = not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0
    values = (value,) * n_layers if is_one else tuple(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name} must be one value, or one for each of the {n_layers} layers, got {value!r}."
        )
    return values


def convolutions(estimator: Any, n_bands: int) -> dict[str, Any]:
    """Return n_filters, kernel_sizes, strides and padding of an estimator's convolutions.

    Kernels are cut to what they are applied to, and strides to the spectrum;
    :func:`warn_of_cut_convolutions` says so in fit.
    """
    from skhyp.graph.convolutions import fitting_kernel_sizes

    n_filters = layer_sizes("n_filters", estimator.n_filters)
    if not n_filters:
        raise ValueError(f"n_filters must name at least one layer, got {estimator.n_filters!r}.")
    strides = tuple(min(stride, n_bands) for stride in _wanted("strides", estimator, n_bands))
    return {
        "n_filters": n_filters,
        "kernel_sizes": fitting_kernel_sizes(
            n_bands, _wanted("kernel_sizes", estimator, n_bands), strides, estimator.padding
        ),
        "strides": strides,
        "padding": estimator.padding,
    }


def warn_of_cut_convolutions(estimator: Any, n_bands: int) -> None:
    """Warn that kernels or strides were cut to the spectrum, where they were the user's choice."""
    used = convolutions(estimator, n_bands)
    for name in ("kernel_sizes", "strides"):
        given = getattr(estimator, name)
        default = inspect.signature(type(estimator)).parameters[name].default
        is_chosen = not np.array_equal(given, default)
        if is_chosen and used[name] != _wanted(name, estimator, n_bands):
            warnings.warn(
                f"{name}={given!r} do not fit {n_bands} bands: {used[name]} are used.",
                UserWarning,
                stacklevel=5,
            )


def _wanted(name: str, estimator: Any, n_bands: int) -> tuple[int, ...]:
    n_layers, given = np.size(estimator.n_filters), getattr(estimator, name)
    if isinstance(given, str) and name == "strides":  # "auto", see the docstrings
        first = max(_LEAST_STRIDE, n_bands // _AUTO_POSITIONS)
        given = (first, *[1] * (n_layers - 1))
    elif isinstance(given, str):
        given = tuple(4 * stride for stride in _wanted("strides", estimator, n_bands))
    return layer_sizes(name, per_layer(name, given, n_layers))
