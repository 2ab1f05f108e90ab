"""Delivery: a folder or a zip archive with an image, its metadata and layers of quality."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skhyp._warnings import warn_user
from skhyp.scenes.reading._file_errors import printable

from ._metadata_documents import LONGEST_DOCUMENT

_RASTERS = (".tif", ".tiff", ".bsq", ".bil", ".bip", ".img", ".dat")
_IMAGE = re.compile(r"spectral_image(?P<part>_vnir|_swir)?(_cog)?$", re.I)
_METADATA = re.compile(r"metadata(\.xml)?\.xml$", re.I)
_LAYER = re.compile(r"-(?P<layer>ql_[^.]+?)(_cog)?$", re.I)
# Packed images that are larger take minutes to be read by blocks.
_LARGEST_PACKED = 2**28


@dataclass(frozen=True)
class Delivery:
    """The files of one product, by their names in a folder or an archive."""

    path: Path  # what it was opened by
    folder: Path  # or the archive
    names: tuple[str, ...]
    is_archive: bool

    @property
    def images(self) -> list[str]:
        """The images of spectra; of one that is there twice, the plain one."""
        found = [name for name in self.names if is_image(name)]
        plain = {name for name in found if not PurePosixPath(name).stem.lower().endswith("_cog")}
        return [name for name in found if not plain or name in plain]

    @property
    def metadata(self) -> str | None:
        """The document that describes the product, if there is one."""
        found = [name for name in self.names if is_metadata(name)]
        if len(found) > 1:
            raise ValueError(
                f"{printable(self.path)} has several metadata, {', '.join(found)}: open the one "
                "that is meant."
            )
        return found[0] if found else None

    @property
    def layers(self) -> dict[str, str]:
        """The layers of quality, by their names in capitals."""
        found = {}
        for name in self.names:
            if PurePosixPath(name).suffix.lower() in _RASTERS:
                match = _LAYER.search(PurePosixPath(name).stem)
                if match:
                    found[match["layer"].upper()] = name
        return found

    @property
    def files(self) -> tuple[Path, ...]:
        """What there is on disk of it: what a map must not be written over."""
        if self.is_archive:
            return (self.folder,)
        layers = set(self.layers.values())
        return tuple(
            self.folder / name
            for name in self.names
            if is_image(name) or is_metadata(name) or name in layers or name.lower().endswith("hdr")
        )

    def raster(self, name: str) -> Path:
        """Return what GDAL opens one of its files by."""
        if not self.is_archive:
            return self.folder / name
        if "{" in str(self.folder) or "}" in str(self.folder):
            raise ValueError(
                f"{printable(self.folder)} is in an archive whose path has braces, which GDAL does "
                "not take. Rename it, or unpack it."
            )
        return Path(f"/vsizip/{{{self.folder.resolve()}}}/{name}")

    def content(self, name: str) -> bytes:
        """Read a file that is small."""
        if not self.is_archive:
            path = self.folder / name
            _refuse_long(path.stat().st_size, name)
            return path.read_bytes()
        with _archive(self.folder) as archive:
            _refuse_long(archive.getinfo(name).file_size, name)
            return archive.read(name)

    def warn_of_packed(self, name: str) -> None:
        """Warn of an image that has to be unpacked from its begin for each block."""
        if not self.is_archive:
            return
        with _archive(self.folder) as archive:
            found = archive.getinfo(name)
        if found.compress_type != zipfile.ZIP_STORED and found.file_size > _LARGEST_PACKED:
            warn_user(
                f"{printable(self.folder)} is a packed archive: its image of "
                f"{found.file_size / 2**20:.0f} MiB is unpacked up to each block that is read. "
                "Unpack it before it is mapped, and open the folder."
            )


def is_image(name: str) -> bool:
    """Return whether a name is that of an image of spectra."""
    return _match(_IMAGE, name) is not None and PurePosixPath(name).suffix.lower() in _RASTERS


def is_metadata(name: str) -> bool:
    """Return whether a name is that of the metadata of a product."""
    return _METADATA.search(PurePosixPath(name).name) is not None


def is_part(name: str) -> str | None:
    """Return which detector an image is of, if it is of one of two."""
    match = _match(_IMAGE, name)
    return None if match is None or match["part"] is None else match["part"].strip("_").upper()


def delivery_of(path: Path) -> Delivery | None:
    """Return what a folder, an archive, or an image or metadata in a folder may be a part of."""
    if path.is_dir():
        names = tuple(sorted(entry.name for entry in path.iterdir() if entry.is_file()))
        if not any(is_image(name) or is_metadata(name) for name in names):
            folders = {
                file.parent
                for pattern in ("*/*", "*/*/*")  # as archives are unpacked
                for file in path.glob(pattern)
                if is_image(file.name) or is_metadata(file.name)
            }
            return delivery_of(folders.pop()) if len(folders) == 1 else None
        return Delivery(path, path, names, is_archive=False)
    if path.suffix.lower() == ".zip":
        with _archive(path) as archive:
            names = tuple(sorted(name for name in archive.namelist() if not name.endswith("/")))
        hidden = tuple(name for name in names if "__MACOSX" not in name)
        return Delivery(path, path, hidden, is_archive=True)
    if path.suffix.lower() == ".hdr" and _match(_IMAGE, path.name) is not None:
        of_header = [entry for entry in path.parent.iterdir() if is_image(entry.name)]
        of_header = [entry for entry in of_header if entry.stem.lower() == path.stem.lower()]
        return delivery_of(of_header[0]) if len(of_header) == 1 else None
    if not (is_image(path.name) or is_metadata(path.name)):
        return None
    stem = _stem(path.name)
    beside = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    of_it = (name for name in beside if _stem(name).lower() == stem.lower())
    names = tuple(n for n in of_it if not (is_image(n) and is_image(path.name)) or n == path.name)
    return Delivery(path, path.parent, names, is_archive=False)


def _stem(name: str) -> str:
    """Return the part of a name that all files of a product have."""
    return re.split(r"(?:^|[-_])(?:spectral_image|metadata|ql_)", name, flags=re.I)[0]


def _match(pattern: re.Pattern[str], name: str) -> re.Match[str] | None:
    return pattern.search(PurePosixPath(name).stem)


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{printable(path)} is no zip archive that can be read: {error}. It may be damaged or "
            "incomplete."
        ) from error


def _refuse_long(n_bytes: int, name: str) -> None:
    if n_bytes > LONGEST_DOCUMENT:
        raise ValueError(f"{name} has {n_bytes} bytes: too many for the metadata of a product.")
