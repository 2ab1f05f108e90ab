"""ChunkedBlocks: a scene in chunks of dask, computed where dask computes."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skhyp._optional_packages import optional_package

from ._pixel_models import PixelModel
from ._resampled import BlockResampling
from ._windows import Window
from .maps._map_layouts import MapLayout
from .maps._zarr_maps import cf_attributes
from .reading._band_names import OUTPUT, OUTPUT_UNITS
from .reading._xarrays import (
    data_array_axes,
    is_data_array,
)

if TYPE_CHECKING:
    import xarray


_MIB = 2**20
# Without a cluster, so many blocks are computed at a time.
_BATCH = 8


def is_chunked(scene: Any) -> bool:
    """Return whether something is a DataArray in chunks of dask."""
    return is_data_array(scene) and scene.chunks is not None


class ChunkedBlocks:
    """What a model gives for the chunks of a DataArray, as tasks of dask."""

    def __init__(
        self,
        model: PixelModel,
        array: xarray.DataArray,
        resampling: BlockResampling | None = None,
    ):
        import cloudpickle
        import dask

        self._model, self._array = model, array
        self._axes = data_array_axes(array)
        cube = array.data.transpose(self._axes)
        cube = (cube[..., np.newaxis] if cube.ndim == 2 else cube).rechunk({2: -1})
        row_sizes, column_sizes = (_at_least(model.halo, sizes) for sizes in cube.chunks[:2])
        if model.halo:
            cube = _with_halo(cube.rechunk((row_sizes, column_sizes, -1)), model.halo)
        outputs = {"drop_axis": 2} if model.n_outputs is None else {}
        chunks = (row_sizes, column_sizes)
        self._map = cube.map_blocks(
            _of_chunk,
            # One task: each worker gets the model once, whatever the number of chunks. It is
            # unpickled within a task, so that a worker that lacks a package can say so.
            model=dask.delayed(pickle.loads, pure=False)(cloudpickle.dumps((model, resampling))),
            dtype=model.dtype,
            chunks=chunks if model.n_outputs is None else (*chunks, (model.n_outputs,)),
            meta=np.empty((0,) * (2 if outputs else 3), model.dtype),
            **outputs,
        )
        self.windows = [
            Window(rows, columns)
            for rows, columns in product(_slices(row_sizes), _slices(column_sizes))
        ]

    def results(self, numbers: Iterable[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the number of a chunk and what the model gives for it, as they are finished."""
        import dask

        blocks = self._map.to_delayed().ravel()
        numbers = list(numbers)
        client = _current_client()
        if client is None:
            for batch in gen_batches(len(numbers), _BATCH):
                wanted = numbers[batch]
                computed = dask.compute(*(blocks[number] for number in wanted))
                yield from zip(wanted, computed, strict=True)
            return
        from distributed import as_completed

        futures = client.compute([blocks[number] for number in numbers])
        number_of = {future.key: number for future, number in zip(futures, numbers, strict=True)}
        completed = as_completed(futures, with_results=True)
        del futures  # so that a worker can drop what has arrived
        for future, values in completed:
            yield number_of[future.key], values

    def map(self, layout: MapLayout) -> xarray.DataArray:
        """Return the map as a DataArray that is computed when it is asked for."""
        xarray = optional_package("xarray", "A map of a DataArray")
        row_axis, column_axis, *_ = self._axes
        dims = [self._array.dims[row_axis], self._array.dims[column_axis]]
        coordinates = {
            name: coordinate
            for name, coordinate in self._array.coords.items()
            if set(coordinate.dims) <= set(dims)
        }
        if "spatial_ref" in coordinates and set(dims) <= set(coordinates):
            # The coordinates say it, and stay right where the map is cut.
            reference = coordinates["spatial_ref"].copy()
            reference.attrs = {k: v for k, v in reference.attrs.items() if k != "GeoTransform"}
            coordinates["spatial_ref"] = reference
        if layout.n_outputs is not None:
            dims.append(OUTPUT)
            if layout.output_names is not None:
                coordinates[OUTPUT] = (OUTPUT, list(layout.output_names))
            if layout.units is not None:
                coordinates[OUTPUT_UNITS] = (OUTPUT, list(layout.units))
        return xarray.DataArray(
            self._map, coordinates, dims, name=self._model.method, attrs=cf_attributes(layout)
        )


def _of_chunk(
    block: NDArray[Any],
    model: tuple[PixelModel, BlockResampling | None],
    block_info: Any = None,
) -> NDArray[Any]:
    model, resampling = model
    block = np.asarray(block)
    if resampling is not None:
        block = resampling(block[..., resampling.bands])
    values = model(block if model.bands is None else block[..., model.bands])
    if not model.halo:
        return values
    places = zip(block_info[0]["chunk-location"], block_info[0]["num-chunks"], strict=True)
    own = [
        slice(model.halo if place else 0, -model.halo if place < n_chunks - 1 else None)
        for place, n_chunks in places
    ]
    return values[tuple(own[:2])]


def _with_halo(cube: Any, halo: int) -> Any:
    """Return an array whose chunks have pixels of those around them."""
    from dask.array.overlap import overlap

    depth = {axis: halo if len(cube.chunks[axis]) > 1 else 0 for axis in (0, 1)}
    return overlap(cube, depth | {2: 0}, boundary="none", allow_rechunk=False)


def _at_least(halo: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Return sizes of chunks that are no smaller than a halo, where there are several."""
    merged: list[int] = []
    for size in sizes:
        if merged and merged[-1] < halo:
            merged[-1] += size
        else:
            merged.append(size)
    if len(merged) > 1 and merged[-1] < halo:
        last = merged.pop()
        merged[-1] += last
    return tuple(merged)


def _current_client() -> Any:
    """Return the client of a cluster, if there is one."""
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None


def _slices(sizes: tuple[int, ...]) -> list[slice]:
    edges = [0, *np.cumsum(sizes).tolist()]
    return [slice(start, stop) for start, stop in pairwise(edges)]
