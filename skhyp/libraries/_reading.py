"""read_spectra: spectral libraries and single spectra from files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skhyp.files._paths import user_path
from skhyp.wavelengths._band_differences import how_they_differ

from ._envi_libraries import read_envi_library
from ._library import SpectralLibrary
from ._single_spectra import (
    is_ecostress,
    is_of_columns,
    is_usgs,
    read_ecostress,
    read_two_columns,
    read_usgs,
)
from ._tables import read_table
from ._texts import read_text

# Formats of instruments, and the packages that read them, with what they call things.
_INSTRUMENTS = {
    ".asd": ("pyasdreader", "pyASDReader.ASDFile(path)", "wavelengths", "reflectance"),
    ".spc": ("spc-io", "spc_io.SPC.from_bytes_io(open(path, 'rb'))[0]", "xarray", "yarray"),
    **dict.fromkeys(
        (".jdx", ".dx", ".jcamp", ".jcm"), ("jcamp", "jcamp.readfile(path)", "['x']", "['y']")
    ),
}
_OPUS = ("brukeropus", "brukeropus.read_opus(path).a", "wl", "y")
# OPUS counts its files: spectrum.0, spectrum.1, ...
_OPUS_ENDING = re.compile(r"\.\d{1,4}")
_OPUS_START = b"\n\n\xfe\xfe"
_TABLES = {".xlsx", ".xls", ".ods", ".parquet", ".feather"}
_TEXTS = {".txt", ".csv", ".tsv", ".asc", ".dat", ".spectrum", ".tab"}
# Wavelengths that files round differently are the same, in nm.
_SAME_NM = 0.01


def read_spectra(
    path: str | PathLike | Iterable[str | PathLike],
    *,
    wavelengths: str | PathLike | ArrayLike | None = None,
    fwhm: str | PathLike | ArrayLike | None = None,
    unit: str | None = None,
    target: Any = None,
) -> SpectralLibrary:
    """Read spectra with what is known of each.

    ==================  ========================================================================
    ENVI ``.sli``       a spectral library with its header; the data or the header
    USGS splib07        text files, whose wavelengths and widths are found in files nearby
    ECOSTRESS, ASTER    text files; what their headers say is metadata, per cent become
                        reflectance
    tables ``.csv``     a row for each spectrum, with columns called by wavelengths ("450.5",
                        "450.5 nm", "X450.5") and others, which are metadata; or a column for
                        each, after one of wavelengths
    two columns         text files of wavelengths and values, after any header
    ==================  ========================================================================

    Parameters
    ----------
    path : str, path, or list of them
        A file; a folder, of which all text files are read; a pattern with * in it; or a list of
        files. Several have to have the same wavelengths, or `target` says which to take.
    wavelengths, fwhm : str, path or array-like, default=None
        Of files of splib07, the files with their wavelengths and widths, or lists in nm. ``None``
        looks for them in the folder of the spectra and above.
    unit : str, default=None
        The unit of wavelengths of tables and columns that do not say it, such as "um" or "cm-1".
        ``None`` takes those that stay below 100 for micrometres, and others for nm.
    target : Scene, array-like, str or fitted estimator, default=None
        Resample each spectrum to the bands of another sensor, as
        :class:`~skhyp.BandResampler` takes it; bands that were not measured are NaN.

    Returns
    -------
    library : SpectralLibrary
        Wavelengths in nm, from the shortest on where they fell; missing and deleted values are
        NaN. Spectra are in the order of their files' names. `metadata` has the name of the file
        of each where there are several.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file cannot be read as spectra, is incomplete, or has other wavelengths than the first
        one; the message names it. Of files of instruments (ASD, OPUS, JCAMP-DX, SPC) it names the
        package that reads them.

    Notes
    -----
    Texts may be in UTF-8, UTF-16, or as Windows writes them, numbers with decimal commas where
    something else separates columns. Names need not differ. Values are as they are stored but for
    the per cent of ECOSTRESS and the scale of an ENVI header.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skhyp.libraries import read_spectra
    >>> path = Path(tempfile.mkdtemp()) / "field.csv"
    >>> _ = path.write_text("name;class;650;850,5\\ngrass;plant;0,1;0,4\\nloam;soil;0,3;0,3\\n")
    >>> library = read_spectra(path)
    >>> library
    <SpectralLibrary of 2 spectra x 2 bands, 650 to 850.5 nm; known: class>
    >>> library.spectra
    <Spectra of 2 bands, 650 to 850.5 nm>
    array([[0.1, 0.4],
           [0.3, 0.3]])
    """
    files = _files(path)
    libraries = [_read(file, wavelengths, fwhm, unit) for file in files]
    if target is not None:
        libraries = [library.resampled(target, uncovered="nan") for library in libraries]
    if len(libraries) == 1:
        return libraries[0]
    return _joined(files, libraries)


def _files(path: Any) -> list[Path]:
    """Return the files that a path, a folder, a pattern or a list stands for."""
    if not isinstance(path, str | PathLike):
        files = [user_path("path", each) for each in path]
    else:
        path = user_path("path", path)
        if path.is_dir():
            files = sorted(
                entry
                for entry in path.iterdir()
                if entry.suffix.lower() in _TEXTS and not _is_list(entry)
            )
        elif "*" in path.name:
            files = sorted(entry for entry in path.parent.glob(path.name) if not _is_list(entry))
        else:
            files = [path]
    if not files:
        raise FileNotFoundError(f"There are no files of spectra in {path}.")
    for file in files:
        if not file.exists():
            raise FileNotFoundError(f"There is no file {file}.")
    return files


def _is_list(path: Path) -> bool:
    """Return whether a file has the wavelengths or widths of spectra of the USGS, or says more."""
    name = path.name.lower()
    return "splib" in name and ("wavelengths" in name or "bandpass" in name)


def _read(path: Path, wavelengths: Any, fwhm: Any, unit: str | None) -> SpectralLibrary:
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise ValueError(f"{path} is empty: it has 0 bytes.")
    if suffix in (".sli", ".hdr"):
        return read_envi_library(path)
    _refuse_foreign(path, suffix, head)
    if suffix not in _TEXTS and path.with_suffix(".hdr").is_file():
        return read_envi_library(path)
    text = read_text(path)
    if is_ecostress(text):
        return read_ecostress(path, text)
    if is_usgs(text):
        return read_usgs(path, text, wavelengths, fwhm)
    for name, given in (("wavelengths", wavelengths), ("fwhm", fwhm)):
        if given is not None:
            raise ValueError(f"{name} are for files of splib07; {path} is none.")
    if suffix in (".csv", ".tsv", ".tab") or is_of_columns(text):
        return read_table(path, text, unit)
    return read_two_columns(path, text, unit)


def _refuse_foreign(path: Path, suffix: str, head: bytes) -> None:
    """Refuse files of instruments, with what reads them, and tables that pandas reads."""
    package = _INSTRUMENTS.get(suffix)
    if package is None and (head.startswith(_OPUS_START) or _OPUS_ENDING.fullmatch(suffix)):
        package = _OPUS
    if package is not None:
        name, call, centres, values = package
        raise ValueError(
            f"{path} is a file of an instrument, which {name} reads (pip install {name}): "
            f"{call} has its wavelengths ({centres}) and values ({values}). The guide on spectral "
            "libraries shows how they become Spectra."
        )
    if suffix in _TABLES:
        raise ValueError(
            f"{path} is a table that pandas reads: estimators take it with columns called by "
            'wavelengths, table.filter(regex=r"^\\d"). Or save it as .csv.'
        )


def _joined(files: list[Path], libraries: list[SpectralLibrary]) -> SpectralLibrary:
    """Return the spectra of several files, which must have the same wavelengths, as one library."""
    first = libraries[0]
    for file, library in zip(files, libraries, strict=True):
        ours, theirs = library.wavelengths, first.wavelengths
        if len(ours) == len(theirs) and np.abs(ours - theirs).max() <= _SAME_NM:
            continue
        differ = "it differs by less than 0.5 nm."
        if len(ours) != len(theirs) or np.abs(ours - theirs).max() > 0.5:
            differ = how_they_differ(ours, theirs)
        raise ValueError(
            f"{file} has other wavelengths than {files[0]}: {differ} Pass target, the bands that "
            "all are resampled to, or read them one by one."
        )
    keys = dict.fromkeys(key for library in libraries for key in library.metadata)
    metadata = {
        key: np.concatenate([_known(library, key) for library in libraries]) for key in keys
    }
    metadata["file"] = np.array(
        [file.name for file, library in zip(files, libraries, strict=True) for _ in library.names],
        object,
    )
    spectra: Any = np.concatenate([library.spectra for library in libraries])
    return SpectralLibrary(spectra, np.concatenate([each.names for each in libraries]), metadata)


def _known(library: SpectralLibrary, key: str) -> np.ndarray:
    """Return a column of metadata, None where a file has none."""
    column = library.metadata.get(key)
    return np.full(len(library), None, object) if column is None else column.astype(object)
