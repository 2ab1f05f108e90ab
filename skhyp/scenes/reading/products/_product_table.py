"""The table of products: which of them a path is of."""

from __future__ import annotations

from typing import Any

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._dimension_names import Given
from skhyp.scenes.reading._zarr_stores import is_zarr

from ._aviris3 import AVIRIS3
from ._aviris_envi import AVIRIS
from ._desis import DESIS
from ._emit import EMIT
from ._enmap import ENMAP
from ._neon import NEON
from ._prisma import PRISMA
from ._product import Asked, Product
from ._tanager import TANAGER

PRODUCTS: tuple[Product, ...] = (ENMAP, DESIS, PRISMA, EMIT, NEON, TANAGER, AVIRIS3, AVIRIS)


def product_scene(asked: Asked, given: Given) -> tuple[Source, dict[str, Any]] | None:
    """Return what reads a product, and what its files say of it, or None where a path is of none.

    It is looked at by its content, or by the names of its files where these are the content.
    """
    if is_zarr(asked.path):
        return None
    for product in PRODUCTS:
        if product.is_it(asked.path):
            if given.dims is not None:
                raise ValueError(
                    f"dims={given.dims!r} is for arrays; {asked.path} is a product of "
                    f"{product.name}, which says itself what it has."
                )
            return product.opened(asked)
    return None
