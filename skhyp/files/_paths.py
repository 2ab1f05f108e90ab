"""Paths as users give them."""

from os import PathLike
from pathlib import Path


def user_path(name: str, path: str | PathLike) -> Path:
    """Return the path that a parameter is, with the home folder that "~" stands for."""
    try:
        expanded = Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"{name}={str(path)!r}: there is no such home folder. Give the path in full."
        ) from error
    if "\0" in str(expanded):
        raise ValueError(f"{name}={str(path)!r} has a null character, which no path can have.")
    return expanded
