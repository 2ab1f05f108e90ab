"""The parameters of a network: one flat vector, and what its parts are called.

A flat vector makes an update of an optimizer a few operations however many layers there are, and
makes the fitted state of an estimator one array.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Parameter(NamedTuple):
    """The name and shape of one array of parameters, and what its initial values depend on."""

    name: str
    shape: tuple[int, ...]
    fan_in: int = 0
    fan_out: int = 0
    gain: float = 1.0
    # What is not trained stays as it starts: the optimizer is given no gradient of it.
    is_trained: bool = True

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_bias(self) -> bool:
        return len(self.shape) == 1


def vector_size(parameters: Sequence[Parameter]) -> int:
    """Return the number of values in the flat vector of these parameters."""
    return sum(p.size for p in parameters)


def kernel_and_bias(
    name: str, shape: tuple[int, ...], *, gain: float = 1.0, n_outputs: int | None = None
) -> tuple[Parameter, Parameter]:
    """Describe a layer: a kernel (..., inputs, outputs) and a bias with an entry per output.

    ``n_outputs`` is given where the outputs are not the last axis (transposed convolutions).
    """
    width = math.prod(shape[:-2])
    inputs, outputs = shape[-2:]
    if n_outputs is not None and n_outputs != outputs:
        inputs, outputs = outputs, inputs
    kernel = Parameter(f"{name}_kernel", shape, width * inputs, width * outputs, gain)
    return kernel, Parameter(f"{name}_bias", (shape[-1] if n_outputs is None else n_outputs,))


def initial_vector(
    parameters: Sequence[Parameter],
    rng: np.random.Generator,
    *,
    initializer: str,
    initializer_std: float,
    dtype: str,
) -> np.ndarray:
    """Draw the initial values of all parameters; biases start at zero.

    Drawn in float64 whatever the dtype, so that one seed means one model in either precision.
    """
    parts = [
        np.zeros(p.size) if p.is_bias else _initial_values(p, rng, initializer, initializer_std)
        for p in parameters
    ]
    return np.concatenate([part.ravel() for part in parts]).astype(dtype)


def _initial_values(
    parameter: Parameter, rng: np.random.Generator, initializer: str, std: float
) -> np.ndarray:
    if initializer == "constant":
        return np.full(parameter.size, std)
    if initializer == "normal":
        return std * rng.standard_normal(parameter.size)
    if initializer == "truncated_normal":
        return std * _truncated_normal(parameter.size, rng)
    if initializer == "glorot":
        bound = math.sqrt(6 / (parameter.fan_in + parameter.fan_out))
        return parameter.gain * rng.uniform(-bound, bound, parameter.size)
    return parameter.gain * math.sqrt(2 / parameter.fan_in) * rng.standard_normal(parameter.size)


def _truncated_normal(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from the normal distribution within two standard deviations, by redrawing."""
    values = rng.standard_normal(size)
    while (outside := np.flatnonzero(np.abs(values) > 2)).size:
        values[outside] = rng.standard_normal(outside.size)
    return values


def decay_mask(parameters: Sequence[Parameter], dtype: str) -> np.ndarray:
    """Return 1 for what weight decay shrinks (trained kernels) and 0 for what it leaves."""
    return np.concatenate(
        [np.full(p.size, p.is_trained and not p.is_bias, dtype) for p in parameters]
    )


def split(vector: np.ndarray, parameters: Sequence[Parameter]) -> dict[str, np.ndarray]:
    """Return the named arrays of a flat vector, as views."""
    if not parameters:
        return {}
    ends = np.cumsum([p.size for p in parameters])
    parts = np.split(vector, ends[:-1])
    return {p.name: part.reshape(p.shape) for p, part in zip(parameters, parts, strict=True)}


def split_tensor(vector: tf.Tensor, parameters: Sequence[Parameter]) -> dict[str, tf.Tensor]:
    """Return the named tensors of a flat one."""
    if not parameters:
        return {}
    arrays = {}
    for p, part in zip(parameters, tf.split(vector, [p.size for p in parameters]), strict=True):
        array = part if len(p.shape) == 1 else tf.reshape(part, p.shape)
        arrays[p.name] = array if p.is_trained else tf.stop_gradient(array)
    return arrays
