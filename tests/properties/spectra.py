"""Spectra of all kinds that may be given to an estimator: numbers, and what holds them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl

from .draws import Draws

_FLOATS = ["<f4", "<f8", "<f2", ">f4", ">f8", ">f2"]
_INTEGERS = [
    f"{order}{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8) for order in "<>" if size > 1
] + ["i1", "u1"]
DTYPES = [*_FLOATS, *_INTEGERS, "?"]


def _strided(X: np.ndarray) -> np.ndarray:
    wide = np.empty((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    view = wide[::2, 1::3]
    view[...] = X
    return view


def _read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


def _mapped(X: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spectra.npy"
        np.save(path, X)
        return np.load(path, mmap_mode="r")  # what is mapped outlives its name


def _backwards(X: np.ndarray) -> np.ndarray:
    return X[::-1, ::-1].copy()[::-1, ::-1]


def _native(X: np.ndarray) -> np.ndarray:
    return X.astype(X.dtype.newbyteorder("="))


CONTAINERS: dict[str, Callable[[np.ndarray], Any]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "backwards": _backwards,
    "read-only": _read_only,
    "mapped": _mapped,
    "pandas": lambda X: pd.DataFrame(_native(X)).add_prefix("band "),
    "polars": lambda X: pl.DataFrame(_native(X), schema=[f"band {i}" for i in range(X.shape[1])]),
    "lists": lambda X: X.tolist(),
}
# Of other types they make others: float64, or nothing.
_HOLDS = {
    "polars": lambda dtype: dtype.kind != "f" or dtype.itemsize > 2,
    "lists": lambda dtype: dtype.kind in "ib" or dtype.name in ("float64", "uint8", "uint16"),
}
_KINDS = ("smooth", "rough", "constant spectra", "one spectrum", "zeros")


class Spectra(NamedTuple):
    """Spectra as a native array in C order, and as an estimator gets them."""

    values: np.ndarray
    given: Any
    description: str


def draw_spectra(
    draws: Draws, *, n_least: int = 2, positive: bool = False, n_rows: int | None = None
) -> Spectra:
    """Draw spectra: smooth or rough ones, constants, duplicates, of any type, scale and layout."""
    n_bands = draws.integer(1, 40)
    if n_rows is None:
        n_rows = draws.one_of(n_least, draws.integer(n_least, 40), draws.integer(n_least, 40))
    dtype = np.dtype(draws.one_of(*DTYPES, *_FLOATS))
    kind = draws.one_of(*_KINDS, "smooth", "rough")
    signed = not positive and kind in ("smooth", "rough") and draws.chance()
    unit = _unit_spectra(draws.rng, kind, n_rows, n_bands)
    unit = unit + 0.01 if positive else 2 * unit - 1 if signed else unit
    scale = ""
    if dtype.kind == "f":
        power = draws.integer(*((-4, 4) if dtype.itemsize == 2 else (-30, 30)))
        X, scale = (unit * 10.0**power).astype(dtype), f" times 1e{power}"
    elif dtype.kind == "b":
        X = unit > 0.5
    else:
        largest = min(np.iinfo(dtype).max, 10 ** draws.integer(1, 18))
        # What is just below the largest value is rounded up to beyond it.
        scaled = np.clip(unit / 3, 0 if dtype.kind == "u" else -1, 1) * (largest * 0.99)
        X = (np.maximum(scaled, 1) if positive else scaled).astype(dtype)
    holders = [name for name in CONTAINERS if _HOLDS.get(name, lambda dtype: True)(dtype)]
    container = draws.one_of(*holders)
    signs = "signed " if signed else ""
    return Spectra(
        np.ascontiguousarray(_native(X)),
        CONTAINERS[container](X),
        f"{n_rows} x {n_bands}, {signs}{kind}{scale}, {dtype.str} in {container}",
    )


def _unit_spectra(rng: np.random.Generator, kind: str, n_rows: int, n_bands: int) -> np.ndarray:
    """Return spectra between 0 and 2."""
    brightness = rng.uniform(0.2, 1, (n_rows, 1))
    if kind == "smooth":
        return brightness * (1 + np.sin(np.arange(n_bands) / 5 + rng.uniform(size=(n_rows, 1))))
    if kind == "rough":
        return rng.uniform(0.01, 1, (n_rows, n_bands))
    if kind == "constant spectra":
        return np.repeat(brightness, n_bands, axis=1)
    if kind == "one spectrum":
        return np.repeat(rng.uniform(0.1, 1, (1, n_bands)), n_rows, axis=0)
    return np.zeros((n_rows, n_bands))
