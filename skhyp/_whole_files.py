"""Files and folders that are written as a whole or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see either all of it or what was there before.

    The content goes to a file beside it first, is forced to the disk, and takes the name then:
    whatever happens on the way (no space, no permission, a process or a machine that ends), a
    former file stays as it was. Processes that write the same file do not mix.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    force_to_disk(path.parent)


@contextlib.contextmanager
def whole_folder(path: Path, drafts: Path | None = None) -> Iterator[Path]:
    """Give a new folder to write to, which takes the place of ``path`` if nothing fails.

    It is made in the folder ``drafts``, by default the one that ``path`` is in.

    A former folder stays until the new one is complete and on the disk. No folder with a part of
    its files is ever found under the name; between two renames, for an instant, none is.
    """
    path = path.resolve()  # what a link points to is replaced, not the link
    draft = (drafts or path.parent) / f".{path.name}.{secrets.token_hex(6)}.part"
    former = draft.with_suffix(".former")
    try:
        draft.mkdir()
        yield draft
        for file in [draft, *draft.rglob("*")]:
            force_to_disk(file)
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, former)
        try:
            os.replace(draft, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.replace(former, path)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    force_to_disk(path.parent)


@contextlib.contextmanager
def locked(file: IO[bytes], *, waits: bool) -> Iterator[None]:
    """Keep other processes from locking an opened file, where the system knows such locks.

    The system lets a lock go when its process ends, however it does.

    Raises
    ------
    BlockingIOError
        If another process has locked the file, unless this ``waits`` for its end.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def force_to_disk(path: Path) -> None:
    """Make a file, or the names in a folder, survive the loss of power, where that can be had."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(path, os.O_RDONLY | (os.O_DIRECTORY if path.is_dir() else 0))
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
