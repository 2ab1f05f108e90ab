"""Tables of spectra: a row or a column for each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skhyp.files._whole_files import write_whole
from skhyp.wavelengths import wavelength_names, wavelengths_from_names
from skhyp.wavelengths._spectral_units import wavelength_of_text

from ._axes import as_spectra, in_nm, stated_unit
from ._library import SpectralLibrary
from ._texts import number_of

# So many numbers that rise, from the first line on, are wavelengths.
_FEWEST_LINES = 3
# Below a wavelength as a name there are values, far from it: a longer part of all of the range.
_LONGEST_STEP = 0.75
_SEPARATORS = ("\t", ";", ",")
_NAMES = ("name", "names", "spectrum", "spectra", "sample", "id", "sample id", "sample_id")


def read_table(path: Path, text: str, unit: str | None) -> SpectralLibrary:
    """Return the spectra of a table: of its rows, or of its columns after one of wavelengths."""
    rows = _rows(path, text)
    if _has_no_names(rows):
        rows.insert(0, ["wavelength", *map(str, range(1, len(rows[0])))])
    head, *body = rows
    if not body:
        raise ValueError(f"{path} has a line of names, and no spectra below it.")
    stated = stated_unit(head[0])
    are_numbers = None not in [number_of(row[0]) for row in body] and len(body) > 1
    may_be = stated is not None or (not head[0].strip() and not _band_columns(path, head)[0])
    if are_numbers and may_be:
        return _by_columns(path, head, body, unit or stated or None)
    return _by_rows(path, head, body, unit)


def _has_no_names(rows: list[list[str]]) -> bool:
    """Return whether the first line is one of numbers as the others, after a rising wavelength."""
    first = [number_of(row[0]) for row in rows]
    if None in first or None in map(number_of, rows[0]) or len(rows) < _FEWEST_LINES:
        return False
    listed = np.array(first, np.float64)
    steps, span = np.diff(listed), np.ptp(listed)
    are_even = bool(listed.min() > 0 and np.abs(steps).max() <= _LONGEST_STEP * span)
    return are_even and bool((steps > 0).all() or (steps < 0).all())


def _rows(path: Path, text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    counts = {mark: lines[0].count(mark) for mark in _SEPARATORS} if lines else {}
    separator = max(counts, key=lambda mark: counts[mark], default=",")
    # 450,5;451,5 has as many decimal commas as columns.
    if counts.get(";") and separator == ",":
        separator = ";"
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator))
    if not rows or len(rows[0]) < 2:
        raise ValueError(f"{path} is no table: its first line has no columns between , ; or tabs.")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"{path} has {len(rows[0])} columns, but {len(row)} in line {number}. Decimal "
                "commas need another separator than the comma."
            )
    return rows


def _band_columns(path: Path, head: Sequence[str]) -> tuple[list[int], NDArray[np.float64] | None]:
    """Return which columns are bands, and their wavelengths in nm.

    Their names have a unit or, of the others, are numbers; numbers alone may be of other things.
    """
    names = [_dotted(name) for name in head]
    with_unit = [place for place, name in enumerate(names) if wavelength_of_text(name)]
    plain = [place for place, name in enumerate(names) if _is_plain(name)]
    for places in (with_unit, plain):
        if len(places) > 1:
            known = wavelengths_from_names([names[place] for place in places])
            if known is None:
                continue
            steps = np.diff(known)
            if places is plain and not ((steps > 0).all() or (steps < 0).all()):
                step = int(np.argmax(np.abs(steps)))
                raise ValueError(
                    f"{path} has columns {head[places[step]]!r} and {head[places[step + 1]]!r}, "
                    "between which wavelengths step back: one may be something else. Name the "
                    "columns of bands with their unit, as '450.5 nm'."
                )
            return places, known
    return [], None


def _dotted(name: str) -> str:
    """Return a name with a point instead of a decimal comma."""
    number = name.strip().split(" ")[0]
    if number.count(",") == 1 and number_of(number) is not None:
        return name.strip().replace(",", ".", 1)
    return name.strip()


def _is_plain(name: str) -> bool:
    return number_of(name.lstrip("Xx").strip() or "x") is not None and bool(name)


def _by_rows(
    path: Path, head: list[str], body: list[list[str]], unit: str | None
) -> SpectralLibrary:
    places, known = _band_columns(path, head)
    if unit is not None:
        names = [_dotted(name) for name in head]
        places = places or [place for place, name in enumerate(names) if _is_plain(name)]
        listed = [number_of(names[place].lstrip("Xx").split()[0]) for place in places]
        if len(places) > 1:
            known = in_nm(np.array(listed, np.float64), unit, str(path))
    if known is None:
        raise ValueError(
            f"{path} has no columns that are wavelengths, as 450.5, X450.5 or '450.5 nm', and "
            "its first column is not called wavelength or wavenumber. Wavenumbers and numbers "
            "beyond 2600 need a unit: pass unit='cm-1'."
        )
    values = _numbers(path, [[row[place] for place in places] for row in body], places)
    others = [place for place in range(len(head)) if place not in set(places)]
    name_at = next((p for p in others if head[p].strip().lower() in _NAMES), None)
    if name_at is None:
        names = np.array([str(number) for number in range(1, len(body) + 1)], object)
    else:
        names = np.array([row[name_at] for row in body], object)
    metadata = {
        head[place].strip() or f"column {place + 1}": _column([row[place] for row in body])
        for place in others
        if place != name_at
    }
    return SpectralLibrary(as_spectra(values, known), names, metadata)


def _by_columns(
    path: Path, head: list[str], body: list[list[str]], unit: str | None
) -> SpectralLibrary:
    table = _numbers(path, body, list(range(len(head))))
    wavelengths = in_nm(table[:, 0], unit, str(path))
    names = np.array([name.strip() for name in head[1:]], object)
    return SpectralLibrary(as_spectra(table[:, 1:].T, wavelengths), names)


def _numbers(path: Path, rows: list[list[str]], places: list[int]) -> NDArray[np.float64]:
    values = np.empty((len(rows), len(places)))
    for line, row in enumerate(rows):
        for column, text in enumerate(row):
            number = number_of(text)
            if number is None:
                raise ValueError(
                    f"{path} must have numbers in the columns of its spectra; got {text!r:.40} in "
                    f"line {line + 2}, column {places[column] + 1}."
                )
            values[line, column] = number
    return values


def _column(texts: list[str]) -> NDArray[np.generic]:
    """Return a column of metadata as numbers, where all are, else as texts."""
    found = [number_of(text) for text in texts]
    values = np.array([np.nan if number is None else number for number in found])
    if None in found or np.isnan(values).all():
        return np.array([text.strip() for text in texts], object)
    are_digits = all(text.strip().lstrip("+-").isdigit() for text in texts)
    return values.astype(np.int64) if are_digits and np.abs(values).max() < 2**53 else values


def write_table(path: Path, library: SpectralLibrary) -> None:
    """Write a row for each spectrum: its name, what is known of it, and a column for each band."""
    bands = wavelength_names(library.wavelengths).tolist()
    clashing = [name for name in library.metadata if name in (*bands, "name")]
    if clashing:
        raise ValueError(
            f"metadata must not be called like a column of the table: {clashing[0]!r}."
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", *library.metadata, *bands])
    values = np.asarray(library.spectra)
    for row, name in enumerate(library.names):
        known = [column[row] for column in library.metadata.values()]
        # The shortest text that reads back as the same number, of 32 bits too.
        numbers = ["" if np.isnan(value) else str(value) for value in values[row]]
        writer.writerow([name, *known, *numbers])
    write_whole(path, text.getvalue().encode())
