"""open_scene: from a path, or an array, to a Scene."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.scenes._scene import Scene
from skhyp.scenes._shapes import check_cube
from skhyp.scenes._windows import Source
from skhyp.spectra import Spectra
from skhyp.wavelengths import validate_wavelengths

from ._arrays import memory_source, numpy_source
from ._bands import fwhm_in_nm, good_bands_of, wavelengths_in_nm
from ._dimension_names import Given
from ._envi_files import envi_data_file
from ._file_errors import opening, printable
from ._foreign_files import refuse_file, refuse_folder, refuse_name
from ._foreign_objects import place_of, refuse_object
from ._hdf5_files import hdf5_source, is_hdf5
from ._matlab_files import matlab_source
from ._netcdf3_files import is_netcdf3, netcdf3_source
from ._origins import files_behind
from ._raster_scales import stored_numbers
from ._rasters import raster_scene
from ._tiles import scene_of_tiles, tiles_of
from ._xarrays import data_array_source, is_data_array
from ._zarr_stores import is_zarr, zarr_source
from .products._cube_layout import CubeLayout
from .products._product import Asked
from .products._product_table import product_scene

if TYPE_CHECKING:
    import xarray
    from typing_extensions import TypeIs

# Files that say that they have more bytes than this are looked at again.
_LARGEST_UNQUESTIONED = 2**44
# So many times as much as is stored may come out of it: parts of a file may be left out.
_MOST_PACKED = 2**20
_WITH_VARIABLES = "MATLAB files and Zarr stores, HDF5 and netCDF"
# Rasters of formats that are HDF5 within, and that GDAL knows.
_HDF5_OF_GDAL = (".bag", ".kea")
_OF_SPECTRA = ("wavelengths", "fwhm", "numbers", "source_bands")


def open_scene(
    path: str | PathLike | Sequence[Any] | xarray.DataArray | ArrayLike,
    *,
    variable: str | None = None,
    dims: Sequence[str] | None = None,
    wavelengths: ArrayLike | None = None,
    good_bands: ArrayLike | None = None,
    nodata: float | None = None,
    raw: bool = False,
    layout: CubeLayout | None = None,
) -> Scene:
    """Open a file as a scene, of which blocks are read when they are asked for.

    =====================  ====================================================================
    ENVI                   the ``.hdr`` or the data, any interleave; by rasterio
    GeoTIFF, and others    whatever GDAL reads as a raster; by rasterio
    HDF5, netCDF           by blocks; by h5py, of version 3 of netCDF by SciPy
    MATLAB ``.mat``        version 7.3 by h5py, by blocks; older ones by SciPy, which reads the
                           variable as a whole
    NumPy ``.npy``         (rows, columns, bands), by blocks
    Zarr                   a store of version 2 or 3, by blocks; by zarr
    xarray DataArray       chunked by dask or not
    array                  (rows, columns, bands); of a masked array of floats, what is masked
                           is missing
    list, pattern          files of one grid as one scene: ``["a.tif", "b.tif"]``, ``"*.tif"``
    EnMAP, DESIS           L1C and L2A: the folder, the zip archive, the image or ``METADATA.XML``
    PRISMA                 L2B, L2C and L2D ``.he5``: both detectors in the order of wavelengths
    EMIT                   L1B and L2A ``.nc``: the swath, and its lookup table
    NEON                   tiles of reflectance, ``.h5``
    Tanager                ``.h5``, on the ground (ortho) and in the swath (basic)
    AVIRIS                 -3 and -5 ``.nc``; -NG and Classic by the names of ENVI files
    =====================  ====================================================================

    Of products of these sensors, numbers become the reflectance, or radiance, that they stand for,
    in float32 and block by block, with NaN where data are missing.

    A file with two dimensions, such as a label map, is a scene of one band.

    Of HDF5, netCDF, MATLAB, Zarr and xarray, the dimensions are known by their names (y, x, band
    and many others), by the coordinates along them, and by their lengths: the bands are as many
    as there are wavelengths. Where nothing tells, their order is rows, columns, bands. Rows stay
    as they are stored, `transform` says where they lie.

    Tiles, files that lie on one grid, are one scene: of a list, or of a pattern such as
    ``"tiles/*.tif"`` in the order of their names. Where they overlap, pixels are those of the first
    that is given; between them data are missing.

    Parameters
    ----------
    path : str, path, DataArray, array, or list of str, path or Scene
        The file, the folder of a product, what is a scene already, or tiles. All other parameters
        are for each of them.
    variable : str, default=None
        Of a file with several, the variable to take, with the groups or structures that it is in:
        "group/cube", in MATLAB files "scene.cube". None takes the only one with three dimensions
        or, if there is none, the only one with two. Of a product, a layer of quality, such as
        "QL_QUALITY_CLOUD"; None takes the spectra.
    dims : sequence of str, default=None
        What the stored dimensions of an array are, in their order, such as ("bands", "rows",
        "columns"). None goes by what is known of them.
    wavelengths : array-like of shape (bands,), default=None
        In nm. None takes those of the file: from an ENVI header, the tags or descriptions of the
        bands of a raster, or an array, a coordinate or an attribute ``wavelengths`` (or
        ``wavelength``, ``wl``, ``wvl``, ``lambda``, ``centers`` and the like) of all others.
        Micrometres, metres, Ångström, wavenumbers and frequencies become nm; where no unit is
        given, values that all are below 100 are micrometres. If the file has none, they are not
        known.
    good_bands : array-like of bool, shape (bands,), default=None
        Which bands are good. None takes the bad-band list of the file, if it has one.
    nodata : float, default=None
        The value that marks missing data. None takes that of the file, if it has one.
    raw : bool, default=False
        Whether a product is given in the numbers that are stored, with its `scale`, `offset` and
        `nodata`, as all other files are.
    layout : CubeLayout, default=None
        Where files of HDF5 or netCDF 4 of a sensor of one's own have what: they are read as the
        products are then.

    Returns
    -------
    scene : Scene

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read as a scene, whatever is damaged in it, is shorter than its header
        says, is a product without what says what its numbers mean, lists wavelengths that do not
        fit its bands, or has several variables and `variable` does not choose one.
    OSError
        If the system does not let it be read: no permission, too many open files.
    ImportError
        If a package that reads the file is not installed; the message has the command.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import open_scene
    >>> cube = np.zeros((4, 5, 3), np.uint16)
    >>> open_scene(cube, wavelengths=[450, 550, 650])
    <Scene the array: 4 rows x 5 columns x 3 bands of uint16, 450 to 650 nm, no coordinates>
    """
    if (tiles := tiles_of(path)) is not None:
        given: dict[str, Any] = {"wavelengths": wavelengths, "good_bands": good_bands}
        given |= {"variable": variable, "dims": dims, "nodata": nodata, "raw": raw}
        given["layout"] = layout
        return scene_of_tiles([open_scene(tile, **given) for tile in tiles])
    if layout is not None:
        _check_layout(layout, path, dims)
    if variable is not None and not isinstance(path, str | PathLike):
        raise ValueError(f"variable={variable!r} is for {_WITH_VARIABLES}.")
    if (place := place_of(path)) is not None:
        path, variable = place[0], place[1] or None
    if isinstance(path, Scene):
        if raw and not str(path.numbers or "as stored").startswith("as stored"):
            raise ValueError(f"raw=True is for a path; {path.name} is a scene of {path.numbers}.")
        if dims is not None:
            raise ValueError(f"dims={dims!r} is for arrays; {path.name} is a scene already.")
        source, name, found = path.source, path.name, _facts(path)
    else:
        n_bands = next((np.size(of) for of in (wavelengths, good_bands) if of is not None), None)
        source, name, found = _source_of(path, variable, Given(dims, n_bands), layout, raw=raw)
    if source.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers; got dtype {source.dtype}.")
    if 0 in source.shape:
        raise ValueError(f"{name} is empty: its shape is {source.shape}.")
    n_bands = source.shape[2]
    if wavelengths is not None:
        found["wavelengths"] = validate_wavelengths(wavelengths, n_bands)
    if good_bands is not None:
        found["good_bands"] = _validated_mask(good_bands, n_bands)
        found["bad_bands_by"] = None
    if nodata is not None:
        found["nodata"] = nodata
    if found.get("nodata") is not None:
        found["nodata"] = _validated_nodata(found["nodata"], name)
    with opening(Path(name)):
        facts = {key: value() if callable(value) else value for key, value in found.items()}
    return Scene(source=source, name=name, **facts)


def is_scene_like(scene: Any) -> TypeIs[Scene | str | PathLike]:
    """Return whether something is a scene, or names one, rather than an array of numbers."""
    if isinstance(scene, list | tuple):
        return tiles_of(scene) is not None
    is_named = isinstance(scene, str | PathLike | Scene) or place_of(scene) is not None
    return is_named or is_data_array(scene)


def _check_layout(layout: Any, path: Any, dims: Any) -> None:
    if not isinstance(layout, CubeLayout):
        raise ValueError(f"layout must be a CubeLayout or None; got {layout!r:.80}.")
    if not isinstance(path, str | PathLike):
        raise ValueError(f"layout is for a path; got {type(path).__name__}.")
    if dims is not None:
        raise ValueError(f"dims={dims!r} is not for files with a layout, which has dims itself.")


def _source_of(
    path: Any, variable: str | None, given: Given, layout: CubeLayout | None, *, raw: bool
) -> tuple[Source, str, dict[str, Any]]:
    """Return what reads a scene, its name, and what is known of it: values, or functions."""
    if not isinstance(path, str | PathLike):
        refuse_object(path)
        if is_data_array(path):
            source, found = data_array_source(path, given)
            found["files"] = files_behind(path)
            return source, str(path.name or "the DataArray"), found
        found = {"files": files_behind(path), **_facts_of_spectral(path)}
        source = memory_source(check_cube(path), "the array", given)
        if isinstance(path, Spectra) and source.axes[-1] == path.ndim - 1:
            found |= {name: getattr(path, name) for name in _OF_SPECTRA}
        return source, "the array", found
    refuse_name(path)
    path = Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"There is no file {printable(path)}.")
    with opening(path):
        asked = Asked(path, variable, raw)
        opened = product_scene(asked, given) if layout is None else layout.opened(asked)
        source, found = _file_source(path, variable, given) if opened is None else opened
        found.setdefault("files", (path,))
        found.setdefault("numbers", stored_numbers(found.get("scale"), found.get("offset")))
        _refuse_more_than_is_there(source, found["files"], path)
    return source, printable(path), found


def _file_source(path: Path, variable: str | None, given: Given) -> tuple[Source, dict[str, Any]]:
    """Return what reads a file, and what is known of it."""
    suffix = path.suffix.lower()
    if is_zarr(path):
        return zarr_source(path, variable, given)
    if path.is_dir():
        refuse_folder(path)
    refuse_file(path)
    if suffix == ".mat":
        return matlab_source(path, variable, given)
    if suffix not in _HDF5_OF_GDAL and is_hdf5(path):
        return hdf5_source(path, variable, given)
    if is_netcdf3(path):
        return netcdf3_source(path, variable, given)
    if variable is not None:
        raise ValueError(f"variable={variable!r} is for {_WITH_VARIABLES}; {path} is none.")
    if suffix == ".npy":
        return numpy_source(path, given), {}
    if given.dims is not None:
        raise ValueError(f"dims={given.dims!r} is for arrays; {path} says itself what it has.")
    if suffix == ".hdr":
        data = envi_data_file(path)
        refuse_file(data)
        source, found = raster_scene(data, path)
    else:
        source, found = raster_scene(path)
    return source, {**found, "files": (path, *found["files"])}


def _facts_of_spectral(array: Any) -> dict[str, Any]:
    """Return what an array of the package spectral has beside it of its bands."""
    bands = getattr(array, "bands", None)
    centres = getattr(bands, "centers", None)
    if not isinstance(array, np.ndarray) or centres is None or array.ndim != 3:
        return {}
    unit, widths = getattr(bands, "band_unit", None), getattr(bands, "bandwidths", None)
    header = getattr(array, "metadata", None) or {}
    counted: dict[str, Any] = {"n_bands": array.shape[2], "name": "the array"}
    found: dict[str, Any] = {
        "wavelengths": partial(wavelengths_in_nm, list(centres), unit, **counted)
    }
    if widths:
        found["fwhm"] = partial(fwhm_in_nm, list(widths), unit, list(centres), unit, **counted)
    if len(header.get("bbl", ())) == array.shape[2]:
        found["good_bands"] = partial(good_bands_of, header["bbl"], **counted)
    return found


def _refuse_more_than_is_there(source: Source, files: tuple[Path, ...], path: Path) -> None:
    """Raise if a file says that it has far more numbers than can be in it."""
    claimed = math.prod(source.shape) * source.dtype.itemsize
    if claimed < _LARGEST_UNQUESTIONED:
        return
    stored = 0
    for file in files:
        for part in file.rglob("*") if file.is_dir() else [file]:
            stored += part.stat().st_size if part.is_file() else 0
            if stored * _MOST_PACKED >= claimed:
                return
    raise ValueError(
        f"{path} says that it has the shape {source.shape}, {claimed / 2**40:.0f} TiB, but has "
        f"{stored} bytes. It may be damaged."
    )


def _facts(scene: Scene) -> dict[str, Any]:
    return {
        "wavelengths": scene.wavelengths,
        "fwhm": scene.fwhm,
        "good_bands": scene.good_bands,
        "bad_bands_by": scene.bad_bands_by,
        "nodata": scene.nodata,
        "source_bands": scene.source_bands,
        "band_names": scene.band_names,
        "units": scene.units,
        "scale": scene.scale,
        "offset": scene.offset,
        "crs": scene.crs,
        "transform": scene.transform,
        "class_names": scene.class_names,
        "class_colours": scene.class_colours,
        "numbers": scene.numbers,
        "lookup": scene.lookup,
        "files": scene.files,
    }


def _validated_mask(good_bands: ArrayLike, n_bands: int) -> np.ndarray:
    mask = np.asarray(good_bands)
    if mask.shape != (n_bands,) or not np.isin(mask, (0, 1)).all():
        raise ValueError(
            f"good_bands must be a mask with one entry for each of the {n_bands} bands; got "
            f"{good_bands!r}."
        )
    return mask.astype(bool)


def _validated_nodata(nodata: Any, name: str) -> float:
    try:
        return float(nodata)
    except (TypeError, ValueError) as error:
        raise ValueError(f"nodata of {name} must be a number; got {nodata!r}.") from error
