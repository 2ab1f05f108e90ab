"""Files of a training's state: written whole, checked before they are read, never unpickled.

A file is a line that says what it is, a check sum, and an ``npz`` archive of arrays, one of which
is JSON text.
"""

import contextlib
import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skhyp.files._disk import disk_errors, lock_file, locked_if_free
from skhyp.files._whole_files import remove, write_whole

# The number is raised when a checkpoint of this version could not be read by what was before.
MAGIC = b"skhyp checkpoint 3\n"
_OF_ANY_VERSION = re.compile(rb"skhyp checkpoint (\d{1,9})\n")
_DIGEST_BYTES = hashlib.sha256().digest_size
_TEXT = "description"
_NAME = re.compile(r"epoch_(\d+)\.ckpt")
_LOCK = ".lock"


class AnotherVersionError(ValueError):
    """A checkpoint was written by a version of skhyp whose checkpoints are others."""


class CheckpointFile(NamedTuple):
    """What a file holds: a description of plain values, and arrays."""

    description: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def write(self, path: Path) -> None:
        """Write the file as a whole or not at all; arrays of objects have no place in it."""
        text = np.frombuffer(json.dumps(self.description).encode(), np.uint8)
        archive = io.BytesIO()
        contents: dict[str, Any] = {_TEXT: text, **self.arrays}
        np.savez(archive, **contents)
        content = archive.getvalue()
        if path.is_symlink():  # whoever put it there: what it points to is not ours
            path.unlink()
        write_whole(path, MAGIC + hashlib.sha256(content).digest() + content)

    @classmethod
    def read(cls, path: Path) -> "CheckpointFile":
        """Read a file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged or something else; AnotherVersionError, if it is of another version.
        """
        if not path.is_file():
            raise FileNotFoundError(f"There is no file {path}.")
        with disk_errors(path):
            content = path.read_bytes()
        if not content.startswith(MAGIC):
            if other := _OF_ANY_VERSION.match(content):
                raise AnotherVersionError(
                    f"{path} is a checkpoint of another version of skhyp: it begins with "
                    f"{other[0].decode().strip()!r}, and this version reads "
                    f"{MAGIC.decode().strip()!r}. Go on with the version that wrote it, or train "
                    "anew in another folder."
                )
            raise ValueError(f"{path} is not a checkpoint of skhyp, or its beginning is damaged.")
        digest = content[len(MAGIC) : len(MAGIC) + _DIGEST_BYTES]
        archive = content[len(MAGIC) + _DIGEST_BYTES :]
        if hashlib.sha256(archive).digest() != digest:
            raise ValueError(f"{path} is damaged: its check sum is not that of its content.")
        try:
            held = _arrays_of(archive)
            description = json.loads(held.pop(_TEXT).tobytes())
        except Exception as error:  # a file of anybody's can lead NumPy to errors of any kind
            raise ValueError(f"{path} is not a whole checkpoint: {error!r:.200}") from error
        if not isinstance(description, dict):
            raise ValueError(f"{path} is not a whole checkpoint: its description is no object.")
        return cls(description, held)


def _arrays_of(archive: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        # Nothing is compressed when it is written, so that what is read is no larger than a file.
        if any(info.compress_type != zipfile.ZIP_STORED for info in members.infolist()):
            raise ValueError("its arrays are compressed")
        claimed = sum(info.file_size for info in members.infolist())
    if claimed > len(archive):
        raise ValueError(f"its arrays claim {claimed} bytes")
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return dict(arrays)


def checkpoint_path(folder: Path, n_epochs: int) -> Path:
    """Return the file of the state after so many epochs."""
    return folder / f"epoch_{n_epochs:06d}.ckpt"


def saved_checkpoints(folder: Path) -> dict[int, Path]:
    """Return the files in a folder by their numbers of epochs, in order."""
    if not folder.is_dir():
        return {}
    found = {
        int(match.group(1)): path
        for path in folder.iterdir()
        if (match := _NAME.fullmatch(path.name)) and path.is_file()
    }
    return dict(sorted(found.items()))


@contextlib.contextmanager
def folder_of_one_training(folder: Path) -> Iterator[None]:
    """Keep a folder, made if need be, for one training: another is refused until this one ends.

    Raises
    ------
    ValueError
        If the folder cannot be written to, or if another training has it, in this process or in
        another. One that was killed has it no longer.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()  # a lock left behind would not tell
            stack.enter_context(lock_file(folder / _LOCK, waits=False))
            _remove_abandoned_drafts(folder)
        except BlockingIOError as error:
            raise ValueError(
                f"checkpoint_dir={str(folder)!r} is that of a training that runs now. Let it end, "
                "or choose another folder: each training, each candidate of a search too, needs "
                "its own."
            ) from error
        except OSError as error:
            raise ValueError(
                f"checkpoint_dir={str(folder)!r} cannot be written to: {error}"
            ) from error
        yield


def _remove_abandoned_drafts(folder: Path) -> None:
    """Remove what trainings that were killed have left."""
    for draft in folder.glob(".epoch_*.part"):
        with locked_if_free(draft) as is_abandoned:
            if is_abandoned:
                remove(draft)
