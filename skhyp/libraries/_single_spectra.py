"""Text files of one spectrum: ECOSTRESS, splib07 of the USGS, and two columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._axes import as_spectra, in_nm, stated_unit
from ._library import SpectralLibrary
from ._texts import columns_of, number_of, read_text, separator_of

_USGS = re.compile(
    r"^\s*(?P<library>\S*splib\S*|s\d{2}\w*)\s+Record\s*=\s*(?P<record>\d+)\s*:\s*(?P<title>.*)$",
    re.I,
)
_ECOSTRESS_KEYS = {"name", "type", "x units", "y units"}
# Where the lists of wavelengths of splib07 are: beside the spectra, or some folders above.
_FOLDERS_ABOVE = 3


def is_ecostress(text: str) -> bool:
    """Return whether a text has a header of ECOSTRESS, or of ASTER before it."""
    keys = {
        line.partition(":")[0].strip().lower() for line in text.splitlines()[:40] if ":" in line
    }
    return keys >= _ECOSTRESS_KEYS


def is_usgs(text: str) -> bool:
    """Return whether a text begins as the files of splib07 do."""
    first = text.partition("\n")[0]
    return _USGS.match(first) is not None or "splib07" in first.lower()


def is_of_columns(text: str) -> bool:
    """Return whether a text has more than two columns, under one line of names or none."""
    lines = [line for line in text.splitlines() if line.strip()][:2]
    separator = separator_of(lines[-1:])
    counts = {len(line.rstrip(" ;,").split(separator)) for line in lines}
    return separator is not None and len(counts) == 1 and counts.pop() > 2


def read_ecostress(path: Path, text: str) -> SpectralLibrary:
    """Return a spectrum with its header as metadata; per cent become reflectance from 0 to 1."""
    lines = text.splitlines()
    header: dict[str, str] = {}
    key, start = "", 0
    for number, line in enumerate(lines):
        before, colon, after = line.partition(":")
        if (
            colon
            and (not line[:1].isspace())
            and number_of(before.split()[0] if before.split() else "x") is None
        ):
            key = before.strip()
            header[key] = after.strip()
        elif line.strip() and _is_numbers(line):
            start = number
            break
        elif line.strip() and key:
            header[key] = f"{header[key]} {line.strip()}".strip()  # a text goes on
    else:
        raise ValueError(f"{path} has a header and no numbers: it may be incomplete.")
    table = columns_of([line for line in lines[start:] if line.strip()], str(path), 2)
    by_name = {key.lower(): value for key, value in header.items()}
    stated = number_of(by_name.get("number of x values", ""))
    if stated is not None and np.isfinite(stated) and stated != len(table):
        raise ValueError(
            f"{path} has {len(table)} values, but its header says {stated:g}: it may be incomplete."
        )
    values = table[:, 1]
    if "percent" in by_name["y units"].lower() or "%" in by_name["y units"]:
        values = values / 100
    unit = by_name["x units"]
    wavelengths = in_nm(table[:, 0], unit, str(path))
    metadata = {
        key: np.array([value], object) for key, value in header.items() if key.lower() != "name"
    }
    spectra = as_spectra(values[np.newaxis], wavelengths)
    return SpectralLibrary(spectra, np.array([by_name["name"]], object), metadata)


def read_usgs(path: Path, text: str, wavelengths: Any = None, fwhm: Any = None) -> SpectralLibrary:
    """Return a spectrum of splib07, whose wavelengths and widths are in files of their own."""
    first, *lines = text.splitlines()
    values = _column(path, lines)
    match = _USGS.match(first)
    title = match["title"].strip() if match else first.strip()
    metadata = {
        "record": int(match["record"]) if match else -1,
        "library": match["library"] if match else "",
    }
    listed = _list_for(path, wavelengths, "wavelengths", len(values))
    if listed is None:
        raise ValueError(
            f"{path} has {len(values)} values, and no file with as many wavelengths is in its "
            "folder or above. Pass wavelengths, the file with them or a list in nm."
        )
    widths = _list_for(path, fwhm, "bandpass", len(values))
    is_band = np.isfinite(listed) & (listed > 0)
    widths = None if widths is None else widths[is_band]
    spectra = as_spectra(values[np.newaxis, is_band], listed[is_band], widths)
    columns = {name: np.array([value], object) for name, value in metadata.items()}
    return SpectralLibrary(spectra, np.array([title], object), columns)


def read_two_columns(path: Path, text: str, unit: str | None) -> SpectralLibrary:
    """Return the spectrum of a file of wavelengths and values, after any header."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_numbers = [_is_numbers(line) for line in lines]
    if not any(is_numbers):
        raise ValueError(f"{path} has no lines of two numbers, a wavelength and a value.")
    start = is_numbers.index(True)
    table = columns_of(lines[start:], str(path), 2)
    if unit is None and start:
        head = lines[start - 1]
        fields = head.split(separator_of([head]))
        unit = next((stated for text in (fields[0], head) if (stated := stated_unit(text))), None)
    wavelengths = in_nm(table[:, 0], unit, str(path))
    return SpectralLibrary(
        as_spectra(table[:, 1][np.newaxis], wavelengths), np.array([path.stem], object)
    )


