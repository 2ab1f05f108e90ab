"""ENVI, GeoTIFF and whatever else GDAL reads, by rasterio.

rasterio reads these because it knows the coordinates, the nodata and the band lists of all of
them, and comes as a wheel that needs nothing else. The numbers of an ENVI file are read without it:
they lie there as in an array.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import math
import os
import re
import warnings
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from ._arrays import ArraySource
from ._bands import good_bands_of, wavelengths_in_nm
from ._file_errors import reading
from ._raster_faults import block_index, faults_raised
from ._windows import Source, Window, bands_at_once

_ENVI_ENDINGS = ("", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".cub")
# Which of the stored axes are rows, columns and bands.
_ENVI_AXES = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}
# What lies beside a header and is not its data.
_NO_ENVI_DATA = {".hdr", ".xml", ".ovr", ".msk", ".txt", ".prj", ".part"}


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
    """A file that rasterio reads, opened anew for each block: GDAL then keeps none in memory."""

    identity = "as the file has them"

    def __init__(self, path: Path):
        from rasterio.enums import Interleaving

        self.path = path
        with _opened_raster(path) as dataset:
            if not dataset.count:
                listed = "".join(f"\n  {name}" for name in dataset.subdatasets)
                raise ValueError(
                    f"{path} has no image of its own. Open one of those in it:{listed or ' none'}"
                )
            kinds = set(dataset.dtypes)
            if len(kinds) > 1 or "complex" in dataset.dtypes[0]:
                raise ValueError(
                    f"{path} must have real numbers of one type in all bands; got "
                    f"{', '.join(sorted(kinds))}."
                )
            self.shape = (dataset.height, dataset.width, dataset.count)
            self.dtype = np.dtype(dataset.dtypes[0])
            self.tile = dataset.block_shapes[0]
            n_together = dataset.count if dataset.interleaving is Interleaving.pixel else 1
        self.chunk_bytes = math.prod((*self.tile, n_together)) * self.dtype.itemsize
        # GDAL keeps all that it unpacks until the file is closed.
        self._n_bands_at_once = bands_at_once(self.chunk_bytes, n_together, self.shape[2])

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        with reading(self.path, window):
            indexes = np.arange(1, self.shape[2] + 1) if bands is None else bands + 1
            block = np.empty((*window.shape, len(indexes)), self.dtype)
            for part in gen_batches(len(indexes), self._n_bands_at_once):
                self._read(window, indexes[part].tolist(), block[..., part])
            return block

    def _read(self, window: Window, bands: list[int], block: NDArray[Any]) -> None:
        with _opened_raster(self.path) as dataset:
            index = block_index(dataset, window, bands)
            dataset.read(bands, window=raster_window(window), out=block.transpose(2, 0, 1))
        with _opened_raster(self.path) as dataset:
            if block_index(dataset, window, bands) != index:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self.path))


def raster_scene(path: Path, header: Path | None = None) -> tuple[Source, dict[str, Any]]:
    """Return the source of a file that GDAL knows, and what the file says of itself.

    The header that it was found by, if it was, is what messages name.
    """
    source: Source = RasterSource(path)
    with _opened_raster(path, with_coordinates=True) as dataset:
        fields = {key.lower(): value for key, value in dataset.tags(ns="ENVI").items()}
        if dataset.driver == "ENVI" and not _is_compressed(fields):
            _refuse_truncated(path, fields, source)
            source = _envi_source(path, fields, source)
        has_transform = not dataset.transform.is_identity
        _warn_of_a_mask(dataset)
        return source, {
            **_described_bands(dataset, fields, (header or path).name),
            "nodata": _nodata(dataset),
            "files": (path, *(Path(file) for file in dataset.files)),
            "crs": dataset.crs.to_wkt() if dataset.crs else None,
            "transform": tuple(dataset.transform)[:6] if has_transform else None,
            "class_names": (names := _class_names(dataset, fields)),
            "class_colours": _class_colours(dataset, names),
        }


@contextlib.contextmanager
def _opened_raster(path: Path, *, with_coordinates: bool = False) -> Iterator[Any]:
    """Give what rasterio reads a file with, and close it."""
    import_rasterio(f"{path.name}: open_scene")
    from rasterio.env import env_ctx_if_needed

    with (
        env_ctx_if_needed(),
        faults_raised(path),
        _reader(with_coordinates)(str(path)) as dataset,
    ):
        yield dataset


@cache
def _reader(with_coordinates: bool) -> type:
    """Return a class of rasterio that opens files, and does not warn of those without coordinates.

    To silence a warning is not for the threads in which blocks are read: there it is not asked for
    coordinates.
    """
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import DatasetReader

    class Reader(DatasetReader):
        def read_transform(self) -> list[float]:
            if not with_coordinates:
                return [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                return super().read_transform()

    return Reader


def _nodata(dataset: Any) -> float | None:
    values = {repr(value): value for value in dataset.nodatavals if value is not None}
    if len(values) > 1:
        warnings.warn(
            f"{dataset.name} has different nodata values for its bands, {', '.join(values)}: the "
            "first is taken for all. Pass nodata to say which.",
            UserWarning,
            stacklevel=5,
        )
    return next(iter(values.values()), None)


def _warn_of_a_mask(dataset: Any) -> None:
    from rasterio.enums import MaskFlags

    flags = {flag for of_band in dataset.mask_flag_enums for flag in of_band}
    if flags & {MaskFlags.per_dataset, MaskFlags.alpha} and MaskFlags.nodata not in flags:
        warnings.warn(
            f"{dataset.name} marks missing pixels by a mask, which is not read: they are taken "
            "for data. Give them a value, and pass it as nodata.",
            UserWarning,
            stacklevel=5,
        )


def _is_compressed(header: dict[str, str]) -> bool:
    return header.get("file_compression", "0").strip() not in ("", "0")


def _envi_source(path: Path, header: dict[str, str], source: Source) -> ArraySource:
    """Return the source of an ENVI file without GDAL: its numbers lie there one by one."""
    rows, columns, n_bands = source.shape
    order = header.get("interleave", "bsq").strip().lower()
    if order not in _ENVI_AXES:
        raise ValueError(
            f"The header of {path} must have the interleave bsq, bil or bip; got {order!r}."
        )
    axes = _ENVI_AXES[order]
    shape = tuple(np.take((rows, columns, n_bands), np.argsort(axes)).tolist())
    dtype = source.dtype.newbyteorder(">" if header.get("byte_order", "0").strip() == "1" else "<")
    opened = partial(_envi_array, path, dtype, _header_integer(header, "header_offset"), shape)
    return ArraySource.of(opened, axes, identity=order, path=path)


@contextlib.contextmanager
def _envi_array(
    path: Path, dtype: np.dtype, offset: int, shape: tuple[int, ...]
) -> Iterator[NDArray[Any]]:
    """Give the numbers of a file, mapped anew each time: pages of former blocks are let go."""
    yield np.memmap(path, dtype, "r", offset, shape)


def envi_data_file(header: Path) -> Path:
    """Return the file that a header is of."""
    if not header.is_file():
        raise FileNotFoundError(f"There is no file {header}.")
    stem = header.with_suffix("")
    for ending in _ENVI_ENDINGS:
        for candidate in (stem.with_name(stem.name + end) for end in (ending, ending.upper())):
            if candidate.is_file():
                return candidate
    others = [
        file
        for file in header.parent.glob(f"{glob.escape(stem.name)}.*")
        if file.suffix.lower() not in _NO_ENVI_DATA and file.is_file()
    ]
    if len(others) == 1:
        return others[0]
    raise FileNotFoundError(
        f"{header} has no data beside it: looked for {stem.name} as it is and with the endings "
        f"{', '.join(_ENVI_ENDINGS[1:])}. If it has another name, open that file instead."
    )


def _described_bands(dataset: Any, header: dict[str, str], name: str) -> dict[str, Any]:
    """Return functions that read the wavelengths and the bad bands, where a file has them.

    They are called where the user does not say it better: a wrong list can be replaced.
    """
    tags = [dataset.tags(index) for index in dataset.indexes]
    imagery = [dataset.tags(index, ns="IMAGERY") for index in dataset.indexes]
    in_nm = partial(wavelengths_in_nm, n_bands=dataset.count, name=name)
    found: dict[str, Any] = {}
    if "wavelength" in header:
        found["wavelengths"] = partial(in_nm, header["wavelength"], header.get("wavelength_units"))
    elif all("wavelength" in tag for tag in tags):
        values = [tag["wavelength"] for tag in tags]
        found["wavelengths"] = partial(in_nm, values, tags[0].get("wavelength_units"))
    elif all("CENTRAL_WAVELENGTH_UM" in tag for tag in imagery):
        values = [tag["CENTRAL_WAVELENGTH_UM"] for tag in imagery]
        found["wavelengths"] = partial(in_nm, values, "um")
    flags = header.get("bbl", [tag["bbl"] for tag in tags if "bbl" in tag])
    if flags:
        found["good_bands"] = partial(good_bands_of, flags, n_bands=dataset.count, name=name)
    return found


def _class_names(dataset: Any, header: dict[str, str]) -> dict[int, str] | None:
    """Return the names of classes: of an ENVI classification, or of a GeoTIFF of our own."""
    if "class_names" in header:
        names = header["class_names"].strip(" {}").split(",")
        return {code: name.strip() for code, name in enumerate(names)}
    tags = dataset.tags(1).items()
    found = {int(tag[6:]): name for tag, name in tags if re.fullmatch(r"class_-?\d+", tag)}
    return dict(sorted(found.items())) or None


def _class_colours(dataset: Any, names: dict[int, str] | None) -> dict[int, str] | None:
    """Return the colours that a file has for the classes that it names."""
    if not names:
        return None
    try:
        table = dataset.colormap(1)
    except ValueError:  # it has none
        return None
    return {code: "#{:02x}{:02x}{:02x}".format(*table[code][:3]) for code in names if code in table}


def _refuse_truncated(path: Path, header: dict[str, str], source: Source) -> None:
    """Raise if an ENVI file is shorter than its header says: GDAL would read zeros."""
    rows, columns, n_bands = source.shape
    n_bytes = rows * columns * n_bands * source.dtype.itemsize
    expected = _header_integer(header, "header_offset") + n_bytes
    size = path.stat().st_size
    if size < expected:
        raise ValueError(
            f"{path} has {size} bytes, but its header describes {rows} lines, {columns} samples "
            f"and {n_bands} bands of {source.dtype}: {expected} bytes. The file is incomplete, or "
            "the header is another file's."
        )


def _header_integer(header: dict[str, str], key: str) -> int:
    return int(float(header.get(key, "0").strip() or 0))
