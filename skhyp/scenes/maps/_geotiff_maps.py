"""Maps as GeoTIFF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from numpy.typing import NDArray

from skhyp.files._disk import reserve
from skhyp.scenes._windows import Window, raster_window

from ._map_files import Rows
from ._raster_maps import RasterMap, can_be_listed, plain_name, rasterio_errors, rgb

# The numbers of a map that is written to memory first, before they are compressed.
_MOST_IN_MEMORY = 2**26


class GeoTiffMap(RasterMap):
    """A GeoTIFF; the names of classes are in its tags, and where GDAL looks for categories.

    Names of quantities are the descriptions of its bands, units those of GDAL; tags have both.
    """

    suffixes = (".tif", ".tiff")
    driver = "GTiff"

    @property
    def files(self) -> tuple[Path, ...]:
        """The raster and, where there are names that can be listed, the list."""
        if self.layout.class_names and can_be_listed(self.layout.class_names):
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

            with rasterio_errors(), MemoryFile(ext=".tif") as memory:
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
            for index, unit in enumerate(layout.units or [], start=1):
                dataset.set_band_unit(index, unit)
            for index, tags in enumerate(self._tags, start=1):
                if tags:
                    dataset.update_tags(index, **tags)
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
        colours = {code: (*rgb(colour), 255) for code, colour in layout.class_colours.items()}
        return {int(layout.missing): (0, 0, 0, 0), **colours}

    @property
    def _tags(self) -> list[dict[str, str]]:
        """What the tags of each band say: the names of classes, or of a quantity and its unit."""
        layout = self.layout
        names = layout.class_names or {}
        kept = {f"class_{code}": plain_name(name) for code, name in names.items()}
        tags = [{tag: name for tag, name in kept.items() if name}]
        tags += [{} for _ in range((layout.n_outputs or 1) - 1)]
        # Of probabilities, which have the names of classes, this is the only place for it.
        if layout.long_name is not None:
            for of_band in tags:
                of_band["long_name"] = layout.long_name
        for of_band, unit in zip(tags, layout.units or [], strict=False):
            of_band["units"] = unit
        return tags

    def _refuse_another_description(self, dataset: Any) -> None:
        super()._refuse_another_description(dataset)
        units = self.layout.units
        if units is not None and list(dataset.units) != list(units):
            raise OSError("its units are others")
        for index, tags in enumerate(self._tags, start=1):
            kept = dataset.tags(index) if tags else {}
            if any(kept.get(tag) != name for tag, name in tags.items()):
                raise OSError("its names of classes, or of what its values are, are others")
        table = dataset.colormap(1) if self._colour_table else {}
        if any(table.get(code) != colour for code, colour in self._colour_table.items()):
            raise OSError("its colours of classes are others")

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        for categories in drafts[1:]:
            if categories.read_bytes() != _categories(self.layout.class_names or {}):
                raise OSError("its list of classes is another")
        yield from super()._read(drafts)


def _categories(class_names: dict[int, str]) -> bytes:
    """Return the file in which GDAL, and what is built on it, looks for names of classes."""
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    categories = ElementTree.SubElement(band, "CategoryNames")
    for code in range(max(class_names) + 1):
        name = plain_name(class_names.get(code, ""))
        ElementTree.SubElement(categories, "Category").text = name
    return ElementTree.tostring(root, encoding="utf-8")
