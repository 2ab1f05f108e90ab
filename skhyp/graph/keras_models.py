"""The networks as models of Keras, of its own layers: for whatever Keras knows to do with them."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from .continuum import remove_continuum
from .layers import Layers
from .parameters import split
from .spectra import computed_where_known


def keras_model(
    network: Any,
    parameters: np.ndarray,
    statistics: np.ndarray,
    *,
    function: str,
    n_columns: int,
    name: str,
) -> keras.Model:
    """Return ``network.function`` of rows (n, n_columns) as a model, with the weights in it.

    Flat vectors of parameters and statistics are given. What is learned of each band becomes a
    constant, what is a matrix a layer that is not trained.
    """
    dtype = network.dtype
    layers = KerasLayers(split(parameters.astype(dtype), network.parameters), dtype)
    statistics = split(statistics.astype(dtype), network.statistics)
    compute = partial(getattr(network, function), layers, statistics)
    x = keras.Input((n_columns,), dtype=dtype, name="codes" if function == "spectra" else "spectra")
    model = keras.Model(x, computed_where_known(compute, keras.ops, network, x), name=name)
    model(np.zeros((1, n_columns), dtype))  # Keras writes ONNX of models that have been called only
    return model


class KerasLayers(Layers):
    """The same layers as TensorFlow's, but each makes a layer of Keras of the same name.

    A tied layer has a copy of the kernel that it is tied to.
    """

    ops = keras.ops

    def __init__(self, arrays: Mapping[str, np.ndarray], dtype: str) -> None:
        super().__init__(arrays)
        self._dtype_of_layers = dtype

    def leave(self, y: Any, dtype: str) -> Any:
        return y

    def activate(self, x: Any, activation: str) -> Any:
        if activation == "linear":
            return x
        return self._apply(keras.layers.Activation, x, activation=activation)

    def dense(self, x: Any, name: str, *, tied_to: str | None = None, skip: Any = None) -> Any:
        kernel = self._kernel(name) if tied_to is None else self._kernel(tied_to).T
        x = self._apply(
            keras.layers.Dense, x, kernel, self._bias(name), units=kernel.shape[1], name=name
        )
        return x if skip is None else x + skip

    def product(self, x: Any, name: str, matrix: np.ndarray) -> Any:
        n_columns = matrix.shape[1]
        fixed = {"units": n_columns, "use_bias": False, "trainable": False, "name": name}
        return self._apply(keras.layers.Dense, x, matrix, **fixed)

    def convolution(self, x: Any, name: str, *, stride: int, padding: str) -> Any:
        kernel = self._kernel(name)
        return self._apply(
            keras.layers.Conv1D,
            x,
            kernel,
            self._bias(name),
            filters=kernel.shape[2],
            kernel_size=kernel.shape[0],
            strides=stride,
            padding=padding,
            data_format="channels_last",
            name=name,
        )

    def transposed_convolution(
        self,
        x: Any,
        name: str,
        *,
        tied_to: str | None = None,
        length: int,
        stride: int,
        padding: str,
    ) -> Any:
        kernel = self._kernel(tied_to or name)
        # Without padding, and then cut: what Keras takes for the length with padding "same" is
        # not always the one that a convolution came from.
        reach = (x.shape[1] - 1) * stride + kernel.shape[0]
        y = self._apply(
            keras.layers.Conv1DTranspose,
            x,
            kernel,
            self._bias(name),
            filters=kernel.shape[1],
            kernel_size=kernel.shape[0],
            strides=stride,
            output_padding=max(0, length - reach),
            data_format="channels_last",
            name=name,
        )
        before = max(0, reach - length) // 2
        return y[:, before : before + length]

    def remove_continuum(
        self, x: Any, positions: Sequence[float], segments: Sequence[tuple[int, int]]
    ) -> Any:
        return self._apply(ContinuumRemoval, x, positions=positions, segments=segments)

    def _apply(self, kind: type, x: Any, *weights: np.ndarray, **parameters: Any) -> Any:
        layer = kind(dtype=self._dtype_of_layers, **parameters)
        y = layer(x)
        layer.set_weights(weights)
        return y


@keras.saving.register_keras_serializable("skhyp")
class ContinuumRemoval(keras.layers.Layer):
    """Spectra over their upper convex hulls: the one layer that Keras does not have.

    A ``.keras`` file with it can be read where this module has been imported, and TensorFlow is
    what Keras computes by.
    """

    def __init__(
        self, positions: Sequence[float], segments: Sequence[tuple[int, int]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.positions = tuple(positions)
        self.segments = tuple((start, stop) for start, stop in segments)

    def call(self, x: Any) -> Any:
        return remove_continuum(x, self.positions, self.segments)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "positions": self.positions,
            "segments": self.segments,
        }
