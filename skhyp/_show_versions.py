"""Versions of what skhyp runs on, for bug reports."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import skhyp

_PACKAGES = ("scikit-learn", "tensorflow", "keras", "numpy", "scipy", "joblib")
_DRAWING = ("matplotlib",)
_OF_SCENES = (
    *("rasterio", "pyogrio", "shapely", "xarray", "zarr", "dask", "distributed", "h5py"),
    "faiss-cpu",
)
_OPTIONAL = ("skops", "tqdm", "pandas", "polars")
# Which vector instructions a processor has decides which kernels run, and the last bits.
_VECTOR_INSTRUCTIONS = (
    *("sse4_2", "avx", "fma", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile"),
    *("asimd", "sve"),
)


def show_versions() -> None:
    """Print Python, the machine, and the versions of skhyp and of all that it can use.

    Nothing is imported for it but rasterio, where it is installed, which knows its GDAL.

    Examples
    --------
    >>> import skhyp
    >>> skhyp.show_versions()  # doctest: +ELLIPSIS
    System:
    ...python: 3...
    """
    _show("System", {"python": f"{sys.version.split()[0]} ({sys.executable})", **_machine()})
    others = {name: _version(name) for name in (*_DRAWING, *_OF_SCENES, *_OPTIONAL)}
    _show("\nPackages", {**core_versions(), **others, "GDAL": _gdal_version()})


def core_versions() -> dict[str, str]:
    """Return the versions of skhyp and of the packages that it computes with."""
    return {"skhyp": skhyp.__version__, **{name: _version(name) for name in _PACKAGES}}


def _show(title: str, facts: dict[str, str]) -> None:
    print(f"{title}:")
    for name, fact in facts.items():
        print(f"{name:>24}: {fact}")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _gdal_version() -> str:
    try:
        import rasterio
    except ImportError:
        return "not known without rasterio"
    except Exception as error:  # a report is wanted of broken installations above all
        return f"not known: rasterio cannot be imported, {error}"
    return rasterio.__gdal_version__


def _machine() -> dict[str, str]:
    """Return what is known of the machine: all of it on Linux, less elsewhere."""
    processor = _fields(Path("/proc/cpuinfo"))
    memory = _fields(Path("/proc/meminfo")).get("MemTotal")
    instructions = processor.get("flags", processor.get("Features", "")).split()
    known = [name for name in _VECTOR_INSTRUCTIONS if name in instructions]
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "system": platform.platform(),
        "processor": processor.get("model name") or platform.processor() or platform.machine(),
        "cores": f"{os.cpu_count()}, of which this process may use {usable}",
        "vector instructions": " ".join(known) or "not known",
        "memory": f"{int(memory.split()[0]) / 2**20:.1f} GiB" if memory else "not known",
    }


def _fields(path: Path) -> dict[str, str]:
    """Return the first value of each name in a file of the system, if there is such a file."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return found
