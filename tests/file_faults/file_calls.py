"""FileCalls: what this process does with the files under one folder, counted and made to fail."""

from __future__ import annotations

import ctypes
import errno
import mmap
import subprocess
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("file_calls.c")
# In the order of the enumerations in the source.
Kind = IntEnum(
    "Kind",
    "OPEN CREATE READ WRITE SYNC CLOSE CLOSE_WRITTEN TRUNCATE RENAME REMOVE MAKE LIST LOOK LOCK",
    start=0,
)
Effect = IntEnum("Effect", "NONE KILL KILL_HALFWAY FAIL FULL HALF_THEN_FULL HALF", start=0)


class Fault(NamedTuple):
    """What happens at a call, and to which kinds of calls it can."""

    effect: Effect
    error: int
    kinds: tuple[Kind, ...]

    @property
    def kills(self) -> bool:
        """Whether the process ends by it."""
        return self.effect in (Effect.KILL, Effect.KILL_HALFWAY)


_TAKES_ROOM = (Kind.CREATE, Kind.WRITE, Kind.TRUNCATE, Kind.MAKE)
# A kill before any other call leaves on the disk what a kill before the next of these does.
_CHANGES = (*_TAKES_ROOM, Kind.SYNC, Kind.CLOSE_WRITTEN, Kind.RENAME, Kind.REMOVE)
FAULTS = {
    "SIGKILL": Fault(Effect.KILL, 0, _CHANGES),
    "SIGKILL within a write": Fault(Effect.KILL_HALFWAY, 0, (Kind.WRITE,)),
    "EIO": Fault(Effect.FAIL, errno.EIO, tuple(Kind)),
    "ENOSPC once": Fault(
        Effect.FAIL,
        errno.ENOSPC,
        (*_TAKES_ROOM, Kind.SYNC, Kind.CLOSE_WRITTEN, Kind.RENAME),
    ),
    "ENOSPC from then on": Fault(Effect.FULL, errno.ENOSPC, _TAKES_ROOM),
    "a short write, then ENOSPC": Fault(Effect.HALF_THEN_FULL, errno.ENOSPC, (Kind.WRITE,)),
    "a short write": Fault(Effect.HALF, 0, (Kind.WRITE,)),
}


def compile_shim(folder: Path) -> Path:
    """Compile the source and return the library, which is to be loaded by ``LD_PRELOAD``."""
    library = folder / "file_calls.so"
    options = ["-std=gnu11", "-shared", "-fPIC", "-O1", "-o", str(library)]
    subprocess.run(["gcc", *options, str(SOURCE), "-ldl", "-lpthread"], check=True)
    return library


class FileCalls:
    """The calls of this process and its forks; the library must have been loaded before any."""

    def __init__(self, library: str, folder: Path):
        self._library = ctypes.CDLL(library)
        self._library.file_calls_count.restype = ctypes.c_long
        # Shared with forks, so that what was struck is known of a killed one.
        self._struck = mmap.mmap(-1, mmap.PAGESIZE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._struck))
        self._library.file_calls_watch(str(folder).encode(), ctypes.c_void_p(address))

    def arm(self, fault: Fault | None = None, kind: Kind = Kind.OPEN, number: int = 0) -> None:
        """Count from now on, and have a fault strike the call of a kind and number."""
        self._struck[:512] = bytes(512)
        effect, error = (Effect.NONE, 0) if fault is None else fault[:2]
        self._library.file_calls_arm(effect, error, kind, ctypes.c_long(number))

    def rest(self) -> None:
        """Let all calls pass, and count none."""
        self._library.file_calls_rest()

    def counts(self) -> dict[Kind, int]:
        """Return how many calls of each kind there were since the last ``arm``."""
        return {kind: self._library.file_calls_count(int(kind)) for kind in Kind}

    def struck(self) -> str:
        """Return the call and the path that was struck last, "" if none was."""
        return self._struck[:512].split(b"\0")[0].decode(errors="replace")
