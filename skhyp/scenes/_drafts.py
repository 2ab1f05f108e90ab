"""Draft: a map that is being computed, block by block, and can be gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from skhyp._whole_files import locked, write_whole

from ._map_layouts import MapLayout
from ._windows import Window


class Draft:
    """The values of a map in a folder beside it, and which of its windows are finished.

    Used as a context manager: the folder goes when all is done or, unless it is to be resumed,
    when something fails. What is to be resumed has a name of its own, and is locked.
    """

    def __init__(
        self, path: Path, layout: MapLayout, windows: Sequence[Window], *, task: dict, resume: bool
    ):
        self._layout = layout
        self._windows = windows
        self._resume = resume
        self._task = {
            **task,
            "shape": list(layout.shape),
            "dtype": layout.dtype.str,
            "windows": len(windows),
            "window": list(windows[0].shape),
        }
        token = "" if resume else f"{secrets.token_hex(6)}."
        self.folder = path.resolve().with_name(f".{path.name}.{token}part")

    def __enter__(self) -> Draft:
        self.folder.mkdir(exist_ok=self._resume)
        with contextlib.ExitStack() as stack:
            if not self._resume:
                stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._journal = stack.enter_context(_opened(self.folder / "finished"))
            try:
                stack.enter_context(locked(self._journal, waits=False))
            except BlockingIOError as error:
                raise RuntimeError(
                    f"Another process is writing this map: {self.folder} is locked. Let it finish, "
                    "or give another out."
                ) from error
            self._values = stack.enter_context(_opened(self.folder / "values"))
            self._begin()
            self._stack = stack.pop_all()
        return self

    def _begin(self) -> None:
        """Go on with what is there if it is of the same task, or begin."""
        description = self.folder / "task.json"
        if description.exists():
            self._refuse_another_task(description)
        else:
            self._values.truncate(self._layout.rows * self._layout.row_bytes)
            self._journal.truncate(len(self._windows))
            for file in (self._values, self._journal):
                file.flush()
                os.fsync(file.fileno())
            write_whole(description, json.dumps(self._task).encode())
        self._journal.seek(0)
        self._finished = np.frombuffer(self._journal.read(), np.uint8) == 1

    def _refuse_another_task(self, description: Path) -> None:
        try:
            former = dict(json.loads(description.read_text(encoding="utf-8")))
            differing = ", ".join(
                f"{key} {former.get(key)} (now {value})"
                for key, value in self._task.items()
                if former.get(key) != value
            )
        except (ValueError, TypeError):
            differing = "its description cannot be read"
        sizes = [os.fstat(file.fileno()).st_size for file in (self._values, self._journal)]
        whole = [self._layout.rows * self._layout.row_bytes, len(self._windows)]
        if not differing and sizes != whole:
            differing = "its files are incomplete"
        if differing:
            raise ValueError(
                f"{self.folder} has an unfinished map of something else: {differing}. Remove the "
                "folder to begin anew."
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
        if window.shape[1] == self._layout.columns:
            self._values.seek(window.rows.start * self._layout.row_bytes)
            self._values.write(values.data)
        else:
            for row, of_row in enumerate(values, start=window.rows.start):
                self._values.seek(row * self._layout.row_bytes + start)
                self._values.write(of_row.data)
        self._values.flush()
        if self._resume:
            os.fsync(self._values.fileno())
            self._journal.seek(number)
            self._journal.write(b"\1")
            self._journal.flush()
            os.fsync(self._journal.fileno())
        self._finished[number] = True

    def rows(self, part: slice) -> NDArray[Any]:
        """Return some rows of the map."""
        n_rows = part.stop - part.start
        self._values.seek(part.start * self._layout.row_bytes)
        content = self._values.read(n_rows * self._layout.row_bytes)
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
        if exception_type is None:
            # While it is locked: another process must not find it, and lose it later.
            shutil.rmtree(self.folder, ignore_errors=True)
        self._stack.close()
        if exception_type is None and os.name == "nt":  # where opened files are not removed
            shutil.rmtree(self.folder, ignore_errors=True)


def _opened(path: Path) -> IO[bytes]:
    return open(path, "r+b" if path.exists() else "x+b")
