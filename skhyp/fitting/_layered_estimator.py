"""What estimators share whose network is made of layers that begin with drawn weights."""

from typing import Any

import numpy as np

from ._training import TrainedNetworkEstimator
from ._training_parameters import LayerParameters


class LayeredNetworkEstimator(LayerParameters, TrainedNetworkEstimator):
    """A trained network of layers."""

    _parameter_constraints: dict = {
        **TrainedNetworkEstimator._parameter_constraints,
        **LayerParameters._parameter_constraints,
    }

    def _initial_parameters(
        self, network: Any, statistics: np.ndarray, X: np.ndarray, weights: np.ndarray, seed: int
    ) -> np.ndarray:
        from skhyp.graph.parameters import initial_vector

        return initial_vector(
            network.parameters,
            np.random.default_rng(seed),
            initializer=self.initializer,
            initializer_std=float(self.initializer_std),
            dtype=network.dtype,
        )
