"""Names and files that are taken for scenes and are none: what they are, and what to do."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from os import PathLike, fspath
from pathlib import Path
from typing import NoReturn

from ._file_errors import printable

_ARCHIVES = {
    b"\x1f\x8b": "packed by gzip",
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ\x00": "packed by xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
}
_WEB_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
# Answers of servers that had no file to send.
_SERVER_ERRORS = (b'<?xml version="1.0" encoding="utf-8"?><error', b"<error>")
_VECTORS = {
    **dict.fromkeys((".shp", ".shx", ".dbf", ".shz"), "a Shapefile"),
    **dict.fromkeys((".geojson", ".geojsonl", ".topojson"), "GeoJSON"),
    **{".kml": "KML", ".gml": "GML", ".fgb": "FlatGeobuf", ".gpx": "GPX", ".gdb": "a geodatabase"},
}
_TABLES = {".csv", ".tsv", ".xlsx", ".xls", ".ods", ".parquet", ".feather", ".pkl", ".arrow"}
_SPECTRA = {
    **{".sli": "skhyp.libraries.read_spectra", ".asd": "pyasdreader"},
    **{".jdx": "jcamp", ".dx": "jcamp", ".spc": "spc-io", ".sed": "a reader of its maker"},
    **{".sig": "a reader of its maker"},
}
_MODELS = {".joblib", ".keras", ".pkl", ".skops", ".pickle"}
_REMOTE = re.compile(
    r"^(?:https?|ftp|s3|gs|az|abfss?|hdfs|webdav)://|^/?vsi(?:curl|s3|gs|az)", re.I
)
_PACKED_PATH = re.compile(r"^(?:zip|tar|gzip|zip\+\w+)://|^/?vsi(?:zip|tar|gzip|7z|rar)", re.I)
_SUBDATASET = re.compile(
    r"^(?:netcdf|hdf5|hdf5image|zarr):(?:\"(?P<quoted>[^\"]+)\"|(?P<bare>(?:[A-Za-z]:)?[^:]+))"
    r"(?::(?P<variable>.+))?$",
    re.I,
)
_OF_GDAL = re.compile(
    r"^(?:gpkg|gtiff_(?:dir|raw|off)|hdf4_\w+|sentinel\w*|nitf_im|bag|pdf|rasterlite\w*|wms|wcs|wmts"
    r"|tiledb|heif|rdb|dods|jp2|jpeg2000|vrt|pg|eedai|stacta|stacit|derived_subdataset):",
    re.I,
)
_SCENE_ENDINGS = {
    *(".hdr", ".tif", ".tiff", ".mat", ".npy", ".h5", ".he5", ".hdf5", ".nc", ".nc4", ".img"),
    *(".bsq", ".bil", ".bip", ".vrt", ".jp2", ".zarr"),
}
_LABELS = (
    "Polygons and points in it label a scene: labelled_pixels(scene, path, column=...), with the "
    "name of the column that has the classes."
)
_HEAD_BYTES = 1024


def refuse_name(path: str | PathLike) -> None:
    """Raise if a text names something that is no file here: an address, a part of an archive."""
    text = fspath(path)
    if isinstance(text, bytes):
        raise ValueError(f"A path must be str or pathlib.Path; got the bytes {text!r}.")
    if not text:
        raise ValueError("A path must name a file; got an empty text.")
    if _REMOTE.match(text) or re.match(r"^https?:/[^/]", text):
        raise ValueError(
            f"{text} is an address, and not on this machine. Download the file, and pass the path "
            "that it then has."
        )
    if text.lower().startswith("file:"):
        raise ValueError(f"{text} is an address. Pass the path: {_path_of_address(text)!r}.")
    if _PACKED_PATH.match(text):
        raise ValueError(
            f"{text} is in an archive. Unpack it first, and pass the path that the file has then."
        )
    if Path(text).expanduser().exists():
        return
    if (match := _SUBDATASET.match(text)) is not None:
        file = match["quoted"] or match["bare"]
        variable = (match["variable"] or "").strip('/"')
        asked = f", variable={variable!r}" if variable else ""
        raise ValueError(
            f"{text} is a name of GDAL's for a variable. Pass file and variable one by one: "
            f"open_scene({file!r}{asked})."
        )
    if _OF_GDAL.match(text):
        raise ValueError(
            f"{text} is a name of GDAL's for a part of a file. Write that to a file of its own, "
            f"gdal_translate '{text}' scene.tif, and open scene.tif."
        )


def refuse_folder(path: Path) -> NoReturn:
    """Raise for a folder, and name what in it may be opened."""
    if path.suffix.lower() == ".gdb":
        raise ValueError(f"{path} is a geodatabase, which has vector data. {_LABELS}")
    inside = sorted(
        entry.name for entry in path.iterdir() if entry.suffix.lower() in _SCENE_ENDINGS
    )
    hint = f" Pass a file in it, such as {path / inside[0]}." if inside else ""
    raise ValueError(f"{path} is a folder, but not a Zarr store.{hint}")


def refuse_file(path: Path) -> None:
    """Raise if a file is, whatever its name is, one that cannot be a scene."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    name, suffix = printable(path), path.suffix.lower()
    if not head:
        raise ValueError(
            f"{name} is empty: it has 0 bytes. It may not have been written, or copied."
        )
    if head.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"{name} is a pointer of Git LFS, and not the file itself. Get that: git lfs pull, in "
            "the folder of the repository."
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((*_WEB_PAGES, *_SERVER_ERRORS)):
        raise ValueError(
            f"{name} is a web page, and not data: a server sent it instead of the file, as when "
            "one has to log in. Download the file again."
        )
    if suffix in (".hdr", ".sli") and _is_library(path, head):
        raise ValueError(
            f"{name} is a spectral library of ENVI: spectra, and no image. Read it with "
            "skhyp.libraries.read_spectra, whose spectra estimators take as X."
        )
    if suffix in _SPECTRA:
        raise ValueError(
            f"{name} is a file of single spectra, and no image. Read it with {_SPECTRA[suffix]}; "
            "estimators take spectra as X."
        )
    if suffix == ".npz":
        raise ValueError(f"{name} has several arrays: open_scene(numpy.load({name!r})['name']).")
    if suffix in _MODELS:
        raise ValueError(
            f"{name} has an object of Python by its ending, a model perhaps: no scene."
        )
    if suffix in _TABLES:
        raise ValueError(
            f"{name} is a table, and no image. Read it, with pandas or, of spectra, with "
            "skhyp.libraries.read_spectra: estimators take a table of spectra as X, labelled "
            "points go to labelled_points(scene, x, y, classes)."
        )
    if suffix in _VECTORS or _is_geojson(suffix, start) or _has_vectors_alone(path, head):
        kind = _VECTORS.get(suffix, "GeoJSON" if suffix == ".json" else "a GeoPackage")
        raise ValueError(f"{name} is {kind}: vector data, and no image. {_LABELS}")
    _refuse_archive(path, head, name)
    if head.startswith(b"\x0e\x03\x13\x01"):
        raise ValueError(
            f"{name} is HDF4, which is not read. Convert it, h4toh5 {path.name} converted.h5, and "
            "open that."
        )


