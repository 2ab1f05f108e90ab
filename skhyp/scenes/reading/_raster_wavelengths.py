"""Where rasters have the wavelengths of their bands: in headers, tags of any domain, and names."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from skhyp._warnings import warn_user
from skhyp.wavelengths import wavelengths_from_names
from skhyp.wavelengths._spectral_units import (
    names_unit_of_wavelengths,
    names_wavelengths,
    names_widths,
    wavelength_of_text,
)

from ._bands import entries_of, fwhm_in_nm, good_bands_of, wavelengths_in_nm
from ._envi_headers import list_of

# Where GDAL keeps what is no description of a band.
_NOT_LOOKED_INTO = ("IMAGE_STRUCTURE", "DERIVED_SUBDATASETS", "SUBDATASETS", "TIFF")
# Of fewer bands than these, names that are whole numbers may be codes of classes.
_FEW_BANDS = 10


def described_bands(
    dataset: Any, bands: list[int], header: dict[str, str], name: str
) -> dict[str, Any]:
    """Return functions that read the wavelengths, their widths and the bad bands, if there are any.

    They are called where the user does not say it better: a wrong list can be replaced.
    """
    counted: dict[str, Any] = {"n_bands": len(bands), "name": name}
    found: dict[str, Any] = {}
    tags = [_tags(dataset, band) for band in bands]
    texts = names_of(dataset, bands, header)
    of_all = dict(header)
    for key, value in _tags(dataset, 0).items():
        # Others tell of the sensor, such as "400 to 2500 nm".
        is_of_bands = names_wavelengths(key) is not None or key == "bbl"
        if not is_of_bands or len(entries_of(value)) == len(bands):
            of_all.setdefault(key, value)
    if (listed := _listed(of_all) or _tagged(tags, of_all, texts)) is not None:
        values, unit, widths, width_unit = listed
        found["wavelengths"] = partial(_of_all_bands, values, unit, **counted)
        if widths is not None:
            found["fwhm"] = partial(fwhm_in_nm, widths, width_unit, values, unit, **counted)
    elif not _may_be_codes(texts) and (by_names := wavelengths_from_names(texts)) is not None:
        found["wavelengths"] = by_names
    elif any(wavelength_of_text(text) is not None for text in texts):
        values = [wavelength_of_text(text) for text in texts]
        found["wavelengths"] = partial(_of_all_bands, values, "nm", **counted)
    flags = of_all.get("bbl", [tag["bbl"] for tag in tags if "bbl" in tag])
    if flags:
        found["good_bands"] = partial(good_bands_of, flags, **counted)
    return found


def _may_be_codes(texts: list[str]) -> bool:
    """Return whether names of bands are a few whole numbers, as maps of probabilities have them."""
    return len(texts) < _FEW_BANDS and all(text.strip().isdigit() for text in texts)


def has_wavelength(dataset: Any, band: int) -> bool:
    """Return whether a file says of a band at which wavelength it is."""
    for key, value in _tags(dataset, band).items():
        if names_wavelengths(key) is not None and re.search(r"[1-9]", value):
            return True
    return wavelength_of_text(*names_of(dataset, [band], {})) is not None


def _of_all_bands(values: Any, unit: Any, *, n_bands: int, name: str) -> Any:
    """Return the wavelengths in nm, or warn if some bands have none."""
    lacking = [i for i, value in enumerate(values) if value is None]
    if not lacking:
        return wavelengths_in_nm(values, unit, n_bands=n_bands, name=name)
    listed = ", ".join(map(str, lacking[:8])) + (" and others" if len(lacking) > 8 else "")
    warn_user(
        f"{name} has wavelengths for {n_bands - len(lacking)} of its {n_bands} bands, not for "
        f"{listed}: they are not known. Pass all in nm, open_scene(..., wavelengths=).",
    )
    return None


def _tags(dataset: Any, band: int) -> dict[str, str]:
    """Return what a file says of a band, or with 0 of all, in any domain: its own come first."""
    found = in_utf8(dataset, dataset.tags, band)
    for domain in dataset.tag_namespaces(band):
        if domain not in _NOT_LOOKED_INTO and not domain.startswith(("xml:", "json:")):
            for key, value in in_utf8(dataset, dataset.tags, band, domain).items():
                found.setdefault(key, value)
    return found


def names_of(dataset: Any, bands: list[int], header: dict[str, str]) -> list[str]:
    """Return the names of bands, in a header or as descriptions or, once converted, as tags."""
    names: list[Any] = list_of(header["band names"]) if "band names" in header else []
    if len(names) != dataset.count:
        described = in_utf8(dataset, lambda: dict(enumerate(dataset.descriptions)))
        tags = in_utf8(dataset, dataset.tags)
        names = [described.get(i) or tags.get(f"Band_{i + 1}", "") for i in range(dataset.count)]
    return [str(names[band - 1]) for band in bands]


def in_utf8(dataset: Any, told: Callable[..., dict], *arguments: Any) -> dict:
    """Return what rasterio tells, which stumbles over what is not in UTF-8."""
    try:
        return dict(told(*arguments))
    except UnicodeDecodeError:
        if dataset.driver != "ENVI":  # the header of which is read without it
            warn_user(
                f"{dataset.name} has tags or descriptions that are not in UTF-8: they are not "
                "read. Pass the wavelengths, if they are there, open_scene(..., wavelengths=)."
            )
        return {}


def _listed(tags: dict[str, str]) -> tuple[Any, ...] | None:
    """Return the wavelengths that are listed for all bands, their unit, widths and theirs."""
    key = _first(tags, names_wavelengths)
    if key is None:
        return None
    width_key = _first(tags, names_widths)
    widths = None if width_key is None else tags[width_key]
    return tags[key], _unit_of(key, tags), widths, names_widths(width_key or "")


def _tagged(
    tags: list[dict[str, str]], of_all: dict[str, str], texts: list[str]
) -> tuple[Any, ...] | None:
    """Return the wavelength that each band has as a tag, its unit, width and the unit of that."""
    keys = [_first(tag, names_wavelengths) for tag in tags]
    if not any(keys):
        return None
    values: list[str | None] = []
    units: list[str | None] = []
    for tag, key, text in zip(tags, keys, texts, strict=True):
        in_nm = wavelength_of_text(text) if key is None else None
        values.append(f"{in_nm!r} nm" if in_nm is not None else tag.get(str(key)))
        units.append(None if key is None else _unit_of(key, tag) or _unit_of(key, of_all))
    width_keys = [_first(tag, names_widths) for tag in tags]
    if None in width_keys:
        return values, units, None, None
    widths = [tag[str(key)] for tag, key in zip(tags, width_keys, strict=True)]
    return values, units, widths, names_widths(str(width_keys[0]))


def _first(tags: dict[str, str], names: Any) -> str | None:
    return next((key for key in tags if names(key) is not None and tags[key].strip(" {}")), None)


def _unit_of(key: str, tags: dict[str, str]) -> str | None:
    """Return the unit of a list: that in its name, or what is said to be it."""
    of_key = names_wavelengths(key)
    if of_key:
        return of_key
    return next((tags[other] for other in tags if names_unit_of_wavelengths(other)), None)
