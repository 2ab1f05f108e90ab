"""Headers of ESRI's plain rasters (.bil, .bip, .bsq), of which GDAL guesses what they lack."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def refuse_esri_misfit(
    header: Path, data: Path, shape: tuple[int, int, int], dtype: np.dtype
) -> None:
    """Raise if a file is not as long as its header says: its numbers would lie elsewhere."""
    lines = header.read_text("utf-8", "replace").splitlines()
    fields = {words[0].upper(): words[1] for words in map(str.split, lines) if len(words) > 1}
    rows, columns, n_bands = shape
    n_bits = int(fields.get("NBITS", 8 * dtype.itemsize))
    layout = fields.get("LAYOUT", "BIL").upper()
    in_a_row = columns * n_bands if layout == "BIP" else columns
    least = -(-in_a_row * n_bits // 8)
    if layout == "BIL":
        least = n_bands * int(fields.get("BANDROWBYTES", least))
    row_bytes = int(fields.get("TOTALROWBYTES", least))
    expected = int(fields.get("SKIPBYTES", 0)) + rows * row_bytes
    if layout == "BSQ":
        expected += (n_bands - 1) * (rows * row_bytes + int(fields.get("BANDGAPBYTES", 0)))
    size = data.stat().st_size
    if not expected - (row_bytes - least) <= size <= expected:
        raise ValueError(
            f"{data} has {size} bytes, but its header {header.name} describes {rows} rows, "
            f"{columns} columns and {n_bands} bands of {n_bits} bits: {expected} bytes. Where it "
            "does not say NBITS, NBANDS or SKIPBYTES, they are 8, 1 and 0: add what is right."
        )
