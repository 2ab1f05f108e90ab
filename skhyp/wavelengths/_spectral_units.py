"""Units of wavelengths, wavenumbers and frequencies, and numbers with them, as texts have them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NM_PER_SECOND = 2.99792458e17
_NM_TIMES_EV = 1239.841984
_CM = r"(?:cm|centi-?met(?:er|re)s?)"
_M = r"(?:m|met(?:er|re)s?)"
_RECIPROCAL = r"(?:1 ?/ ?|/|per |reciprocal |inverse )"
_POWER = r"(?:\^|\*\*)?[({]?-1[)}]?"
# Reciprocals come first: 1/cm is found in a text before cm.
_SPELLINGS = {
    "cm-1": rf"{_RECIPROCAL}{_CM}|{_CM} ?{_POWER}|kaysers?",
    "m-1": rf"{_RECIPROCAL}{_M}|{_M} ?{_POWER}",
    "nm": r"nm|(?:1e-0?9|10 ?\^?-9) ?m|nano[ -]?met(?:er|re|ro)s?",
    "um": r"[uμ]m|mu ?m|(?:1e-0?6|10 ?\^?-6) ?m|(?:micro|mikro)[ -]?met(?:er|re|ro)s?|microns?",
    "pm": r"pm|pico-?met(?:er|re)s?",
    "mm": r"mm|milli-?met(?:er|re)s?",
    "cm": _CM,
    "m": _M,
    "angstrom": r"angstr(?:o|oe)ms?|a",
    "Hz": r"hz|hertz",
    "MHz": r"mhz|mega-?hertz",
    "GHz": r"ghz|giga-?hertz",
    "THz": r"thz|tera-?hertz",
    "eV": r"ev|electron-? ?volts?",
}
# An A is an article, but for one that stands alone.
_FOUND_IN_TEXTS = re.compile(
    r"(?<![a-z\d^*/-])(?:"
    + "|".join(f"(?P<_{i}>{text.removesuffix('|a')})" for i, text in enumerate(_SPELLINGS.values()))
    + r")(?![a-z\d^*/-])"
)
_NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?"
# No part of a number, and no end of a range: 450 of "x450 nm", none of "1,450 nm" or "4-450 nm".
_A_NUMBER = re.compile(
    rf"(?<![\w.])(?<!\d[,:/])(?<![^a-z]-)(?<!^-)(?<!\d - )({_NUMBER})[ -]?[(\[]?"
)
_QUANTITY = re.compile(
    r"\b(?:(?:cent(?:er|re|ral)|band|units?|values?|in|of) )*wave ?lengths?\b ?/?|\bunits?\b|\bin\b"
)
_WITH_UNIT = r"(?: ?[(\[]? ?(?P<unit>[^()\[\]]*?) ?[)\]]?)?"
_WAVELENGTHS = re.compile(
    r"(?:(?:band|spectral) ?)?(?:cent(?:er|re|ral)s? ?)?"
    r"(?P<what>wave ?lengths?|wave ?numbers?|wvls?|wls?|lambdas?)(?: ?cent(?:er|re)s?)?"
    + _WITH_UNIT
)
_WIDTHS = re.compile(
    r"(?:(?:band|spectral) ?)?(?:fwhms?|full ?width ?(?:at ?)?half ?max(?:imum)?|band ?widths?)"
    + _WITH_UNIT
)
# Sensors of images lie between these, in nm.
OPTICAL_NM = (100.0, 1e5)
# What names without a unit are taken for nm: longer ones may be wavenumbers.
_WITHOUT_UNIT = (200.0, 2600.0)
# Numbers that count up are wavelengths from field spectrometers only, if they are so many.
_MANY_BANDS = 100
_LEAST_COUNTED = 300
_NAMED = re.compile(
    r"(?:(?P<prefix>x|wl|wvl|w|wave(?:length)?|lambda|λ|nm|r|rho[stw]?|rrs|refl?|rfl|reflectance|spc|abs)"
    r"[ .:=-]*)?"
    rf"(?P<number>{_NUMBER})"
)
# What scikit-learn, and we after it, call the columns of a plain array, by their numbers.
_GENERATED = re.compile(r"x\d+")
_NO_UNIT = {"", "unknown", "none", "n a", "n/a", "na", "null", "nan", "1", "-", "?", "undefined"}


@dataclass(frozen=True)
class SpectralUnit:
    """A unit in which centres of bands are given, and how they become nm."""

    name: str
    # In a unit, or times a reciprocal one.
    nm: float
    is_reciprocal: bool = False

    def in_nm(self, centres: Any) -> Any:
        """Return centres of bands in nm."""
        return self.nm / centres if self.is_reciprocal else centres * self.nm

    def widths_in_nm(self, widths: Any, centres: Any) -> Any:
        """Return the widths of bands, whose centres are in this unit too, in nm."""
        return widths * self.nm / centres**2 if self.is_reciprocal else widths * self.nm


NANOMETRES = SpectralUnit("nm", 1.0)
MICROMETRES = SpectralUnit("um", 1e3)
METRES = SpectralUnit("m", 1e9)
_UNITS = {
    "nm": NANOMETRES,
    "um": MICROMETRES,
    "m": METRES,
    **{
        name: SpectralUnit(name, nm)
        for name, nm in {"pm": 1e-3, "mm": 1e6, "cm": 1e7, "angstrom": 0.1}.items()
    },
    **{
        name: SpectralUnit(name, nm, is_reciprocal=True)
        for name, nm in {
            "cm-1": 1e7,
            "m-1": 1e9,
            "Hz": _NM_PER_SECOND,
            "MHz": _NM_PER_SECOND / 1e6,
            "GHz": _NM_PER_SECOND / 1e9,
            "THz": _NM_PER_SECOND / 1e12,
            "eV": _NM_TIMES_EV,
        }.items()
    },
}


def spectral_unit(text: str) -> SpectralUnit | None:
    """Return the unit that a text names, or None where it names none that is known.

    Texts are such as "nm", "Micrometers", "Wavelength (nm)", "[cm-1]" or "reciprocal cm".
    """
    plain = _plain(text)
    for name, spelling in _SPELLINGS.items():
        if re.fullmatch(spelling, plain.strip(" ()[]{}<>\"'.,;:")):
            return _UNITS[name]
    found = {_unit_of(match) for match in _FOUND_IN_TEXTS.finditer(_QUANTITY.sub(" ", plain))}
    if not found and re.search(r"\bwave ?numbers?\b", plain):
        return _UNITS["cm-1"]
    return found.pop() if len(found) == 1 else None


def is_no_unit(text: str | None) -> bool:
    """Return whether a text, where a unit is expected, says that it is not known."""
    return text is None or _QUANTITY.sub(" ", _plain(text)).strip(" ()[]{}\"'.") in _NO_UNIT


def numbers_with_units(text: str) -> list[tuple[float, SpectralUnit]]:
    """Return the numbers of a text after which there is a unit, as in "Band 1 (450.5 nm)"."""
    plain, found, start = _letters_apart(_plain(text)), [], 0
    while (match := _A_NUMBER.search(plain, start)) is not None:
        start = match.end()
        if (unit := _FOUND_IN_TEXTS.match(" " + plain[start:], 1)) is not None:
            found.append((float(match[1]), _unit_of(unit)))
            start += unit.end() - 1
    return found


def wavelength_of_text(text: str) -> float | None:
    """Return the wavelength in nm that the name of a band has, such as "B1 (450.5 nm)", or None."""
    found = [(number, unit) for number, unit in numbers_with_units(text) if number > 0]
    in_nm = {round(float(unit.in_nm(number)), 6) for number, unit in found}
    optical = [value for value in in_nm if OPTICAL_NM[0] <= value <= OPTICAL_NM[1]]
    return optical[0] if len(optical) == 1 else None  # of several, one may be a width


def wavelengths_without_unit(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the wavelengths in nm that names without a unit are, as "450.5" or "X450", or None.

    Numbers of bands are none, nor is what may be wavenumbers: long ones, or a list that falls.
    """
    if any(map(_GENERATED.fullmatch, texts)):
        return None
    matches = [_NAMED.fullmatch(_plain(text)) for text in texts]
    numbers = [
        lone_number(text) if match is None else float(match["number"])
        for text, match in zip(texts, matches, strict=True)
    ]
    prefixes = {None if match is None else match["prefix"] for match in matches}
    if len(numbers) < 2 or len(prefixes) > 1 or None in numbers:
        return None
    listed = np.array(numbers, np.float64)
    steps = np.diff(listed)
    if len(set(numbers)) < len(numbers) or not np.any(steps > 0):
        return None
    if listed.min() >= _WITHOUT_UNIT[0] and listed.max() <= _WITHOUT_UNIT[1]:
        is_whole = bool(np.all(listed == np.rint(listed)))
        is_counted = is_whole and bool(np.all(steps == 1))
        are_years = is_whole and bool(np.all((listed >= 1900) & (listed <= 2100)))
        if are_years or (is_counted and (len(listed) < _MANY_BANDS or listed[0] < _LEAST_COUNTED)):
            return None
        return listed
    in_nm = listed * MICROMETRES.nm
    is_long_enough = len(listed) >= _MANY_BANDS / 10
    if is_long_enough and in_nm.min() >= _WITHOUT_UNIT[0] and in_nm.max() <= _WITHOUT_UNIT[1]:
        return np.round(in_nm, 6) if np.any(listed != np.rint(listed)) else None
    return None


