"""Draws: choices that follow from a number, so that an example is known by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Draws:
    """Choices at random, the same for one seed."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def one_of(self, *values: Any) -> Any:
        """Return one of some values."""
        return values[int(self.rng.integers(len(values)))]

    def integer(self, least: int, most: int) -> int:
        """Return an integer, ends included."""
        return int(self.rng.integers(least, most + 1))

    def chance(self) -> bool:
        """Return True or False."""
        return bool(self.rng.integers(2))

    def some_of(self, values: Sequence[Any]) -> list[Any]:
        """Return at least one of some values, each once, in any order."""
        n_values = self.integer(1, len(values))
        return [values[i] for i in self.rng.permutation(len(values))[:n_values].tolist()]

    def layers(self, least: int, most: int, draw: Callable[[], Any]) -> tuple[Any, ...]:
        """Return values for so many layers."""
        return tuple(draw() for _ in range(self.integer(least, most)))

    def one_or_each(self, n_layers: int, draw: Callable[[], Any]) -> Any:
        """Return one value for all layers, or one for each."""
        return draw() if self.chance() else tuple(draw() for _ in range(n_layers))
