"""By what a scene is known again: where its numbers are, or the numbers themselves."""

from __future__ import annotations

from typing import Any

from skhyp.files._fingerprints import file_stamps, fingerprint

from ._image import Image

# Numbers in memory are looked at by so many at a time.
_VALUES_AT_ONCE = 2**22


def scene_identity(scene: Image) -> dict[str, Any]:
    """Return what is equal, of two scenes, only if their numbers are, by entries to be compared.

    Files are known by their sizes and times of change, and not read; numbers that are in no file
    are.
    """
    return {
        "size": list(scene.shape),
        "files": file_stamps(scene.files),
        "numbers": _numbers(scene),
        "nodata": repr(scene.nodata),
        "transform": None if scene.transform is None else list(scene.transform),
    }


def _numbers(scene: Image) -> str:
    identity = scene.source.identity
    if identity is not None:
        return fingerprint(identity)
    max_pixels = max(1, _VALUES_AT_ONCE // scene.shape[2])
    windows = scene.windows(max_pixels)
    return fingerprint([fingerprint(scene.source.read(window, None)) for window in windows])
