"""What detectors learn of a background: how to even it out, and the means of labelled targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from skhyp.inputs._band_moments import Blocks

# Directions with less of the background than this, beside that with most, have rounding alone.
_LEAST_VARIANCE = 1e-14
_ROUNDING = 1e-9


def whitening_of_background(
    spread: NDArray[np.float64], shrinkage: float, n_spectra: int
) -> tuple[NDArray[np.float64], int]:
    """Return a symmetric matrix (bands, bands) that evens a background out, and its rank.

    The second moments of the background are shrunk towards a sphere of the same mean variance
    before. Directions in which it has none are left out.
    """
    n_bands = len(spread)
    mean = np.trace(spread) / n_bands
    if not mean > 0:
        raise ValueError("X is no background: all its spectra are the same.")
    variances, directions = np.linalg.eigh(spread / mean)
    variances = (1 - shrinkage) * variances + shrinkage
    is_there = variances > _LEAST_VARIANCE * n_bands * variances.max()
    rank = int(np.sum(is_there))
    if rank < n_bands and n_spectra <= n_bands:
        raise ValueError(
            f"X has too few spectra for a background of all directions (n_samples = {n_spectra}, "
            f"n_features = {n_bands}). Pass more of them, or set shrinkage to more than 0, such as "
            "0.01."
        )
    directions = directions[:, is_there]
    return (directions / np.sqrt(mean * variances[is_there])) @ directions.T, rank


def refuse_targets_beside(
    whitening: NDArray[np.float64], differences: NDArray[np.float64], origin: str
) -> None:
    """Refuse targets that do not differ from the origin in any direction of the background."""
    scales = np.linalg.eigvalsh(whitening)
    least = scales[scales > _ROUNDING * scales.max()].min()
    lengths = np.linalg.norm(differences, axis=1)
    seen = np.linalg.norm(differences @ whitening, axis=1)
    hidden = np.flatnonzero(seen <= _ROUNDING * least * lengths)
    if len(hidden):
        raise ValueError(
            f"targets must differ from {origin} in directions in which the background varies; "
            f"target {hidden[0]} does not, so that nothing tells what is like it (n_features = "
            f"{len(whitening)})."
        )


def target_means(
    blocks: Blocks, y: ArrayLike, n_bands: int
) -> tuple[NDArray[np.float64], list[str]]:
    """Return the mean spectrum of each class of y, and the classes; what is 0 or less is none."""
    type_of_target(y, input_name="y", raise_unknown=True)
    labels = column_or_1d(y)
    n_spectra = sum(len(block) for block in blocks())
    if len(labels) != n_spectra:
        raise ValueError(
            f"y must have an entry for each of the {n_spectra} spectra; got {len(labels)}."
        )
    classes, numbers = np.unique(labels, return_inverse=True)
    is_target = classes > 0 if classes.dtype.kind in "biuf" else classes.astype(str) != ""
    if not is_target.any():
        raise ValueError(
            "y must have a class above 0, of which a target is the mean; it marks no spectrum."
        )
    totals, n_before = np.zeros((len(classes), n_bands)), 0
    for block in blocks():
        members = numbers[n_before : n_before + len(block)]
        np.add.at(totals, members, block.astype(np.float64))
        n_before += len(block)
    means = totals / np.bincount(numbers)[:, np.newaxis]
    return means[is_target], [str(label) for label in classes[is_target]]
