"""What the system says of files on its disk: locks, room, and when they are really there."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import IO, NoReturn, TypeVar

OpenedFile = TypeVar("OpenedFile", bound=IO[bytes])

_OF_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Of a lock, where a file system has none.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EINVAL, errno.ENOTSUP}
# Of renameat2 in Linux: a path is relative to the current folder; the two names are exchanged.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM}


@contextlib.contextmanager
def disk_errors(path: Path, n_bytes: int = 0, way_on: str = "") -> Iterator[None]:
    """Have errors of the system name a file and, where it lacks room, what it needs and has.

    ``way_on`` says what can be done then.
    """
    try:
        yield
    except OSError as error:
        _retell(error, path, n_bytes, way_on)


def _retell(error: OSError, path: Path, n_bytes: int, way_on: str) -> NoReturn:
    reason = (error.strerror or str(error)).rstrip(". ")
    # Libraries do not always say what the system told them: it may be room then too.
    if error.errno is None or error.errno in _OF_ROOM:
        with contextlib.suppress(OSError):
            left = shutil.disk_usage(path.parent).free
            limit = "" if error.errno != errno.EFBIG else ", but files must not be so large here"
            reason += f" (it needs about {n_bytes:,} bytes; its disk has {left:,} left{limit})"
    elif error.filename is not None and Path(os.fsdecode(error.filename)).parent != path.parent:
        reason += f" ({error.filename!r})"
    if way_on:
        reason += f". {way_on}"
    number = errno.EIO if error.errno is None else error.errno
    raise OSError(number, reason, str(path)) from error


def force_to_disk(path: Path) -> None:
    """Make a file, or the names in a folder, survive the loss of power.

    What the system has of a file in memory is let go, so that what is read next is what the disk
    has. Not every system can do this for folders.
    """
    is_folder = path.is_dir()
    with contextlib.suppress(*([OSError, AttributeError] if is_folder else [])):
        flags = os.O_RDONLY | (os.O_DIRECTORY if is_folder else getattr(os, "O_BINARY", 0))
        handle = os.open(path, flags if os.name != "nt" else os.O_RDWR)
        try:
            os.fsync(handle)
            if not is_folder and hasattr(os, "posix_fadvise"):
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


@contextlib.contextmanager
def locked(file: IO[bytes] | Path, *, waits: bool) -> Iterator[None]:
    """Keep others from locking an opened file, or a file or folder, where there are such locks.

    The system lets a lock go when its process ends, however it does.

    Raises
    ------
    BlockingIOError
        If another has locked it, unless this ``waits`` for its end.
    """
    with contextlib.ExitStack() as stack:
        if isinstance(file, Path):
            try:
                handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            except PermissionError:  # of a folder, on Windows
                yield
                return
            stack.callback(_close, handle)
        else:
            handle = file.fileno()
        _lock(handle, waits=waits)
        try:
            yield
        finally:
            if not isinstance(file, Path):
                _unlock(handle)


def _close(handle: int) -> None:
    with contextlib.suppress(OSError):  # nothing was written
        os.close(handle)


@contextlib.contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Give whether nobody has locked a file or folder, and keep it locked meanwhile.

    It is not free where that cannot be told.
    """
    try:
        import fcntl

        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (ImportError, OSError):  # Windows has no such locks
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        _close(handle)


def _lock(handle: int, *, waits: bool) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _unlock(handle: int) -> None:
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_UN)


def swapped(one: Path, other: Path) -> bool:
    """Exchange two names in one step, and return whether the system could."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux
        return False
    names = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(other))


def open_own(path: Path, *, is_made: bool = True) -> FileIO:
    """Open a file for reading and writing, unbuffered, never one of others; it may be made.

    Raises
    ------
    ValueError
        If it is a link, or is no plain file, or has another name elsewhere: who can write to the
        folder could have put it there, to have another file overwritten.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    flags |= os.O_CREAT if is_made else 0
    try:
        handle = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR):
            raise
        raise ValueError(f"{path} is a link or a folder, where a plain file belongs.") from error
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(handle)
        raise ValueError(f"{path} is no plain file of its own: it has another name elsewhere.")
    return os.fdopen(handle, "r+b", buffering=0)


@contextlib.contextmanager
def closing(file: OpenedFile) -> Iterator[OpenedFile]:
    """Close a file without an error: what it has that counts was forced to the disk before."""
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):
            file.close()


def is_own_folder(path: Path) -> bool:
    """Return whether a path is a folder, no link, that only this user can write to.

    Where the file system knows no rights, it is enough that it is this user's.
    """
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "geteuid"):  # Windows
        return True
    if found.st_uid != os.geteuid():
        return False
    if not found.st_mode & _OTHERS_WRITE:
        return True
    with contextlib.suppress(OSError):
        os.chmod(path, stat.S_IRWXU)
    has_no_rights = bool(os.lstat(path).st_mode & _OTHERS_WRITE)
    if not has_no_rights:  # what others may have put there stays marked
        os.chmod(path, stat.S_IMODE(found.st_mode))
    return has_no_rights


@contextlib.contextmanager
def lock_file(path: Path, *, waits: bool) -> Iterator[None]:
    """Make and lock a file, and remove it at the end; one that a killed process left is taken.

    Raises
    ------
    BlockingIOError
        If another has locked it, unless this ``waits`` for its end.
    """
    while True:
        with contextlib.ExitStack() as stack:
            # Links are not followed: they may have been put there by anybody.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = stack.enter_context(closing(os.fdopen(os.open(path, flags, 0o666), "r+b")))
            stack.enter_context(locked(file, waits=waits))
            if not _is_at(path, file):  # its owner has ended since, and removed it
                continue
            stack.callback(_unlink, path)
            yield
            return


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.lstat(path))
    except FileNotFoundError:
        return False


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows removes no opened file
        path.unlink()


def reserve(file: IO[bytes], n_bytes: int) -> None:
    """Give a file its size, and its room on the disk where the system can: before any work."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        except OSError as error:
            if error.errno in _OF_ROOM:
                raise
    file.truncate(n_bytes)
