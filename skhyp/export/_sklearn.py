"""Fitted estimators and pipelines for places where only scikit-learn is installed."""

import io
import pickle
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skhyp.autoencoder import SpectralAutoencoder
from skhyp.classifier import SpectralCNNClassifier
from skhyp.noise import MinimumNoiseFraction
from skhyp.pls import SpectralPLSRegressor
from skhyp.preprocessing import HypPreprocessor
from skhyp.regressor import SpectralCNNRegressor
from skhyp.unmixer import SpectralUnmixer
from skhyp.wavelengths._model_bands import flat_steps
from skhyp.wavelengths._model_parts import column_names

from . import _sklearn_steps as steps
from ._sklearn_networks import (
    classifier_steps,
    encoder_steps,
    linear_regressor_steps,
    regressor_steps,
    unmixer_steps,
)
from ._sklearn_scalings import components_steps, preprocessor_steps, takes_nan
from ._sklearn_steps import Steps

__all__ = ["to_sklearn"]

_CONVERSIONS: dict[type, Any] = {
    HypPreprocessor: preprocessor_steps,
    MinimumNoiseFraction: components_steps,
    SpectralAutoencoder: encoder_steps,
    SpectralCNNClassifier: classifier_steps,
    SpectralCNNRegressor: regressor_steps,
    SpectralPLSRegressor: linear_regressor_steps,
    SpectralUnmixer: unmixer_steps,
}
_PREDICTORS = (SpectralCNNClassifier, SpectralCNNRegressor)
# Where what scikit-learn's pickles name comes from.
_AT_HAND = {
    *("sklearn", "numpy", "scipy", "joblib"),
    *("builtins", "collections", "copyreg", "_codecs", "functools", "operator", "datetime"),
}


def to_sklearn(estimator: Any) -> Pipeline:
    """Return what a fitted estimator or pipeline computes, as objects of scikit-learn alone.

    It is pickled, or dumped by skops, and loaded where scikit-learn, SciPy and NumPy are, and
    neither skhyp nor TensorFlow; skops has to be told of no type to trust, but for those that steps
    of scikit-learn's own may need. Convolutions become
    the first layers of an :class:`~sklearn.neural_network.MLPClassifier` or ``MLPRegressor``,
    together with all that is linear before them; what is not, as the standard normal variate,
    becomes transformers.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A SpectralCNNClassifier, SpectralCNNRegressor, SpectralPLSRegressor, SpectralAutoencoder or
        SpectralUnmixer (their ``transform``), HypPreprocessor or MinimumNoiseFraction, or a
        Pipeline that ends in one of them or in an estimator of scikit-learn, fitted. Steps of
        scikit-learn are copied as they are. Of a fitted search, the best estimator.

    Returns
    -------
    pipeline : Pipeline
        With ``predict`` and ``predict_proba`` of a classifier, ``predict`` of a regressor,
        ``transform`` of all else, for spectra of shape (n_spectra, n_bands). ``classes_`` are the
        labels. ``feature_names_in_`` are the columns, if it was fitted to a DataFrame.

    Raises
    ------
    ValueError
        If a step or a parameter has no equal in scikit-learn, such as ``method="msc"`` or
        ``activation="elu"``: it is named, with the values that have; or if labels are neither
        numbers nor strings.
    NotFittedError
        If a step is not fitted.

    See Also
    --------
    to_saved_model : All methods of all steps, for places that have TensorFlow.
    to_enmapbox : What EnMAP-Box opens.

    Notes
    -----
    Scalings are computed in double precision, and the layers in that of fit, whatever
    ``inference_dtype`` is. Labels are the same and probabilities agree to 1e-4, by which single
    precision here errs, but where two classes are as good as equally likely. Written-out
    convolutions are mostly zeros, which are stored and multiplied: a file of the default network
    has some MiB, and spectra take several times as long.

    Spectra that have ``nodata`` of a preprocessor in a band that is used are refused by a
    ValueError, as networks here do: leave them out, as EnMAP-Box does. A spectrum counts as flat
    only where its values are equal to twelve digits: one of single precision whose values differ
    by their last digits alone is zero here under "snv" and "minmax", and noise there. Targets
    (n_spectra, 1) come out as (n_spectra,), as everywhere in scikit-learn.

    References
    ----------
    A convolution is a product with a Toeplitz matrix: Goodfellow I., Bengio Y., Courville A.,
    "Deep Learning", section 9.1, MIT Press, 2016.

    Examples
    --------
    >>> import pickle
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skhyp import HypPreprocessor, SpectralCNNClassifier
    >>> from skhyp.export import to_sklearn
    >>> X = np.random.default_rng(0).uniform(size=(50, 40)).astype("float32")
    >>> y = np.where(X[:, 0] > 0.5, "soil", "grass")
    >>> model = make_pipeline(
    ...     HypPreprocessor(method="snv"), SpectralCNNClassifier(max_epochs=1, random_state=0)
    ... ).fit(X, y)
    >>> exported = to_sklearn(model)
    >>> bool(np.all(exported.predict(X) == model.predict(X)))
    True
    >>> b"skhyp" in pickle.dumps(exported)
    False
    """
    parts = flat_steps(estimator)
    if not parts:
        raise ValueError(f"estimator must have a step that computes, got {estimator!r}.")
    for part in parts:
        check_is_fitted(part)
    made: Steps = []
    names = column_names(estimator)
    for part, before in zip(parts, [None, *parts], strict=False):
        made += _renamed(_converted(part, before, names), type(part).__name__.lower(), made)
    return Pipeline(made)