def _refuse_archive(path: Path, head: bytes, name: str) -> None:
    for start, kind in _ARCHIVES.items():
        if head.startswith(start) and not _has_header(path):
            raise ValueError(
                f"{name} is {kind}. Unpack it first, and open the file that was in it."
            )
    if head[257:262] == b"ustar":
        raise ValueError(f"{name} is a tar archive. Unpack it first, and open the file in it.")


def _has_header(path: Path) -> bool:
    """Return whether there is a header of ENVI, which may say that its data are packed."""
    headers = (path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr"))
    return path.suffix.lower() != ".hdr" and any(header.is_file() for header in headers)


def _is_library(path: Path, head: bytes) -> bool:
    beside = path.with_suffix(".hdr")
    if path.suffix.lower() == ".sli" and beside.is_file():
        with beside.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    return b"spectral library" in head.lower()


def _is_geojson(suffix: str, start: bytes) -> bool:
    return suffix == ".json" and start.startswith(b"{") and b"feature" in start


def _has_vectors_alone(path: Path, head: bytes) -> bool:
    """Return whether a file is a GeoPackage without images."""
    if not head.startswith(b"SQLite format 3"):
        return False
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        try:
            kinds = {kind for (kind,) in database.execute("SELECT data_type FROM gpkg_contents")}
        except sqlite3.Error:
            return False
    return not kinds & {"tiles", "2d-gridded-coverage"}


def _path_of_address(text: str) -> str:
    from urllib.parse import unquote, urlparse

    return unquote(urlparse(text).path)
