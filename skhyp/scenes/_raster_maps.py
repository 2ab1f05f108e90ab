"""Maps as GeoTIFF and ENVI, by rasterio."""

from __future__ import annotations

import contextlib
import re
import secrets
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from skhyp._disk import reserve

from ._file_errors import printable
from ._map_files import MapFile, Rows
from ._map_layouts import MapLayout
from ._rasters import import_rasterio, raster_window
from ._windows import Window

# Lists of classes from 0 on are written up to here: codes may be large numbers of a catalogue.
_MAX_LISTED_CODE = 2**16 - 1
# libtiff counts the bands of an image in 16 bits, GDAL those of all.
_MAX_BANDS = 2**16 - 1
_LEAST_ENVI_BYTES = 2
# Signs that would end a name in a header.
_OF_HEADERS = ",{}="
# The numbers of a GeoTIFF that is written to memory first, before they are compressed.
_MOST_IN_MEMORY = 2**26
# What other programs keep beside a raster is of the former one, once that is replaced.
_BESIDE = (".aux.xml", ".msk", ".ovr")


class RasterMap(MapFile):
    """A file that GDAL writes, or describes."""

    driver: str

    @property
    def in_the_way(self) -> tuple[Path, ...]:
        """Names, masks, overviews and statistics of a former map."""
        raster = self.files[0]
        return tuple(raster.with_name(raster.name + ending) for ending in _BESIDE)

    def refuse(self) -> None:
        """Raise if rasterio is not there, or if the file cannot be written."""
        import_rasterio(f"Writing {self.path.name}")
        super().refuse()
        if printable(path := self.path.resolve()) != str(path):
            raise ValueError(
                f"out={printable(self.path)!r} has a path that is not in UTF-8, which GDAL needs. "
                "Give another name, or write a .zarr or a .npy."
            )
        if (self.layout.n_outputs or 1) > _MAX_BANDS:
            raise ValueError(
                f"out={str(self.path)!r} has room for {_MAX_BANDS} values a pixel; the map has "
                f"{self.layout.n_outputs}. Write a .zarr or a .npy."
            )

    @contextlib.contextmanager
    def _created(self, draft: Path | str, layout: MapLayout, **options: Any) -> Iterator[Any]:
        import rasterio

        if layout.transform is not None:
            options["transform"] = rasterio.Affine(*layout.transform)
        with _rasterio_errors():
            with rasterio.open(
                draft,
                "w",
                driver=self.driver,
                width=layout.columns,
                height=layout.rows,
                count=layout.n_outputs or 1,
                dtype=layout.dtype,
                nodata=layout.missing,
                crs=layout.crs,
                **options,
            ) as dataset:
                for index, name in enumerate(self._band_names, start=1):
                    if name is not None:
                        dataset.set_band_description(index, name)
                yield dataset

    @property
    def _band_names(self) -> list[str | None]:
        """The names of the values, as the format can hold them."""
        names = self.layout.output_names or [""] * (self.layout.n_outputs or 1)
        return [_plain(name, "") or None for name in names]

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        import rasterio

        for strip in self.strips():
            # GDAL keeps all that it unpacks until the file is closed.
            with _rasterio_errors(), rasterio.open(drafts[0]) as dataset:
                if strip.start == 0:
                    self._refuse_another_description(dataset)
                window = raster_window(Window(strip, slice(0, self.layout.columns)))
                values = dataset.read(window=window).transpose(1, 2, 0)
            yield values.reshape(strip.stop - strip.start, *self.layout.shape[1:])

    def _refuse_another_description(self, dataset: Any) -> None:
        layout = self.layout
        shape = (layout.rows, layout.columns, layout.n_outputs or 1)
        expected = {
            "names": list(dataset.descriptions) == self._band_names,
            "shape": (*dataset.shape, dataset.count) == shape,
            "nodata": np.array_equal(dataset.nodata, layout.missing, equal_nan=True),
            "transform": layout.transform is None
            or np.allclose(tuple(dataset.transform)[:6], layout.transform, rtol=1e-9, atol=1e-9),
        }
        if wrong := [fact for fact, holds in expected.items() if not holds]:
            raise OSError(f"its {', '.join(wrong)} is another")


