"""The scale and the offset of the numbers of a raster, as its file states them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skhyp._warnings import warn_user

from ._envi_headers import list_of

# What ENVI multiplies by, and adds, by band; the first that a header has.
_GAINS = ("data gain values", "data reflectance gain values")
_OFFSETS = ("data offset values", "data reflectance offset values")


def scale_and_offset(
    dataset: Any,
    bands: list[int],
    header: dict[str, str],
    name: str,
    *,
    are_applied: bool = False,
) -> dict[str, Any]:
    """Return the scale and the offset of all bands, or of each; None where nothing is stated."""
    taken = [band - 1 for band in bands]
    scales = np.take(np.asarray(dataset.scales, np.float64), taken)
    offsets = np.take(np.asarray(dataset.offsets, np.float64), taken)
    gains = _listed(header, _GAINS, len(bands), name)
    added = _listed(header, _OFFSETS, len(bands), name)
    divisor = _listed(header, ("reflectance scale factor",), len(bands), name)
    if divisor is not None and np.all(divisor != 0):
        if gains is not None and not np.allclose(gains * divisor, 1):
            warn_user(
                f"{name} has gains and a reflectance scale factor that differ: the gains are taken "
                "for its scale."
            )
        else:
            gains = 1 / divisor
    scales, offsets = scales if gains is None else gains, offsets if added is None else added
    if are_applied:
        return {"scale": one_or_by_band(scales, 1.0), "offset": one_or_by_band(offsets, 0.0)}
    return stated_scales(scales, offsets, name)


def stored_numbers(scale: Any, offset: Any) -> str:
    """Return in words what the stored numbers of a file are, by the scale that it states."""
    if np.ndim(scale) or np.ndim(offset):
        return "as stored, of another scale in each band"
    words = [f"of the scale {scale:g}"] if scale is not None else []
    words += [f"the offset {offset:g}"] if offset is not None else []
    return f"as stored, {' and '.join(words)}" if words else "as stored"


def stated_scales(
    scales: NDArray[np.float64], offsets: NDArray[np.float64], name: str
) -> dict[str, Any]:
    """Return what a file states for each band as one number, if it is one, or warn."""
    scale, offset = one_or_by_band(scales, 1.0), one_or_by_band(offsets, 0.0)
    if np.ndim(scale) or np.ndim(offset):
        warn_user(
            f"{name} has another scale or offset for each band, which is not applied: spectra as "
            "they are stored have other shapes. Compute scene.read() * scene.scale, or "
            "+ scene.offset, before they are compared with others."
        )
    return {"scale": scale, "offset": offset}


def _listed(
    header: dict[str, str], keys: tuple[str, ...], n_bands: int, name: str
) -> NDArray[np.float64] | None:
    key = next((key for key in keys if header.get(key)), None)
    if key is None:
        return None
    try:
        return np.broadcast_to(np.array(list_of(header[key]), np.float64), n_bands)
    except ValueError:
        warn_user(
            f"{name} has {key!r} that are not one number for each of its {n_bands} bands: they "
            "are not read."
        )
        return None


def one_or_by_band(values: NDArray[np.float64], nothing: float) -> Any:
    """Return one number if all are one, and None if they change nothing."""
    if np.all(values == values[0]):
        return None if values[0] == nothing else float(values[0])
    return values.copy()