def _is_numbers(line: str) -> bool:
    fields = line.split(separator_of([line]))
    return len(fields) > 1 and all(
        number_of(field) is not None for field in fields if field.strip()
    )


def _column(path: Path, lines: list[str]) -> NDArray[np.float64]:
    numbers = [number_of(line) for line in lines if line.strip()]
    if not numbers or None in numbers:
        raise ValueError(f"{path} must have one number a line after the first; it has not.")
    values = np.array(numbers, np.float64)
    return np.where(values <= -1e30, np.nan, values)


def _list_for(path: Path, given: Any, kind: str, n_values: int) -> NDArray[np.float64] | None:
    """Return wavelengths or widths of a spectrum: those that are given, or of a file nearby."""
    if given is not None and not isinstance(given, str | Path):
        listed = np.asarray(given, np.float64)
        if listed.max(initial=0) < 100 and kind == "wavelengths":
            raise ValueError(f"wavelengths must be in nm, got {listed.max():g} and less.")
    elif given is not None:
        listed = _listed_in(Path(given).expanduser())
    else:
        return _listed_nearby(path, kind, n_values)
    if listed.shape != (n_values,):
        raise ValueError(f"{path} has {n_values} values, but {listed.size} {kind} are given.")
    return listed


def _listed_in(path: Path) -> NDArray[np.float64]:
    """Return wavelengths or widths in nm: files have micrometres."""
    return 1000 * _column(path, read_text(path).splitlines()[1:])


def _listed_nearby(path: Path, kind: str, n_values: int) -> NDArray[np.float64] | None:
    """Return the list of a file called after what it has, if one alone has as many values.

    Of several, that whose name shares a word with the spectrum's, as ASDFR, is taken.
    """
    found: dict[Path, NDArray[np.float64]] = {}
    for folder in [path.resolve().parent, *path.resolve().parents][: _FOLDERS_ABOVE + 1]:
        for candidate in sorted(folder.glob("*.txt")):
            if kind in candidate.name.lower() and candidate.name != path.name:
                try:
                    listed = _listed_in(candidate)
                except ValueError:
                    continue
                if len(listed) == n_values:
                    found[candidate] = listed
    if len(found) > 1:
        words = _words(path)
        alike = {name: listed for name, listed in found.items() if _share(words, _words(name))}
        found = alike or found
    lists = list(found.values())
    if any(not np.array_equal(listed, lists[0], equal_nan=True) for listed in lists[1:]):
        if kind == "bandpass":
            return None
        names = ", ".join(candidate.name for candidate in found)
        raise ValueError(
            f"{path} has {n_values} values, as several files nearby have wavelengths: {names}. "
            "Pass the right one as wavelengths."
        )
    return lists[0] if lists else None


def _words(path: Path) -> set[str]:
    words = re.split(r"[^a-z0-9]+", path.stem.lower())
    return {word for word in words if re.fullmatch(r"[a-z]{3,}\w*", word)} - {
        "splib07a",
        "splib07b",
    }


def _share(words: set[str], others: set[str]) -> bool:
    """Return whether one word begins as another does: BECKa is of BECK, ASDFRb of ASD."""
    return any(word.startswith(other) for word in words for other in others)
