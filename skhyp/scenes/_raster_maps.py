"""Maps as GeoTIFF and ENVI, by rasterio."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from skhyp._whole_files import write_whole

from ._map_files import MapFile, Rows
from ._map_layouts import MapLayout
from ._rasters import import_rasterio, raster_window
from ._windows import Window

# Lists of classes from 0 on are written up to here: codes may be large numbers of a catalogue.
_MAX_LISTED_CODE = 2**16 - 1
# What other programs keep beside a raster is of the former one, once that is replaced.
_BESIDE = (".aux.xml", ".msk", ".ovr")


class RasterMap(MapFile):
    """A file that GDAL writes."""

    driver: str
    options: dict[str, Any]

    def refuse(self, layout: MapLayout) -> None:
        """Raise if rasterio is not there, or if the file cannot be written."""
        import_rasterio(f"Writing {self.path.name}")
        super().refuse(layout)

    @contextlib.contextmanager
    def _opened(self, draft: Path, layout: MapLayout, **options: Any) -> Iterator[Any]:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning

        if layout.transform is not None:
            options["transform"] = rasterio.Affine(*layout.transform)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
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
                for index, name in enumerate(layout.output_names or (), start=1):
                    dataset.set_band_description(index, self._band_name(name))
                yield dataset

    def _band_name(self, name: str) -> str:
        """Return a name as the format can hold it."""
        return name

    def _write_strips(self, dataset: Any, layout: MapLayout, rows: Rows) -> None:
        for strip in layout.strips():
            values = rows(strip).reshape(strip.stop - strip.start, layout.columns, -1)
            window = raster_window(Window(strip, slice(0, layout.columns)))
            dataset.write(values.transpose(2, 0, 1), window=window)

    def _forget_the_former(self) -> None:
        for ending in _BESIDE:
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)


class GeoTiffMap(RasterMap):
    """A GeoTIFF; the names of classes are in its tags, and where GDAL looks for categories."""

    suffixes = (".tif", ".tiff")
    driver = "GTiff"

    def write(self, layout: MapLayout, rows: Rows, folder: Path) -> None:
        """Write a compressed file, band by band."""
        predictor = 3 if layout.dtype.kind == "f" else 2
        options = {"compress": "deflate", "predictor": predictor, "interleave": "band"}
        with self.drafts(folder) as [draft]:
            with self._opened(draft, layout, bigtiff="IF_SAFER", **options) as dataset:
                if layout.class_colours and layout.dtype.name in ("uint8", "uint16"):
                    table = {code: _rgb(colour) for code, colour in layout.class_colours.items()}
                    dataset.write_colormap(1, {int(layout.missing): (0, 0, 0, 0), **table})
                for code, name in (layout.class_names or {}).items():
                    dataset.update_tags(1, **{f"class_{code}": name})
                self._write_strips(dataset, layout, rows)
        self._forget_the_former()
        if layout.class_names and _can_be_listed(layout.class_names):
            auxiliary = self.path.with_name(self.path.name + ".aux.xml")
            write_whole(auxiliary, _categories(layout.class_names))


class EnviMap(RasterMap):
    """An ENVI file, bsq, with its header; maps of classes are ENVI classifications."""

    suffixes = (".hdr", ".img", ".dat", ".bsq", ".bil", ".bip")
    driver = "ENVI"

    def _band_name(self, name: str) -> str:
        return _plain(name)

    @property
    def files(self) -> tuple[Path, ...]:
        """The data and the header."""
        if self.path.suffix.lower() == ".hdr":
            return self.path.with_suffix(".img"), self.path
        return self.path, self.path.with_suffix(".hdr")

    def refuse(self, layout: MapLayout) -> None:
        """Raise if the header is of other data, or cannot say where the map lies."""
        super().refuse(layout)
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
        if layout.transform is not None and not _is_rotation(layout.transform):
            raise ValueError(
                f"ENVI headers cannot say that a map is mirrored or sheared, transform "
                f"{layout.transform}. Write a .tif."
            )

    def write(self, layout: MapLayout, rows: Rows, folder: Path) -> None:
        """Write data and header, and make sure that the data are whole."""
        with self.drafts(folder) as [data, header]:
            written_by_gdal = data.with_suffix(".hdr")
            with self._opened(data, layout, interleave="bsq") as dataset:
                self._write_strips(dataset, layout, rows)
            if data.stat().st_size != layout.rows * layout.row_bytes:  # GDAL does not tell
                raise OSError(f"{self.path} could not be written whole. The disk may be full.")
            text = written_by_gdal.read_text(encoding="utf-8", errors="replace")
            written_by_gdal.unlink()
            header.write_text(_classified(text, layout, self.path.name), encoding="utf-8")
        self._forget_the_former()


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
            lines[number : end + 1] = [f"description = {{{_plain(layout.description or name)}}}"]
            break
    names = layout.class_names
    if names and _can_be_listed(names) and layout.missing == 0 and 0 not in names:
        codes = range(max(names) + 1)
        colours = layout.class_colours or {}
        lookup = [str(part) for code in codes for part in _rgb(colours.get(code, "#000000"))]
        lines = [line.replace("ENVI Standard", "ENVI Classification") for line in lines]
        lines += [
            f"classes = {len(codes)}",
            f"class names = {{{', '.join(_plain(names.get(k, 'Unclassified')) for k in codes)}}}",
            f"class lookup = {{{', '.join(lookup)}}}",
        ]
    return "\n".join(lines) + "\n"


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _plain(name: str) -> str:
    """Return a name without the signs that would end it in a header."""
    return "".join("_" if sign in ",{}=\r\n" else sign for sign in name)


def _categories(class_names: dict[int, str]) -> bytes:
    """Return the file in which GDAL, and what is built on it, looks for names of classes."""
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    categories = ElementTree.SubElement(band, "CategoryNames")
    for code in range(max(class_names) + 1):
        ElementTree.SubElement(categories, "Category").text = class_names.get(code, "")
    return ElementTree.tostring(root, encoding="utf-8")
