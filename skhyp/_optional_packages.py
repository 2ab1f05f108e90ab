"""Packages that skhyp is installed without, and how to get one where something needs it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# What pip installs each by: an extra of skhyp, or itself.
_INSTALLED_BY = {
    "dask": "'skhyp[dask]'",
    "faiss": "'skhyp[neighbours]'",
    "h5py": "h5py",
    "pooch": "'skhyp[datasets]'",
    "pyogrio": "'skhyp[geo]'",
    "rasterio": "'skhyp[geo]'",
    "shapely": "'skhyp[geo]'",
    "skops": "'skhyp[skops]'",
    "xarray": "'skhyp[zarr]'",
    "zarr": "'skhyp[zarr]'",
}


def optional_package(name: str, purpose: str) -> Any:
    """Return a package that something needs, or raise an ImportError that says how to install it.

    The purpose begins the message: "to_xarray", "cube.tif: open_scene".
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {name}, which is not installed: pip install {_INSTALLED_BY[name]}"
        ) from error
