"""Maps as Zarr stores, as xarray and GDAL read them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package
from skhyp.scenes.reading._band_names import OUTPUT, OUTPUT_UNITS
from skhyp.scenes.reading._xarrays import pixel_coordinates, reference_attributes

from ._map_files import MapFile, Rows
from ._map_layouts import MapLayout

_CHUNK = 256
# By these a store is known for a map that may be replaced.
_MARK = "skhyp.scenes.apply"
_OWN = {".zgroup", ".zattrs", ".zmetadata", "map", "x", "y", "spatial_ref", OUTPUT}
_OWN |= {OUTPUT_UNITS}


class ZarrMap(MapFile):
    """A Zarr store of version 2, which all readers know."""

    suffixes = (".zarr",)

    def refuse(self) -> None:
        """Raise if zarr is not there, or if the folder holds anything but a map of ours."""
        optional_package("zarr", f"Writing {self.path.name}")
        folder = self.path.resolve()
        if not folder.is_dir():
            super().refuse()
            if folder.exists():
                raise FileExistsError(f"out={str(self.path)!r} is a file, and no Zarr store.")
            return
        others = sorted({entry.name for entry in folder.iterdir()} - _OWN)
        attributes = folder / ".zattrs"
        if any(folder.iterdir()) and (
            others or not attributes.exists() or _MARK not in attributes.read_text()
        ):
            raise FileExistsError(
                f"out={str(self.path)!r} is there already, and would be replaced with what is no "
                f"map of skhyp: {', '.join(others) or 'another store'}. Give another name."
            )

    def strips(self) -> Iterable[slice]:
        """Return rows of whole chunks."""
        return self.layout.strips(multiple=self._chunks[0])

    def _write(self, drafts: Sequence[Path], rows: Rows) -> None:
        """Write the map, its coordinates and their reference system."""
        import zarr

        layout = self.layout
        group = zarr.open_group(drafts[0], mode="w", zarr_format=2)
        group.attrs["source"] = _MARK
        values = group.create_array(
            "map",
            shape=layout.shape,
            chunks=self._chunks,
            dtype=layout.dtype,
            fill_value=layout.missing,
            attributes=self._attributes,
        )
        for strip in self.strips():
            values[strip] = rows(strip)
        for name, array in self._coordinates.items():
            stored = group.create_array(
                name,
                shape=array.shape,
                dtype=array.dtype,
                # The default, 0, would be read as missing.
                fill_value=np.nan if array.dtype.kind == "f" else None,
                attributes={"_ARRAY_DIMENSIONS": _dimensions_of(name, array)},
            )
            stored[...] = array
            if name == "spatial_ref":
                stored.attrs.update(reference_attributes(layout.crs, layout.transform))
        zarr.consolidate_metadata(drafts[0])

    def _read(self, drafts: Sequence[Path]) -> Iterator[NDArray[Any]]:
        import zarr

        for is_consolidated in (False, True):
            group = zarr.open_group(drafts[0], mode="r", use_consolidated=is_consolidated)
            if sorted(group.array_keys()) != sorted(["map", *self._coordinates]):
                raise OSError(f"its arrays are {', '.join(group.array_keys())}")
            attributes = json.loads(json.dumps(self._attributes))
            if group["map"].attrs.asdict() != attributes or group["map"].shape != self.layout.shape:
                raise OSError("its description is another")
        for name, array in self._coordinates.items():
            if not np.array_equal(group[name][...], array):
                raise OSError(f"its {name} is another")
        for strip in self.strips():
            yield np.asarray(group["map"][strip])

    @property
    def _chunks(self) -> tuple[int, ...]:
        shape = self.layout.shape
        return tuple(min(_CHUNK, length) for length in shape[:2]) + shape[2:]

    @property
    def _attributes(self) -> dict[str, Any]:
        """What the map says of itself."""
        dimensions = ["y", "x"] if self.layout.n_outputs is None else ["y", "x", OUTPUT]
        attributes = {"_ARRAY_DIMENSIONS": dimensions, **cf_attributes(self.layout)}
        beside = [name for name in ("spatial_ref", OUTPUT_UNITS) if name in self._coordinates]
        if beside:  # by this they come with the variable, in xarray
            attributes["coordinates"] = " ".join(beside)
        return attributes

    @property
    def _coordinates(self) -> dict[str, NDArray[Any]]:
        layout = self.layout
        coordinates = pixel_coordinates(layout.rows, layout.columns, layout.transform)
        if layout.crs is not None or layout.transform is not None:
            coordinates["spatial_ref"] = np.array(0)
        if layout.output_names is not None:
            coordinates[OUTPUT] = np.array(list(layout.output_names), dtype=str)
        if layout.n_outputs is not None and layout.units is not None:
            coordinates[OUTPUT_UNITS] = np.array(list(layout.units), dtype=str)
        return coordinates


def _dimensions_of(name: str, array: NDArray[Any]) -> list[str]:
    return [OUTPUT if name == OUTPUT_UNITS else name] if array.ndim else []


def cf_attributes(layout: MapLayout) -> dict[str, Any]:
    """Return what the conventions for climate and forecast files (CF) have a map say of itself."""
    attributes: dict[str, Any] = {}
    if not math.isnan(layout.missing):
        attributes["_FillValue"] = layout.missing
    if layout.description:
        attributes["long_name"] = layout.description
    if layout.long_name is not None:
        attributes["long_name"] = layout.long_name
        attributes["comment"] = layout.description
    if layout.units is not None and len(set(layout.units)) == 1:
        attributes["units"] = layout.units[0]
    if layout.crs is not None or layout.transform is not None:
        attributes["grid_mapping"] = "spatial_ref"
    if layout.class_names:
        attributes["class_names"] = json.dumps(layout.class_names)
        attributes["flag_values"] = list(layout.class_names)
        # CF separates the meanings by blanks, so that names are not quite kept.
        attributes["flag_meanings"] = " ".join(
            "_".join(name.split()) for name in layout.class_names.values()
        )
    if layout.class_colours:
        attributes["flag_colors"] = " ".join(
            layout.class_colours[code] for code in layout.class_names or layout.class_colours
        )
    return attributes
