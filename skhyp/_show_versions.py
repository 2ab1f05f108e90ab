"""Versions of what skhyp runs on, for bug reports."""

import platform
import sys
from importlib import metadata

_PACKAGES = ("skhyp", "scikit-learn", "tensorflow", "numpy", "scipy", "joblib", "matplotlib")
_OPTIONAL = ("tqdm", "pandas", "polars")


def show_versions() -> None:
    """Print the versions of Python, skhyp and its dependencies; nothing is imported for it.

    Examples
    --------
    >>> import skhyp
    >>> skhyp.show_versions()  # doctest: +ELLIPSIS
    System:
        python: 3...
    """
    print("System:")
    print(f"    python: {sys.version.split()[0]} ({sys.executable})")
    print(f"   machine: {platform.platform()}")
    print("\nPackages:")
    for package in (*_PACKAGES, *_OPTIONAL):
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = "not installed"
        print(f"{package:>14}: {version}")
