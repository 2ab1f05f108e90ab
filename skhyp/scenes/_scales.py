"""What the stored numbers of bands mean, where bands are put together."""

from __future__ import annotations

import numpy as np

from ._image import Image


def refuse_scales_by_band(scene: Image) -> None:
    """Refuse to add up numbers of bands that mean different things."""
    for fact in ("scale", "offset"):
        values = getattr(scene, fact)
        if values is not None and np.ptp(np.asarray(values)) > 0:
            raise ValueError(
                f"{scene.name} has another {fact} for each band, from {np.min(values):g} to "
                f"{np.max(values):g}: its stored numbers cannot be put together. Compute scale * "
                "number + offset first, as of scene.to_xarray(), which is opened as a scene too."
            )
