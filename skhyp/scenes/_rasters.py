"""ENVI, GeoTIFF and whatever else GDAL reads, by rasterio.

rasterio reads these because it knows the coordinates, the nodata and the band lists of all of
them, reads windows of any interleave at the speed of the disk, and comes as a wheel that needs
nothing else.
"""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._bands import good_bands_of, numbers_of, wavelengths_in_nm
from ._scene import Window

_ENVI_ENDINGS = ("", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".cub")
# Bytes of a number, by ENVI's codes of types.
_ENVI_BYTES = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 9: 16, 12: 2, 13: 4, 14: 8, 15: 8}


def import_rasterio(purpose: str) -> Any:
    """Return rasterio, or say how to install it."""
    try:
        import rasterio
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs rasterio, which is not installed: pip install 'skhyp[geo]'"
        ) from error
    return rasterio


def raster_window(window: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return a window as rasterio takes them."""
    rows, columns = window
    return (rows.start, rows.stop), (columns.start, columns.stop)


class RasterSource:
    """A file that rasterio reads."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()
        with self._opened_anew() as dataset:
            self.shape = (dataset.height, dataset.width, dataset.count)
            self.dtype = np.dtype(dataset.dtypes[0])
            self.tile = dataset.block_shapes[0]
            self._has_transform = not dataset.transform.is_identity

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        from rasterio.errors import RasterioError

        n_bands = self.shape[2] if bands is None else len(bands)
        indexes = None if bands is None else (bands + 1).tolist()
        block = np.empty((*window.shape, n_bands), self.dtype)
        try:
            with self._opened() as dataset:
                dataset.read(
                    indexes,
                    window=raster_window(window),
                    out=block.transpose(2, 0, 1),
                )
        except RasterioError as error:
            raise OSError(
                f"{self.path} cannot be read at rows {window.rows.start} to {window.rows.stop}: "
                f"{error.__cause__ or error}. The file may be damaged or incomplete."
            ) from error
        return block

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        """Give the file, opened: anew each time, so that GDAL keeps no blocks of it in memory.

        Files without coordinates are kept open, as rasterio warns whenever one is opened, and the
        way to silence a warning is not for threads.
        """
        if self._has_transform:
            import rasterio

            with rasterio.open(self.path) as dataset:
                yield dataset
            return
        with self._lock:
            if not hasattr(self, "_dataset"):
                self._dataset = self._quietly_opened()
            yield self._dataset

    @contextlib.contextmanager
    def _opened_anew(self) -> Iterator[Any]:
        with self._quietly_opened() as dataset:
            yield dataset

    def _quietly_opened(self) -> Any:
        rasterio = import_rasterio(f"{self.path.name}: open_scene")
        from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                return rasterio.open(self.path)
        except RasterioIOError as error:
            raise ValueError(
                f"{self.path} is not a file that GDAL reads as a raster: {error}"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k not in ("_lock", "_dataset")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.Lock()

    def description(self) -> dict[str, Any]:
        """Return what the file says of itself, by the names of a scene's attributes."""
        with self._opened_anew() as dataset:
            header = dataset.tags(ns="ENVI")
            _refuse_truncated(self.path, header)
            nodata = next((value for value in dataset.nodatavals if value is not None), None)
            return {
                **_described_bands(dataset, header, self.path.name),
                "nodata": nodata,
                "crs": dataset.crs.to_wkt() if dataset.crs else None,
                "transform": tuple(dataset.transform)[:6] if self._has_transform else None,
                "class_names": _class_names(dataset, header),
            }


def envi_data_file(header: Path) -> Path:
    """Return the file that a header is of."""
    if not header.is_file():
        raise FileNotFoundError(f"There is no file {header}.")
    stem = header.with_suffix("")
    for ending in _ENVI_ENDINGS:
        for candidate in (stem.with_name(stem.name + end) for end in (ending, ending.upper())):
            if candidate.is_file():
                return candidate
    raise FileNotFoundError(
        f"{header} has no data beside it: looked for {stem.name} as it is and with the endings "
        f"{', '.join(_ENVI_ENDINGS[1:])}. If it has another name, open that file instead."
    )


def _described_bands(dataset: Any, header: dict[str, str], name: str) -> dict[str, Any]:
    """Return functions that read the wavelengths and the bad bands, where a file has them.

    They are called where the user does not say it better: a wrong list can be replaced.
    """
    tags = [dataset.tags(index) for index in dataset.indexes]
    n_bands = dataset.count
    found: dict[str, Any] = {}
    if "wavelength" in header:
        unit = header.get("wavelength_units")
        values = numbers_of(header["wavelength"])
        found["wavelengths"] = lambda: wavelengths_in_nm(values, unit, n_bands=n_bands, name=name)
    elif all("wavelength" in tag for tag in tags):
        unit = tags[0].get("wavelength_units")
        texts = [tag["wavelength"] for tag in tags]
        found["wavelengths"] = lambda: wavelengths_in_nm(texts, unit, n_bands=n_bands, name=name)
    else:
        imagery = [dataset.tags(index, ns="IMAGERY") for index in dataset.indexes]
        if all("CENTRAL_WAVELENGTH_UM" in tag for tag in imagery):
            micrometres = [tag["CENTRAL_WAVELENGTH_UM"] for tag in imagery]
            found["wavelengths"] = lambda: wavelengths_in_nm(
                micrometres, "um", n_bands=n_bands, name=name
            )
    if "bbl" in header:
        flags = numbers_of(header["bbl"])
        found["good_bands"] = lambda: good_bands_of(flags, n_bands=n_bands, name=name)
    elif all("bbl" in tag for tag in tags):
        flags = [float(tag["bbl"]) for tag in tags]
        found["good_bands"] = lambda: good_bands_of(flags, n_bands=n_bands, name=name)
    return found


def _class_names(dataset: Any, header: dict[str, str]) -> dict[int, str] | None:
    """Return the names of classes: of an ENVI classification, or of a GeoTIFF of our own."""
    if "class_names" in header:
        names = header["class_names"].strip(" {}").split(",")
        return {code: name.strip() for code, name in enumerate(names)}
    tags = dataset.tags(1).items()
    found = {int(tag[6:]): name for tag, name in tags if re.fullmatch(r"class_-?\d+", tag)}
    return dict(sorted(found.items())) or None


def _refuse_truncated(path: Path, header: dict[str, str]) -> None:
    """Raise if an ENVI file is shorter than its header says: GDAL would read zeros."""
    if not header or header.get("file_compression", "0").strip() not in ("", "0"):
        return
    n_bytes = _ENVI_BYTES.get(int(header["data_type"]), 0)
    n_values = int(header["samples"]) * int(header["lines"]) * int(header["bands"])
    expected = int(header.get("header_offset", 0)) + n_values * n_bytes
    size = path.stat().st_size
    if size < expected:
        raise ValueError(
            f"{path} has {size} bytes, but its header describes {header['lines']} lines, "
            f"{header['samples']} samples and {header['bands']} bands of {n_bytes} bytes: "
            f"{expected} bytes. The file is incomplete, or the header is another file's."
        )
