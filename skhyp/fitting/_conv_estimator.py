"""What estimators share whose network is a convolutional body with a head of their own."""

from abc import abstractmethod
from collections.abc import Set
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skhyp.inputs._parameters import POSITIVE_INTEGER, NumberInterval
from skhyp.inputs._reference_values import refuse_masked
from skhyp.inputs._validation import (
    computation_dtype,
    largest_magnitudes,
    refuse_too_small,
    validate_spectra,
)

from ._architecture import convolutions, layer_sizes, warn_of_cut_convolutions
from ._layered_estimator import LayeredNetworkEstimator
from ._views import DERIVATIVE_ORDERS, derivative_filter

# What dropout lets through is scaled up by 1 / (1 - dropout).
_MAX_DROPOUT = 0.999


class ConvNetworkEstimator(LayeredNetworkEstimator):
    """Views of a spectrum, convolutions over the bands, dense layers, and what a head makes of it.

    Subclasses say what the head is, and which targets it learns.
    """

    # The views that there are.
    _view_names: ClassVar[tuple[str, ...]]
    # The runs of bands within which derivatives are taken, from start to stop.
    segments_: np.ndarray

    _parameter_constraints: dict = {
        **LayeredNetworkEstimator._parameter_constraints,
        "views": ["array-like", None],
        "n_filters": ["array-like"],
        "kernel_sizes": ["array-like", POSITIVE_INTEGER, StrOptions({"auto"})],
        "strides": ["array-like", POSITIVE_INTEGER, StrOptions({"auto"})],
        "padding": [StrOptions({"valid", "same"})],
        "dense_layer_sizes": ["array-like"],
        "dropout": [NumberInterval(Real, 0, _MAX_DROPOUT, closed="both")],
    }

    # Which are parameters of the constructors.
    views: Any
    n_filters: Any
    kernel_sizes: Any
    strides: Any
    padding: str
    dense_layer_sizes: Any
    dropout: float

    # How scikit-learn checks the targets.
    _target_checks: ClassVar[dict[str, bool]] = {}

    @abstractmethod
    def _check_targets(self, y: ArrayLike, *, continues: bool) -> np.ndarray:
        """Return the targets as an array that the head can learn, or say why it cannot."""

    def predict_features(self, X: ArrayLike, layer: int = -2) -> np.ndarray:
        """Return the values of a layer of the network.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_bands)
        layer : int, default=-2
            Counted from 0 as Python counts: the convolutions, the dense layers, and the last layer
            (a classifier's logits) at -1. By default the one before the last.

        Returns
        -------
        features : ndarray of shape (n_spectra, n_values)
            After the activation. Values of a convolution are flattened, position by position.
        """
        check_is_fitted(self)
        n_layers = self._fitted_network().n_layers
        validate_parameter_constraints(
            {"layer": [Interval(Integral, -n_layers, n_layers - 1, closed="both")]},
            {"layer": layer},
            "predict_features",
        )
        return self._predict("features", X, layer=int(layer) % n_layers)

    def _predict(self, function: str, X: ArrayLike, **options: Any) -> np.ndarray:
        check_is_fitted(self)
        return self._apply(function, validate_spectra(self, X, reset=False), **options)

    def _validate(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return spectra, targets and weights that can be learned, without those of weight 0."""
        self._check_training_parameters()
        given = X
        refuse_masked(y)
        X, y = validate_spectra(
            self, X, y=y, reset=reset, continues=not reset, **self._target_checks
        )
        self._learn_bands_of(given, continues=not reset)
        self._check_augmentation(X)
        if reset:
            self._learn_segments_of(given)
        y = self._check_targets(y, continues=not reset)
        weights = self._check_weights(sample_weight, X)
        if not weights.all():
            X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        refuse_too_small(largest_magnitudes(X), computation_dtype(X.dtype))
        warn_of_cut_convolutions(self, X.shape[1])
        return X, y, weights

    def _body(self, n_bands: int, dtype: str) -> dict[str, Any]:
        """Return what the network has besides its head."""
        return {
            "n_bands": n_bands,
            "views": self._checked_views(),
            "dense_layer_sizes": layer_sizes("dense_layer_sizes", self.dense_layer_sizes),
            "activation": self.activation,
            "dropout": float(self.dropout),
            "dtype": dtype,
            **convolutions(self, n_bands),
        }

    def _filters(self, n_bands: int) -> dict[str, np.ndarray]:
        """Return the filters of those views that are derivatives."""
        return {
            view: derivative_filter(view, self.wavelengths_, self.segments_, n_bands)
            for view in self._checked_views()
            if view in DERIVATIVE_ORDERS
        }

    def _checked_views(self) -> tuple[str, ...]:
        if self.views is None:
            return ()
        views = tuple(self.views)
        is_unordered = isinstance(self.views, Set)
        is_known = set(views) <= set(self._view_names)
        if is_unordered or not is_known or len(set(views)) < len(views):
            *others, last = map(repr, self._view_names)
            raise ValueError(
                f"views must be None or hold {', '.join(others)} and {last}, each at most once, "
                f"got {self.views!r}."
            )
        return views
