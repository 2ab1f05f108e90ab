"""Fitted estimators and pipelines for places where only TensorFlow is installed."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._whole_files import whole_folder
from .autoencoder import SpectralAutoencoder
from .classifier import SpectralCNNClassifier
from .preprocessing import HypPreprocessor
from .wavelengths import wavelengths_from_names

if TYPE_CHECKING:
    from .graph.saved_models import Step

__all__ = ["to_saved_model"]

_DTYPES = ("float32", "float64", "uint8", "uint16", "uint32", "int8", "int16", "int32", "int64")
# What a pixel without data is labelled, by the kind of the labels; as in skhyp.scenes.to_map.
_MISSING = {"b": False, "i": 0, "u": 0, "f": np.nan, "U": "", "S": b""}


def to_saved_model(estimator: Any, path: str | PathLike, *, dtype: str = "float32") -> None:
    """Write a fitted estimator or pipeline as one SavedModel, from raw spectra to its results.

    It is loaded by ``model = tf.saved_model.load(path)`` where neither skhyp nor scikit-learn is
    installed, and served by whatever serves SavedModels. The loaded model has methods of the
    estimator, for spectra of shape (n_spectra, n_bands): ``predict_proba`` and ``predict`` of a
    classifier; ``transform``, ``reconstruct`` and ``reconstruction_error`` (by the measure of the
    loss) of an autoencoder, where the last two are of the spectra as the autoencoder gets them;
    ``transform`` of a preprocessor. Each is a signature as well, the first of them the default
    one. ``classes`` has the labels in the order of the probabilities, ``wavelengths`` those of
    all bands in nm where they were known.

    Parameters
    ----------
    estimator : SpectralCNNClassifier, SpectralAutoencoder, HypPreprocessor, or Pipeline of them
        Fitted.
    path : str or path
        The folder to write, whole or not at all. A SavedModel that is there is replaced.
    dtype : str, default="float32"
        The type of the numbers that will be passed, such as "uint16" for a scene as it is. As
        everywhere, float64 is computed in float64 and all else in float32.

    Raises
    ------
    ValueError
        If a step is of another kind, if ``dtype`` is not a type of numbers, or if the labels are
        neither numbers nor strings.
    FileExistsError
        If ``path`` is something else than a SavedModel.
    NotFittedError
        If a step is not fitted.

    Notes
    -----
    The model computes what the estimator does, to rounding, in chunks, so that a scene may be
    passed as a whole. It checks nothing but the shape and type of what it is given. A spectrum
    that holds ``nodata`` of the preprocessor, or NaN, gives NaN, and the label 0 or "".

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tensorflow as tf
    >>> from sklearn.pipeline import make_pipeline
    >>> from skhyp import HypPreprocessor, SpectralAutoencoder
    >>> from skhyp.export import to_saved_model
    >>> X = np.random.default_rng(0).integers(0, 9000, (50, 20)).astype("uint16")
    >>> pipeline = make_pipeline(
    ...     HypPreprocessor(method="l2"), SpectralAutoencoder(max_epochs=1, random_state=0)
    ... ).fit(X)
    >>> folder = tempfile.mkdtemp() + "/codes"
    >>> to_saved_model(pipeline, folder, dtype="uint16")
    >>> model = tf.saved_model.load(folder)
    >>> bool(np.allclose(model.transform(X), pipeline.transform(X), atol=1e-5))
    True
    """
    path = Path(path)
    if dtype not in _DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}.")
    if path.exists() and not (path / "saved_model.pb").is_file():
        raise FileExistsError(f"{path} is there already, and is not a SavedModel.")
    steps = list(_steps(estimator))
    for step in steps:
        check_is_fitted(step)
    labels = _labels(steps[-1])

    from .graph.saved_models import SavedSpectralModel

    model = SavedSpectralModel(
        _methods(steps, dtype),
        n_bands=steps[0].n_features_in_,
        dtype=dtype,
        constants=_constants(steps[0]),
    )
    if labels is not None:
        model.add_labels(
            "predict", of="predict_proba", classes=labels, missing=_MISSING[labels.dtype.kind]
        )
    with whole_folder(path) as draft:
        model.save(draft)


def _steps(estimator: Any) -> Iterator[Any]:
    """Yield the estimators that a pipeline consists of, those of pipelines within it too."""
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        if not steps:
            raise ValueError(f"The pipeline has no step that computes something: {estimator!r}.")
        for step in steps:
            yield from _steps(step)
    elif isinstance(estimator, HypPreprocessor | SpectralAutoencoder | SpectralCNNClassifier):
        yield estimator
    else:
        raise ValueError(
            "A SavedModel can be made of HypPreprocessor, SpectralAutoencoder, "
            f"SpectralCNNClassifier and pipelines of them, got {estimator!r}."
        )


def _methods(steps: list[Any], dtype: str) -> dict[str, list["Step"]]:
    """Return what each method of the last estimator computes of raw spectra, step by step."""
    from .graph.saved_models import Step

    chain = []
    for step in steps:
        network, parameters, statistics = step._computation(np.dtype(dtype))
        fitted = Step(network, parameters, statistics, "")
        dtype = network.dtype
        if step is not steps[-1]:
            chain.append(fitted._replace(function=step._row_functions["transform"]))
    last = {
        method: fitted._replace(function=function)
        for method, function in steps[-1]._row_functions.items()
        if method != "inverse_transform"
    }
    if isinstance(steps[-1], SpectralAutoencoder):
        measure = {"measure": steps[-1].loss}
        last["reconstruction_error"] = fitted._replace(function="errors", options=measure)
    return {method: [*chain, step] for method, step in last.items()}


def _labels(estimator: Any) -> np.ndarray | None:
    """Return the labels of a classifier as TensorFlow can hold them."""
    if not isinstance(estimator, SpectralCNNClassifier):
        return None
    labels = estimator.classes_
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels):
        labels = labels.astype(str)
    if labels.dtype.kind not in _MISSING:
        raise ValueError(f"The labels must be numbers or strings, got {labels.tolist()}.")
    return labels


def _constants(first: Any) -> dict[str, np.ndarray]:
    """Return what is known of the bands that are passed."""
    if isinstance(first, HypPreprocessor):
        wavelengths = first._input_wavelengths(first.n_features_in_)
    else:
        wavelengths = wavelengths_from_names(getattr(first, "feature_names_in_", None))
    return {} if wavelengths is None else {"wavelengths": wavelengths}
