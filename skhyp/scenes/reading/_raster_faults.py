"""Faults of a disk that GDAL does not raise: what it could not read, it takes for absent."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from skhyp.scenes._windows import Window

# As libtiff words it, of a tag that is ignored then.
_OF_THE_DISK = ("IO error", "Cannot read", "Read error")

# libtiff reads its index in pages of 4096 bytes, with entries of 8 bytes at most.
_ENTRIES = 256


class _Told(logging.Handler):
    """What GDAL says in one thread of reading that failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            message = record.getMessage()
            self.said += [message for words in _OF_THE_DISK if words in message]


@contextlib.contextmanager
def faults_raised(path: Path) -> Iterator[None]:
    """Raise an OSError if GDAL says meanwhile that a part of a file could not be read."""
    told = _Told()
    logger = logging.getLogger("rasterio")
    logger.addHandler(told)
    try:
        yield
    finally:
        logger.removeHandler(told)
    if told.said:
        raise OSError(errno.EIO, f"Input/output error: {told.said[0]}", str(path))


def block_index(dataset: Any, window: Window, bands: list[int]) -> list[str | None]:
    """Return where some of the blocks of a GeoTIFF lie, one or more of each page of its index.

    If GDAL cannot read a page, it takes what it finds elsewhere for the blocks. So two openings of
    a file are asked, and have to agree.
    """
    if dataset.driver != "GTiff":
        return []
    dataset.overviews(1)  # while it looks for these, GDAL forgets the index
    height, width = dataset.block_shapes[0]
    rows, columns = (
        [*range(part.start // length, part.stop // length, _ENTRIES), (part.stop - 1) // length]
        for part, length in ((window.rows, height), (window.columns, width))
    )
    is_by_pixel = dataset.interleaving is not None and dataset.interleaving.value == "PIXEL"
    return [
        dataset.get_tag_item(f"BLOCK_{item}_{column}_{row}", "TIFF", bidx=band)
        for band in (bands[:1] if is_by_pixel else bands)
        for row, column in product(rows, columns)
        for item in ("OFFSET", "SIZE")
    ]
