"""ReadBlocks: a scene computed block by block, each read while the one before is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._pixel_models import PixelModel
from ._scene import Scene
from ._windows import Window, warn_of_large_chunks, windows_with_halo

_MIB = 2**20
# One is being read, another waits, and a third is computed.
_BLOCKS_AT_ONCE = 3
# What an estimator makes of each number on the way, if all goes by float64 once.
_COMPUTED_BYTES = 8


class ReadBlocks:
    """What a model gives for the windows of a scene, in blocks of bounded size."""

    def __init__(self, model: PixelModel, scene: Scene, working_memory: int):
        self._model, self._scene = model, scene
        warn_of_large_chunks(scene.source, scene.name, working_memory, stacklevel=4)
        n_bands = scene.shape[2] if model.bands is None else len(model.bands)
        pixel_bytes = n_bands * (_BLOCKS_AT_ONCE * scene.dtype.itemsize + _COMPUTED_BYTES)
        pixel_bytes += 2 * (model.n_outputs or 1) * model.dtype.itemsize + model.halo_bytes
        self.windows = windows_with_halo(
            scene.shape[:2],
            scene.source.tile,
            max(1, working_memory * _MIB // pixel_bytes),
            model.halo,
        )
        if not self.windows:
            needed = -(-((2 * model.halo + 1) ** 2) * pixel_bytes // _MIB)
            raise ValueError(
                f"working_memory must be {needed} MiB or more for a pixel with the {model.halo} "
                f"around it that smoothing looks at, and better several times that; got "
                f"{working_memory}. Or lower n_iterations."
            )

    def results(self, numbers: Iterable[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the number of a window and what the model gives for it."""
        numbers = iter(numbers)
        waiting: deque[Future] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
            try:
                while True:
                    while len(waiting) < _BLOCKS_AT_ONCE - 1:
                        if (number := next(numbers, None)) is None:
                            break
                        waiting.append(reader.submit(self._read, number))
                    if not waiting:
                        return
                    number, block, has_data = waiting.popleft().result()
                    if (following := next(numbers, None)) is not None:
                        waiting.append(reader.submit(self._read, following))
                    values = self._model.respond(block, has_data)
                    yield number, values[self.windows[number].within(self._read_window(number))]
                    del block
            finally:
                for future in waiting:
                    future.cancel()

    def _read(self, number: int) -> tuple[int, NDArray[Any], NDArray[np.bool_]]:
        block = self._scene.source.read(self._read_window(number), self._model.bands)
        return number, block, self._model.has_data(block)

    def _read_window(self, number: int) -> Window:
        return self.windows[number].widened(self._model.halo, self._scene.shape[:2])
