"""Headers of ENVI files, read as they are written: GDAL guesses what one lacks, and drops names."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from skhyp._warnings import warn_user

# Which of the stored axes are rows, columns and bands.
INTERLEAVES = {"bsq": (1, 2, 0), "bil": (0, 2, 1), "bip": (0, 1, 2)}
_TYPES = {
    **{1: "uint8", 2: "int16", 3: "int32", 4: "float32", 5: "float64", 6: "complex64"},
    **{9: "complex128", 12: "uint16", 13: "uint32", 14: "int64", 15: "uint64"},
}
# By what a file in each encoding begins with.
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# What a file cannot be read without.
_NEEDED = ("samples", "lines", "bands", "data type", "interleave")
_READ = {
    *(*_NEEDED, "header offset", "byte order", "data ignore value", "wavelength"),
    *("wavelength units", "fwhm", "bbl", "class names", "reflectance scale factor"),
}


def read_envi_header(path: Path) -> dict[str, str]:
    """Return the fields of a header by their names in small letters; of another format, none.

    Raises
    ------
    ValueError
        If it cannot be told what the header says.
    """
    with path.open("rb") as file:
        start = file.read(8)
        marked = [kind for mark, kind in _BYTE_ORDER_MARKS.items() if start.startswith(mark)]
        if marked:
            raise ValueError(
                f"{path} begins with a byte order mark, with which it is no header of ENVI. Save "
                "it as UTF-8 without one, as with "
                f'Path(header).write_text(Path(header).read_text("{marked[0]}"), "utf-8").'
            )
        if not start.startswith(b"ENVI"):
            if start.strip().upper().startswith(b"ENVI"):
                raise ValueError(f'{path} must begin with the word "ENVI", in capitals.')
            return {}
        content = start + file.read()
    fields: dict[str, str] = {}
    lines = iter(re.split(r"\r\n|\r|\n", decoded(content)))
    for line in lines:
        key, equals, value = line.partition("=")
        if not equals or line.lstrip().startswith(";"):
            continue
        key = " ".join(key.replace("_", " ").lower().split())
        if "{" in value:
            while "}" not in value:
                if (following := next(lines, None)) is None:
                    raise ValueError(f"{path} has no }} that ends the list {key!r}.")
                value += "\n" + following
        else:
            value = value.partition(";")[0]
        value = value.strip()
        if key in _READ and fields.get(key, value) != value:
            raise ValueError(
                f"{path} has {key!r} twice: {fields[key][:40]} and {value[:40]}. Leave one."
            )
        fields.setdefault(key, value)
    return fields


def decoded(content: bytes) -> str:
    """Return text in UTF-8 or, if it is not, as Windows writes it."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def list_of(value: str) -> list[str]:
    """Return the entries of a list of a header: {a, b}."""
    return [entry.strip() for entry in value.strip(" \t\r\n{}").split(",")]


def class_names_of(fields: dict[str, str], name: str) -> dict[int, str] | None:
    """Return the names of classes, or None where a header has none that can be told apart."""
    if "class names" not in fields:
        return None
    names = list_of(fields["class names"])
    n_classes = header_integer(fields, "classes", name, len(names))
    if len(names) != n_classes:
        text = " ".join(fields["class names"].strip(" \t\r\n{}").split())
        (quoted,) = csv.reader([text], skipinitialspace=True)
        if len(quoted) != n_classes:
            warn_user(
                f"{name} has classes = {n_classes}, but {len(names)} names of classes between "
                "commas: they are not read. Names must not have commas.",
            )
            return None
        names = quoted
    return {code: " ".join(class_name.split()) for code, class_name in enumerate(names)}


def class_colours_of(fields: dict[str, str], names: dict[int, str]) -> dict[int, str] | None:
    """Return the colours of the classes that are named, or None where a header has none."""
    try:
        parts = [int(part) for part in list_of(fields.get("class lookup", ""))]
    except ValueError:
        return None
    if len(parts) != 3 * len(names) or not all(0 <= part <= 255 for part in parts):
        return None
    return {code: "#{:02x}{:02x}{:02x}".format(*parts[3 * code : 3 * code + 3]) for code in names}


def header_integer(fields: dict[str, str], key: str, name: str, default: int = 0) -> int:
    """Return a whole number of a header."""
    text = fields.get(key, "")
    if not text:
        return default
    match = re.match(r"[+-]?\d+(?:\.0*)?(?=\s|$)", text)
    if match is None:
        raise ValueError(f"{name} must have a whole number as {key!r}; got {text!r}.")
    return int(float(match[0]))


