"""DESIS L1C and L2A, as DLR delivers them: a folder or a zip archive with a TIFF and XML.

The layout is that of the readers of EnMAP-Box and ACOLITE.
"""

from __future__ import annotations

import re
from functools import partial

from ._dlr_products import DlrLayout, is_of, opened
from ._product import Product

_LAYOUT = DlrLayout(
    sensor="DESIS",
    name=re.compile(r"desis", re.I),
    root="hsi_doc",
    bands="specific/bandcharacterisation/band",
    widths=("wavelengthwidthofband", "fwhmofband"),
    radiance_unit="mW cm-2 sr-1 um-1",
    missing=-32768.0,
    good_bands=lambda root, n_bands: None,
)
DESIS = Product("DESIS", partial(is_of, _LAYOUT), partial(opened, _LAYOUT))
