"""Seeds for estimators that have none."""

from typing import Any

import numpy as np
from sklearn.base import clone


def seeded(estimator: Any, rng: np.random.RandomState) -> Any:
    """Return an unfitted copy, with a seed of its own wherever ``random_state`` is None."""
    estimator = clone(estimator)
    for key, value in sorted(estimator.get_params(deep=True).items()):
        if key.split("__")[-1] == "random_state" and value is None:
            estimator.set_params(**{key: int(rng.randint(np.iinfo(np.int32).max))})
    return estimator
