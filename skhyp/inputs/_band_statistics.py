"""Means and deviations of bands, over spectra of any number, some thousand at a time."""

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.preprocessing import StandardScaler

from ._validation import largest_magnitudes, warn_of_outliers

CHUNK_ROWS = 4096


def complete_chunks(
    X: np.ndarray, has_data: np.ndarray | None, kept: np.ndarray | None
) -> Iterator[np.ndarray]:
    """Yield the kept bands of the complete rows in float64, some thousand rows at a time."""
    for start in range(0, len(X), CHUNK_ROWS):
        chunk = X[start : start + CHUNK_ROWS]
        if has_data is not None:
            chunk = chunk[has_data[start : start + CHUNK_ROWS]]
        if len(chunk):
            # In the order of rows, so that all are summed up alike.
            spectra = chunk if kept is None else np.take(chunk, kept, axis=1)
            yield spectra.astype(np.float64, order="C")


def in_chunks(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the rows of blocks in float64, as many at a time as of an array."""
    rest: list[np.ndarray] = []
    for block in blocks:
        rest.append(block)
        if sum(map(len, rest)) >= CHUNK_ROWS:
            rows = np.concatenate(rest)
            n_whole = len(rows) // CHUNK_ROWS * CHUNK_ROWS
            yield from complete_chunks(rows[:n_whole], None, None)
            rest = [rows[n_whole:]]
    yield from complete_chunks(np.concatenate(rest), None, None)


def band_statistics(
    chunks: Callable[[], Iterator[np.ndarray]], n_bands: int, dtype: str, consequence: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the deviation of each band; of a constant one, 1.

    ``chunks`` are gone through twice. Outliers are warned of, with their ``consequence``; what is
    too small for ``dtype`` is no deviation.
    """
    magnitudes = []
    largest = np.zeros(n_bands)
    for spectra in chunks():
        magnitudes.append(largest_magnitudes(spectra))
        largest = np.maximum(largest, np.abs(spectra).max(axis=0))
    warn_of_outliers(np.concatenate(magnitudes), consequence)
    # Each band over a power of two near its largest value: this is exact, and the squares
    # neither overflow nor vanish.
    unit = np.ldexp(1.0, np.frexp(largest)[1] - 1)
    scaler = StandardScaler()
    for spectra in chunks():
        scaler.partial_fit(spectra / unit)
    deviation = np.sqrt(scaler.var_)
    is_constant = (scaler.scale_ != deviation) | (deviation * unit < float(np.finfo(dtype).tiny))
    return scaler.mean_ * unit, np.where(is_constant, 1, deviation * unit)