def refuse_incomplete(fields: dict[str, str], header: Path, data: Path) -> None:
    """Raise if a header does not say how its data are stored."""
    name = str(header)
    needed = [key for key in _NEEDED if key != "interleave" or fields.get("bands") != "1"]
    missing = [key for key in needed if not fields.get(key)]
    if missing:
        hints = ""
        if missing == ["data type"]:
            hints = _fitting_types(fields, name, data)
        elif missing == ["interleave"]:
            hints = " It is bsq, bil or bip; the size of the file does not tell which."
        raise ValueError(
            f"{name} has no {' and no '.join(map(repr, missing))}: without it the numbers of "
            f"{data} cannot be read. Add it.{hints}"
        )
    if "library" in fields.get("file type", "").lower():
        raise ValueError(f"{name} is of a spectral library, whose lines are spectra: no scene.")
    if (code := header_integer(fields, "data type", name)) not in _TYPES:
        raise ValueError(
            f"{name} must have as 'data type' one of {_listed_types(_TYPES)}; got {code}."
        )
    order = fields.get("interleave", "bsq").lower()
    if order not in INTERLEAVES:
        raise ValueError(f"{name} must have the interleave bsq, bil or bip; got {order!r}.")
    if fields.get("byte order", "0") not in ("0", "1"):
        raise ValueError(
            f"{name} must have the byte order 0, the lowest first, or 1; got "
            f"{fields['byte order']!r}."
        )
    for key in ("major frame offsets", "minor frame offsets"):
        if any(entry.strip("0. ") for entry in list_of(fields.get(key, ""))):
            raise ValueError(
                f"{name} has {key!r} {fields[key]}: bytes between its lines, which are not left "
                "out. Store the data without."
            )


def warn_of_byte_order(fields: dict[str, str], header: Path) -> None:
    """Warn of a header that does not say in which order the bytes of a number are."""
    if stated_type(fields, header).itemsize > 1 and not fields.get("byte order"):
        warn_user(
            f"{header} has no 'byte order': it is taken for 0, the lowest byte first. If that is "
            "right, add it."
        )


def refuse_misfit(fields: dict[str, str], header: Path, data: Path) -> None:
    """Raise if a file is not as long as its header says: its numbers would lie elsewhere."""
    rows, columns, n_bands = shape = stated_shape(fields, header)
    dtype = stated_type(fields, header)
    offset = header_integer(fields, "header offset", str(header))
    n_bytes = rows * columns * n_bands * dtype.itemsize
    expected, size = offset + n_bytes, data.stat().st_size
    if size == expected:
        return
    what = (
        f"{data} has {size} bytes, but its header {header.name} describes {rows} lines, "
        f"{columns} samples and {n_bands} bands of {dtype.name}"
        f"{f' after {offset} bytes' if offset else ''}: {expected} bytes."
    )
    fitting = [f"header offset = {size - n_bytes}"] if size >= n_bytes else []
    if types := _fitting_codes(size - offset, rows * columns * n_bands):
        fitting.append(f"data type = {_listed_types(types)}")
    for key, number in zip(("lines", "samples", "bands"), shape, strict=True):
        fits, rest = divmod(size - offset, max(1, n_bytes // max(1, number)))
        if fits > 0 and not rest:
            fitting.append(f"{key} = {fits}")
    hint = f" What would fit: {'; or '.join(fitting)}." if fitting else ""
    if size < expected:
        raise ValueError(f"{what} The file is incomplete, or the header is another file's.{hint}")
    raise ValueError(
        f"{what} {size - expected} bytes more are there than that.{hint} If the last bytes mean "
        f"nothing, cut the file to {expected} bytes."
    )


def stated_type(fields: dict[str, str], header: Path) -> np.dtype:
    """Return the type of the numbers that a header describes."""
    dtype = np.dtype(_TYPES[header_integer(fields, "data type", str(header))])
    return dtype.newbyteorder(">" if fields.get("byte order") == "1" else "<")


def stated_shape(fields: dict[str, str], header: Path) -> tuple[int, ...]:
    """Return the numbers of rows, columns and bands of a header."""
    return tuple(header_integer(fields, key, str(header)) for key in ("lines", "samples", "bands"))


def _fitting_types(fields: dict[str, str], name: str, data: Path) -> str:
    n_numbers = 1
    for key in ("samples", "lines", "bands"):
        n_numbers *= header_integer(fields, key, name)
    codes = _fitting_codes(
        data.stat().st_size - header_integer(fields, "header offset", name), n_numbers
    )
    if not codes:
        return f" It is one of {_listed_types(_TYPES)}; none fits the size of the file."
    return f" By the size of the file it is {_listed_types(codes)}."


def _fitting_codes(n_bytes: int, n_numbers: int) -> list[int]:
    return [code for code, name in _TYPES.items() if np.dtype(name).itemsize * n_numbers == n_bytes]


def _listed_types(codes: list[int] | dict[int, str]) -> str:
    return ", ".join(f"{code} ({_TYPES[code]})" for code in codes)
