"""Scenes that are arrays: in NumPy files, in memory, and whatever else is indexed by slices."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._windows import Window, bands_at_once

from ._dimension_names import Given, axes_of_dims
from ._file_errors import reading


@dataclass(frozen=True)
class ArraySource:
    """An array, opened when it is read, with rows, columns and bands in any order.

    ``axes`` says which of the stored axes these are; a label map has no third.
    """

    opened: Callable[[], AbstractContextManager[Any]]
    shape: tuple[int, int, int]
    dtype: np.dtype
    tile: tuple[int, int]
    axes: tuple[int, ...]
    # Which numbers of its files these are; None where there are none.
    identity: Any = None
    # The file, for messages; None is none.
    path: Path | None = None
    chunk_bytes: int = 0
    # So many are read together.
    n_bands_at_once: int | None = None

    @classmethod
    def of(
        cls,
        opened: Callable[[], AbstractContextManager[Any]],
        axes: Sequence[int],
        *,
        tile: tuple[int, int] | None = None,
        identity: Any = None,
        path: Path | None = None,
        is_packed: bool = True,
    ) -> ArraySource:
        """Return the source of an array whose shape says the rest.

        If it ``is_packed``, its chunks, where it has any, can only be read whole.
        """
        with opened() as array:
            lengths = tuple(array.shape[axis] for axis in axes)
            dtype = np.dtype(array.dtype)
            chunks = getattr(array, "chunks", None)
        shape = (lengths[0], lengths[1], lengths[2] if len(lengths) == 3 else 1)
        chunk_bytes, n_bands_at_once = 0, None
        if chunks is not None and all(isinstance(length, int) for length in chunks):
            chunk = [min(chunks[axis], length) for axis, length in zip(axes, lengths, strict=True)]
            tile = tile or (chunk[0], chunk[1])
            if is_packed:
                chunk_bytes = math.prod(chunk) * dtype.itemsize
                n_bands_at_once = bands_at_once(chunk_bytes, [*chunk, 1][2], shape[2])
        return cls(
            opened,
            shape,
            dtype,
            tile or (1, shape[1]),
            tuple(axes),
            identity,
            path,
            chunk_bytes,
            n_bands_at_once,
        )

    def read(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return an array (rows, columns, bands) of a window, of all bands or of some."""
        with reading(self.path, window):
            return self._block(window, bands)

    def _block(self, window: Window, bands: NDArray[np.intp] | None) -> NDArray[Any]:
        parts = (window.rows, window.columns)
        all_bands = slice(0, self.shape[2])
        with self.opened() as array:
            if len(self.axes) == 2:
                block = np.array(self._part(array, *parts)[..., np.newaxis], order="C")
            elif isinstance(array, np.ndarray):  # a map of a file: a view, and then a copy
                block = self._part(array, *parts, all_bands)
                block = np.array(block if bands is None else block[..., bands], order="C")
            else:  # not everything that is indexed by slices takes lists
                wanted, places = np.arange(self.shape[2]), None
                if bands is not None:
                    wanted, places = np.unique(bands, return_inverse=True)
                together = wanted // (self.n_bands_at_once or self.shape[2])
                is_apart = (np.diff(wanted) > 1) | (np.diff(together) > 0)
                runs = np.split(wanted, np.flatnonzero(is_apart) + 1)
                block = np.empty((*window.shape, len(wanted)), self.dtype)
                for run in runs:
                    first = np.searchsorted(wanted, run[0])
                    block[..., first : first + len(run)] = self._part(
                        array, *parts, slice(int(run[0]), int(run[-1]) + 1)
                    )
                block = block if places is None else block[..., places]
        return np.ascontiguousarray(block)

    def _part(self, array: Any, *parts: slice) -> NDArray[Any]:
        """Return a part of the array, with its axes in the order of a scene."""
        index: list[Any] = [None] * len(parts)
        for axis, part in zip(self.axes, parts, strict=True):
            index[axis] = part
        return np.asarray(array[tuple(index)]).transpose(self.axes)


def numpy_source(path: Path, given: Given) -> ArraySource:
    """Return the source of a ``.npy`` file: (rows, columns, bands), or a map of labels."""
    opened = partial(_numpy_file, path)
    with opened() as array:
        axes = _axes_of(path.name, array.shape, given)
    return ArraySource.of(opened, axes, identity="npy", path=path)


def memory_source(array: NDArray[Any], name: str, given: Given) -> ArraySource:
    """Return the source of an array that is there already."""
    return ArraySource.of(partial(nullcontext, array), _axes_of(name, array.shape, given))


def _axes_of(name: str, shape: tuple[int, ...], given: Given) -> tuple[int, ...]:
    """Return the axes of an array that says nothing of itself."""
    if len(shape) not in (2, 3):
        raise ValueError(
            f"{name} must hold an array (rows, columns, bands), or (rows, columns) of labels; "
            f"got shape {shape}."
        )
    if given.dims is not None:
        return axes_of_dims(given.dims, len(shape))
    if len(shape) == 3 and given.n_bands not in (None, shape[2]) and given.n_bands in shape:
        raise ValueError(
            f"{name} must have the shape (rows, columns, bands): there are {given.n_bands} "
            f"wavelengths or flags of bands, and the shape is {shape}. If its bands come first, "
            "open_scene(..., dims=('bands', 'rows', 'columns'))."
        )
    return tuple(range(len(shape)))


@contextlib.contextmanager
def _numpy_file(path: Path) -> Iterator[NDArray[Any]]:
    """Give the array of a file, mapped anew each time: pages of former blocks are let go."""
    yield np.load(path, mmap_mode="r", allow_pickle=False)
