"""Names and colours of the classes of a raster, wherever GDAL keeps them."""

from __future__ import annotations

import re
import secrets
from typing import Any
from xml.etree import ElementTree

from skhyp._warnings import warn_user

from ._envi_headers import class_colours_of, class_names_of, decoded


def raster_classes(
    dataset: Any, header: dict[str, str], name: str
) -> tuple[dict[int, str] | None, dict[int, str] | None]:
    """Return the names and the colours of the classes of a map; of other rasters, none."""
    if dataset.count != 1 or dataset.dtypes[0].startswith(("float", "complex")):
        return None, None
    if "class names" in header:
        names = class_names_of(header, name)
        if names and (colours := class_colours_of(header, names)) is not None:
            return names, colours
    else:
        tags = dataset.tags(1).items()
        ours = {int(tag[6:]): text for tag, text in tags if re.fullmatch(r"class_-?\d+", tag)}
        names = dict(sorted(ours.items())) or _categories(dataset)
    if not names:
        return None, None
    try:
        table = dataset.colormap(1)
    except ValueError:  # it has none
        return names, None
    shown = [code for code in names if code in table]
    return names, {code: "#{:02x}{:02x}{:02x}".format(*table[code][:3]) for code in shown}


def _categories(dataset: Any) -> dict[int, str] | None:
    """Return the categories of GDAL, which rasterio does not tell, but a description by GDAL."""
    import rasterio.shutil
    from rasterio.io import MemoryFile

    with MemoryFile(dirname=f"skhyp-{secrets.token_hex(6)}", filename="classes.vrt") as file:
        rasterio.shutil.copy(dataset, file.name, driver="VRT")
        description = decoded(bytes(file.getbuffer()))
    try:
        band = ElementTree.fromstring(description).find("VRTRasterBand")
    except ElementTree.ParseError as error:
        warn_user(f"{dataset.name} has names of classes that GDAL does not tell: {error}.")
        return None
    if band is None:
        return None
    listed = [category.text or "" for category in band.findall("CategoryNames/Category")]
    return {code: name for code, name in enumerate(listed) if name} or _attributes(band)


def _attributes(band: ElementTree.Element) -> dict[int, str] | None:
    """Return the names of a table of attributes, as of an Erdas file."""
    table = band.find("GDALRasterAttributeTable")
    if table is None:
        return None
    uses = [field.findtext("Usage", "") for field in table.findall("FieldDefn")]
    if "2" not in uses:
        return None
    names: dict[int, str] = {}
    for row in table.findall("Row"):
        fields = [field.text or "" for field in row.findall("F")]
        code = fields[uses.index("5")] if "5" in uses else row.get("index", "")
        name = fields[uses.index("2")].strip()
        if name and re.fullmatch(r"-?\d+(\.0*)?", code):
            names[int(float(code))] = name
    return names or None
