"""MapFile: a map as a file, whole or not at all; and as NumPy's."""

from __future__ import annotations

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.files._disk import disk_errors, force_to_disk, is_own_folder, lock_file
from skhyp.files._whole_files import (
    abandoned_drafts,
    force_all_to_disk,
    hidden_beside,
    remove,
    take_place,
)

from ._map_layouts import MapLayout

Rows = Callable[[slice], NDArray[Any]]
# Of the folder with the drafts: where files are that had to make room.
_FORMER = "former"


class MapFile(ABC):
    """A file, or several that belong together, that a map is written to as a whole.

    The files are written as drafts in a folder beside, are read back, and take their places then.
    """

    suffixes: tuple[str, ...]

    def __init__(self, path: Path, layout: MapLayout):
        self.path = path
        self.layout = layout

    @property
    def files(self) -> tuple[Path, ...]:
        """What is written, in the order in which it takes its place."""
        return (self.path,)

    @property
    def in_the_way(self) -> tuple[Path, ...]:
        """What a former map must not leave beside this one, in the order in which it goes."""
        return ()

    def refuse(self) -> None:
        """Raise if the map cannot be written, or would replace what is no map."""
        folder = self.path.resolve().parent
        if not folder.is_dir():
            raise FileNotFoundError(f"out={str(self.path)!r}: there is no folder {folder}.")
        if self.path.is_dir():
            raise IsADirectoryError(f"out={str(self.path)!r} is a folder.")

    def write(self, rows: Rows, folder: Path) -> None:
        """Write the rows that a function gives, by way of drafts in a folder beside the file.

        Raises
        ------
        OSError
            If that fails. The former map is as it was then.
        """
        way_on = "The former map, if there was one, is as it was; what has been computed is kept, "
        way_on += "if there is room for it, and resume=True goes on from there."
        with disk_errors(self.path, self.layout.rows * self.layout.row_bytes, way_on):
            drafts = [folder / file.name for file in self.files]
            for draft in drafts:
                remove(draft)  # of a process that was killed
            try:
                self._write(drafts, rows)
                for draft in drafts:
                    force_all_to_disk(draft) if draft.is_dir() else force_to_disk(draft)
                self._refuse_another(drafts, rows)
                # Processes that write the same map replace its files one after the other.
                with lock_file(hidden_beside(self.path.resolve(), "lock"), waits=True):
                    self._take_places(drafts, folder)
            except BaseException:
                # What was computed has room then. If the former files could not be put back, the
                # drafts tell the next call to do it.
                if not os.path.lexists(folder / _FORMER):
                    for draft in drafts:
                        remove(draft)
                raise

    @abstractmethod
    def _write(self, drafts: Sequence[Path], rows: Rows) -> None:
        """Write one draft for each of ``files``."""

    @abstractmethod
    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        """Yield the values of drafts, strip by strip; an error if they do not say the same."""

    def _refuse_another(self, drafts: Sequence[Path], rows: Rows) -> None:
        """Raise if drafts do not read back as what was written: not every library tells."""
        try:
            for strip, found in zip(self.strips(), self._read(drafts), strict=True):
                expected = rows(strip)
                is_float = expected.dtype.kind == "f"
                is_same = np.array_equal(found, expected, equal_nan=is_float)
                if found.dtype.newbyteorder("=") != expected.dtype or not is_same:
                    raise OSError(f"rows {strip.start} to {strip.stop} are not as they should be")
        except Exception as error:  # of any library
            raise OSError(
                f"What was written of {self.path.name} does not read back the same: {error}"
            ) from error

    def strips(self) -> Iterable[slice]:
        """Return the rows that are written and read at once."""
        return self.layout.strips()

    def _take_places(self, drafts: Sequence[Path], folder: Path) -> None:
        """Let drafts take the places of files; the former ones are kept until all have."""
        self.restore(folder)
        former = folder / _FORMER
        former.mkdir()
        places = self._places
        try:
            for file in self.in_the_way:
                if os.path.lexists(places[file]):
                    shutil.move(places[file], former / file.name)
            for file in self.files[:-1]:
                if file not in self.in_the_way and os.path.exists(places[file]):
                    _keep(places[file], former / file.name)
            for draft, file in zip(drafts, self.files, strict=True):
                take_place(draft, places[file])
        except BaseException:
            with contextlib.suppress(OSError):
                self.restore(folder)
            raise
        force_to_disk(self.path.resolve().parent)

    @cached_property
    def _places(self) -> dict[Path, Path]:
        """Where the files are: what links lead to, as long as nothing was moved."""
        return {file: file.resolve() for file in (*self.files, *self.in_the_way)}

    def restore(self, folder: Path) -> None:
        """Put everything back, if the drafts in a folder have taken some of the places only."""
        former = folder / _FORMER
        is_placed = {file: not os.path.lexists(folder / file.name) for file in self.files}
        if former.is_dir() and not all(is_placed.values()):
            for file in reversed(dict.fromkeys((*self.in_the_way, *self.files))):
                if os.path.lexists(former / file.name):
                    shutil.move(former / file.name, self._places[file])
                elif is_placed.get(file):
                    remove(self._places[file])
        remove(former)

    def remove_abandoned(self) -> None:
        """Remove the drafts of processes that were killed."""
        for folder in abandoned_drafts(self.path.resolve()):
            with contextlib.suppress(OSError):
                if is_own_folder(folder):  # else anybody may have made it
                    self.restore(folder)
            remove(folder)


def _keep(file: Path, kept: Path) -> None:
    """Give a file a second name, or a copy where files have one name only."""
    try:
        os.link(file, kept)
    except OSError:
        shutil.copyfile(file, kept)


class NumpyMap(MapFile):
    """An array in a ``.npy`` file: numbers, and nothing else."""

    suffixes = (".npy",)

    def _write(self, drafts: Sequence[Path], rows: Rows) -> None:
        """Write the header as NumPy does, and strip by strip."""
        header = {
            "descr": np.lib.format.dtype_to_descr(self.layout.dtype),
            "fortran_order": False,
            "shape": self.layout.shape,
        }
        with drafts[0].open("xb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for strip in self.strips():
                file.write(np.ascontiguousarray(rows(strip)).data)

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        array = np.load(drafts[0], mmap_mode="r", allow_pickle=False)
        if array.shape != self.layout.shape:
            raise OSError(f"its shape is {array.shape}")
        for strip in self.strips():
            yield array[strip]
