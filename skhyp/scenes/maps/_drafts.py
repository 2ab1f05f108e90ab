"""Draft: a map that is being computed, block by block, and can be gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Sequence
from functools import cached_property
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.files._disk import (
    closing,
    disk_errors,
    force_to_disk,
    is_own_folder,
    locked,
    open_own,
    reserve,
)
from skhyp.files._fingerprints import fingerprint
from skhyp.files._whole_files import (
    draft_beside,
    hidden_beside,
    new_folder_beside,
    remove,
    write_whole,
)
from skhyp.scenes._windows import Window

from ._map_layouts import MapLayout

# Of a task, what says something to who reads it.
_TELLING = {"skhyp", "method", "long_name", "units", "size", "nodata", "shape", "dtype"}


class Draft:
    """The values of a map in a folder beside it, and which of its windows are finished.

    Used as a context manager: the folder goes when all is done or, unless it is to be resumed,
    when something fails before all is computed. What is to be resumed has a name of its own, and
    is locked. Nobody but this user can put anything into the folder.
    """

    def __init__(
        self,
        path: Path,
        layout: MapLayout,
        windows: Sequence[Window],
        *,
        task: Callable[[], dict[str, Any]],
        resume: bool,
    ):
        self._path = path.resolve()
        self._layout = layout
        self._windows = windows
        self._resume = resume
        self._describe = task
        self._resumable = hidden_beside(self._path, "part")
        self._n_bytes = layout.rows * layout.row_bytes

    @cached_property
    def _task(self) -> dict[str, Any]:
        """What the map is made of, and how it is cut."""
        cuts = [(part.start, part.stop) for window in self._windows for part in window]
        return {
            **self._describe(),
            "shape": list(self._layout.shape),
            "dtype": self._layout.dtype.str,
            "windows": [len(self._windows), fingerprint(cuts)],
        }

    def __enter__(self) -> Draft:
        # What cannot be known again is refused before any work.
        description = json.dumps(self._task) if self._resume else None
        with contextlib.ExitStack() as stack, self._disk_errors():
            if self._resume:
                self.folder = self._resumable
                try:
                    self.folder.mkdir(mode=stat.S_IRWXU)
                except FileExistsError:
                    self._refuse_a_planted_one()
            else:
                self.folder = stack.enter_context(new_folder_beside(self._path))
                stack.callback(self._remove_what_is_left)
            self._journal = stack.enter_context(closing(open_own(self.folder / "finished")))
            try:
                stack.enter_context(locked(self._journal, waits=False))
                self._refuse_a_finished_one()
            except (BlockingIOError, FileNotFoundError) as error:
                raise RuntimeError(
                    f"Another process is writing this map: {self.folder} is locked. Let it finish, "
                    "or give another out."
                ) from error
            self._values = stack.enter_context(closing(open_own(self.folder / "values")))
            self._begin(description)
            self._stack = stack.pop_all()
        return self

    def _refuse_a_planted_one(self) -> None:
        if not is_own_folder(self.folder):
            raise ValueError(
                f"{self.folder} is where an unfinished map would be, but it is a link, or others "
                "can write to it: what is in it cannot be trusted. Remove it to begin anew."
            )

    def _refuse_a_finished_one(self) -> None:
        """Raise if another process has taken the folder away before it was locked."""
        os.stat(self.folder / "finished")

    def _begin(self, description: str | None) -> None:
        """Go on with what is there if it is of the same task, or begin."""
        kept = self.folder / "task.json"
        if os.path.lexists(kept):
            self._refuse_another_task(kept)
        else:
            for file, n_bytes in ((self._values, self._n_bytes), (self._journal, self._n_windows)):
                file.truncate(0)
                reserve(file, n_bytes)
                os.fsync(file.fileno())
            if description is not None:
                write_whole(kept, description.encode())
        self._finished = np.frombuffer(_read_at(self._journal, 0, self._n_windows), np.uint8) == 1

    @property
    def _n_windows(self) -> int:
        return len(self._windows)

    def _refuse_another_task(self, kept: Path) -> None:
        differing = self._differences(kept)
        sizes = [os.fstat(file.fileno()).st_size for file in (self._values, self._journal)]
        if not differing and sizes != [self._n_bytes, self._n_windows]:
            differing = "its files are incomplete"
        if differing:
            raise ValueError(
                f"{self.folder} has an unfinished map of something else: {differing}. Remove the "
                "folder to begin anew."
            )

    def _differences(self, kept: Path) -> str:
        """Return in what the task of an unfinished map is not this one."""
        try:
            with open_own(kept, is_made=False) as file:
                former = dict(json.loads(file.readall()))
        except (ValueError, TypeError, OSError):
            return "its description cannot be read"
        return ", ".join(
            f"{key} {former.get(key)} (now {value})" if key in _TELLING else key
            for key, value in self._task.items()
            if former.get(key) != value
        )

    @property
    def unfinished(self) -> list[int]:
        """The numbers of the windows that are to be computed."""
        return np.flatnonzero(~self._finished).tolist()

    @property
    def finished(self) -> list[int]:
        """The numbers of the windows that are there."""
        return np.flatnonzero(self._finished).tolist()

    def write(self, number: int, values: NDArray[Any]) -> None:
        """Keep the values of a window; they are on the disk before it counts as finished."""
        window = self._windows[number]
        values = np.ascontiguousarray(values, self._layout.dtype)
        pixel_bytes = self._layout.row_bytes // self._layout.columns
        start = window.columns.start * pixel_bytes
        with self._disk_errors():
            if window.shape[1] == self._layout.columns:
                _write_at(self._values, window.rows.start * self._layout.row_bytes, values)
            else:
                for row, of_row in enumerate(values, start=window.rows.start):
                    _write_at(self._values, row * self._layout.row_bytes + start, of_row)
            if self._resume:
                os.fsync(self._values.fileno())
                _write_at(self._journal, number, np.ones(1, np.uint8))
                os.fsync(self._journal.fileno())
        self._finished[number] = True

    def rows(self, part: slice) -> NDArray[Any]:
        """Return some rows of the map."""
        n_rows = part.stop - part.start
        with self._disk_errors():
            content = _read_at(
                self._values,
                part.start * self._layout.row_bytes,
                n_rows * self._layout.row_bytes,
            )
        values = np.frombuffer(content, self._layout.dtype)
        return values.reshape(n_rows, *self._layout.shape[1:])

    def window(self, number: int) -> NDArray[Any]:
        """Return the values of a window."""
        window = self._windows[number]
        return self.rows(window.rows)[:, window.columns]

    def has_data(self, number: int) -> bool:
        """Return whether any pixel of a window has a result."""
        return self._layout.has_data(self.window(number))

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            if exception is None:
                # While it is locked: another process must not find it, and lose it later.
                self._remove()
            elif not self._resume and self._finished.all():
                self._keep()
        if exception is None and os.name == "nt":  # where opened files are not removed
            self._remove()

    def _remove(self) -> None:
        """Remove the folder, and one of the same task, or of none yet, that a failure had left."""
        self._take_away(self.folder)
        left = self._resumable / "task.json"
        with contextlib.suppress(OSError, ValueError):
            is_own = is_own_folder(self._resumable)
            if is_own and not (left.exists() and self._differences(left)):
                journal = open_own(self._resumable / "finished")
                with journal, locked(journal, waits=False):
                    self._take_away(self._resumable)

    def _take_away(self, folder: Path) -> None:
        """Remove a folder in such a way that no part of it is ever found under its name."""
        nameless = draft_beside(self._path)
        with contextlib.suppress(OSError):
            os.replace(folder, nameless)
            remove(nameless)

    def _keep(self) -> None:
        """Keep what is computed as what ``resume=True`` goes on from, where none is yet."""
        with contextlib.suppress(OSError, ValueError):  # it may not be knowable again
            if os.path.lexists(self._resumable):
                return
            write_whole(self.folder / "task.json", json.dumps(self._task).encode())
            _write_at(self._journal, 0, np.ones(self._n_windows, np.uint8))
            for file in (self._values, self._journal):
                os.fsync(file.fileno())
            os.rename(self.folder, self._resumable)
            force_to_disk(self._path.parent)

    def _remove_what_is_left(self) -> None:
        remove(self.folder)

    def _disk_errors(self) -> contextlib.AbstractContextManager[None]:
        return disk_errors(self._path, self._n_bytes)


def _write_at(file: FileIO, start: int, values: NDArray[Any]) -> None:
    file.seek(start)
    left = values.reshape(-1).view(np.uint8).data
    while len(left):
        left = left[file.write(left) :]


def _read_at(file: FileIO, start: int, n_bytes: int) -> bytearray:
    content = bytearray(n_bytes)
    left = memoryview(content)
    file.seek(start)
    while len(left):
        n_read = file.readinto(left)
        if not n_read:
            raise OSError("An unfinished map is shorter than it was.")
        left = left[n_read:]
    return content
