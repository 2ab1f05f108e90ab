"""Pictures of scenes: three bands, or three values of a map, as red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._scene import Scene
from ._shapes import check_cube
from .reading._opening import is_scene_like, open_scene


def false_colour(
    cube: ArrayLike | Scene | str | PathLike,
    *,
    bands: Sequence[int] | None = None,
    percentiles: tuple[float, float] = (2, 98),
    nodata: float | None = None,
) -> NDArray[np.float64]:
    """Make a picture of three bands of a scene, or of three values of a map.

    Parameters
    ----------
    cube : array-like of shape (rows, columns, bands), Scene, str or path
        The scene, or a map of latent values or scores. NaN and infinite values are missing. Of a
        file, only the three bands are read.
    bands : sequence of three int, default=None
        The bands shown as red, green and blue; :func:`~skhyp.wavelengths.nearest_bands` finds
        them. None takes three spread evenly, the last as red: five sixths, a half and a sixth of
        the way. Of three, it takes the first as red.
    percentiles : tuple of two float, default=(2, 98)
        The percentiles of a channel that become 0 and 1; what lies beyond is clipped.
    nodata : float, default=None
        A value that is missing as well. None takes that of a scene that knows it.

    Returns
    -------
    picture : ndarray of shape (rows, columns, 3)
        Values between 0 and 1. Missing values and constant channels are 0. A channel that is
        constant between the percentiles, but not beyond, is stretched from its least to its
        greatest value instead.

    Raises
    ------
    ValueError
        If `cube` does not have three dimensions, if it has fewer than three bands and `bands` is
        None, or if `bands` or `percentiles` are out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from skhyp.scenes import false_colour
    >>> from skhyp.wavelengths import nearest_bands
    >>> cube = np.random.default_rng(0).uniform(size=(6, 8, 100))
    >>> wavelengths = np.linspace(400, 2500, 100)
    >>> false_colour(cube, bands=nearest_bands(wavelengths, (650, 550, 450))).shape
    (6, 8, 3)
    """
    values: Scene | NDArray[Any] = open_scene(cube) if is_scene_like(cube) else check_cube(cube)
    n_bands = values.shape[2]
    if bands is None:
        if n_bands < 3:
            raise ValueError(f"cube must have three bands or more, or pass bands; got {n_bands}.")
        bands = default_bands(n_bands)
    channels = np.asarray(bands)
    if channels.shape != (3,) or channels.dtype.kind not in "iu":
        raise ValueError(f"bands must be three integers; got {bands!r}.")
    if channels.min() < 0 or channels.max() >= n_bands:
        raise ValueError(f"bands must lie between 0 and {n_bands - 1}; got {bands!r}.")
    check_percentiles(percentiles)
    if isinstance(values, Scene):
        nodata = values.nodata if nodata is None else nodata
        values, channels = values.read(bands=channels), np.arange(3)
    return np.stack(
        [_stretched(values[..., band], percentiles, nodata) for band in channels], axis=-1
    )


def default_bands(n_bands: int) -> list[int]:
    """Return three bands spread evenly, the last as red; of three, all in their order."""
    if n_bands == 3:
        return [0, 1, 2]
    return [5 * n_bands // 6, n_bands // 2, n_bands // 6]


def check_percentiles(percentiles: Any) -> None:
    """Refuse what does not say where colours begin and end."""
    is_pair = np.shape(percentiles) == (2,)
    if not is_pair or not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise ValueError(
            f"percentiles must be two rising numbers between 0 and 100; got {percentiles!r}."
        )


def _stretched(channel, percentiles, nodata):
    is_missing = np.zeros(channel.shape, bool) if nodata is None else channel == float(nodata)
    channel = channel.astype(np.float64)
    present = np.isfinite(channel) & ~is_missing
    values = channel[present]
    picture = np.zeros(channel.shape)
    if values.size == 0:
        return picture
    low, high = np.percentile(values, percentiles)
    if low == high:
        low, high = values.min(), values.max()
    if low < high:
        picture[present] = np.clip((values - low) / (high - low), 0, 1)
    return picture
