"""Labels on a finer grid than the scene's: the class that most of a pixel has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._coordinates import POINTS_ON_SIDE, outline, pixel_coordinates, placed, reprojected
from ._nodata import complete_pixels
from ._scene import Scene
from ._shapes import check_labels
from ._windows import Window, covering_windows
from .reading._reference_systems import are_same_systems

# Labels are looked up at so many places at once.
_PLACES_AT_ONCE = 2**21
# Counts are compared with this much of rounding, sizes of pixels with so much.
_ROUNDING = 1e-6
_SAME_SIZE = 0.01


class FinerLabels:
    """A map of labels with coordinates, looked up at places within the pixels of a scene.

    In each pixel there are as many rows and columns of places, evenly apart, as the map has pixels
    along the sides of it, or the next number above: grids that fit are counted pixel by pixel.
    """

    def __init__(self, labels: Scene, scene: Scene):
        for each in (labels, scene):
            if each.transform is None:
                raise ValueError(
                    f"{each.name} does not say where it lies: it has no transform, by which labels "
                    "of another grid could be found."
                )
        self.labels = labels
        self.scene = scene
        self.n_zeros = 0
        systems = (labels.crs, scene.crs)
        self._systems = None if are_same_systems(*systems) else systems
        middle = np.array(self.scene.shape[1::-1]) / 2
        steps = self._in_labels(middle + np.array([[0, 0], [1, 0], [0, 1]]))
        sizes = [float(np.hypot(*(step - steps[0]))) for step in steps[1:]]
        self._n_across, self._n_down = (int(np.ceil(size - _SAME_SIZE)) for size in sizes)
        if min(sizes) < 1 - _SAME_SIZE:
            raise ValueError(
                f"labels must be as fine as the scene or finer; a pixel of {scene.name} is "
                f"{sizes[1]:.2f} x {sizes[0]:.2f} pixels of {labels.name}. Resample the labels to "
                "the scene, as with rasterio.warp.reproject and Resampling.nearest."
            )

    def majority(self, min_coverage: float) -> NDArray[np.int64]:
        """Return the class of each pixel of the scene of which it covers enough, and most.

        Where two cover the same, none does.
        """
        found = np.zeros(self.scene.shape[:2], np.int64)
        (top, bottom), (left, right) = self._rectangle()
        if top >= bottom or left >= right:
            raise ValueError(f"{self.labels.name} and {self.scene.name} do not overlap.")
        n_places = self._n_across * self._n_down
        windows = covering_windows(
            (bottom - top, right - left), (1, right - left), max(1, _PLACES_AT_ONCE // n_places)
        )
        for rows, columns in windows:
            window = Window(
                slice(rows.start + top, rows.stop + top),
                slice(columns.start + left, columns.stop + left),
            )
            samples = self._samples(window)
            best, most = np.zeros((2, len(samples)), np.int64)
            is_tie = np.zeros(len(samples), bool)
            for label in np.unique(samples[samples > 0]):
                counts = np.count_nonzero(samples == label, axis=1)
                is_tie = np.where(counts == most, True, is_tie & (counts < most))
                best, most = np.where(counts > most, label, best), np.maximum(counts, most)
            is_enough = (most >= min_coverage * n_places - _ROUNDING) & ~is_tie
            found[window] = np.where(is_enough & (most > 0), best, 0).reshape(window.shape)
        return found

    def _samples(self, window: Window) -> NDArray[np.int64]:
        """Return the labels within each pixel of a window, row by row, 0 where there are none."""
        (rows, columns), (n_rows, n_columns) = window, window.shape
        down = rows.start + (np.arange(n_rows * self._n_down) + 0.5) / self._n_down
        across = columns.start + (np.arange(n_columns * self._n_across) + 0.5) / self._n_across
        points = np.column_stack([np.tile(across, len(down)), np.repeat(down, len(across))])
        places = np.floor(self._in_labels(points))
        places = places[:, ::-1]
        is_inside = np.all((places >= 0) & (places < self.labels.shape[:2]), axis=1)
        samples = np.zeros(len(points), np.int64)
        if is_inside.any():
            samples[is_inside] = self._read(places[is_inside].astype(np.intp))
        shape = (n_rows, self._n_down, n_columns, self._n_across)
        return samples.reshape(shape).transpose(0, 2, 1, 3).reshape(n_rows * n_columns, -1)

    def _read(self, places: NDArray[np.intp]) -> NDArray[np.int64]:
        first, last = places.min(axis=0), places.max(axis=0) + 1
        rows, columns = (slice(*ends) for ends in zip(first, last, strict=True))
        block = np.asarray(self.labels.read(rows=rows, columns=columns))
        label_map = block[..., 0].copy()
        missing = ~complete_pixels(block, self.labels.nodata)
        self.n_zeros += int(np.count_nonzero(label_map[~missing] == 0))
        label_map[missing] = 0
        label_map = check_labels(label_map, label_map.shape, like=self.labels.name)
        return label_map.astype(np.int64)[tuple((places - first).T)]

    def _in_labels(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return columns and rows of the labels, of columns and rows of the scene."""
        assert self.scene.transform is not None and self.labels.transform is not None
        points = placed(self.scene.transform, pixels)
        if self._systems is not None:
            points = reprojected(points, *self._systems[::-1], self.scene.name)
        return pixel_coordinates(self.labels.transform, points)

    def _rectangle(self) -> list[tuple[int, int]]:
        """Return the first and last row, and column, of the scene that the labels may lie in."""
        assert self.scene.transform is not None and self.labels.transform is not None
        points = outline(self.labels.transform, self.labels.shape)
        if self._systems is not None:
            points = reprojected(points, *self._systems, self.labels.name)
        places = pixel_coordinates(self.scene.transform, points)[:, ::-1]
        # Sides may be bowed between the points.
        margin = 1 + np.ptp(places, axis=0) / POINTS_ON_SIDE
        low, high = places.min(axis=0) - margin, places.max(axis=0) + margin
        return [
            (int(np.clip(np.floor(a), 0, n)), int(np.clip(np.ceil(b), 0, n)))
            for a, b, n in zip(low, high, self.scene.shape, strict=False)
        ]
