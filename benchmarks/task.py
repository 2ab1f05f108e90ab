"""What a contender is asked to do, and what it answers: imports nothing but NumPy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# The networks of all workloads, as in deephyp's examples.
HIDDEN_LAYER_SIZES = (50, 30, 10)
N_COMPONENTS = 3
N_FILTERS = (10, 10, 10)
KERNEL_SIZES = (20, 10, 10)
DENSE_LAYER_SIZES = (20, 20)
N_CLASSES = 9

LEARNING_RATE = 1e-3
# Of the grid search.
LEARNING_RATES = (3e-4, 1e-3, 3e-3)
N_FOLDS = 5

# Of deephyp; the others start alike where loss and accuracy are compared.
INITIAL_STANDARD_DEVIATION = 0.1

# Rows of a batch for contenders that need to be told when they predict a scene.
PREDICTION_ROWS = 4096
# A model that is only applied is trained so many epochs: its speed does not depend on it.
EPOCHS_BEFORE_APPLICATION = 2


@dataclass(frozen=True)
class Task:
    """One workload as a contender gets it."""

    folder: str
    n_spectra: int
    batch_size: int
    epochs: int
    seed: int

    def scene(self) -> np.ndarray:
        """Return uint16 pixels (n_spectra, n_bands)."""
        return np.load(Path(self.folder) / "scene.npy")[: self.n_spectra]

    def spectra(self) -> np.ndarray:
        """Return min-max'ed float32 spectra (n_spectra, n_bands)."""
        return np.load(Path(self.folder) / "spectra.npy")[: self.n_spectra]

    def labelled(self, part: str = "training") -> tuple[np.ndarray, np.ndarray]:
        """Return min-max'ed spectra and labels from 1 of the "training" or the "test" part."""
        folder = Path(self.folder)
        return np.load(folder / f"{part}_spectra.npy"), np.load(folder / f"{part}_labels.npy")


class Prepared(NamedTuple):
    """What a contender answers: the work to time, and what its result is worth.

    ``run`` is timed from outside, unless it returns seconds. ``quality`` is called after it.
    """

    run: Callable[[], Any]
    quality: Callable[[], dict[str, float]] | None = None


def reconstruction_quality(reconstruct: Callable[[np.ndarray], np.ndarray], X: np.ndarray) -> dict:
    """Return the mean cosine spectral angle between spectra and their reconstructions."""
    total = 0.0
    for start in range(0, len(X), 50_000):
        rows = X[start : start + 50_000].astype(np.float64)
        reconstructed = np.asarray(reconstruct(X[start : start + 50_000]), dtype=np.float64)
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(reconstructed, axis=1)
        products = np.einsum("ij,ij->i", rows, reconstructed)
        # A reconstruction that is zero everywhere has no direction: it counts as orthogonal.
        cosines = np.divide(products, lengths, out=np.zeros(len(rows)), where=lengths > 0)
        total += float(np.sum(1 - cosines))
    return {"loss": total / len(X)}


def classification_quality(predict: Callable[[np.ndarray], np.ndarray], task: Task) -> dict:
    """Return the accuracy on the test spectra."""
    X, y = task.labelled("test")
    return {"accuracy": float(np.mean(np.asarray(predict(X)) == y))}
