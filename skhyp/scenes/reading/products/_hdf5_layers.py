"""Layers of quality in HDF5 files of products, which lie where the spectra do."""

from __future__ import annotations

from typing import Any

import numpy as np

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._array_facts import nodata_of
from skhyp.scenes.reading._dimension_names import Given
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import attributes_of, hdf5_source

from ._hdf5_members import array_source, files_with, member
from ._product import Asked


def same_member(file: Any, variable: str) -> str | None:
    """Return the dataset of a name, with or without its groups, if there is one alone."""
    if (whole := member(file, variable)) is not None:
        return whole
    found: list[str] = []
    wanted = variable.strip("/").lower()

    def look(name: str, entry: Any) -> None:
        if name.rpartition("/")[2].lower() == wanted and hasattr(entry, "shape"):
            found.append(name)

    file.visititems(look)
    return found[0] if len(found) == 1 else None


def layer_source(
    asked: Asked, file: Any, shape: tuple[int, ...], axes: tuple[int, ...], place: dict[str, Any]
) -> tuple[Source, dict[str, Any]]:
    """Return a layer by its name, as it is stored: with the place of a cube if it has its pixels.

    The cube has this shape, and rows, columns and bands are these of its axes.
    """
    path = asked.path
    name = same_member(file, asked.variable or "")
    found = getattr(file[name], "shape", None) if name is not None else None
    of_pixels = tuple(np.take(shape, axes[:2]).tolist())
    if name is None or found not in (shape, of_pixels):
        if found is not None and len(found) == 3 and found[axes[2]] == shape[axes[2]]:
            raise ValueError(
                f"{printable(path)}: {name} has the shape {found}, other than that of the spectra, "
                f"{shape}: it is not known what its axes are."
            )
        return hdf5_source(path, name or asked.variable, Given())
    source = array_source(path, file, name, axes if found == shape else (0, 1))
    if found != shape and axes[0] > axes[1]:
        source = array_source(path, file, name, (1, 0))
    nodata = nodata_of(attributes_of(file[name]), printable(path))
    return source, {**place, "nodata": nodata, "files": files_with(path, file, name)}
