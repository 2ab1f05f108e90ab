"""Files from the web, kept in a folder: resumed where a download broke off, whole or not there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from skhyp._optional_packages import optional_package
from skhyp.files._disk import locked, open_own
from skhyp.files._paths import user_path

# Seconds until a server that does not answer, or stops sending, is given up.
CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 30.0
# What a connection that breaks loses of what it has received.
CHUNK_BYTES = 2**16
# What pooch is for.
_PURPOSE = "Downloading scenes"


class DownloadError(OSError):
    """A file could not be downloaded, for a reason that the message gives."""


def data_folder(data_home: str | os.PathLike | None) -> Path:
    """Return the folder for downloads: ``data_home``, ``SKHYP_DATA``, or the system's cache."""
    if data_home is not None:
        return user_path("data_home", data_home)
    if os.environ.get("SKHYP_DATA"):
        return user_path("SKHYP_DATA", os.environ["SKHYP_DATA"])
    return Path(optional_package("pooch", _PURPOSE).os_cache("skhyp"))


def download(url: str, path: Path, *, known_hash: str | None, n_retries: int, delay: float) -> None:
    """Download a file unless it is there; what came before a break is kept and gone on with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with open_own(part) as lock, locked(lock, waits=True):
        for attempt in range(n_retries + 1):
            if path.exists():  # another process was faster
                break
            try:
                _fetch(url, path, part, known_hash)
                break
            except DownloadError:
                if attempt == n_retries:
                    raise
                time.sleep(delay)
    part.unlink(missing_ok=True)


def _fetch(url: str, path: Path, part: Path, known_hash: str | None) -> None:
    pooch = optional_package("pooch", _PURPOSE)

    def resumed(url: str, output_file: Any, _: Any) -> None:
        _resume(url, part)
        shutil.copyfile(part, output_file)

    base, _, name = url.rpartition("/")
    registry = {path.name: known_hash}
    files = pooch.create(path.parent, base_url=base, registry=registry, urls={path.name: url})
    try:
        files.fetch(path.name, downloader=resumed)
    except ValueError as error:  # another hash: begin anew
        os.truncate(part, 0)
        raise DownloadError(f"{name} is not the file it should be: {error}") from error


def _resume(url: str, part: Path) -> None:
    """Download what a part of a file lacks."""
    import requests

    n_there = part.stat().st_size
    headers = {"Accept-Encoding": "identity"}
    if n_there:
        headers["Range"] = f"bytes={n_there}-"
    try:
        with requests.get(
            url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
        ) as response:
            if response.status_code == 416:  # the part is no part of this file
                os.truncate(part, 0)
                raise DownloadError(f"{url} has another size than before")
            if response.status_code not in (200, 206):
                raise DownloadError(f"{url} answered {response.status_code} {response.reason}")
            if "html" in response.headers.get("Content-Type", ""):
                raise DownloadError(f"{url} answered with a web page")
            if response.status_code == 200:
                os.truncate(part, 0)
                n_there = 0
            expected = n_there + int(response.headers.get("Content-Length", 0))
            with part.open("ab") as file:
                for chunk in response.iter_content(CHUNK_BYTES):
                    file.write(chunk)
    except requests.RequestException as error:
        raise DownloadError(f"{url} gave {part.stat().st_size} bytes, then: {error}") from error
    if part.stat().st_size < expected:
        raise DownloadError(f"{url} ended after {part.stat().st_size} of {expected} bytes")
