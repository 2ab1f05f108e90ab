"""What is known of a scene, as a table to be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._image import Image
from .reading._reference_systems import system_name

# So many names are shown, and how many more there are.
_SHOWN = 12


def description(scene: Image) -> str:
    """Return what a file says of a scene, a fact a line, and what it does not say."""
    facts = dict(_facts(scene))
    width = max(map(len, facts))
    return "\n".join([scene.name, *(f"  {fact:{width}}  {text}" for fact, text in facts.items())])


def _facts(scene: Image) -> Iterator[tuple[str, str]]:
    rows, columns, n_bands = scene.shape
    n_bytes = rows * columns * n_bands * scene.dtype.itemsize
    yield "size", f"{rows} rows x {columns} columns x {n_bands} bands"
    yield "numbers", f"{scene.dtype}, {_amount(n_bytes)}; {scene.numbers or 'of unknown meaning'}"
    if scene.scale is not None or scene.offset is not None:
        meaning = f"{_range(scene.scale, 1)} x number + {_range(scene.offset, 0)}"
        yield "scale", f"{meaning}, as the file says; it is not applied"
    yield "units", _names(list(dict.fromkeys(filter(None, scene.units or [])))) or "not known"
    yield "missing data", _marker(scene)
    yield "wavelengths", _wavelengths(scene.wavelengths)
    yield "band widths", "not known" if scene.fwhm is None else f"{_range(scene.fwhm)} nm (FWHM)"
    if scene.good_bands is None:
        bad = "no list of them"
    else:
        numbers = np.flatnonzero(~scene.good_bands)
        bad = f"{len(numbers)}: {_runs(numbers)} (counted from 0)" if len(numbers) else "none"
        bad += "" if scene.bad_bands_by is None else f", by {scene.bad_bands_by}"
    yield "bad bands", bad
    if scene.wavelengths is None and scene.band_names:
        yield "band names", _names(scene.band_names)
    yield "coordinates", system_name(scene.crs)
    if scene.transform is None:
        yield "pixels", "the file does not say where they lie"
        if scene.lookup is not None:
            rows, columns = scene.lookup.shape
            system = system_name(scene.lookup.crs)
            yield "lookup table", f"to {rows} rows x {columns} columns on the ground, {system}"
    else:
        a, b, x, d, e, y = scene.transform
        size = f"{np.hypot(a, d):g} x {np.hypot(b, e):g}"
        turned = "" if b == d == 0 else f", rotated by {np.degrees(np.arctan2(d, a)):.4g} degrees"
        yield "pixels", f"{size}{turned}, from the corner x = {x:.10g}, y = {y:.10g}"
    if scene.class_names:
        yield "classes", _names([f"{label} {name}" for label, name in scene.class_names.items()])
    yield "files", _names([str(file) for file in dict.fromkeys(scene.files)]) or "none"


def _marker(scene: Image) -> str:
    if scene.nodata is None:
        return "not marked, but for NaN" if scene.dtype.kind == "f" else "not marked"
    return "NaN" if np.isnan(scene.nodata) else f"{scene.nodata:g}"


def _wavelengths(wavelengths: NDArray[np.float64] | None) -> str:
    if wavelengths is None:
        return "not known; open_scene(..., wavelengths=) says them"
    if len(wavelengths) == 1:
        return f"{wavelengths[0]:g} nm"
    steps = np.diff(wavelengths)
    order = "rising" if (steps > 0).all() else "falling" if (steps < 0).all() else "in no order"
    apart = f"{np.median(np.abs(steps)):.4g} nm apart (median)"
    return f"{_range(wavelengths)} nm, {order}, {apart}"


def _range(values: Any, otherwise: float = 0) -> str:
    values = otherwise if values is None else values
    least, most = np.min(values), np.max(values)
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


def _runs(numbers: NDArray[np.intp]) -> str:
    """Return numbers in words, such as "0-3, 7"."""
    runs = []
    for _, members in groupby(enumerate(numbers.tolist()), lambda pair: pair[1] - pair[0]):
        first, *_, last = (number for _, number in [*members] * 2)
        runs.append(f"{first}" if first == last else f"{first}-{last}")
    return _names(runs)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _amount(n_bytes: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.3g} TiB"
