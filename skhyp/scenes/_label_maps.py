"""Maps of labels: arrays, and files on the grid of a scene or on a finer one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user

from ._class_labels import means_unlabelled
from ._finer_labels import FinerLabels
from ._nodata import complete_pixels
from ._scene import Scene
from ._shapes import check_labels
from .reading._opening import is_scene_like, open_scene
from .reading._reference_systems import are_same_systems, system_name

# Two grids are one if their corners are no farther apart than this part of a pixel.
_SAME_GRID = 0.01


def label_map(labels: Any, scene: Scene, min_coverage: float | None = None) -> NDArray[np.integer]:
    """Return the labels of a scene as integers, 0 where a file has nodata.

    With ``min_coverage``, those of a file may be of a finer grid.
    """
    if not is_scene_like(labels):
        if np.ma.is_masked(labels):
            n_zeros = int(np.count_nonzero(labels.compressed() == 0))
            _warn_of_zeros(n_zeros, "labels", "a mask", None)
        return check_labels(labels, scene.shape[:2], like="cube")
    label_scene = open_scene(labels)
    if label_scene.shape[2] != 1:
        raise ValueError(
            f"labels must have one band; {label_scene.name} has {label_scene.shape[2]}."
        )
    nodata = label_scene.nodata
    facts = (
        label_scene.name,
        None if nodata in (None, 0) else f"{nodata:g}",
        (label_scene.class_names or {}).get(0),
    )
    if min_coverage is not None:
        finer = FinerLabels(label_scene, scene)
        found = finer.majority(min_coverage)
        _warn_of_zeros(finer.n_zeros, *facts)
        return found
    if not are_same_systems(label_scene.crs, scene.crs):
        raise ValueError(
            f"labels must be of the reference system of the scene: {label_scene.name} is in "
            f"{system_name(label_scene.crs)}, {scene.name} in {system_name(scene.crs)}. Reproject "
            "the labels to the grid of the scene, as with rasterio.warp.reproject; finer ones are "
            "taken as they are, by the majority, with min_coverage=0.5; if they lie on the grid "
            "and only say otherwise, pass them as an array."
        )
    if label_scene.shape[:2] != scene.shape[:2] or not _on_one_grid(label_scene, scene):
        raise ValueError(
            f"labels must lie on the grid of the scene, pixel by pixel: {label_scene.name} has "
            f"{label_scene.shape[:2]} pixels and the transform {label_scene.transform}, "
            f"{scene.name} {scene.shape[:2]} and {scene.transform}. Finer ones are "
            "taken by the majority with min_coverage=0.5, of which a pixel has to have so much. "
            "Resample coarser ones to the scene, as with rasterio.warp.reproject and "
            "Resampling.nearest."
        )
    found = np.asarray(label_scene.read())[..., 0]
    missing = ~complete_pixels(found[..., np.newaxis], label_scene.nodata)
    _warn_of_zeros(int(np.count_nonzero(found[~missing] == 0)), *facts)
    found[missing] = 0
    return check_labels(found, scene.shape[:2], like="cube")


def lies_on_ground(labels: Any, swath: Scene, ground: Scene, min_coverage: float | None) -> bool:
    """Return whether labels are of the ground that a swath shows, and not of the swath."""
    if not is_scene_like(labels):
        return False
    label_scene = open_scene(labels)
    if label_scene.transform is None:
        return False
    if min_coverage is not None or label_scene.shape[:2] != swath.shape[:2]:
        return True
    return label_scene.shape[:2] == ground.shape[:2] and _on_one_grid(label_scene, ground)


def _warn_of_zeros(n_zeros: int, name: str, marker: str | None, zero: str | None) -> None:
    """Warn of pixels of 0 where something else marks what is unlabelled, or 0 has a name."""
    if not n_zeros or (zero is not None and means_unlabelled(zero)):
        return
    reasons = [] if marker is None else [f"marks unlabelled ones by {marker}"]
    if zero is not None:
        reasons.append(f"calls 0 {zero!r}")
    if not reasons:
        return
    warn_user(
        f"{n_zeros} pixels of {name} are 0, which stands for unlabelled and is left out, though it "
        f"{' and '.join(reasons)}. If 0 is a class, number the classes from 1: read them as an "
        "array of integers, and pass numpy.where(is_labelled, array + 1, 0)."
    )


def _on_one_grid(first: Scene, second: Scene) -> bool:
    if first.transform is None or second.transform is None:
        return True
    rows, columns, _ = first.shape
    corners = np.array([[0, 0, 1], [columns, 0, 1], [0, rows, 1]], dtype=np.float64)
    a, b = (np.reshape(numbers, (2, 3)) for numbers in (first.transform, second.transform))
    size = np.abs(a[:, :2]).max()
    return bool(np.all(np.abs(corners @ (a - b).T) <= _SAME_GRID * size))
