"""What EnMAP and DESIS have in common: an image, and XML that says what its numbers are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from skhyp.scenes._windows import Source
from skhyp.scenes.reading._bands import fwhm_in_nm, wavelengths_in_nm
from skhyp.scenes.reading._file_errors import printable
from skhyp.scenes.reading._rasters import raster_scene

from ._deliveries import Delivery, delivery_of, is_part
from ._metadata_documents import document, number_at, numbered, text_at
from ._product import RADIANCE, REFLECTANCE, Asked, bands_without_water, quantity

_LEVEL = re.compile(r"L[0-9][A-D]?(?![0-9A-Za-z])")


@dataclass(frozen=True)
class DlrLayout:
    """What one of these sensors calls its files and elements."""

    sensor: str
    name: re.Pattern[str]  # of its files
    root: str
    bands: str  # the path of the element of each band
    widths: tuple[str, ...]
    radiance_unit: str
    missing: float  # where nothing states it
    good_bands: Callable[[Element, int], NDArray[np.bool_] | None]


@dataclass(frozen=True)
class _Calibration:
    """What is known of each band."""

    wavelengths: NDArray[np.float64]
    fwhm: NDArray[np.float64] | None
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]


def is_of(layout: DlrLayout, path: Path) -> bool:
    """Return whether a path is of a product of this sensor."""
    delivery = delivery_of(path)
    if delivery is None or not (delivery.images or delivery.metadata):
        # A folder or an archive that lacks both is known by its name.
        return delivery is not None and layout.name.search(path.name) is not None
    if delivery.metadata is not None:
        try:
            return _root(delivery, delivery.metadata).tag == layout.root
        except ValueError:  # damaged: it may be told by its name
            pass
    known = layout.name.search
    return any(map(known, (*delivery.names, path.name, delivery.folder.name)))


def opened(layout: DlrLayout, asked: Asked) -> tuple[Source, dict[str, Any]]:
    """Return what reads a product, or a layer of it, and what its files say."""
    delivery = delivery_of(asked.path)
    if delivery is None:  # it was there a moment ago
        raise FileNotFoundError(f"There is no file {printable(asked.path)}.")
    if asked.variable is not None and not _is_the_image(asked.variable):
        return _layer(delivery, asked.variable)
    root = None if delivery.metadata is None else _root(delivery, delivery.metadata)
    image = _image(layout, delivery, root)
    delivery.warn_of_packed(image)
    if delivery.is_archive and not image.lower().endswith((".tif", ".tiff")):
        raise ValueError(
            f"{printable(delivery.folder)} has {image}, which is read from a folder: unpack it."
        )
    source, found = raster_scene(delivery.raster(image), scales_are_applied=True)
    n_bands = source.shape[2]
    stated = [found.get("nodata")]
    found["files"] = tuple(dict.fromkeys((*delivery.files, *_on_disk(found["files"]))))
    if root is None:
        known = _by_header(found, layout, delivery, asked)
        if known is None:
            return source, found
        good = None
    else:
        with_name = f"{printable(delivery.folder)}: {delivery.metadata}"
        known = _by_document(root, layout, n_bands, with_name)
        good = layout.good_bands(root, n_bands)
        stated.append(number_at(root, "specific/backgroundvalue"))
    is_what, unit = _quantity(layout, delivery, root)
    missing = tuple(dict.fromkeys(value for value in stated if value is not None))
    source, facts = quantity(
        source,
        asked,
        is_what=is_what,
        scale=known.scale,
        offset=known.offset,
        missing=missing or (layout.missing,),
        unit=unit,
    )
    bad: dict[str, Any] = {"good_bands": good, "bad_bands_by": None if good is None else "the file"}
    if good is None:
        bad = bands_without_water(known.wavelengths, is_what)
    found |= {"scale": None, "offset": None, "wavelengths": known.wavelengths, "fwhm": known.fwhm}
    return source, found | bad | facts


def _is_the_image(variable: str) -> bool:
    return variable.strip("-_ ").upper() == "SPECTRAL_IMAGE"


def _layer(delivery: Delivery, variable: str) -> tuple[Source, dict[str, Any]]:
    """Return a layer of quality, as any raster."""
    layers = delivery.layers
    wanted = variable.upper()
    if wanted not in layers:
        raise ValueError(
            f"{printable(delivery.path)} has no layer {variable!r}. There are "
            f"{', '.join(layers) or 'none'}; without variable it is the image."
        )
    source, found = raster_scene(delivery.raster(layers[wanted]))
    found["files"] = tuple(dict.fromkeys((*delivery.files, *_on_disk(found["files"]))))
    return source, found


def _on_disk(files: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(file for file in files if file.exists())


def _root(delivery: Delivery, name: str) -> Element:
    return document(delivery.content(name), f"{printable(delivery.folder)}: {name}")


def _image(layout: DlrLayout, delivery: Delivery, root: Element | None) -> str:
    images, path = delivery.images, printable(delivery.path)
    parts = [part for name in images if (part := is_part(name)) is not None]
    if parts or _level(layout, delivery, root) == "L1B":
        raise ValueError(
            f"{path} is {layout.sensor} L1B, with an image for each detector ({', '.join(images)})"
            f" in its own geometry, which is not read as one scene. L1C and L2A are."
        )
    if not images:
        raise ValueError(
            f"{path} has no image of {layout.sensor}: there is no file whose name ends in "
            "SPECTRAL_IMAGE.TIF. It may not have been unpacked, or copied."
        )
    if len(images) > 1:
        raise ValueError(f"{path} has several images, {', '.join(images)}: open one of them.")
    return images[0]


def _level(layout: DlrLayout, delivery: Delivery, root: Element | None) -> str | None:
    """Return the level of processing, such as "L2A", as the metadata or the names have it."""
    texts = [] if root is None else [text_at(root, "base/level"), text_at(root, "base/format")]
    texts += [*delivery.names, delivery.folder.name, delivery.path.name]
    for text in texts:
        if text is not None and (match := _LEVEL.search(text.upper())) is not None:
            return match[0]
    return None


def _quantity(
    layout: DlrLayout, delivery: Delivery, root: Element | None
) -> tuple[str, str | None]:
    level = _level(layout, delivery, root)
    if level == "L1C":
        return RADIANCE, layout.radiance_unit
    if level in (None, "L2A"):
        return REFLECTANCE, "1"
    raise ValueError(
        f"{printable(delivery.path)} is {layout.sensor} {level}, of which it is not known what its "
        "numbers are: L1C and L2A are read."
    )


def _by_document(root: Element, layout: DlrLayout, n_bands: int, name: str) -> _Calibration:
    """Return what the metadata say of each band, which must be as many as the image has."""
    try:
        bands = numbered(root.iterfind(layout.bands))
        if len(bands) != n_bands:
            raise ValueError(f"it describes {len(bands)} bands, and the image has {n_bands}")
        centres = _listed(bands, "wavelengthcenterofband")
        scale, offset = _listed(bands, "gainofband"), _listed(bands, "offsetofband")
        if not np.all(np.isfinite(scale) & (scale != 0) & np.isfinite(offset)):
            raise ValueError("it has gains that are 0, or no numbers")
        widths = [number_at(band, *layout.widths) for band in bands]
    except ValueError as error:
        raise ValueError(f"{name} is damaged, or of another image: {error}.") from error
    counted: dict[str, Any] = {"n_bands": n_bands, "name": name}
    wavelengths = wavelengths_in_nm(centres, "nm", **counted)
    if wavelengths is None:
        raise ValueError(f"{name} lists no wavelengths (wavelengthCenterOfBand).")
    fwhm = None
    if None not in widths:
        fwhm = fwhm_in_nm(np.array(widths, float), "nm", centres, "nm", **counted)
    return _Calibration(wavelengths, fwhm, scale, offset)


def _listed(bands: list[Element], name: str) -> NDArray[np.float64]:
    values = [number_at(band, name) for band in bands]
    if None in values:
        raise ValueError(f"band {values.index(None) + 1} has no {name}")
    return np.array(values, np.float64)


def _by_header(
    found: dict[str, Any], layout: DlrLayout, delivery: Delivery, asked: Asked
) -> _Calibration | None:
    """Return what a header of ENVI says, which some come with, where there are no metadata."""
    values = {k: v() if callable(v := found.get(k)) else v for k in ("wavelengths", "fwhm")}
    scale, offset = found.get("scale"), found.get("offset")
    if values["wavelengths"] is None or scale is None:
        if asked.raw:
            return None
        raise ValueError(
            f"{printable(delivery.path)} is an image of {layout.sensor} without its metadata: "
            "there is no METADATA.XML with its wavelengths and gains. Put it beside the image, or "
            "open_scene(..., raw=True) for the numbers as they are stored."
        )
    n_bands = len(values["wavelengths"])
    return _Calibration(
        values["wavelengths"],
        values["fwhm"],
        np.broadcast_to(scale, n_bands).astype(np.float64),
        np.broadcast_to(0.0 if offset is None else offset, n_bands).astype(np.float64),
    )
