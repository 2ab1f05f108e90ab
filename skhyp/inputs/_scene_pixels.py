"""ScenePixels: the pixels of a scene for training, as many at a time as memory is to hold."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from sklearn import get_config

from skhyp.files._fingerprints import fingerprint
from skhyp.scenes import Scene, open_scene
from skhyp.scenes._nodata import complete_pixels
from skhyp.scenes._windows import Window, warn_of_large_chunks
from skhyp.spectra._spectra import spectra_with

from ._known_wavelengths import as_scene
from ._validation import computation_dtype

_MIB = 2**20
# A window is made of so many blocks or more, from all over the scene.
_BLOCKS_PER_WINDOW = 16
# One window is trained on while the next one is read.
_WINDOWS_AT_ONCE = 2
# What is learned of the pixels before training is learned from no more of them than these.
_MAX_SAMPLE = 2**18


class ScenePixels:
    """The complete pixels of a scene, in windows that scikit-learn's ``working_memory`` holds.

    Of ``bands``, or of those that the scene does not list as bad. Pixels with the scene's own
    nodata, or with ``nodata``, are not complete; with ``all_complete``, one is an error.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        bands: np.ndarray | None = None,
        nodata: float | None = None,
        all_complete: bool = False,
    ):
        self.scene = scene
        if bands is None and scene.good_bands is not None and not scene.good_bands.all():
            bands = np.flatnonzero(scene.good_bands)
        self._bands = bands
        self._nodata = nodata
        self._all_complete = all_complete
        rows, columns, n_bands = scene.shape
        if bands is not None:
            n_bands = len(bands)
        pixel_bytes = n_bands * (
            scene.dtype.itemsize + np.dtype(computation_dtype(scene.dtype)).itemsize
        )
        limit = get_config()["working_memory"] * _MIB
        warn_of_large_chunks(scene.source, scene.name, limit / _MIB)
        self.fit_in_memory = rows * columns * pixel_bytes <= limit
        self._window_rows = max(1, int(limit / _WINDOWS_AT_ONCE / pixel_bytes))
        self._blocks = scene.windows(max(1, self._window_rows // _BLOCKS_PER_WINDOW))

    @property
    def numbers(self) -> str | None:
        """What the numbers of the scene are, where it is known."""
        return self.scene.numbers

    @property
    def wavelengths(self) -> np.ndarray | None:
        """Of the bands that are taken."""
        known = self.scene.wavelengths
        return known if known is None or self._bands is None else known[self._bands]

    def as_spectra(self, values: np.ndarray) -> np.ndarray:
        """Return values of the bands that are taken as Spectra, where wavelengths are known."""
        widths = self.scene.fwhm
        if widths is not None and self._bands is not None:
            widths = widths[self._bands]
        return spectra_with(values, self.wavelengths, self.numbers, fwhm=widths)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield the complete pixels block by block, where a block has some."""
        for number in range(len(self._blocks)):
            if len(spectra := self._block(number)):
                yield spectra

    def blocks_with_next(
        self,
    ) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[int, int]]]:
        """Yield blocks with the row and the column after them, where there are some.

        With each its pixels that are complete, and how many rows and columns are its own.
        """
        n_rows, n_columns, _ = self.scene.shape
        for window in self._blocks:
            rows, columns = window
            wider = Window(
                slice(rows.start, min(rows.stop + 1, n_rows)),
                slice(columns.start, min(columns.stop + 1, n_columns)),
            )
            block = self.scene.source.read(wider, self._bands)
            yield block, self._complete(block), window.shape

    def bands_without_data(self) -> list[int]:
        """Return the bands, of those that are taken, in which no pixel has data."""
        bands = np.arange(self.scene.shape[2]) if self._bands is None else self._bands
        has_data = np.zeros(len(bands), bool)
        for window in self._blocks:
            block = self.scene.source.read(window, self._bands)
            for place in np.flatnonzero(~has_data):
                has_data[place] = self._complete(block[..., place : place + 1]).any()
            if has_data.all():
                break
        return bands[~has_data].tolist()

    def read(self) -> np.ndarray:
        """Return all complete pixels, row by row of the scene."""
        spectra = np.concatenate([self._block(number) for number in range(len(self._blocks))])
        self._refuse_none(len(spectra))
        return spectra

    def survey(self) -> np.ndarray:
        """Read all of it once, to count the complete pixels; return a sample, evenly spaced.

        ``fingerprint`` is that of all of them afterwards, ``layout`` that of the windows.
        """
        rows, columns, _ = self.scene.shape
        step = -(-rows * columns // min(_MAX_SAMPLE, self._window_rows))
        sample: list[np.ndarray] = []
        counts: list[int] = []
        seen = []
        for number in range(len(self._blocks)):
            spectra = self._block(number)
            sample.append(spectra[-sum(counts) % step :: step])
            counts.append(len(spectra))
            seen.append(fingerprint(spectra))
        self.n_rows, self._counts = sum(counts), np.array(counts)
        self._refuse_none(self.n_rows)
        self.fingerprint = fingerprint(seen)
        self.layout = [self._window_rows, fingerprint(self._counts)]
        return np.concatenate(sample)

    def _refuse_none(self, n_rows: int) -> None:
        if not n_rows:
            self.refuse_to_learn_from_nothing()

    def refuse_to_learn_from_nothing(self) -> None:
        """Say that no pixel is complete, and which bands never have data."""
        never = self.bands_without_data()
        hint = ""
        if never:
            hint = (
                f" Bands {never} have none anywhere: list them as bad, open_scene(..., "
                "good_bands=), or leave them out by HypPreprocessor(bands=)."
            )
        raise ValueError(
            f"No pixel of {self.scene.name} has data in all bands that are taken: there is "
            f"nothing to learn from.{hint}"
        )

    def windows(self, rng: np.random.Generator | None) -> Iterator[np.ndarray]:
        """Yield all complete pixels in windows: of blocks drawn by ``rng``, or in their order."""
        numbers = np.arange(len(self._blocks))
        if rng is not None:
            numbers = rng.permutation(numbers)
        ends = np.cumsum(self._counts[numbers]) // self._window_rows
        groups = np.split(numbers, np.flatnonzero(np.diff(ends)) + 1)
        with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
            waiting = reader.submit(self._window, groups[0])
            for group in [*groups[1:], None]:
                spectra = waiting.result()
                if group is not None:
                    waiting = reader.submit(self._window, group)
                yield spectra

    def _window(self, numbers: np.ndarray) -> np.ndarray:
        return np.concatenate([self._block(number) for number in numbers])

    def _block(self, number: int) -> np.ndarray:
        block = self.scene.source.read(self._blocks[number], self._bands)
        complete = self._complete(block)
        if self._all_complete and not complete.all():
            raise ValueError(
                "Input X contains NaN or infinity: all spectra of a memory map must be complete."
            )
        return block[complete]

    def _complete(self, block: np.ndarray) -> np.ndarray:
        complete = complete_pixels(block, self.scene.nodata)
        return complete if self._nodata is None else complete & complete_pixels(block, self._nodata)


def as_scene_pixels(X: Any) -> ScenePixels | None:
    """Return the pixels of a scene, or of a memory map that is too large for memory; else None."""
    if (scene := as_scene(X)) is not None:
        return ScenePixels(scene)
    if isinstance(X, np.memmap) and X.ndim == 2 and X.dtype.kind in "iuf":
        pixels = ScenePixels(open_scene(np.asarray(X)[:, np.newaxis]), all_complete=True)
        return None if pixels.fit_in_memory else pixels
    return None
