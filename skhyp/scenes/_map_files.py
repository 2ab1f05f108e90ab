"""MapFile: a map as a file, whole or not at all; and as NumPy's."""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._whole_files import force_to_disk

from ._map_layouts import MapLayout

Rows = Callable[[slice], NDArray[Any]]


class MapFile(ABC):
    """A file, or several that belong together, that a map is written to as a whole."""

    suffixes: tuple[str, ...]

    def __init__(self, path: Path):
        self.path = path

    @property
    def files(self) -> tuple[Path, ...]:
        """What is written, the file that makes the others readable last."""
        return (self.path,)

    def refuse(self, layout: MapLayout) -> None:
        """Raise if the map cannot be written, or would replace what is no map."""
        folder = self.path.resolve().parent
        if not folder.is_dir():
            raise FileNotFoundError(f"out={str(self.path)!r}: there is no folder {folder}.")
        if self.path.is_dir():
            raise IsADirectoryError(f"out={str(self.path)!r} is a folder.")

    @abstractmethod
    def write(self, layout: MapLayout, rows: Rows, folder: Path) -> None:
        """Write the rows that a function gives, by way of drafts in a folder beside the file."""

    @contextlib.contextmanager
    def drafts(self, folder: Path) -> Iterator[list[Path]]:
        """Give files to write to, which take the places of ``files``, in order, if all is well."""
        drafts = [folder / file.name for file in self.files]
        for draft in drafts:
            draft.unlink(missing_ok=True)  # of a process that was killed
        yield drafts
        for draft in drafts:
            force_to_disk(draft)
        for draft, file in zip(drafts, self.files, strict=True):
            os.replace(draft, file.resolve())
        force_to_disk(self.path.resolve().parent)


class NumpyMap(MapFile):
    """An array in a ``.npy`` file: numbers, and nothing else."""

    suffixes = (".npy",)

    def write(self, layout: MapLayout, rows: Rows, folder: Path) -> None:
        """Write the header as NumPy does, and strip by strip."""
        header = {
            "descr": np.lib.format.dtype_to_descr(layout.dtype),
            "fortran_order": False,
            "shape": layout.shape,
        }
        with self.drafts(folder) as [draft], draft.open("xb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for strip in layout.strips():
                file.write(np.ascontiguousarray(rows(strip)).data)
