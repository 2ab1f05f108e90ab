"""What the two network estimators share: parameters, fitted state, and what it computes."""

from abc import ABCMeta, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skhyp.inputs._band_knowledge import BandKnowledge
from skhyp.inputs._validation import (
    PASS_FLOAT64,
    computation_dtype,
    refuse_another_range,
    refuse_overflow,
)

from ._config import ConfigMixin
from ._documentation import DocumentationLinkMixin
from ._training_parameters import TrainingParameters

if TYPE_CHECKING:
    import keras


class NetworkEstimator(
    TrainingParameters,
    BandKnowledge,
    ConfigMixin,
    DocumentationLinkMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """A network as a scikit-learn estimator.

    Subclasses say which network their parameters describe. Fitted state is NumPy: one flat vector
    of parameters, one of statistics, and plain scalars.
    """

    # The functions of the network, by the methods that compute them of rows.
    _row_functions: ClassVar[dict[str, str]]

    @abstractmethod
    def _network(self, n_bands: int, dtype: str) -> Any:
        """Return the network that the parameters describe, as a frozen value.

        What its head has to know of the targets is fitted before.
        """

    @property
    def weights_(self) -> dict[str, np.ndarray]:
        """The fitted arrays by name: kernels and biases, layer by layer."""
        check_is_fitted(self)
        from skhyp.graph.parameters import split

        return split(self.parameters_, self._fitted_network().parameters)

    def _fitted_network(self, **changes: Any) -> Any:
        from skhyp.graph.networks import from_description

        return from_description(self.architecture_, **changes)

    def _apply(self, function: str, X: np.ndarray, **options: Any) -> np.ndarray:
        """Return a function of the fitted network for the rows of X, computed in X's precision."""
        from skhyp.graph.inference import apply_rows

        network, parameters, statistics = self._computation(X.dtype)
        values = apply_rows(network, function, parameters, statistics, X, **options)
        refuse_overflow(values, X)
        return values

    def _computation(
        self, dtype: np.dtype, *, remedy: str = PASS_FLOAT64
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return network, parameters and statistics, as spectra of a dtype are computed."""
        layers_dtype = getattr(self, "inference_dtype", None)
        if layers_dtype is not None:
            self._validate_params()  # it may have been set after fit
        network = self._fitted_network(dtype=computation_dtype(dtype), layers_dtype=layers_dtype)
        if network.dtype != self.parameters_.dtype:
            from skhyp.graph.parameters import split

            for fitted, described in (
                (self.parameters_, network.parameters),
                (self.statistics_, network.statistics),
            ):
                refuse_another_range(self, split(fitted, described), network.dtype, remedy)
        return network, self.parameters_, self.statistics_

    def _exported_functions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {method: (function, {}) for method, function in self._row_functions.items()}

    def _attribute(
        self,
        output: str,
        X: np.ndarray,
        baseline: np.ndarray,
        targets: np.ndarray,
        *,
        n_steps: int,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what bands add to an output, see :mod:`.graph.attributions`."""
        from skhyp.graph.attributions import integrated_gradients

        network, parameters, statistics = self._computation(X.dtype)
        # Gradients need the exact layers, whatever inference is done with.
        network = replace(network, layers_dtype=None)
        with np.errstate(over="ignore"):
            baseline = baseline.astype(network.dtype)
        results = integrated_gradients(
            network, output, parameters, statistics, X, baseline, targets, n_steps=n_steps
        )
        if not (np.isfinite(baseline).all() and np.isfinite(results[2]).all()):
            raise ValueError(
                f"baseline leads to values beyond the range of {network.dtype}, in which X is "
                "computed. Choose another one, or pass X as float64 if it is of another type."
            )
        for values in results:
            refuse_overflow(values, X)
        return results

    def _keras_model(self, method: str, n_columns: int, name: str | None) -> "keras.Model":
        from skhyp.graph.keras_models import keras_model

        return keras_model(
            self._fitted_network(),
            self.parameters_,
            self.statistics_,
            function=self._row_functions[method],
            n_columns=n_columns,
            name=name or type(self).__name__,
        )
