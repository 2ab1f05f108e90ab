"""Spectral libraries of ENVI: a header, and a file whose lines are spectra."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import Any

import numpy as np

from skhyp._warnings import warn_user
from skhyp.files._whole_files import write_with_header
from skhyp.scenes.reading._bands import fwhm_in_nm, good_bands_of, wavelengths_in_nm
from skhyp.scenes.reading._envi_headers import (
    header_integer,
    list_of,
    read_envi_header,
    refuse_incomplete,
    refuse_misfit,
    stated_shape,
    stated_type,
)

from ._axes import as_spectra
from ._library import SpectralLibrary

_KIND = "ENVI Spectral Library"


def envi_files(path: Path) -> tuple[Path, Path]:
    """Return the header and the data of a library, of which one is given."""
    if path.suffix.lower() == ".hdr":
        stem = path.with_suffix("")
        candidates = [stem, *(stem.with_name(stem.name + end) for end in (".sli", ".SLI", ".img"))]
        data = next((candidate for candidate in candidates if candidate.is_file()), None)
        if data is None:
            raise FileNotFoundError(f"There is no file {stem}.sli with the spectra of {path}.")
        return path, data
    for header in (path.with_suffix(".hdr"), path.with_name(path.name + ".hdr")):
        if header.is_file():
            return header, path
    raise FileNotFoundError(f"There is no header {path.with_suffix('.hdr')} of {path}.")


def read_envi_library(path: Path) -> SpectralLibrary:
    """Return the spectra of a library, over the `reflectance scale factor` if it has one."""
    header, data = envi_files(path)
    name, fields = str(header), read_envi_header(header)
    if "library" not in fields.get("file type", "").lower():
        raise ValueError(
            f"{name} is no spectral library, whose 'file type' is {_KIND!r}; got "
            f"{fields.get('file type', 'none')!r}. An image is opened with "
            "skhyp.scenes.open_scene."
        )
    checked = fields | {"file type": "ENVI Standard", "interleave": "bsq"}
    refuse_incomplete(checked, header, data)
    refuse_misfit(checked, header, data)
    n_spectra, n_bands, depth = stated_shape(checked, header)
    if depth != 1:
        raise ValueError(f"{name} must have bands = 1, as libraries have; got {depth}.")
    offset = header_integer(fields, "header offset", name)
    stored = np.fromfile(data, stated_type(checked, header), n_spectra * n_bands, offset=offset)
    stored = stored.reshape(n_spectra, n_bands)
    if stored.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers; got {stored.dtype}.")
    values: Any = stored.astype(np.float64 if stored.dtype.itemsize > 4 else np.float32)
    if text := fields.get("data ignore value"):
        values[stored == np.float64(text)] = np.nan
    if text := fields.get("reflectance scale factor"):
        values = values / values.dtype.type(text)
    if "wavelength" not in fields:
        raise ValueError(f"{name} has no wavelengths: add the field 'wavelength'.")
    unit = fields.get("wavelength units")
    counted: dict[str, Any] = {"n_bands": n_bands, "name": name}
    listed = list_of(fields["wavelength"])
    wavelengths = wavelengths_in_nm(listed, unit, **counted)
    if wavelengths is None:
        raise ValueError(f"{name} lists no wavelengths, but {fields['wavelength']:.40}.")
    fwhm = None
    if "fwhm" in fields:
        fwhm = fwhm_in_nm(list_of(fields["fwhm"]), unit, listed, unit, **counted)
    names = _names(fields, name, n_spectra)
    if "bbl" in fields:
        good = good_bands_of(list_of(fields["bbl"]), **counted)
        values, wavelengths = values[:, good], wavelengths[good]
        fwhm = None if fwhm is None else fwhm[good]
    return SpectralLibrary(as_spectra(values, wavelengths, fwhm), np.array(names, object))


def _names(fields: dict[str, str], name: str, n_spectra: int) -> list[str]:
    text = " ".join(fields.get("spectra names", "").strip(" \t\r\n{}").split())
    names = [entry.strip() for entry in text.split(",")]
    if len(names) != n_spectra and text:
        (names,) = csv.reader([text], skipinitialspace=True)
    if len(names) != n_spectra:
        if text:
            warn_user(
                f"{name} has {n_spectra} spectra, but {len(names)} names between commas: spectra "
                "are numbered. Names must not have commas."
            )
        return [str(number) for number in range(1, n_spectra + 1)]
    return names


def write_envi_library(path: Path, library: SpectralLibrary) -> None:
    """Write data and header, whole or not at all."""
    data = path.with_suffix(".sli")
    _refuse_header_of_others(data.with_suffix(".hdr"), data)
    if library.metadata:
        warn_user(
            f"{data} has no place for what is known of each spectrum: names, wavelengths and "
            f"widths are kept, {', '.join(library.metadata)} not. A .csv keeps all but widths."
        )
    values = np.asarray(library.spectra)
    stored = values.astype("<f8" if values.dtype.itemsize > 4 else "<f4")
    names = [_plain(str(name)) for name in library.names]
    changed = [str(name) for name, plain in zip(library.names, names, strict=True) if name != plain]
    if changed:
        warn_user(f"{data} cannot hold the signs , {{ }} = in names: {changed[0]!r} has _ instead.")
    fields = {
        "description": "{Spectral library, written by skhyp}",
        "samples": stored.shape[1],
        "lines": stored.shape[0],
        "bands": 1,
        "header offset": 0,
        "file type": _KIND,
        "data type": 5 if stored.dtype.itemsize > 4 else 4,
        "interleave": "bsq",
        "byte order": 0,
        "wavelength units": "Nanometers",
        "spectra names": f"{{{', '.join(names)}}}",
        "wavelength": _listed(library.wavelengths),
    }
    if library.fwhm is not None:
        fields["fwhm"] = _listed(library.fwhm)
    lines = [f"{key} = {value}" for key, value in fields.items()]
    text = "ENVI\n" + "\n".join(lines) + "\n"
    write_with_header(data, stored.tobytes(), data.with_suffix(".hdr"), text.encode())


def _refuse_header_of_others(header: Path, data: Path) -> None:
    """Raise if a header that is there is not that of a library: an image would be lost with it."""
    if not header.exists():
        return
    with contextlib.suppress(ValueError):  # what cannot be read is no library's
        kind = read_envi_header(header).get("file type", "")
        if data.exists() and "library" in kind.lower():
            return
    raise FileExistsError(
        f"{header} is there already, and is not the header of {data.name}: it may be that of an "
        "image. Give the library another name."
    )


def _listed(values: np.ndarray) -> str:
    return "{" + ", ".join(repr(float(value)) for value in values) + "}"


def _plain(name: str) -> str:
    """Return a name without the signs that a header cannot hold."""
    for sign in ",{}=\r\n":
        name = name.replace(sign, "_")
    return name.strip() or "_"
