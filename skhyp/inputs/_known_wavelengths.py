"""What spectra know of the wavelengths of their bands, and what an estimator makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skhyp.scenes import Scene, open_scene
from skhyp.scenes.reading._xarrays import is_data_array
from skhyp.spectra import Spectra
from skhyp.wavelengths import (
    are_same_bands,
    validate_wavelengths,
    wavelengths_from_names,
)
from skhyp.wavelengths._band_differences import how_they_differ
from skhyp.wavelengths._band_widths import known_widths


def as_scene(X: Any) -> Scene | None:
    """Return the scene that X is: a Scene, or an image of xarray."""
    if isinstance(X, Scene):
        return X
    return open_scene(X) if is_data_array(X) and X.ndim == 3 else None


def wavelengths_of(X: Any) -> NDArray[np.float64] | None:
    """Return the wavelengths in nm that X knows of its bands, or None.

    Scenes and Spectra know them, DataFrames by columns named like "450.5 nm".
    """
    if type(X) is np.ndarray:
        return None
    if isinstance(X, Spectra | Scene):
        return X.wavelengths
    if (scene := as_scene(X)) is not None:
        return scene.wavelengths
    columns = getattr(X, "columns", None)
    return None if columns is None else wavelengths_from_names(list(columns))


def widths_of(X: Any) -> NDArray[np.float64] | None:
    """Return the widths in nm that X knows of all its bands, or None."""
    if type(X) is np.ndarray:
        return None
    known = X if isinstance(X, Spectra) else as_scene(X)
    return None if known is None else known_widths(known.fwhm, known.shape[-1])


def numbers_of(X: Any) -> str | None:
    """Return what X knows of its numbers: that they are as stored in a file, or computed."""
    if type(X) is np.ndarray:
        return None
    known = X if isinstance(X, Spectra) else as_scene(X)
    return None if known is None else known.numbers


def source_bands_of(X: Any, n_bands: int) -> NDArray[np.intp]:
    """Return the index of each band of X in the source that it came from, as far as X knows."""
    if type(X) is np.ndarray:
        return np.arange(n_bands)
    known = X if isinstance(X, Spectra) else as_scene(X)
    source_bands = None if known is None else known.source_bands
    return np.arange(n_bands) if source_bands is None else np.array(source_bands)


def agreed_wavelengths(given: ArrayLike | None, X: Any, n_bands: int) -> NDArray[np.float64] | None:
    """Return the wavelengths of the bands of X: those that are given, or those that it knows."""
    known = wavelengths_of(X)
    if given is None:
        return known
    given = validate_wavelengths(given, n_bands)
    refuse_other_bands(given, known)
    return given


def refuse_other_bands(given: NDArray[np.float64], known: NDArray[np.float64] | None) -> None:
    """Refuse wavelengths that are given for spectra that know others of their own."""
    if known is not None and not are_same_bands(given, known):
        raise ValueError(
            "wavelengths must be those of X, which knows its own: "
            f"{how_they_differ(given, known)} Leave wavelengths=None to take those of X. If these "
            "are wrong, pass the right ones where X comes from, as open_scene(..., wavelengths=), "
            "or numpy.asarray(X), which knows none."
        )


def refuse_other_wavelengths(estimator: Any, X: Any, remedy: str) -> None:
    """Refuse spectra that know their bands to be others than those that were fitted.

    Names of columns are compared by scikit-learn, where fit had some. The error ends with the
    remedy.
    """
    if hasattr(X, "columns") and hasattr(estimator, "feature_names_in_"):
        return
    known = wavelengths_of(X)
    if known is None:
        return
    fitted = estimator._input_wavelengths(estimator.n_features_in_)
    if fitted is None or are_same_bands(fitted, known):
        return
    raise ValueError(
        f"X has other bands than those that {type(estimator).__name__} was fitted with: "
        f"{how_they_differ(known, fitted)} {remedy} If the bands are the same and only called "
        "otherwise, pass numpy.asarray(X)."
    )
