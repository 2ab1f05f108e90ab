"""Figures of samples and their confidence intervals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A figure, or one for each class, with the ends of its confidence interval."""

    value: Any
    low: Any
    high: Any


class Intervals:
    """Confidence intervals of statistics of samples, in groups or each by itself."""

    def __init__(self, groups: NDArray[np.intp] | None, confidence_level: float):
        self._groups = groups
        self._upper = 0.5 + confidence_level / 2

    def of_share(self, right: NDArray[np.bool_], is_counted: NDArray[np.bool_]) -> Estimate:
        """Return the share of the counted samples that is right."""
        n = int(np.count_nonzero(is_counted))
        if not n:
            return Estimate(np.nan, np.nan, np.nan)
        share = float(np.count_nonzero(right & is_counted) / n)
        if self._groups is None:
            return self._wilson(share, n)
        return self._around(share, is_counted * (right - share) / n, is_counted, least=0.0)

    def of_kappa(
        self, confusion: NDArray[np.int64], rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> Estimate:
        """Return Cohen's kappa; NaN where all samples are of one class and found to be."""
        n = len(rows)
        of_rows, of_columns = confusion.sum(axis=1) / n, confusion.sum(axis=0) / n
        agreement, by_chance = np.trace(confusion) / n, float(of_rows @ of_columns)
        if by_chance == 1:
            return Estimate(np.nan, np.nan, np.nan)
        beyond = 1 - by_chance
        kappa = (agreement - by_chance) / beyond
        # What each sample adds to it, to the first order.
        chance = of_columns[rows] + of_rows[columns] - 2 * by_chance
        added = (rows == columns) - agreement - (1 - agreement) / beyond * chance
        return self._around(kappa, added / beyond / n, np.ones(n, bool), least=-1.0)

    def _wilson(self, share: float, n: int) -> Estimate:
        z = float(stats.norm.ppf(self._upper))
        center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        return Estimate(share, max(0.0, float(center - half)), min(1.0, float(center + half)))

    def _around(
        self, value: float, added: Floats, is_counted: NDArray[np.bool_], *, least: float
    ) -> Estimate:
        if self._groups is None:
            n_groups, totals, quantile = len(added), added, stats.norm.ppf(self._upper)
        else:
            totals = np.bincount(self._groups, weights=added)
            n_groups = len(np.unique(self._groups[is_counted]))
            quantile = stats.t.ppf(self._upper, n_groups - 1) if n_groups > 1 else np.nan
        if n_groups < 2:
            return Estimate(float(value), np.nan, np.nan)
        value = float(value)
        half = float(quantile * np.sqrt(n_groups / (n_groups - 1) * np.sum(totals**2)))
        return Estimate(float(value), max(least, value - half), min(1.0, value + half))


def normal(value: Any, variance: Any, z: float, *, most: float) -> Estimate:
    half = z * np.sqrt(variance)
    return Estimate(value, np.maximum(0.0, value - half), np.minimum(most, value + half))


def stacked(estimates: list[Estimate]) -> Estimate:
    return Estimate(*(np.array(values) for values in zip(*estimates, strict=True)))


def of_each_class(estimate: Estimate) -> list[Estimate]:
    return [Estimate(*values) for values in zip(*estimate, strict=True)]
