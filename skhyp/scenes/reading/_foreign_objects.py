"""Objects of other libraries that stand for a scene, or are taken for one, and what to pass."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import Any, NoReturn

_AS_ARRAYS = ("__array__", "__array_interface__", "__buffer__", "__dlpack__")


def refuse_object(scene: Any) -> None:
    """Raise if something in memory is no array, but is known to stand for a scene or a table."""
    kind = type(scene)
    library, name = kind.__module__.partition(".")[0], kind.__name__
    parents = {parent.__name__ for parent in kind.__mro__}
    whole_name = f"{library}.{name}"
    if library == "xarray" and name == "Dataset":
        raise ValueError(
            f"A Dataset has several variables; pass one of them: {', '.join(map(str, scene))}."
        )
    if library == "xarray" and name == "DataTree":
        raise ValueError("A DataTree has several Datasets; pass one variable: tree['group/name'].")
    if {"SpyFile", "SubImage", "TransformedImage"} & parents:
        if "SpyFile" in parents and name != "SubImage":
            raise _opened_by(whole_name, _header_or(getattr(scene, "filename", None)), "load()")
        raise ValueError(f"{whole_name} is an image of spectral; pass its array: image.load().")
    if library == "rasterio":
        raise _opened_by(whole_name, getattr(scene, "name", None), "read().transpose(1, 2, 0)")
    if library == "osgeo":
        path = scene.GetDescription() if hasattr(scene, "GetDescription") else None
        raise _opened_by(whole_name, path, "ReadAsArray().transpose(1, 2, 0)")
    if library in ("h5py", "zarr", "netCDF4", "h5netcdf", "pyhdf"):
        _refuse_stored_array(scene, whole_name)
    if library in ("PIL", "imageio"):
        raise _opened_by(whole_name, getattr(scene, "filename", None), None)
    if library in ("pandas", "polars", "geopandas", "pyarrow"):
        raise ValueError(
            f"{whole_name} is a table, and no image: it has no rows and columns of pixels. "
            "Estimators take a table of spectra as X; points with classes go to "
            "labelled_points(scene, x, y, classes), a table with geometries to "
            "labelled_pixels(scene, table, column=...)."
        )
    if isinstance(scene, dict):
        names = [str(key) for key in scene if not str(key).startswith("__")]
        raise ValueError(
            f"A dict is no scene; pass what is in it, one of its keys {', '.join(names)}: "
            f"open_scene(content[{(names or ['cube'])[0]!r}])."
        )
    if scene is None or isinstance(scene, bytes | bool | int | float | complex):
        raise ValueError(
            f"A scene must be a path, as str or pathlib.Path, or an array of the shape (rows, "
            f"columns, bands); got {scene!r}."
        )
    if hasattr(scene, "read") and hasattr(scene, "seek"):
        raise _opened_by(whole_name, getattr(scene, "name", None), None)
    if isinstance(scene, list | tuple) and scene and isinstance(scene[0], str | PathLike):
        others = sorted({type(tile).__name__ for tile in scene})
        raise ValueError(
            f"Tiles of one scene must all be paths or scenes; got a list of {', '.join(others)}."
        )
    if not isinstance(scene, list | tuple) and not any(hasattr(scene, how) for how in _AS_ARRAYS):
        raise ValueError(
            f"A scene must be a path or an array of the shape (rows, columns, bands); got an "
            f"object of {kind.__module__}.{name}."
        )


def _opened_by(kind: str, path: Any, or_array: str | None) -> ValueError:
    """Return an error that says how to open the file that an object has been opened from."""
    if isinstance(path, str | PathLike) and Path(path).exists():
        return ValueError(
            f"{kind} is opened from a file already. Pass the path: open_scene({fspath(path)!r})."
        )
    hint = "numpy.asarray of it" if or_array is None else f"what .{or_array} gives"
    return ValueError(
        f"{kind} is no path and no array. Pass the path of a file, or an array of the shape "
        f"(rows, columns, bands): {hint}."
    )


def _header_or(path: Any) -> Any:
    """Return the header beside data of ENVI, which says more than the data."""
    if not isinstance(path, str | PathLike):
        return path
    file = Path(path)
    headers = (file.with_suffix(".hdr"), file.with_name(f"{file.name}.hdr"))
    return next((str(header) for header in headers if header.is_file()), path)


def place_of(scene: Any) -> tuple[str, str] | None:
    """Return the file and the name of an array that a file has, of h5py or zarr, or None."""
    kind = type(scene)
    library = kind.__module__.partition(".")[0]
    if library == "h5py" and kind.__name__ == "Dataset":
        path, name = scene.file.filename, scene.name
    elif library == "zarr" and kind.__name__ == "Array":
        path, name = getattr(scene.store, "root", None), scene.path
    else:
        return None
    if not isinstance(path, str | PathLike) or not Path(path).exists():
        return None
    return fspath(path), str(name or "").strip("/")


def _refuse_stored_array(scene: Any, kind: str) -> NoReturn:
    """Raise for an open file, or an array of one, and say how it is opened as a scene."""
    filepath = getattr(scene, "filepath", None)
    if callable(group := getattr(scene, "group", None)):  # of a variable of netCDF4
        filepath = getattr(group(), "filepath", None)
    candidates = (
        *(
            getattr(getattr(scene, "file", None), "filename", None),
            getattr(scene, "filename", None),
        ),
        *(getattr(getattr(scene, "store", None), "root", None), filepath() if filepath else None),
    )
    path = next((fspath(each) for each in candidates if isinstance(each, str | PathLike)), None)
    if path is None or not Path(path).exists():
        raise ValueError(
            f"{kind} is in no file. Pass its numbers, array[...], and what its "
            "dimensions are, such as dims=('rows', 'columns', 'bands')."
        )
    name = str(getattr(scene, "name", "") or "").strip("/")
    asked = f", variable={name!r}" if name and hasattr(scene, "shape") else ""
    raise ValueError(f"{kind} is opened already. Pass its path: open_scene({path!r}{asked}).")
