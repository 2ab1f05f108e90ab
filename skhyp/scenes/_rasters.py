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
import warnings
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skhyp._warnings import warn_user

from ._arrays import ArraySource
from ._envi_headers import (
    INTERLEAVES,
    header_integer,
    list_of,
    read_envi_header,
    refuse_incomplete,
    refuse_misfit,
    stated_shape,
    warn_of_byte_order,
)
from ._file_errors import reading
from ._raster_classes import raster_classes
from ._raster_faults import block_index, faults_raised
from ._raster_masks import RasterMask, alpha_bands, warn_of_a_doubtful_alpha
from ._raster_scales import scale_and_offset
from ._raster_wavelengths import described_bands
from ._windows import Source, Window, bands_at_once, raster_window

_ENVI_ENDINGS = ("", ".img", ".dat", ".raw", ".bin", ".bsq", ".bil", ".bip", ".cub")
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
            alpha = alpha_bands(dataset)
            # Their numbers, without those of transparency.
            self.bands = [band for band in dataset.indexes if band not in alpha]
            kinds = {dataset.dtypes[band - 1] for band in self.bands}
            if len(kinds) > 1 or "complex" in min(kinds):
                raise ValueError(
                    f"{path} must have real numbers of one type in all bands; got "
                    f"{', '.join(sorted(kinds))}."
                )
            self.shape = (dataset.height, dataset.width, len(self.bands))
            self.nodata = _nodata(dataset, self.bands)
            self.mask = RasterMask.of(dataset, self.bands, self.nodata)
            self.dtype = stored = np.dtype(min(kinds))
            if self.mask is not None:
                self.dtype = self.mask.dtype_for(stored, str(path))
                self.nodata = self.mask.marker
            self.tile = dataset.block_shapes[0]
            n_together = dataset.count if dataset.interleaving is Interleaving.pixel else 1
        self.chunk_bytes = math.prod((*self.tile, n_together)) * stored.itemsize
        # GDAL keeps all that it unpacks until the file is closed.
        self._n_bands_at_once = bands_at_once(self.chunk_bytes, n_together, self.shape[2])

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        with reading(self.path, window):
            indexes = np.array(self.bands) if bands is None else np.take(self.bands, bands)
            block = np.empty((*window.shape, len(indexes)), self.dtype)
            for part in gen_batches(len(indexes), self._n_bands_at_once):
                self._read(window, indexes[part].tolist(), block[..., part])
            return block

    def _read(self, window: Window, bands: list[int], block: NDArray[Any]) -> None:
        by_band = block.transpose(2, 0, 1)
        looked_at = bands if self.mask is None else [*bands, *self.mask.alpha]
        with _opened_raster(self.path) as dataset:
            index = block_index(dataset, window, looked_at)
            dataset.read(bands, window=raster_window(window), out=by_band)
            if self.mask is not None:
                self.mask.mark(dataset, window, bands, by_band)
        with _opened_raster(self.path) as dataset:
            if block_index(dataset, window, looked_at) != index:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self.path))


def raster_scene(path: Path, header: Path | None = None) -> tuple[Source, dict[str, Any]]:
    """Return the source of a file that GDAL knows, and what the file says of itself.

    The header that it was found by, if it was, is what messages name.
    """
    fields = {} if header is None else _envi_fields(header, path)
    source: Source
    source = of_gdal = _raster_source(path)
    with _opened_raster(path, with_coordinates=True) as dataset:
        nodata = of_gdal.nodata
        if dataset.driver == "ENVI":
            header = _header_of_gdal(dataset, path, header)
            fields = _envi_fields(header, path, by_envi=True)
            if stated_shape(fields, header) != (*of_gdal.shape[:2], dataset.count):
                raise ValueError(
                    f"{header} says lines, samples and bands as {stated_shape(fields, header)}, "
                    f"which GDAL reads as {of_gdal.shape}. Write them as plain integers."
                )
            warn_of_byte_order(fields, header)
            if of_gdal.mask is None and not _is_compressed(fields):
                source = _envi_source(path, header, fields, source)
            nodata = _stated_nodata(fields, header, nodata)
        has_transform = not dataset.transform.is_identity
        warn_of_a_doubtful_alpha(dataset)
        _warn_of_no_grid(dataset, has_transform)
        name = (header or path).name
        names, colours = raster_classes(dataset, fields, name)
        return source, {
            **described_bands(dataset, of_gdal.bands, fields, name),
            **scale_and_offset(dataset, of_gdal.bands, fields, name),
            "nodata": nodata,
            "files": (path, *(Path(file) for file in dataset.files)),
            "crs": dataset.crs.to_wkt() if dataset.crs else None,
            "transform": tuple(dataset.transform)[:6] if has_transform else None,
            "class_names": names,
            "class_colours": colours,
        }