@contextlib.contextmanager
def _rasterio_errors() -> Iterator[None]:
    """Have rasterio say nothing of maps without coordinates, and fail as the system does."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings(), rasterio.Env():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            yield
        except OSError as error:
            if error.errno is not None:
                raise
            raise OSError(str(error.__cause__ or error)) from error
        except Exception as error:  # GDAL's come in several forms
            raise OSError(str(error.__cause__ or error)) from error


class GeoTiffMap(RasterMap):
    """A GeoTIFF; the names of classes are in its tags, and where GDAL looks for categories."""

    suffixes = (".tif", ".tiff")
    driver = "GTiff"

    @property
    def files(self) -> tuple[Path, ...]:
        """The raster and, where there are names that can be listed, the list."""
        if self.layout.class_names and _can_be_listed(self.layout.class_names):
            return self.path, self.path.with_name(self.path.name + ".aux.xml")
        return (self.path,)

    def _write(self, drafts: Sequence[Path], rows: Rows) -> None:
        """Write a compressed file, band by band, and the names of classes beside it.

        On a disk that is full at the wrong moment, GDAL does not come back from closing a GeoTIFF.
        So it writes maps that are not large to memory, and others once there was room for them.
        """
        n_bytes = self.layout.rows * self.layout.row_bytes
        if n_bytes > _MOST_IN_MEMORY:
            with drafts[0].open("xb") as file:
                reserve(file, n_bytes)
            self._write_raster(drafts[0], rows)
        else:
            from rasterio.io import MemoryFile

            with _rasterio_errors(), MemoryFile(ext=".tif") as memory:
                self._write_raster(memory.name, rows)
                drafts[0].write_bytes(memory.getbuffer())
        for categories in drafts[1:]:
            categories.write_bytes(_categories(self.layout.class_names or {}))

    def _write_raster(self, path: Path | str, rows: Rows) -> None:
        layout = self.layout
        predictor = 3 if layout.dtype.kind == "f" else 2
        options = {"compress": "deflate", "predictor": predictor, "interleave": "band"}
        with self._created(path, layout, bigtiff="IF_SAFER", **options) as dataset:
            if table := self._colour_table:
                dataset.write_colormap(1, table)
            dataset.update_tags(1, **self._tags)
            for strip in self.strips():
                values = rows(strip).reshape(strip.stop - strip.start, layout.columns, -1)
                window = raster_window(Window(strip, slice(0, layout.columns)))
                dataset.write(values.transpose(2, 0, 1), window=window)

    @property
    def _colour_table(self) -> dict[int, tuple[int, ...]]:
        """The colours of a map that can have a table of them; what is missing is transparent."""
        layout = self.layout
        if not layout.class_colours or layout.dtype.name not in ("uint8", "uint16"):
            return {}
        colours = {code: (*_rgb(colour), 255) for code, colour in layout.class_colours.items()}
        return {int(layout.missing): (0, 0, 0, 0), **colours}

    @property
    def _tags(self) -> dict[str, str]:
        names = self.layout.class_names or {}
        kept = {f"class_{code}": _plain(name, "") for code, name in names.items()}
        return {tag: name for tag, name in kept.items() if name}

    def _refuse_another_description(self, dataset: Any) -> None:
        super()._refuse_another_description(dataset)
        kept = dataset.tags(1)
        if any(kept.get(tag) != name for tag, name in self._tags.items()):
            raise OSError("its names of classes are others")
        table = dataset.colormap(1) if self._colour_table else {}
        if any(table.get(code) != colour for code, colour in self._colour_table.items()):
            raise OSError("its colours of classes are others")

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        for categories in drafts[1:]:
            if categories.read_bytes() != _categories(self.layout.class_names or {}):
                raise OSError("its list of classes is another")
        yield from super()._read(drafts)


class EnviMap(RasterMap):
    """An ENVI file, bsq, with its header; maps of classes are ENVI classifications."""

    suffixes = (".hdr", ".img", ".dat", ".bsq", ".bil", ".bip")
    driver = "ENVI"

    @property
    def _band_names(self) -> list[str | None]:
        names = super()._band_names
        return [
            _plain(name or f"Band {number}", _OF_HEADERS)
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
        if self.layout.rows * self.layout.row_bytes < _LEAST_ENVI_BYTES:
            raise ValueError(
                f"out={str(self.path)!r} would be a file of a single byte, which GDAL does not "
                "take for ENVI's. Write a .tif."
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
        self._header = _classified(self._described_by_gdal(), layout, self.path.name)
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
            _rasterio_errors(),
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


def _can_be_listed(class_names: dict[int, str]) -> bool:
    return min(class_names) >= 0 and max(class_names) <= _MAX_LISTED_CODE


def _classified(header: str, layout: MapLayout, name: str) -> str:
    """Return the header of an ENVI file with its classes, and without the name of a draft."""
    lines = header.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("description"):
            end = next(i for i in range(number, len(lines)) if "}" in lines[i])
            lines[number : end + 1] = [
                f"description = {{{_plain(layout.description or name, _OF_HEADERS)}}}"
            ]
            break
    names = layout.class_names
    if names and _can_be_listed(names) and layout.missing == 0 and 0 not in names:
        codes = range(max(names) + 1)
        listed = [_plain(names.get(code, "Unclassified"), _OF_HEADERS) for code in codes]
        colours = layout.class_colours or {}
        lookup = [str(part) for code in codes for part in _rgb(colours.get(code, "#000000"))]
        lines = [line.replace("ENVI Standard", "ENVI Classification") for line in lines]
        lines += [
            f"classes = {len(codes)}",
            f"class names = {{{', '.join(listed)}}}",
            f"class lookup = {{{', '.join(lookup)}}}",
        ]
    return "\n".join(lines) + "\n"


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _plain(name: str, others: str) -> str:
    """Return a name as it is kept: no blanks around it, nothing that is no sign, and no others."""
    kept = "".join("_" if sign in others or not _is_sign(sign) else sign for sign in name.strip())
    return kept.encode("utf-8", "replace").decode("utf-8")


def _is_sign(sign: str) -> bool:
    """Return whether a part of a name can be seen: controls, and halves of signs, cannot."""
    return unicodedata.category(sign) not in ("Cc", "Cs")


def _categories(class_names: dict[int, str]) -> bytes:
    """Return the file in which GDAL, and what is built on it, looks for names of classes."""
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    categories = ElementTree.SubElement(band, "CategoryNames")
    for code in range(max(class_names) + 1):
        name = _plain(class_names.get(code, ""), "")
        ElementTree.SubElement(categories, "Category").text = name
    return ElementTree.tostring(root, encoding="utf-8")
