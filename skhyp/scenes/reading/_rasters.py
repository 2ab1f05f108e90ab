"""ENVI, GeoTIFF and whatever else GDAL reads, by rasterio.

rasterio reads these because it knows the coordinates, the nodata and the band lists of all of
them, and comes as a wheel that needs nothing else. The numbers of an ENVI file are read without it.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skhyp._optional_packages import optional_package
from skhyp._warnings import warn_user
from skhyp.scenes._windows import Source, Window, bands_at_once, raster_window

from ._band_names import raster_names_and_units
from ._envi_files import (
    ENVI_ENDINGS,
    envi_fields,
    envi_source,
    fields_beside,
    header_of_gdal,
    headers_beside,
    stated_nodata,
)
from ._esri_headers import refuse_esri_misfit
from ._file_errors import reading
from ._raster_classes import raster_classes
from ._raster_faults import block_index, faults_raised
from ._raster_masks import RasterMask, alpha_bands, warn_of_a_doubtful_alpha
from ._raster_scales import scale_and_offset
from ._raster_wavelengths import described_bands


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
                    f"{path} has no image of its own. Write one of those in it to a file, "
                    f"gdal_translate NAME scene.tif, and open that:{listed or ' none'}"
                )
            _refuse_pages(dataset, path)
            alpha = alpha_bands(dataset)
            # Their numbers, without those of transparency.
            self.bands = [band for band in dataset.indexes if band not in alpha]
            dtypes = dataset.dtypes
            kinds = {dtypes[band - 1] for band in self.bands}
            if len(kinds) > 1 or "complex" in min(kinds):
                raise ValueError(
                    f"{path} must have real numbers of one type in all bands; got "
                    f"{', '.join(sorted(kinds))}."
                )
            self.shape = (dataset.height, dataset.width, len(self.bands))
            self.nodata = _nodata(dataset, self.bands)
            self.mask = RasterMask.of(dataset, self.bands, self.nodata)
            self.dtype = self.stored_dtype = np.dtype(min(kinds))
            if self.mask is not None:
                self.dtype = self.mask.dtype_for(self.stored_dtype, str(path))
                self.nodata = self.mask.marker
            self.tile = dataset.block_shapes[0]
            n_together = dataset.count if dataset.interleaving is Interleaving.pixel else 1
        self.chunk_bytes = math.prod((*self.tile, n_together)) * self.stored_dtype.itemsize
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


def raster_scene(
    path: Path, header: Path | None = None, *, scales_are_applied: bool = False
) -> tuple[Source, dict[str, Any]]:
    """Return the source of a file that GDAL knows, and what the file says of itself.

    The header that it was found by, if it was, is what messages name. Scales that are not applied
    later, and differ from band to band, are warned of.
    """
    fields = {} if header is None else envi_fields(header, path)
    source: Source
    source = of_gdal = _raster_source(path)
    with _opened_raster(path, with_coordinates=True) as dataset:
        nodata = of_gdal.nodata
        if dataset.driver == "ENVI":
            of_data = header_of_gdal(dataset, path)
            fields = envi_fields(of_data, path, by_envi=True)
            nodata = stated_nodata(fields, of_data, nodata)
            source = envi_source(path, of_data, fields, of_gdal)
        elif dataset.driver == "GTiff" and header is None:
            fields = fields_beside(path, of_gdal.shape)
        elif dataset.driver == "EHdr" and (beside := headers_beside(path)):
            refuse_esri_misfit(beside[0], path, of_gdal.shape, of_gdal.dtype)
        # Some of GDAL's formats give numbers that nobody wrote.
        has_transform = not (dataset.transform.is_identity or dataset.transform.is_degenerate)
        warn_of_a_doubtful_alpha(dataset)
        _warn_of_no_grid(dataset, has_transform)
        name = (header or path).name
        names, colours = raster_classes(dataset, fields, name)
        return source, {
            **described_bands(dataset, of_gdal.bands, fields, name),
            **raster_names_and_units(dataset, of_gdal.bands, fields),
            **scale_and_offset(
                dataset, of_gdal.bands, fields, name, are_applied=scales_are_applied
            ),
            "nodata": nodata,
            "files": (path, *map(Path, dataset.files), *(headers_beside(path) if fields else ())),
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
        if path.suffix.lower() in ENVI_ENDINGS:
            for header in headers_beside(path):
                try:
                    envi_fields(header, path)
                except ValueError as error:
                    raise ValueError(f"{path} is not read: {error}") from error
        raise


@contextlib.contextmanager
def _opened_raster(path: Path, *, with_coordinates: bool = False) -> Iterator[Any]:
    """Give what rasterio reads a file with, and close it."""
    optional_package("rasterio", f"{path.name}: open_scene")
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
    of_all = dataset.nodatavals
    values = {repr(of_all[band - 1]): of_all[band - 1] for band in bands}
    return values.popitem()[1] if len(values) == 1 else None


def _refuse_pages(dataset: Any, path: Path) -> None:
    """Raise if a TIFF has several images of one size, as stacks have: GDAL reads the first."""
    told = dataset.tags(ns="SUBDATASETS") if dataset.driver == "GTiff" else {}
    size = f"({dataset.width}P x {dataset.height}L x {dataset.count}B)"
    n_pages = sum(key.endswith("_DESC") and text.endswith(size) for key, text in told.items())
    if n_pages < 2:
        return
    raise ValueError(
        f"{path} has {n_pages} images of one size, of which GDAL reads one at a time. If they are "
        f"the bands, open_scene(numpy.concatenate([rasterio.open(f'GTIFF_DIR:{{page}}:{path}').read"
        f"() for page in range(1, {n_pages + 1})]), dims=('bands', 'rows', 'columns')). If not, "
        f"write the one that is meant to a file, gdal_translate GTIFF_DIR:1:{path} scene.tif."
    )


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
