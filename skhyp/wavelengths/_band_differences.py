"""How the bands of two lists of wavelengths differ, in words."""

import numpy as np

from ._lists import WAVELENGTH_TOLERANCE_NM


def how_they_differ(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Return a sentence on how two lists of wavelengths differ."""
    if len(ours) != len(theirs):
        return (
            f"{len(ours)} bands from {ours.min():g} to {ours.max():g} nm, not {len(theirs)} from "
            f"{theirs.min():g} to {theirs.max():g} nm."
        )
    band = int(np.flatnonzero(np.abs(ours - theirs) > WAVELENGTH_TOLERANCE_NM)[0])
    return (
        f"band {band} at {ours[band]:g} nm, not at {theirs[band]:g} nm (of bands up to "
        f"{WAVELENGTH_TOLERANCE_NM} nm apart it is taken that they are the same)."
    )
