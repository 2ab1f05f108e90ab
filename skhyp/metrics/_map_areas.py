"""What a sample of a map of classes says of all of it, and of the area of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ._estimates import Estimate, Floats, normal


@dataclass(frozen=True, eq=False)
class AreaEstimates:
    """What a sample says of the whole map, each mapped class weighted by its area.

    Attributes
    ----------
    overall : Estimate
        The share of the area that is mapped right.
    producers, users : Estimate of ndarrays of shape (n_classes,)
        Of the area of a class, the share that is mapped as it; of the area mapped as a class, the
        share that is it.
    areas : Estimate of ndarrays of shape (n_classes,)
        The area of each class as the sample corrects it, in the unit of the mapped ones.
    mapped : ndarray of shape (n_classes,)
        What the map has, uncorrected.
    """

    overall: Estimate
    producers: Estimate
    users: Estimate
    areas: Estimate
    mapped: Floats


def area_estimates(
    confusion: NDArray[np.int64], mapped: Floats, confidence_level: float
) -> AreaEstimates:
    """Return estimates of a map from samples that are random within each mapped class.

    ``mapped`` are the areas of the mapped classes, which the columns of ``confusion`` are.
    """
    counts = confusion.T.astype(np.float64)  # by mapped class
    n = counts.sum(axis=1)
    weights = mapped / mapped.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(n[:, None] > 0, counts / n[:, None], 0.0)
        # Of a class of which one sample or none was taken, there is no variance to be told.
        variances = shares * (1 - shares) / np.where(n > 1, n - 1, np.nan)[:, None]
        variances = np.where(weights[:, None] > 0, variances, 0.0)
        joint = weights[:, None] * shares
        areas = joint.sum(axis=0)
        right = np.diag(shares)
        producers = np.diag(joint) / areas
        of_right = np.diag(variances)
        of_others = (weights[:, None] ** 2 * variances).sum(axis=0) - weights**2 * of_right
        producers_variance = (
            weights**2 * (1 - producers) ** 2 * of_right + producers**2 * of_others
        ) / areas**2
        users = np.where(n > 0, right, np.nan)
    z = float(stats.norm.ppf(0.5 + confidence_level / 2))
    overall = normal(np.trace(joint), np.sum(weights**2 * of_right), z, most=1.0)
    area_variances = (weights[:, None] ** 2 * variances).sum(axis=0)
    total = mapped.sum()
    return AreaEstimates(
        overall=Estimate(*map(float, overall)),
        producers=normal(producers, producers_variance, z, most=1.0),
        users=normal(users, of_right, z, most=1.0),
        areas=normal(total * areas, total**2 * area_variances, z, most=np.inf),
        mapped=mapped,
    )


def mapped_areas(given: Any, classes: NDArray[Any], confusion: NDArray[np.int64]) -> Floats:
    """Return the area of each class, of a map or of a mapping."""
    if isinstance(given, Mapping):
        areas = np.array([given.get(label, 0) for label in classes.tolist()], np.float64)
    else:
        labels, counts = np.unique(np.asarray(given), return_counts=True)
        found = dict(zip(labels.tolist(), counts.tolist(), strict=True))
        areas = np.array([found.get(label, 0) for label in classes.tolist()], np.float64)
    if not (np.isfinite(areas).all() and (areas >= 0).all() and areas.sum() > 0):
        raise ValueError(
            f"map_areas must be numbers of 0 or more of the classes {classes.tolist()}, and not "
            f"all zero; got {areas.tolist()}."
        )
    n_mapped = confusion.sum(axis=0)
    for label, area, n in zip(classes.tolist(), areas, n_mapped, strict=True):
        if area == 0 and n > 0:
            raise ValueError(
                f"map_areas has nothing of the class {label!r}, which {n} samples are mapped as."
            )
        if area > 0 and n == 0:
            raise ValueError(
                f"map_areas has {area:g} of the class {label!r}, of which no sample was taken: "
                "what it is cannot be estimated. Take samples of each mapped class."
            )
    return areas
