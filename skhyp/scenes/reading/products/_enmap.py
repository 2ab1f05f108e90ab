"""EnMAP L1C and L2A, as DLR delivers them: a folder or a zip archive with a TIFF and XML.

The layout is that of the reader of ESA's SNAP (opttbx, EnmapMetadata), and of EnMAP-Box and EnPT.
"""

from __future__ import annotations

import re
from functools import partial
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from ._dlr_products import DlrLayout, is_of, opened
from ._metadata_documents import number_at, numbered
from ._product import Product

# The mean that is stated of a band in which nothing was retrieved.
_MEAN_OF_EMPTY = -999_999.0


def _bands_with_data(root: Element, n_bands: int) -> NDArray[np.bool_] | None:
    """Return which bands are not empty everywhere, by what is stated of their numbers."""
    bands = numbered(root.iterfind("product/bandstatistics/bandid"))
    means = [number_at(band, "mean", "meanreflectance") for band in bands]
    if len(means) != n_bands or None in means:
        return None
    return np.array(means, np.float64) > _MEAN_OF_EMPTY


_LAYOUT = DlrLayout(
    sensor="EnMAP",
    name=re.compile(r"enmap", re.I),
    root="level_x",
    bands="specific/bandcharacterisation/bandid",
    widths=("fwhmofband",),
    radiance_unit="W m-2 sr-1 nm-1",
    missing=-32768.0,
    good_bands=_bands_with_data,
)
ENMAP = Product("EnMAP", partial(is_of, _LAYOUT), partial(opened, _LAYOUT))
