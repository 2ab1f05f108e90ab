"""The shapes of cubes and of maps of labels."""

from __future__ import annotations

import numpy as np


def check_cube(cube):
    # Not check_array: a scene may be memory-mapped and is not to be read through here.
    if np.ma.is_masked(cube):
        if cube.dtype.kind != "f":
            raise ValueError(
                "cube is a masked array of integers: what is masked would be lost. Fill it, as "
                "with cube.filled(65535), and pass that value as nodata."
            )
        cube = cube.filled(np.nan)
    cube = np.asarray(cube)
    if cube.ndim != 3:
        raise ValueError(
            f"cube must have the shape (rows, columns, bands); got shape {cube.shape}."
        )
    if cube.dtype.kind not in "biuf":
        raise ValueError(f"cube must hold real numbers; got dtype {cube.dtype}.")
    return cube


def check_labels(labels, shape, *, like):
    """Return the labels as integers, 0 where a floating-point map has none."""
    if np.ma.isMaskedArray(labels):
        labels = labels.filled(0)
    labels = np.asarray(labels)
    if labels.shape != shape:
        raise ValueError(
            f"labels must have the shape {shape}, the rows and columns of {like}; "
            f"got shape {labels.shape}."
        )
    if labels.dtype.kind == "b":
        return labels.astype(np.int64)
    if labels.dtype.kind in "iu":
        return labels
    if labels.dtype.kind != "f":
        raise ValueError(
            "labels must be whole numbers, 0 or less where a pixel is unlabelled; "
            f"got dtype {labels.dtype}."
        )
    classes = np.where(labels > 0, labels, 0)
    not_whole = (classes != np.rint(classes)) | (classes > 2**53)
    if not_whole.any():
        raise ValueError(
            "labels must be whole numbers, 0 or less or NaN where a pixel is unlabelled; "
            f"got {classes[not_whole][0]}."
        )
    return classes.astype(np.int64)
