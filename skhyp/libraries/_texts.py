"""Texts and the numbers in them, whatever encoding and decimal sign they were written with."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes.reading._envi_headers import decoded

_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
# What tables have where there is no value.
_NOTHING = {"", "na", "n/a", "nan", "null", "none", "-", "--"}


def read_text(path: Path) -> str:
    """Return a text file in UTF-8, UTF-16 with a mark, or as Windows writes it."""
    content = path.read_bytes()
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise ValueError(f"{path} begins as {encoding}, but is not: {error}.") from error
    if b"\0" in content[:1024]:
        raise ValueError(f"{path} is no text: it has zero bytes.")
    return decoded(content)


def number_of(text: str) -> float | None:
    """Return the number that a text is, NaN where it says that there is none, else None."""
    text = text.strip().strip('"')
    if text.lower() in _NOTHING:
        return np.nan
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def separator_of(lines: list[str]) -> str | None:
    """Return what separates the fields of lines: a tab, a semicolon or a comma; None is blanks.

    A comma within all numbers is one of decimals, where there is another separator.
    """
    for separator in ("\t", ";"):
        if all(separator in line for line in lines):
            return separator
    blank = [line.split() for line in lines]
    if all(len(fields) > 1 and all(number_of(f) is not None for f in fields) for fields in blank):
        return None
    return "," if all("," in line for line in lines) else None


def columns_of(lines: list[str], name: str, n_columns: int | None = None) -> NDArray[np.float64]:
    """Return the numbers of lines (lines, columns); all lines must have as many."""
    separator = separator_of(lines)
    rows = []
    for line in lines:
        fields = line.split(separator)
        if separator is not None and len(fields) > 1 and not fields[-1].strip():
            fields = fields[:-1]
        numbers = [number_of(field) for field in fields]
        if None in numbers:
            wrong = fields[numbers.index(None)].strip()
            raise ValueError(f"{name} must have numbers alone after its header; got {wrong!r:.40}.")
        rows.append(numbers)
    counts = {len(row) for row in rows}
    if len(counts) > 1 or (n_columns is not None and counts != {n_columns}):
        listed = " and ".join(map(str, sorted(counts)[:3]))
        wanted = "" if n_columns is None else f", not {n_columns}"
        raise ValueError(f"{name} has lines of {listed} numbers{wanted}: it may be damaged.")
    return np.array(rows, np.float64)
