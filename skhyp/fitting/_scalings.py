"""Scalings of spectra that a fit chooses among: none, the standard normal variate, its slopes."""

from typing import Any

import numpy as np

from ._views import derivative_filter

SCALINGS = (None, "snv", "slope", "curvature")


def checked_scalings(scalings: Any) -> tuple[str | None, ...]:
    """Return scalings as users list them, or say which there are."""
    names = tuple(str(name) if isinstance(name, str) else name for name in scalings)
    is_known = all(name is None or name in SCALINGS[1:] for name in names)
    if not names or not is_known or len(set(names)) < len(names):
        *others, last = map(repr, SCALINGS)
        raise ValueError(
            f"scalings must hold one or more of {', '.join(others)} and {last}, each at most once, "
            f"got {scalings!r:.80}."
        )
    return names


def scaled_spectra(
    X: np.ndarray,
    scaling: str | None,
    *,
    wavelengths: np.ndarray | None,
    segments: np.ndarray,
) -> np.ndarray:
    """Return spectra (n, bands) of any type in a scaling, in float64.

    Derivatives are those of the networks' views, taken within the segments.
    """
    X = X.astype(np.float64)
    if scaling is None:
        return X
    variate = _standard_normal_variate(X)
    if scaling == "snv":
        return variate
    return variate @ derivative_filter(scaling, wavelengths, segments, X.shape[1])


def _standard_normal_variate(X: np.ndarray) -> np.ndarray:
    """Return what a HypPreprocessor with this method gives."""
    from skhyp.graph.inference import apply_rows
    from skhyp.graph.spectra import SpectralScaling

    scaling = SpectralScaling(method="snv", n_bands=X.shape[1], kept=None, dtype="float64")
    return apply_rows(scaling, "scale", np.zeros(0), np.zeros(0), X)
