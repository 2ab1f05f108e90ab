"""Which kinds of map files there are, and what must not be replaced by one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ._envi_maps import EnviMap
from ._geotiff_maps import GeoTiffMap
from ._map_files import MapFile, NumpyMap
from ._map_layouts import MapLayout
from ._zarr_maps import ZarrMap

_KINDS: tuple[type[MapFile], ...] = (GeoTiffMap, EnviMap, ZarrMap, NumpyMap)


def map_file(path: Path, layout: MapLayout, inputs: Iterable[Path]) -> MapFile:
    """Return the kind of file that a name ends in, once it is known that it can be written.

    ``inputs`` are the files of the scene, which a map of it must not replace.
    """
    kind = next((kind for kind in _KINDS if path.suffix.lower() in kind.suffixes), None)
    if kind is None:
        listed = ", ".join(suffix for kind in _KINDS for suffix in kind.suffixes)
        raise ValueError(f"out must end in one of {listed}; got {str(path)!r}.")
    written = kind(path, layout)
    written.refuse()
    for file in (*written.files, *written.in_the_way):
        if any(_is_or_has(other.resolve(), file.resolve()) for other in inputs):
            raise ValueError(
                f"out={str(path)!r} would replace {file}, which the scene is read from. Give "
                "another name."
            )
    return written


def _is_or_has(read: Path, written: Path) -> bool:
    """Return whether two paths are one, or either lies in the other."""
    if read in written.parents or written in read.parents:
        return True
    return read == written or (written.exists() and read.exists() and read.samefile(written))
