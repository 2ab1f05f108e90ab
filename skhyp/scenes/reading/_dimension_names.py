"""What the names of dimensions and coordinates say: rows, columns or bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._named_arrays import words_of

ROLES = ("rows", "columns", "bands")
_WORDS = {
    "rows": {
        *("y", "ydim", "row", "rows", "line", "lines", "lat", "latitude", "northing", "scan"),
        *("scans", "scanline", "scanlines", "downtrack", "alongtrack", "height", "yc", "ypix"),
    },
    "columns": {
        *("x", "xdim", "column", "columns", "col", "cols", "sample", "samples", "lon", "longitude"),
        *("easting", "pixel", "pixels", "crosstrack", "acrosstrack", "width", "xc", "xpix"),
    },
    "bands": {
        *("band", "bands", "wl", "wvl", "lambda", "wavelength", "wavelengths", "wavenumber"),
        *("wavenumbers", "spectral", "spectrum", "channel", "channels"),
    },
}


@dataclass(frozen=True)
class Given:
    """What the user says of a scene beside its file: the dimensions, and how many bands."""

    dims: Sequence[str] | None = None
    n_bands: int | None = None


def role_of(name: str) -> str | None:
    """Return what the name of a dimension says it is, or None: "number_of_lines" is rows."""
    words = words_of(name)
    if "per" in words:  # pixels per line
        words = words[: words.index("per")]
    joined = "".join(words)
    words += [joined, joined.removeprefix("n"), joined.removeprefix("num")]
    roles = {role for role, known in _WORDS.items() if known & set(words)}
    if "track" in words:
        roles |= {"columns"} if {"cross", "across"} & set(words) else {"rows"}
    return roles.pop() if len(roles) == 1 else None


def axes_of_dims(dims: Sequence[str], n_dims: int) -> tuple[int, ...]:
    """Return which of some dimensions are rows, columns and bands, where the user names them."""
    names = [] if isinstance(dims, str) else [str(name) for name in dims]
    roles = [role_of(name) for name in names]
    expected = ROLES[:n_dims]
    if len(roles) != n_dims or set(roles) != set(expected):
        raise ValueError(
            f"dims must name the {n_dims} dimensions as they are stored, {', '.join(expected)} in "
            f"any order, such as {expected[::-1]}; got {dims!r}."
        )
    return tuple(roles.index(role) for role in expected)
