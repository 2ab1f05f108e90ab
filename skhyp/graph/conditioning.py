"""What networks see of spectra, computed by functions that all who see the same share.

It does not depend on the layers, so that networks that differ in these, as the candidates of a
search do, are conditioned by one function.
"""

from collections.abc import Hashable
from typing import Any

import numpy as np

from .inference import CHUNK_VALUES, apply_rows, rows_per_chunk
from .parameters import vector_size


def apply_conditioning(
    network: Any, function: str, statistics: np.ndarray, X: np.ndarray, **options: Hashable
) -> np.ndarray:
    """Return ``network.function`` of the rows of X, (n, bands), which takes no parameters.

    Parameters
    ----------
    network : a frozen description of a network
        Its ``conditioning`` computes the same, and learns the first of its statistics.
    function : str
    statistics : ndarray
        A flat vector.
    X : ndarray of shape (n, bands)
    """
    # As many values as give the chunks that the network itself has.
    shared = network.conditioning(CHUNK_VALUES // rows_per_chunk(network))
    its_statistics = statistics[: vector_size(shared.statistics)]
    return apply_rows(shared, function, np.zeros(0), its_statistics, X, **options)
