"""Image: what is known of an image of spectra, of which blocks are read when asked for.

What works on scenes and is told of them by a :class:`Scene` takes this, which knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.spectra._spectra import spectra_with
from skhyp.wavelengths import wavelength_names

from ._pixel_positions import validate_positions
from ._windows import Source, Window, covering_windows

if TYPE_CHECKING:
    from ._swath_lookups import SwathLookup


@dataclass(frozen=True, eq=False, kw_only=True)
class Image:
    """The facts of a scene, which :class:`Scene` documents, and the reading of its pixels."""

    source: Source
    name: str
    wavelengths: NDArray[np.float64] | None = None
    fwhm: NDArray[np.float64] | None = None
    good_bands: NDArray[np.bool_] | None = None
    bad_bands_by: str | None = None
    nodata: float | None = None
    source_bands: NDArray[np.intp] | None = None
    band_names: list[str] | None = None
    units: list[str] | None = None
    scale: float | NDArray[np.float64] | None = None
    offset: float | NDArray[np.float64] | None = None
    crs: str | None = None
    transform: tuple[float, ...] | None = None
    class_names: dict[int, str] | None = None
    class_colours: dict[int, str] | None = None
    numbers: str | None = None
    lookup: SwathLookup | None = None
    files: tuple[Path, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and bands."""
        return self.source.shape

    @property
    def ndim(self) -> int:
        """Three."""
        return 3

    @property
    def dtype(self) -> np.dtype:
        """Of the stored numbers."""
        return self.source.dtype

    @property
    def feature_names(self) -> list[str] | None:
        """The wavelengths as names of columns, such as "450.5 nm", or None."""
        return None if self.wavelengths is None else wavelength_names(self.wavelengths).tolist()

    def read(
        self, *, rows: slice | None = None, columns: slice | None = None, bands: Any = None
    ) -> NDArray[Any]:
        """Read a part of the scene.

        Parameters
        ----------
        rows, columns : slice, default=None
            Which pixels, in steps of 1. None are all.
        bands : array-like of int or of bool, default=None
            Which bands, in which order, or a mask of them. None are all.

        Returns
        -------
        cube : ndarray of shape (n_rows, n_columns, n_bands)
            In the dtype of the scene; :class:`~skhyp.spectra.Spectra`, which know their
            wavelengths, where the scene does.

        Raises
        ------
        ValueError
            If the part does not lie within the scene.
        OSError
            If the file cannot be read, or if memory does not hold what is asked for.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp.scenes import open_scene
        >>> scene = open_scene(np.arange(60).reshape(4, 5, 3))
        >>> scene.read(rows=slice(0, 2), columns=slice(0, 1), bands=[2, 0])
        array([[[ 2,  0]],
        <BLANKLINE>
               [[17, 15]]])
        """
        window = Window(
            _validated_slice("rows", rows, self.shape[0]),
            _validated_slice("columns", columns, self.shape[1]),
        )
        chosen = self.band_indices(bands)
        cube = self.source.read(window, chosen)
        return self._as_spectra(cube, chosen)

    def windows(self, max_pixels: int) -> list[Window]:
        """Return rectangles that cover the scene, along what the file stores together.

        Parameters
        ----------
        max_pixels : int
            The size of the largest.

        Returns
        -------
        windows : list of (rows, columns)
            Two slices each, row by row, and each pixel once: ``scene.read(rows=window.rows,
            columns=window.columns)``.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp.scenes import open_scene
        >>> scene = open_scene(np.arange(60).reshape(4, 5, 3))
        >>> [window.rows for window in scene.windows(max_pixels=10)]
        [slice(0, 2, None), slice(2, 4, None)]
        """
        return covering_windows(self.shape[:2], self.source.tile, max_pixels)

    def spectra_at(self, positions: ArrayLike, *, bands: Any = None) -> NDArray[Any]:
        """Read the spectra of some pixels, one a row.

        Parameters
        ----------
        positions : array-like of int, shape (n_pixels, 2)
            The row and the column of each, in any order.
        bands : array-like of int or of bool, default=None
            Which bands, in which order, or a mask of them. None are all.

        Returns
        -------
        X : ndarray of shape (n_pixels, n_bands)
            In the dtype of the scene; :class:`~skhyp.spectra.Spectra`, which know their
            wavelengths, where the scene does. Of the file, only tiles with one of the pixels are
            read.

        Raises
        ------
        ValueError
            If positions are no integers, or do not lie within the scene, or if there are no such
            bands.

        Examples
        --------
        >>> import numpy as np
        >>> from skhyp.scenes import open_scene
        >>> scene = open_scene(np.arange(60).reshape(4, 5, 3))
        >>> scene.spectra_at([[3, 4], [0, 1]])
        array([[57, 58, 59],
               [ 3,  4,  5]])
        """
        positions = validate_positions(positions, within=self.shape[:2])
        chosen = self.band_indices(bands)
        n_bands = self.shape[2] if chosen is None else len(chosen)
        spectra = np.empty((len(positions), n_bands), self.dtype)
        for window, members in self._windows_with(positions):
            block = self.source.read(window, chosen)
            rows, columns = (positions[members] - [window.rows.start, window.columns.start]).T
            spectra[members] = block[rows, columns]
        return self._as_spectra(spectra, chosen)

    def _as_spectra(self, values: NDArray[Any], bands: NDArray[np.intp] | None) -> NDArray[Any]:
        """Return numbers of some bands as Spectra, where the wavelengths are known."""
        whole = slice(None) if bands is None else bands
        wavelengths = None if self.wavelengths is None else self.wavelengths[whole]
        places = np.arange(self.shape[2]) if self.source_bands is None else self.source_bands
        fwhm = None if self.fwhm is None else self.fwhm[whole]
        return spectra_with(values, wavelengths, self.numbers, places[whole], fwhm)

    def _windows_with(self, positions: NDArray[Any]) -> Iterator[tuple[Window, NDArray[np.intp]]]:
        """Yield the windows in which positions lie, and which of them."""
        windows = self.windows(max(1, 2**24 // (self.shape[2] * self.dtype.itemsize)))
        row_starts = sorted({window.rows.start for window in windows})
        column_starts = sorted({window.columns.start for window in windows})
        numbers = len(column_starts) * (
            np.searchsorted(row_starts, positions[:, 0], side="right") - 1
        ) + (np.searchsorted(column_starts, positions[:, 1], side="right") - 1)
        for number in np.unique(numbers):
            yield windows[number], np.flatnonzero(numbers == number)

    def band_indices(self, bands: Any) -> NDArray[np.intp] | None:
        """Return the indices that integers or a mask of bands stand for; None is all."""
        if bands is None:
            return None
        n_bands = self.shape[2]
        indices = np.asarray(bands)
        if indices.dtype == bool and indices.shape == (n_bands,):
            indices = np.flatnonzero(indices)
        if not indices.size:
            raise ValueError("bands must keep one band or more; got none.")
        if indices.ndim != 1 or indices.dtype.kind not in "iu":
            raise ValueError(
                f"bands must be integers, or a mask of {n_bands} booleans; got {bands!r}."
            )
        if indices.min() < 0 or indices.max() >= n_bands:
            raise ValueError(f"bands must lie between 0 and {n_bands - 1}; got {bands!r}.")
        return indices.astype(np.intp)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of it."""
        if copy is False:
            raise ValueError(f"{self.name} is read from its file: this always makes a copy.")
        cube = np.asarray(self.read())
        return cube if dtype is None else cube.astype(dtype, copy=False)

    def __repr__(self) -> str:
        rows, columns, n_bands = self.shape
        bands = "1 band" if n_bands == 1 else f"{n_bands} bands"
        facts = [f"{rows} rows x {columns} columns x {bands} of {self.dtype}"]
        if self.wavelengths is not None:
            facts.append(f"{self.wavelengths.min():g} to {self.wavelengths.max():g} nm")
        if self.good_bands is not None and not self.good_bands.all():
            facts.append(f"{np.count_nonzero(~self.good_bands)} of them bad")
        if self.nodata is not None:
            facts.append(f"nodata {self.nodata:g}")
        for fact, value in (("scale", self.scale), ("offset", self.offset)):
            if value is not None:
                facts.append(f"{fact} {_by_band(value)}")
        facts.append("no coordinates" if self.transform is None else "georeferenced")
        return f"<Scene {self.name}: {', '.join(facts)}>"


def _by_band(value: float | NDArray[np.float64]) -> str:
    if np.ndim(value) == 0:
        return f"{value:g}"
    return f"{np.min(value):g} to {np.max(value):g} by band"


def _validated_slice(argument: str, part: slice | None, length: int) -> slice:
    if part is None:
        return slice(0, length)
    if not isinstance(part, slice) or part.step not in (None, 1):
        raise ValueError(f"{argument} must be a slice in steps of 1; got {part!r}.")
    start, stop, _ = part.indices(length)
    if start >= stop or (part.stop is not None and part.stop > length):
        raise ValueError(
            f"{argument} must be a slice within {length} {argument}, not empty; got {part!r}."
        )
    return slice(start, stop)
