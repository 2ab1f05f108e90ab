"""CubeLayout: the files of a sensor of one's own, declared by where they have what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._dimension_names import ROLES
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._hdf5_files import is_hdf5

from ._hdf5_layouts import Hdf5Layout, Opened, by_convention
from ._hdf5_members import wkt_of
from ._product import RADIANCE, REFLECTANCE, Asked

_UNITS = {REFLECTANCE: "1", RADIANCE: None}


@dataclass(frozen=True, kw_only=True)
class CubeLayout:
    """Where HDF5 files, or those of netCDF 4, of one sensor have what, for :func:`open_scene`.

    Places are paths in the file, without regard to capitals; a part of a path may be ``*``, and
    ``{group}`` is the group that the cube is in. ``@name`` is an attribute of the cube.

    Parameters
    ----------
    cube : str
        The place of the spectra.
    wavelengths : str
        The place of the wavelengths; in nm or, if an attribute `units` or their size says so, in
        micrometres.
    fwhm : str, default=None
        The place of the widths of the bands, in the same unit.
    good_bands : str, default=None
        The place of a list that is 1 for good bands. Without one, bands of reflectance within the
        windows of water vapour are listed as bad.
    dims : sequence of str, default=("rows", "columns", "bands")
        What the stored dimensions of the cube are, in their order, where they have no names.
    quantity : {"reflectance", "radiance"}, default="reflectance"
        What the numbers are, when they were multiplied by `scale` and `offset` was added.
    scale, offset : float, default=None
        ``None``: the attributes scale_factor and add_offset of the cube, or 1 and 0.
    missing : float, default=None
        The stored number of missing data. ``None``: the nodata of the cube, if it states one.
    crs : str, default=None
        The reference system, in any form that rasterio knows, such as "EPSG:32633".
    transform : tuple of six float, default=None
        Where the cube lies, as that of a :class:`Scene`.

    Raises
    ------
    ValueError
        If a value is not as described.

    Examples
    --------
    >>> import tempfile
    >>> import h5py
    >>> import numpy as np
    >>> from skhyp.scenes import CubeLayout, open_scene
    >>> path = tempfile.mkdtemp() + "/flight.h5"
    >>> with h5py.File(path, "w") as file:
    ...     file["flight/spectra"] = np.full((3, 4, 5), 2500, np.uint16)  # bands first
    ...     file["flight/centres"] = [450.0, 550, 650]
    >>> layout = CubeLayout(
    ...     cube="*/spectra",
    ...     wavelengths="{group}/centres",
    ...     dims=("bands", "rows", "columns"),
    ...     scale=1e-4,
    ...     missing=65535,
    ... )
    >>> scene = open_scene(path, layout=layout)
    >>> scene.shape, float(scene.read()[0, 0, 0])
    ((4, 5, 3), 0.25)
    """

    cube: str
    wavelengths: str
    fwhm: str | None = None
    good_bands: str | None = None
    dims: Sequence[str] = ("rows", "columns", "bands")
    quantity: str = REFLECTANCE
    scale: float | None = None
    offset: float | None = None
    missing: float | None = None
    crs: str | None = None
    transform: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.dims, str) or sorted(self.dims) != sorted(ROLES):
            raise ValueError(f"dims must be {', '.join(ROLES)} in some order; got {self.dims!r}.")
        if self.quantity not in _UNITS:
            raise ValueError(f"quantity must be one of {list(_UNITS)}; got {self.quantity!r}.")
        for name in ("scale", "offset", "missing"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, str | bool) or np.ndim(value)):
                raise ValueError(f"{name} must be a number or None; got {value!r}.")
        if self.scale is not None and not (np.isfinite(self.scale) and self.scale != 0):
            raise ValueError(f"scale must be finite and not 0; got {self.scale!r}.")
        if self.transform is not None and np.shape(self.transform) != (6,):
            raise ValueError(f"transform must be six numbers; got {self.transform!r}.")

    def opened(self, asked: Asked) -> tuple[Source, dict[str, Any]]:
        """Return what reads a file of this layout, and what is known of it."""
        path = asked.path
        if not path.is_file() or not is_hdf5(path):
            raise ValueError(
                f"layout is for files of HDF5 and netCDF 4; {printable(path)} is none."
            )
        return self._layout().product().opened(asked)

    def _layout(self) -> Hdf5Layout:
        first, second, third = self.dims
        return Hdf5Layout(
            sensor="the layout that was given",
            is_it=lambda file: True,
            cubes={self.cube: (self.quantity, _UNITS[self.quantity])},
            dims=(first, second, third),
            wavelengths=self.wavelengths,
            fwhm=self.fwhm,
            good=self.good_bands,
            missing=np.nan if self.missing is None else float(self.missing),
            scale=self._scale,
            place=self._place,
        )

    def _scale(self, attributes: Mapping[str, Any], path: Path) -> tuple[float, float]:
        if self.scale is not None and self.offset is not None:
            return float(self.scale), float(self.offset)
        scale, offset = by_convention(attributes, path)
        return (
            scale if self.scale is None else float(self.scale),
            offset if self.offset is None else float(self.offset),
        )

    def _place(self, opened: Opened) -> dict[str, Any]:
        crs = None if self.crs is None else wkt_of(opened.path, self.crs, "crs of the layout")
        transform = None if self.transform is None else tuple(map(float, self.transform))
        return {"crs": crs, "transform": transform}
