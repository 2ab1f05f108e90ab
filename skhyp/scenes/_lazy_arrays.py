"""Scenes as DataArrays in chunks of dask, which are read where they are computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skhyp._optional_packages import optional_package
from skhyp.files._fingerprints import fingerprint

from ._identity import scene_identity
from ._image import Image
from ._windows import Window
from .reading._xarrays import (
    SOURCE_BANDS,
    is_data_array,
    pixel_coordinates,
    reference_attributes,
)

if TYPE_CHECKING:
    import xarray


_MIB = 2**20
# Without a cluster, so many blocks are computed at a time.
_BATCH = 8


def is_chunked(scene: Any) -> bool:
    """Return whether something is a DataArray in chunks of dask."""
    return is_data_array(scene) and scene.chunks is not None


def as_data_array(image: Image, chunk_memory: int) -> xarray.DataArray:
    """Return a scene as a DataArray whose chunks are read where they are computed."""
    xarray = optional_package("xarray", "to_xarray")
    optional_package("dask", "to_xarray")
    import dask.array

    if chunk_memory < 1:
        raise ValueError(f"chunk_memory must be 1 MiB or more; got {chunk_memory!r}.")
    n_bands = image.shape[2]
    windows = image.windows(max(1, chunk_memory * _MIB // (n_bands * image.dtype.itemsize)))
    row_sizes = [window.shape[0] for window in windows if window.columns.start == 0]
    column_sizes = [window.shape[1] for window in windows if window.rows.start == 0]
    # Named after what is read: a map that is gone on with later must know it again.
    token = fingerprint([scene_identity(image), row_sizes, column_sizes])
    data = dask.array.map_blocks(
        _read_chunk,
        source=dask.delayed(image.source, name=f"source-{token}"),
        token=token,
        chunks=(tuple(row_sizes), tuple(column_sizes), (n_bands,)),
        dtype=image.dtype,
        meta=np.empty((0, 0, 0), image.dtype),
    )
    coordinates: dict[str, Any] = pixel_coordinates(*image.shape[:2], image.transform)
    if reference := reference_attributes(image.crs, image.transform):
        coordinates["spatial_ref"] = ((), 0, reference)
    if image.wavelengths is not None:
        coordinates["wavelength"] = ("band", image.wavelengths, {"units": "nm"})
        # Whoever leaves out bands by xarray leaves a gap.
        whole = np.arange(n_bands) if image.source_bands is None else image.source_bands
        coordinates[SOURCE_BANDS] = ("band", whole)
    if image.fwhm is not None:
        coordinates["fwhm"] = ("band", image.fwhm, {"units": "nm"})
    if image.good_bands is not None:
        coordinates["good_bands"] = ("band", image.good_bands)
    attributes: dict[str, Any] = {} if image.nodata is None else {"_FillValue": image.nodata}
    # As xarray has it of numbers to which they are not applied.
    for of_all, by_band, value in (
        ("scale_factor", "scales", image.scale),
        ("add_offset", "offsets", image.offset),
    ):
        if value is not None:
            attributes[by_band if np.ndim(value) else of_all] = np.asarray(value).tolist()
    if reference:
        attributes["grid_mapping"] = "spatial_ref"
    return xarray.DataArray(
        data, coordinates, ("y", "x", "band"), name=Path(image.name).stem, attrs=attributes
    )


def _read_chunk(source: Any, block_info: Any = None) -> NDArray[Any]:
    (row_start, row_stop), (column_start, column_stop), _ = block_info[None]["array-location"]
    window = Window(slice(row_start, row_stop), slice(column_start, column_stop))
    return source.read(window, None)
