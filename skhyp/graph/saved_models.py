"""A chain of computations as a SavedModel, which TensorFlow alone can load and run."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from .inference import output_dtype_of, row_function, rows_per_chunk
from .layers import OPERATIONS
from .spectra import computed_where_known


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
    before : sequence of Step
        What is computed first, whatever the method.
    methods : dict of str to Step
        What each method computes then; all of one network.
    n_bands : int
    dtype : str
        Of the spectra that are passed.
    constants : dict of str to ndarray
        What else is to be read from the model.
    """

    def __init__(
        self,
        before: Sequence[Step],
        methods: Mapping[str, Step],
        *,
        n_bands: int,
        dtype: str,
        constants: Mapping[str, np.ndarray],
    ) -> None:
        super().__init__()
        self._methods = list(methods)
        self._signature = tf.TensorSpec((None, n_bands), dtype, "spectra")
        for name, value in constants.items():
            self._keep(name, value)
        first = [self._bound(step, f"step_{i}") for i, step in enumerate(before, start=1)]
        for method, step in methods.items():
            functions = [*first, self._bound(step, "last_step")]
            chunk_rows = min(rows_per_chunk(step.network) for step in (*before, step))
            compute = partial(_one_after_the_other, functions)
            dtype = output_dtype_of(step.network)
            chunked = partial(_by_chunks, compute, chunk_rows=chunk_rows, dtype=dtype)
            setattr(self, method, self._compiled(chunked))

    def add_labels(self, method: str, *, of: str, classes: np.ndarray, missing: Any) -> None:
        """Add a method that gives the label of the largest output of another method.

        Where that output is NaN, it gives ``missing``.
        """
        scores_of = getattr(self, of)
        classes = self._keep("classes", classes)
        missing = self._keep("missing_label", missing)

        def label(spectra: tf.Tensor) -> tf.Tensor:
            scores = scores_of(spectra)
            labels = tf.gather(classes, tf.argmax(scores, axis=1))
            return tf.where(tf.reduce_any(tf.math.is_nan(scores), axis=1), missing, labels)

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

    def _bound(self, step: Step, name: str) -> Callable:
        """Return what a step computes of rows, with its arrays as variables of that name."""
        function = row_function(step.network, step.function, **step.options)
        parameters = self._keep(f"{name}_parameters", step.parameters.astype(step.network.dtype))
        statistics = self._keep(f"{name}_statistics", step.statistics.astype(step.network.dtype))

        def compute(rows: tf.Tensor) -> tf.Tensor:
            return function(parameters, statistics, rows)

        return partial(computed_where_known, compute, OPERATIONS, step.network)

    def _keep(self, name: str, value: Any) -> tf.Variable:
        """Return the variable of a name, one for all methods; its values lie beside the graph."""
        if not hasattr(self, name):
            setattr(self, name, tf.Variable(value, trainable=False, name=name))
        return getattr(self, name)


def _one_after_the_other(functions: Sequence[Callable], x: tf.Tensor) -> tf.Tensor:
    for function in functions:
        x = function(x)
    return x


def _by_chunks(
    compute: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor, *, chunk_rows: int, dtype: str
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