def _converted(part: Any, before: Any, names: Any) -> Steps:
    """Return the steps of a part that comes after another, or takes columns of these names."""
    conversion = _CONVERSIONS.get(type(part))
    if conversion is None:
        return [("", _copied(part, is_first=before is None))]
    made = conversion(part)
    if type(before) not in _CONVERSIONS:
        made = _floats(part, names if before is None else None) + made
    if isinstance(part, _PREDICTORS) and part.parameters_.dtype == np.float32:
        made.insert(-1, ("precision", steps.elementwise(np.positive, dtype="float32")))
    return made


def _floats(part: Any, names: Any) -> Steps:
    """Return what checks spectra, and makes them floats of double precision."""
    n_bands = part.n_features_in_
    if isinstance(part, HypPreprocessor) and takes_nan(part):
        checked = steps.affine(np.ones(n_bands), np.zeros(n_bands))
        made: Steps = [
            ("input", checked),
            ("floats", steps.elementwise(np.positive, dtype="float64")),
        ]
    else:
        made = [("input", steps.as_floats("float64", n_bands))]
    if names is not None:
        steps.named(names, made[0][1])
    return made


def _renamed(made: Steps, prefix: str, before: Steps) -> Steps:
    """Return steps named after what they come from, each once in a pipeline."""
    taken, renamed = {name for name, _ in before}, []
    for name, step in made:
        full = stem = f"{prefix}-{name}" if name else prefix
        number = 1
        while full in taken:
            number += 1
            full = f"{stem}-{number}"
        taken.add(full)
        renamed.append((full, step))
    return renamed


class _Names(pickle.Unpickler):
    """Loads a pickle of ours, and keeps where what it names comes from."""

    def __init__(self, content: bytes):
        super().__init__(io.BytesIO(content))
        self.found: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        self.found.append((module, name))
        return super().find_class(module, name)


def _copied(part: Any, *, is_first: bool) -> Any:
    """Return a copy of a step that is scikit-learn's own, or refuse it."""
    name = type(part).__name__
    converted = ", ".join(each.__name__ for each in _CONVERSIONS)
    try:
        names = _Names(pickle.dumps(part))
        copied = names.load()
    except Exception as error:
        raise ValueError(f"{name} cannot be exported, as it cannot be pickled: {error}") from error
    others = [
        f"{module}.{found}"
        for module, found in names.found
        if module.partition(".")[0] not in _AT_HAND
    ]
    if others:
        held = name if others[0].endswith(f".{name}") else f"{name}, which holds {others[0]},"
        raise ValueError(
            f"{held} has no equal in scikit-learn. Steps of its own are copied, and {converted} "
            "convert as steps of a Pipeline."
        )
    if not is_first and hasattr(part, "feature_names_in_"):
        raise ValueError(
            f"{name} was fitted to the named columns of a DataFrame that a step before it made, "
            'which converts with set_output(transform="default") alone: fit the pipeline again.'
        )
    return copied
