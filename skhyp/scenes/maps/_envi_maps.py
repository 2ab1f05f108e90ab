"""Maps as ENVI files."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._map_files import Rows
from ._map_layouts import MapLayout
from ._raster_maps import RasterMap, can_be_listed, plain_name, rasterio_errors, rgb

_LEAST_BYTES = 2
# Signs that would end a name in a header.
_OF_HEADERS = ",{}="


class EnviMap(RasterMap):
    """An ENVI file, bsq, with its header; maps of classes are ENVI classifications.

    The format has no word for units: they are in a field of their own, ``band units``, a list
    like that of ``band names``, which GDAL shows among the metadata of its domain ENVI.
    """

    suffixes = (".hdr", ".img", ".dat", ".bsq", ".bil", ".bip")
    driver = "ENVI"

    @property
    def _band_names(self) -> list[str | None]:
        names = super()._band_names
        return [
            plain_name(name or f"Band {number}", _OF_HEADERS)
            for number, name in enumerate(names, start=1)
        ]

    @property
    def files(self) -> tuple[Path, ...]:
        """The data and the header, which makes them readable."""
        if self.path.suffix.lower() == ".hdr":
            return self.path.with_suffix(".img"), self.path
        return self.path, self.path.with_suffix(".hdr")

    @property
    def in_the_way(self) -> tuple[Path, ...]:
        """All of a former map, its header first: nothing new is ever read by a former header."""
        data, header = self.files
        return header, *super().in_the_way, data

    def refuse(self) -> None:
        """Raise if the header is of other data, or cannot say where the map lies."""
        super().refuse()
        data, header = self.files
        appended = data.with_name(data.name + ".hdr")
        if appended.exists() and appended != header:
            raise FileExistsError(
                f"{appended} would be taken for the header of {data}. Give out another name."
            )
        if header.exists() and not data.exists():
            raise FileExistsError(
                f"{header} is there already, without {data.name}: it may be the header of another "
                "file. Give out another name."
            )
        if self.layout.rows * self.layout.row_bytes < _LEAST_BYTES:
            raise ValueError(
                f"out={str(self.path)!r} would be a file of a single byte, which GDAL does not "
                "take for ENVI's. Write a .tif."
            )
        names = {name.strip() for name in self.layout.output_names or ()}
        if len(set(self._band_names)) < len(names):
            raise ValueError(
                f"out={str(self.path)!r} would have one name for different outputs: ENVI headers "
                f"cannot hold , = {{ }}, got {', '.join(map(str, self._band_names))}. Write a .tif."
            )
        transform = self.layout.transform
        if transform is not None and not _is_rotation(transform):
            raise ValueError(
                f"ENVI headers cannot say that a map is mirrored or sheared, transform "
                f"{transform}. Write a .tif."
            )
        if transform is not None and "map info" not in self._described_by_gdal():
            raise ValueError(
                f"out={str(self.path)!r} would lose its coordinates: GDAL writes no ENVI header "
                f"for the reference system {str(self.layout.crs)[:60]!r}. Write a .tif."
            )

    def _write(self, drafts: Sequence[Path], rows: Rows) -> None:
        """Write the header as GDAL does, with classes, and the numbers one by one."""
        layout = self.layout
        data, header = drafts
        self._header = _completed(self._described_by_gdal(), layout, self.path.name)
        header.write_text(self._header, encoding="utf-8")
        band_bytes = layout.rows * layout.columns * layout.dtype.itemsize
        with data.open("wb") as file:
            for strip in self.strips():
                values = rows(strip).reshape(strip.stop - strip.start, layout.columns, -1)
                start = strip.start * layout.columns * layout.dtype.itemsize
                for band, of_band in enumerate(values.transpose(2, 0, 1)):
                    file.seek(band * band_bytes + start)
                    file.write(np.ascontiguousarray(of_band).data)

    def _described_by_gdal(self) -> str:
        """Return the header that GDAL writes, to memory: it does not tell of a disk that fails."""
        from rasterio.io import MemoryFile

        layout, folder = self.layout, f"skhyp-{secrets.token_hex(6)}"
        pixel = replace(layout, rows=1, columns=1)
        with (
            rasterio_errors(),
            MemoryFile(dirname=folder, filename="map.img") as data,
            MemoryFile(dirname=folder, filename="map.hdr") as header,
        ):
            with self._created(data.name, pixel, interleave="bsq"):
                pass
            text = bytes(header.getbuffer()).decode("utf-8", "replace")
        text = re.sub(r"^samples *=.*$", f"samples = {layout.columns}", text, flags=re.MULTILINE)
        return re.sub(r"^lines *=.*$", f"lines = {layout.rows}", text, flags=re.MULTILINE)

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        if drafts[1].read_text(encoding="utf-8") != self._header:
            raise OSError("its header is another")
        yield from super()._read(drafts)


def _is_rotation(transform: tuple[float, ...]) -> bool:
    """Return whether a transform is north-up, or turned, with pixels of any two sides."""
    a, b, _, d, e, _ = transform
    if b == 0 and d == 0:
        return a > 0 > e
    return a > 0 > e and bool(np.isclose(a, -e) and np.isclose(b, d))


def _completed(header: str, layout: MapLayout, name: str) -> str:
    """Return the header of an ENVI file with classes and units, without the name of a draft."""
    lines = header.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("description"):
            end = next(i for i in range(number, len(lines)) if "}" in lines[i])
            lines[number : end + 1] = [
                f"description = {{{plain_name(layout.description or name, _OF_HEADERS)}}}"
            ]
            break
    names = layout.class_names
    if names and can_be_listed(names) and layout.missing == 0 and 0 not in names:
        codes = range(max(names) + 1)
        listed = [plain_name(names.get(code, "Unclassified"), _OF_HEADERS) for code in codes]
        colours = layout.class_colours or {}
        lookup = [str(part) for code in codes for part in rgb(colours.get(code, "#000000"))]
        lines = [line.replace("ENVI Standard", "ENVI Classification") for line in lines]
        lines += [
            f"classes = {len(codes)}",
            f"class names = {{{', '.join(listed)}}}",
            f"class lookup = {{{', '.join(lookup)}}}",
        ]
    if layout.units is not None:
        units = ", ".join(plain_name(unit, _OF_HEADERS) for unit in layout.units)
        lines.append(f"band units = {{{units}}}")
    return "\n".join(lines) + "\n"