def lone_number(text: str) -> float | None:
    """Return the number that a text is, or that it has in brackets at its end, without a unit."""
    plain = _plain(text).strip(" \"'")
    match = re.fullmatch(rf"({_NUMBER})", plain) or re.search(rf"[(\[]({_NUMBER})[)\]]$", plain)
    return None if match is None else float(match[1])


def names_wavelengths(key: str) -> str | None:
    """Return the unit in the name of a list of wavelengths, "" without one; of others, None.

    Such as "wavelength", "CENTRAL_WAVELENGTH_UM", "Wavelength (nm)" or "wavenumbers".
    """
    match = _WAVELENGTHS.fullmatch(_plain(key))
    if match is None:
        return None
    unit = match["unit"] or ("cm-1" if "number" in match["what"] else "")
    return unit if not unit or spectral_unit(unit) else None


def names_widths(key: str) -> str | None:
    """Return the unit in the name of a list of widths of bands, "" without one; of others, None."""
    match = _WIDTHS.fullmatch(_plain(key))
    return None if match is None or not _is_unit_or_none(match["unit"]) else match["unit"] or ""


def names_unit_of_wavelengths(key: str) -> bool:
    """Return whether something so called is the unit of wavelengths, as "wavelength_units" is."""
    plain = _plain(key)
    return bool(re.search(r"wave ?(?:length|number)", plain) and re.search(r"\bunits?\b", plain))


def _is_unit_or_none(text: str | None) -> bool:
    return not text or spectral_unit(text) is not None


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    """Return a text in small letters, of signs that look alike one, with single blanks."""
    text = unicodedata.normalize("NFKC", str(text)).replace("\N{MINUS SIGN}", "-")
    text = text.replace("\N{SUPERSCRIPT MINUS}", "-").lower()
    letters = unicodedata.normalize("NFD", text)
    text = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(text.replace("_", " ").replace("\\", "").split())


def _letters_apart(plain: str) -> str:
    """Return a text with blanks between a word and the number after it: "X450nm"."""
    return re.sub(r"(?<![\w.])([a-z]+)[ .]?(?=\d)", r"\1 ", plain)


def _unit_of(match: re.Match[str]) -> SpectralUnit:
    return _UNITS[list(_SPELLINGS)[int(str(match.lastgroup)[1:])]]


def widths_of(
    widths: NDArray[np.float64], units: list[SpectralUnit], centres: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return widths of bands in nm, each in the unit of its centre."""
    return np.array([u.widths_in_nm(w, c) for w, u, c in zip(widths, units, centres, strict=True)])
