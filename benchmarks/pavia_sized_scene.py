"""A scene of Pavia University's size, made from the real spectra of Indian Pines.

Nothing has to be downloaded and every run gets the same numbers: labelled pixels of the nine
largest classes, 103 bands spread over the spectrum, drawn with replacement by a seeded generator,
each times a brightness of its own, with noise of half a percent.
"""

from pathlib import Path

import numpy as np
from task import N_CLASSES

from skhyp.datasets import load_indian_pines

ROWS, COLUMNS, N_BANDS = 610, 340, 103
TRAINING_PER_CLASS, TEST_PER_CLASS = 50, 500


def write_scene(folder: Path, scale: float = 1.0, seed: int = 0) -> None:
    """Write what the contenders read, as NumPy files.

    ``scene`` holds the scene's pixels as uint16, ``spectra`` the same min-max'ed as float32.
    ``training_*`` and ``test_*`` are labelled spectra (min-max'ed, labels 1 to 9) for a
    classifier; no pixel of Indian Pines gives rise to both a training and a test spectrum.
    """
    rng = np.random.default_rng(seed)
    pixels, labels = nine_classes()
    n_pixels = max(1, round(ROWS * COLUMNS * scale))
    scene = vary(pixels[rng.integers(0, len(pixels), n_pixels)], rng)
    np.save(folder / "scene.npy", scene)
    np.save(folder / "spectra.npy", min_max(scene))
    is_training = rng.random(len(pixels)) < 0.5
    for name, chosen, n_per_class in (
        ("training", is_training, TRAINING_PER_CLASS),
        ("test", ~is_training, TEST_PER_CLASS),
    ):
        sources = np.concatenate(
            [
                rng.choice(np.flatnonzero(chosen & (labels == label)), n_per_class)
                for label in range(1, N_CLASSES + 1)
            ]
        )
        sources = rng.permutation(sources)
        np.save(folder / f"{name}_spectra.npy", min_max(vary(pixels[sources], rng)))
        np.save(folder / f"{name}_labels.npy", labels[sources])


def nine_classes(n_bands: int | None = N_BANDS) -> tuple[np.ndarray, np.ndarray]:
    """Return uint16 spectra of the nine largest classes and their labels 1 to 9.

    Bands are spread evenly over the spectrum; ``None`` keeps all 200.
    """
    X, y = load_indian_pines(return_X_y=True)
    classes, counts = np.unique(y, return_counts=True)
    largest = np.sort(classes[np.argsort(counts)[-N_CLASSES:]])
    is_kept = np.isin(y, largest)
    bands = np.linspace(0, X.shape[1] - 1, n_bands or X.shape[1]).round().astype(int)
    return X[is_kept][:, bands], 1 + np.searchsorted(largest, y[is_kept])


def vary(spectra: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the spectra, each brighter or darker than it was and with noise, as uint16."""
    brightness = rng.uniform(0.7, 1.3, (len(spectra), 1)).astype(np.float32)
    noise = 1 + 0.005 * rng.standard_normal(spectra.shape, dtype=np.float32)
    return (spectra * brightness * noise).round().astype(np.uint16)


def min_max(spectra: np.ndarray) -> np.ndarray:
    """Return every spectrum scaled to 0 to 1, as float32."""
    spectra = spectra.astype(np.float32)
    least = spectra.min(axis=1, keepdims=True)
    return (spectra - least) / (spectra.max(axis=1, keepdims=True) - least)
