"""A chain of computations as a SavedModel, which TensorFlow alone can load and run."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from .inference import row_function, rows_per_chunk
from .layers import OPERATIONS
from .spectra import SpectralScaling, computed_where_known


class Step(NamedTuple):
    """One computation of a chain: what a function of a network gives for rows."""

    network: Any
    parameters: np.ndarray
    statistics: np.ndarray
    function: str
    options: Mapping[str, Any] = {}


class SavedSpectralModel(tf.Module):
    """What a SavedModel is made of: a function of spectra for each method.

    Parameters
    ----------
    methods : dict of str to sequence of Step
        The chain that each method computes.
    n_bands : int
    dtype : str
        Of the spectra that are passed.
    constants : dict of str to ndarray
        What else is to be read from the model.
    """

    def __init__(
        self,
        methods: Mapping[str, Sequence[Step]],
        *,
        n_bands: int,
        dtype: str,
        constants: Mapping[str, np.ndarray],
    ) -> None:
        super().__init__()
        self._methods = list(methods)
        self._signature = tf.TensorSpec((None, n_bands), dtype, "spectra")
        # Variables, so that the arrays are kept beside the graph and shared by the methods.
        self._variables: dict[str, tf.Variable] = {}
        for name, value in constants.items():
            setattr(self, name, tf.Variable(value, trainable=False, name=name))
        for method, steps in methods.items():
            setattr(self, method, self._compiled(self._chain(steps)))

    def add_labels(self, method: str, *, of: str, classes: np.ndarray, missing: Any) -> None:
        """Add a method that gives the label of the largest output of another method.

        Where that output is NaN, it gives ``missing``.
        """
        scores_of = getattr(self, of)
        self.classes = tf.Variable(classes, trainable=False, name="classes")

        def label(spectra: tf.Tensor) -> tf.Tensor:
            scores = scores_of(spectra)
            labels = tf.gather(self.classes, tf.argmax(scores, axis=1))
            is_missing = tf.reduce_any(tf.math.is_nan(scores), axis=1)
            return tf.where(is_missing, tf.constant(missing, labels.dtype), labels)

        self._methods.append(method)
        setattr(self, method, self._compiled(label))

    def save(self, folder: Path) -> None:
        """Write the SavedModel, with each method as a signature, the first one as the default."""
        signatures = {method: self._signature_of(method) for method in self._methods}
        signatures["serving_default"] = signatures[self._methods[0]]
        tf.saved_model.save(self, str(folder), signatures=signatures)

    def _signature_of(self, method: str) -> Callable:
        function = getattr(self, method)
        return self._compiled(lambda spectra: {method: function(spectra)})

    def _compiled(self, function: Callable) -> Callable:
        return tf.function(function, input_signature=[self._signature], autograph=False)

    def _chain(self, steps: Sequence[Step]) -> Callable:
        functions = [self._bound(step) for step in steps]
        chunk_rows = min(rows_per_chunk(step.network) for step in steps)

        def compute(spectra: tf.Tensor) -> tf.Tensor:
            for function in functions:
                spectra = function(spectra)
            return spectra

        return lambda spectra: _by_chunks(compute, spectra, chunk_rows, steps[-1].network.dtype)

    def _bound(self, step: Step) -> Callable:
        function = row_function(step.network, step.function, **step.options)
        parameters = self._variable(step.parameters, step.network.dtype)
        statistics = self._variable(step.statistics, step.network.dtype)

        def compute(rows: tf.Tensor) -> tf.Tensor:
            return function(parameters, statistics, rows)

        if isinstance(step.network, SpectralScaling):
            return compute
        return lambda rows: computed_where_known(
            compute, OPERATIONS, tf.cast(rows, step.network.dtype)
        )

    def _variable(self, array: np.ndarray, dtype: str) -> tf.Variable:
        """Return the variable of an array, one for all methods that use it."""
        key = str(id(array))
        if key not in self._variables:
            self._variables[key] = tf.Variable(array.astype(dtype), trainable=False)
        return self._variables[key]


def _by_chunks(
    compute: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, chunk_rows: int, dtype: str
) -> tf.Tensor:
    """Return what is computed of the rows of x, two chunks of them at a time: memory is bounded."""
    n_chunks = tf.maximum(1, (tf.shape(x)[0] + chunk_rows - 1) // chunk_rows)
    shapes = []

    def add(chunk: tf.Tensor, outputs: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        first = chunk * chunk_rows
        rows = compute(x[first : first + chunk_rows])
        shapes.append(rows.shape)
        return chunk + 1, outputs.write(chunk, rows)

    _, outputs = tf.while_loop(
        lambda chunk, _: chunk < n_chunks,
        add,
        (0, tf.TensorArray(dtype, n_chunks, infer_shape=False)),
        parallel_iterations=2,
    )
    return tf.ensure_shape(outputs.concat(), (None, *shapes[0][1:]))
