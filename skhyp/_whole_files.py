"""Files and folders that are written as a whole or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path


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
    _force_names_to_disk(path.parent)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a new folder to write to, which takes the place of ``path`` if nothing fails.

    A former folder is there until the new one is complete. Whatever happens on the way, no folder
    with a part of its files is ever found under the name.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    former = draft.with_suffix(".former")
    try:
        draft.mkdir()
        yield draft
        if path.exists():
            os.replace(path, former)
        os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        if former.exists() and not path.exists():
            os.replace(former, path)
        shutil.rmtree(former, ignore_errors=True)


def _force_names_to_disk(folder: Path) -> None:
    """Make a new name survive the loss of power, where the system knows how to."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
