"""Files and folders that are written as a whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ._disk import disk_errors, force_to_disk, locked, locked_if_free, swapped

# Names of files may have 255 bytes, of which drafts need some.
_LONG_NAME = 200


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see either all of it or what was there before.

    The content goes to a file beside it first, is forced to the disk, is read back, and takes the
    name then: whatever happens on the way (no space, no permission, a process or a machine that
    ends), a former file stays as it was. Processes that write the same file do not mix. Of a link,
    what it points to is written.

    Raises
    ------
    OSError
        If that fails; it names the file, and the room that is needed and left.
    """
    path = Path(os.path.realpath(path))
    with disk_errors(path, len(content)):
        with _whole_draft(path, content) as draft:
            os.replace(draft, path)
        force_to_disk(path.parent)


def write_with_header(data: Path, content: bytes, header: Path, text: bytes) -> None:
    """Write two files, of which the second says how the first is read, as :func:`write_whole`.

    Both cannot take their places in one step: the former header goes first and the new one comes
    last, so that a process that is killed between leaves data without one, and never with another.
    """
    data, header = (Path(os.path.realpath(path)) for path in (data, header))
    with (
        disk_errors(data, len(content)),
        _whole_draft(data, content) as data_draft,
        disk_errors(header, len(text)),
        _whole_draft(header, text) as header_draft,
    ):
        former = header.read_bytes() if header.exists() else None
        header.unlink(missing_ok=True)
        force_to_disk(header.parent)
        try:
            os.replace(data_draft, data)
        except BaseException:
            if former is not None:
                header.write_bytes(former)
            raise
        os.replace(header_draft, header)
        force_to_disk(header.parent)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a new folder to write to, which takes the place of ``path`` if nothing fails.

    A former folder stays until the new one is complete and on the disk. No folder with a part of
    its files is ever found under the name.
    """
    path = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    remove_abandoned(path)
    with _new_draft(path, Path.mkdir) as draft:
        try:
            yield draft
            force_all_to_disk(draft)
            take_place(draft, path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    force_to_disk(path.parent)


def force_all_to_disk(folder: Path) -> None:
    """Make a folder and all that is in it survive the loss of power."""
    for entry in [*folder.rglob("*"), folder]:
        force_to_disk(entry)


def take_place(draft: Path, path: Path) -> None:
    """Give a complete draft the name of a file or folder, whose former content is let go.

    It is one step, but for folders on file systems that cannot exchange two: there, a process that
    is killed between two renames leaves none, and the next that writes it puts the former back.
    """
    if not path.is_dir() or path.is_symlink():
        _replace(draft, path)
    elif swapped(draft, path):
        shutil.rmtree(draft, ignore_errors=True)
    else:
        former = draft.with_suffix(".former")
        os.replace(path, former)
        try:
            os.replace(draft, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.replace(former, path)
            raise
        shutil.rmtree(former, ignore_errors=True)


def _replace(draft: Path, path: Path) -> None:
    try:
        os.replace(draft, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # A link has led to another file system.
        with _new_draft(path, _make_file) as beside:
            shutil.copyfile(draft, beside)
            force_to_disk(beside)
            os.replace(beside, path)
        remove(draft)


def hidden_beside(path: Path, ending: str) -> Path:
    """Return the name beside a file that begins with a dot and has an ending of its own."""
    name = path.name
    if len(os.fsencode(name)) > _LONG_NAME:  # with the ending, the system may refuse it
        name = hashlib.blake2b(os.fsencode(name), digest_size=8).hexdigest()
    return path.with_name(f".{name}.{ending}")


def draft_beside(path: Path) -> Path:
    """Return a name beside a file that nobody can know before."""
    return hidden_beside(path, f"{secrets.token_hex(6)}.part")


def _drafts_beside(path: Path, ending: str) -> list[Path]:
    stem = hidden_beside(path, "").name
    name = re.compile(rf"{re.escape(stem)}[0-9a-f]{{12}}\.{ending}")
    with contextlib.suppress(OSError):
        return [entry for entry in path.parent.iterdir() if name.fullmatch(entry.name)]
    return []


def abandoned_drafts(path: Path) -> Iterator[Path]:
    """Yield the drafts of a file or folder whose writers were killed, each to be dealt with.

    A writer holds a lock on its draft, which the system lets go when the process ends. It is had
    here until the next is asked for: a draft that was just made, and is not locked yet, counts as
    abandoned too, and its writer then makes another. Where there are no such locks, none counts.
    """
    for draft in _drafts_beside(path, "part"):
        with locked_if_free(draft) as is_abandoned:
            if is_abandoned:
                yield draft


def remove_abandoned(path: Path) -> None:
    """Remove drafts of a file or folder whose writers were killed; put back what they took away."""
    for draft in abandoned_drafts(path):
        remove(draft)
    for former in _drafts_beside(path, "former"):
        if former.with_suffix(".part").exists():  # its writer is at it
            continue
        if path.exists():
            remove(former)
        else:
            with contextlib.suppress(OSError):
                os.replace(former, path)


def remove(draft: Path) -> None:
    """Remove a file, a link or a folder, if that can be had."""
    if draft.is_dir() and not draft.is_symlink():
        shutil.rmtree(draft, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder_beside(path: Path) -> Iterator[Path]:
    """Give a new folder, for this user alone, that is not abandoned while this lasts."""
    with _new_draft(path, lambda draft: draft.mkdir(mode=stat.S_IRWXU)) as draft:
        yield draft


@contextlib.contextmanager
def _whole_draft(path: Path, content: bytes) -> Iterator[Path]:
    """Give a draft with a content that was read back; it is gone if it does not take its place."""
    remove_abandoned(path)
    with _new_draft(path, _make_file) as draft:
        try:
            with draft.open("wb") as file:
                file.write(content)
            force_to_disk(draft)
            if draft.read_bytes() != content:
                raise OSError("What was written does not read back the same.")
            yield draft
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _new_draft(path: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    """Make and lock a draft; another process may have removed it before it was locked."""
    while True:
        draft = draft_beside(path)
        make(draft)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(draft, waits=False))
            except (BlockingIOError, FileNotFoundError):
                continue  # somebody looks whether it is abandoned, and finds that it is
            except OSError:
                remove(draft)
                raise
            if draft.exists():
                yield draft
                return


def _make_file(draft: Path) -> None:
    draft.open("xb").close()
