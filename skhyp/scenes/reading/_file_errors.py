"""Errors of files: whatever a library raises becomes one kind of error, which names the file.

What cannot be opened as a scene is a ValueError, what fails while numbers are read an OSError. What
the system refuses (no permission, too many open files) is the OSError that it always is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

from skhyp.scenes._windows import Window

# What libraries tell of the system's refusals in words only.
_TOLD_IN_WORDS = (
    *(errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOMEM),
    *(errno.ENOENT, errno.ESTALE),
)
# Not of the file: a package that is missing, and warnings that the user wants raised.
_NOT_OF_THE_FILE = (ImportError, Warning)


def printable(path: Path | str) -> str:
    """Return a path as text that can be written anywhere, whatever its bytes are."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


@contextlib.contextmanager
def opening(path: Path) -> Iterator[None]:
    """Raise a ValueError that names the file for whatever fails within and does not name it."""
    try:
        yield
    except _NOT_OF_THE_FILE:
        raise
    except Exception as error:
        kind = type(error)
        is_ours = kind is ValueError or (
            kind is FileNotFoundError and getattr(error, "errno", None) is None
        )
        if is_ours and printable(path.name) in (text := printable(str(error))):
            if text == str(error):
                raise
            raise kind(text) from error
        _raise_refusal(error, path)
        if isinstance(error, UnicodeEncodeError) and printable(path) != str(path):
            raise ValueError(
                f"{printable(path)} has to be renamed: its path is not in UTF-8, which the library "
                "that reads such files needs."
            ) from error
        raise ValueError(
            f"{printable(path)} cannot be read as a scene, it may be damaged or incomplete: "
            f"{_said(error)}."
        ) from error


@contextlib.contextmanager
def reading(path: Path | None, window: Window) -> Iterator[None]:
    """Raise an OSError that names the file, if there is one, for whatever fails within."""
    try:
        yield
    except _NOT_OF_THE_FILE:
        raise
    except Exception as error:
        if path is None:
            raise
        # What the frames hold, such as a map of the file, does not live as long as the error.
        traceback.clear_frames(error.__traceback__)
        _raise_refusal(error, path)
        raise OSError(
            f"{printable(path)} cannot be read at rows {window.rows.start} to {window.rows.stop}, "
            f"it may be damaged or incomplete: {_said(error)}."
        ) from error


def _raise_refusal(error: Exception, path: Path) -> None:
    """Raise what the system said, if it was the system that refused."""
    code = errno.ENOMEM if isinstance(error, MemoryError) else getattr(error, "errno", None)
    if code is None:
        said = f"{error} {error.__cause__ or ''}"
        code = next((told for told in _TOLD_IN_WORDS if os.strerror(told) in said), None)
    if code == errno.ENOENT and path.exists():
        return  # a part of it that should be there
    if isinstance(code, int):
        raise OSError(code, f"{os.strerror(code)}: {_said(error)}", printable(path)) from error


def _said(error: BaseException) -> str:
    """Return what an error says, and of which kind it is where that says more."""
    if "previous exception" in str(error):  # as rasterio says
        error = error.__cause__ or error
    text = printable(str(error)).rstrip(".\n ")
    if isinstance(error, ValueError | OSError | RuntimeError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
