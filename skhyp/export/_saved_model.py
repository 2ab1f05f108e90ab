"""Fitted estimators and pipelines for places where only TensorFlow is installed."""

import re
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skhyp.files._paths import user_path
from skhyp.files._whole_files import whole_folder
from skhyp.fitting._protocols import ComputedEstimator
from skhyp.inputs._validation import EXPORT_FLOAT64
from skhyp.scenes._class_labels import missing_label
from skhyp.wavelengths._model_bands import flat_steps, input_wavelengths

if TYPE_CHECKING:
    from skhyp.graph.saved_models import Step

__all__ = ["to_saved_model"]

_DTYPES = ("float32", "float64", "uint8", "uint16", "uint32", "int8", "int16", "int32", "int64")
# The files that TensorFlow writes for a SavedModel without assets.
_OWN_FILE = re.compile(r"saved_model\.pb|fingerprint\.pb|variables/variables\.(index|data-[-\w]+)")


def to_saved_model(estimator: Any, path: str | PathLike, *, dtype: str = "float32") -> None:
    """Write a fitted estimator or pipeline as one SavedModel, from raw spectra to its results.

    It is loaded by ``model = tf.saved_model.load(path)`` where neither skhyp nor scikit-learn is
    installed, and served by whatever serves SavedModels. The loaded model has methods of the
    estimator, for spectra of shape (n_spectra, n_bands): ``predict_proba`` and ``predict`` of a
    classifier; ``predict`` of a regressor; ``transform``, ``reconstruct`` and
    ``reconstruction_error`` (by the measure of the loss) of an autoencoder, where the last two are
    of the spectra as the autoencoder gets them; ``transform`` of a preprocessor. Each is a
    signature as well, the first of them the default one. ``classes`` has the labels in the order
    of the probabilities, ``missing_label`` what is predicted where data are missing,
    ``wavelengths`` those of all bands in nm where they were known.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A SpectralCNNClassifier, SpectralCNNRegressor, SpectralAutoencoder, HypPreprocessor,
        MinimumNoiseFraction, FullyConstrainedLeastSquares or detector, or a Pipeline of them,
        fitted. Of a fitted search, the best estimator.
    path : str or path
        The folder to write, whole or not at all, in a folder that exists. A SavedModel that is
        there is replaced.
    dtype : str, default="float32"
        The type of the numbers that will be passed, such as "uint16" for a scene as it is. As
        everywhere, float64 is computed in float64 and all else in float32.

    Raises
    ------
    ValueError
        If a step is of another kind, if ``dtype`` is not a type of numbers, or if the labels are
        neither numbers nor strings.
    FileNotFoundError
        If there is no folder to write ``path`` in.
    FileExistsError
        If ``path`` is, or has in it, something else than a SavedModel.
    NotFittedError
        If a step is not fitted.

    Notes
    -----
    The model computes what the estimator does, to rounding, in chunks, so that a scene may be
    passed as a whole. It checks nothing but the shape: NumPy arrays of other types are cast to
    ``dtype`` without a word, fractions to integers too. A spectrum with the ``nodata`` of the
    preprocessor, or NaN, in a band that is used, gives NaN and the missing label: "" for strings,
    NaN for floats, and for integers 0 or, if that is a class, one less than the least class (for
    unsigned ones, the least number that is none). Booleans become integers. Strings come out as
    bytes, as everywhere in TensorFlow.

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
    path = user_path("path", path)
    if dtype not in _DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}.")
    _refuse_to_replace_others(path)
    *before, last = _steps(estimator)
    for step in (*before, last):
        check_is_fitted(step)
    classes = _classes(last)
    wavelengths = input_wavelengths(estimator)

    from skhyp.graph.saved_models import SavedSpectralModel

    steps, dtype_before_last = _transformations(before, dtype)
    model = SavedSpectralModel(
        steps,
        _methods(last, dtype_before_last),
        n_bands=[*before, last][0].n_features_in_,
        dtype=dtype,
        constants={} if wavelengths is None else {"wavelengths": wavelengths},
    )
    if classes is not None:
        model.add_labels(
            "predict", of="predict_proba", classes=classes, missing=missing_label(classes)
        )
    with whole_folder(path) as draft:
        model.save(draft)


def _refuse_to_replace_others(path: Path) -> None:
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(f"path={str(path)!r}: there is no folder {path.resolve().parent}.")
    if not path.exists():
        return
    others = [path.name]
    if path.is_dir():
        files = [entry for entry in path.rglob("*") if not entry.is_dir()]
        names = [entry.relative_to(path).as_posix() for entry in files]
        others = sorted(name for name in names if not _OWN_FILE.fullmatch(name))
        if files and not (path / "saved_model.pb").is_file():
            others = others or names
    if others:
        raise FileExistsError(
            f"path={str(path)!r} is there already, and would be replaced with what is no "
            f"SavedModel: {', '.join(others)}."
        )


def _steps(estimator: Any) -> list[Any]:
    """Return the estimators that a pipeline consists of, those of pipelines within it too."""
    steps = flat_steps(estimator)
    if not steps:
        raise ValueError(f"estimator must have a step that computes, got {estimator!r}.")
    for step in steps:
        if not isinstance(step, ComputedEstimator):
            raise ValueError(
                "estimator must be a HypPreprocessor, a network such as SpectralCNNClassifier, "
                f"or a Pipeline of them, got {step!r}."
            )
    return steps


def _transformations(estimators: list[Any], dtype: str) -> tuple[list["Step"], str]:
    """Return what the first estimators of a pipeline compute of raw spectra, and in what dtype."""
    from skhyp.graph.inference import output_dtype_of
    from skhyp.graph.saved_models import Step

    steps = []
    for estimator in estimators:
        network, parameters, statistics = estimator._computation(
            np.dtype(dtype), remedy=EXPORT_FLOAT64
        )
        function = estimator._row_functions["transform"]
        steps.append(Step(network, parameters, statistics, function))
        dtype = output_dtype_of(network)
    return steps, dtype


def _methods(estimator: Any, dtype: str) -> dict[str, "Step"]:
    """Return what each method of the last estimator computes of what it is given."""
    from skhyp.graph.saved_models import Step

    fitted = estimator._computation(np.dtype(dtype), remedy=EXPORT_FLOAT64)
    return {
        method: Step(*fitted, *function)
        for method, function in estimator._exported_functions().items()
    }


def _classes(estimator: Any) -> np.ndarray | None:
    """Return the labels of a classifier as TensorFlow can hold them."""
    if not is_classifier(estimator):
        return None
    classes = estimator.classes_
    if classes.dtype.kind == "O" and all(isinstance(label, str) for label in classes):
        return classes.astype(str)
    if classes.dtype.kind not in "biufUS":
        raise ValueError(
            f"estimator must have labels that are numbers or strings, got {classes.tolist()}."
        )
    return classes.astype(np.int8) if classes.dtype.kind == "b" else classes