def _raster_source(path: Path) -> RasterSource:
    """Return the source of a file; if GDAL does not know it, its header may say why."""
    try:
        return RasterSource(path)
    except Exception:
        if path.suffix.lower() in _ENVI_ENDINGS:
            for header in (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")):
                if header.is_file():
                    try:
                        _envi_fields(header, path)
                    except ValueError as error:
                        raise ValueError(f"{path} is not read: {error}") from error
        raise


def _envi_fields(header: Path, data: Path, *, by_envi: bool = False) -> dict[str, str]:
    """Return the fields of a header of ENVI, which has to fit data that are stored as ENVI does."""
    fields = read_envi_header(header)
    kind = fields.get("file type", "ENVI").lower()  # of a TIFF, for example, it only tells more
    if fields and (by_envi or kind.startswith("envi")):
        refuse_incomplete(fields, header, data)
        if not _is_compressed(fields):
            refuse_misfit(fields, header, data)
    return fields


def _header_of_gdal(dataset: Any, path: Path, header: Path | None) -> Path:
    """Return the header that GDAL takes for that of a file, which has to be the one given."""
    found = [Path(file) for file in dataset.files if str(file).lower().endswith(".hdr")]
    is_other = header is not None and found and not found[0].samefile(header)
    if not found or (is_other and read_envi_header(found[0]) != read_envi_header(header)):
        raise ValueError(
            f"{path} is read by the header {found[0] if found else None}, not by {header}: of "
            "two headers, give the other one another name."
        )
    return header or found[0]


def _stated_nodata(fields: dict[str, str], header: Path, of_gdal: float | None) -> float | None:
    """Return the nodata of a header: what is no number is 0 to GDAL."""
    values = set(list_of(fields.get("data ignore value", "").strip("\"'")))
    text = values.pop() if len(values) == 1 else fields["data ignore value"]
    if not text:
        return of_gdal
    try:
        float(text)
    except ValueError:
        if text.lower() not in ("none", "null", "n/a", "na"):
            warn_user(
                f"{header} has the data ignore value {text!r}, which is no number: no value marks "
                "missing data. Pass nodata to say which.",
            )
        return None
    return float(text)


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


def _nodata(dataset: Any, bands: list[int]) -> float | None:
    """Return the nodata value of all bands, or None if they have different ones, or none."""
    values = {repr(dataset.nodatavals[band - 1]): dataset.nodatavals[band - 1] for band in bands}
    return values.popitem()[1] if len(values) == 1 else None


def _warn_of_no_grid(dataset: Any, has_transform: bool) -> None:
    """Warn where a file says where it lies, but not by a transform."""
    if has_transform:
        return
    n_points = len(dataset.gcps[0])
    means = {
        f"{n_points} ground control points": n_points,
        "rational polynomials (RPC)": dataset.rpcs,
        "the coordinates of each pixel": dataset.tags(ns="GEOLOCATION"),
    }
    if found := [text for text, is_there in means.items() if is_there]:
        warn_user(
            f"{dataset.name} says where it lies by {' and '.join(found)}, not by a transform: the "
            "scene has no coordinates. Warp it to a grid, as with gdalwarp -r near."
        )


def _is_compressed(header: dict[str, str]) -> bool:
    return header.get("file compression", "0") not in ("", "0")


def _envi_source(path: Path, header: Path, fields: dict[str, str], source: Source) -> ArraySource:
    """Return the source of an ENVI file without GDAL: its numbers lie there one by one."""
    order = fields.get("interleave", "bsq").lower()
    axes = INTERLEAVES[order]
    shape = tuple(np.take(source.shape, np.argsort(axes)).tolist())
    dtype = source.dtype.newbyteorder(">" if fields.get("byte order") == "1" else "<")
    offset = header_integer(fields, "header offset", str(header))
    opened = partial(_envi_array, path, dtype, offset, shape)
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
    names = [stem.name + end for ending in _ENVI_ENDINGS for end in (ending, ending.upper())]
    found: list[Path] = []
    for candidate in map(stem.with_name, names):
        if candidate.is_file() and not any(map(candidate.samefile, found)):
            found.append(candidate)
    if len(found) > 1:
        raise ValueError(
            f"{header} may be the header of {' or of '.join(file.name for file in found)}. Open "
            "the file that is meant instead."
        )
    if found:
        return found[0]
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
