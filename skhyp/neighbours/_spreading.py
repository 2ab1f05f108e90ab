"""Ways to pass probabilities and labels along the graph of a scene, for a map of its classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._pixel_graph import PixelGraph

# Probabilities below it are taken for it: what is held impossible does happen.
_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class Spreading:
    """A way to pass probabilities and labels along the graph of a scene.

    ``alpha`` is how much of a pixel is the mean of its neighbours, ``label_weight`` how many
    pixels without a label one with a label counts for.
    """

    name: str
    alpha: float
    label_weight: float


# The first leaves the model's probabilities as they are.
SPREADINGS = (
    Spreading("model", 0.0, 0.0),
    Spreading("smoothed", 0.5, 0.0),
    Spreading("labels spread", 0.9, 10.0),
    Spreading("labels spread far", 0.9, 100.0),
)


def spread_probabilities(
    graph: PixelGraph,
    probabilities: NDArray[np.float32],
    labelled: NDArray[np.intp],
    numbers: NDArray[np.intp],
) -> list[NDArray[np.float32]]:
    """Return probabilities of the pixels of a graph by each way, (n_pixels, n_classes).

    ``labelled`` are the pixels that have a label, ``numbers`` those of their classes.
    """
    known = np.zeros_like(probabilities)
    known[labelled, numbers] = 1
    passed: dict[float, tuple[NDArray[np.float32], NDArray[np.float32] | None]] = {}
    for alpha in {way.alpha for way in SPREADINGS}:
        weighed = any(way.label_weight for way in SPREADINGS if way.alpha == alpha)
        passed[alpha] = (
            graph.smooth(probabilities, alpha=alpha),
            graph.smooth(known, alpha=alpha) if weighed else None,
        )
    results = []
    for way in SPREADINGS:
        total, labels = passed[way.alpha]
        if labels is not None:
            total = total + np.float32(way.label_weight) * labels
        total = np.maximum(total, np.float32(_LEAST_PROBABILITY))
        results.append(total / total.sum(axis=1, keepdims=True))
    return results
