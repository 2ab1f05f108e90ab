"""write_spectra: a spectral library as a file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from skhyp.files._paths import user_path

from ._envi_libraries import write_envi_library
from ._library import SpectralLibrary
from ._tables import write_table

_WRITERS = {".sli": write_envi_library, ".hdr": write_envi_library, ".csv": write_table}


def write_spectra(path: str | PathLike, library: SpectralLibrary) -> Path:
    """Write a spectral library to a file, whole or not at all.

    Parameters
    ----------
    path : str or path
        ``.sli``, a spectral library of ENVI with its header ``.hdr`` beside it, which keeps names,
        wavelengths and widths; or ``.csv``, a table with a row for each spectrum, which keeps what
        is known of each, but no widths.
    library : SpectralLibrary
        Spectra with names.

    Returns
    -------
    path : Path
        Of the file with the spectra.

    Raises
    ------
    ValueError
        If the ending is another, or a column of metadata is called as one of a band.
    FileExistsError
        If there is a header of that name which is not that of a library: it may be an image's.
    OSError
        If the file cannot be written; a former one is as it was then.

    Warns
    -----
    UserWarning
        Of what a file ``.sli`` has no place for: metadata, and the signs , { } = in names.

    Examples
    --------
    >>> import tempfile
    >>> from skhyp.libraries import SpectralLibrary, read_spectra, write_spectra
    >>> from skhyp.spectra import Spectra
    >>> spectra = Spectra([[0.1, 0.4], [0.3, 0.3]], wavelengths=[650, 850], fwhm=10)
    >>> library = SpectralLibrary(spectra, ["grass", "loam"])
    >>> path = write_spectra(tempfile.mkdtemp() + "/library.sli", library)
    >>> read_spectra(path).names.tolist()
    ['grass', 'loam']
    """
    path = user_path("path", path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"path must end with .sli or .csv; got {str(path)!r}.")
    if not path.resolve().parent.is_dir():
        raise FileNotFoundError(f"path={str(path)!r}: there is no folder {path.resolve().parent}.")
    writer(path, library)
    return path.with_suffix(".sli") if path.suffix.lower() == ".hdr" else path
