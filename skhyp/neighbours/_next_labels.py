"""Which pixels are most worth a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from sklearn.cluster import KMeans

# Of the pixels, the most doubtful of these shares are chosen from, and of no fewer than so many for
# each that is wanted.
_DOUBTFUL, _FOR_EACH = 0.02, 20


def doubts(probabilities: NDArray[np.float32], criterion: str) -> NDArray[np.float32]:
    """Return how doubtful the class of each pixel is, from 0 to 1."""
    if criterion not in ("margin", "entropy"):
        raise ValueError(f"criterion must be 'margin' or 'entropy', got {criterion!r}.")
    n_classes = probabilities.shape[1]
    if criterion == "entropy":
        return entr(probabilities).sum(axis=1) / np.float32(np.log(n_classes))
    two = np.partition(probabilities, n_classes - 2, axis=1)[:, -2:]
    return 1 - (two[:, 1] - two[:, 0])


def most_worth_labelling(
    probabilities: NDArray[np.float32],
    positions: NDArray[np.intp],
    n_pixels: int,
    *,
    criterion: str,
    random_state: np.random.RandomState,
) -> NDArray[np.intp]:
    """Return which pixels are doubtful, and unlike each other in place and in what they may be.

    The most doubtful first.
    """
    doubt = doubts(probabilities, criterion)
    n_candidates = min(len(doubt), max(_FOR_EACH * n_pixels, round(_DOUBTFUL * len(doubt))))
    # Of equal ones the first, on every machine.
    candidates = np.argsort(-doubt, kind="stable")[:n_candidates]
    if n_candidates <= n_pixels:
        return candidates
    places = positions[candidates].astype(np.float64)
    spread = np.maximum(np.sqrt(places.var(axis=0).sum()), 1e-9)
    classes = probabilities[candidates].astype(np.float64)
    differs = np.maximum(np.sqrt(classes.var(axis=0).sum()), 1e-9)
    features = np.hstack([places / spread, classes / differs])
    means = KMeans(n_pixels, n_init=1, random_state=random_state)
    clusters = means.fit_predict(features, sample_weight=doubt[candidates] + 1e-6)
    # Candidates are sorted: the first of each cluster is its most doubtful.
    firsts = np.unique(clusters, return_index=True)[1]
    return candidates[np.sort(firsts)]
