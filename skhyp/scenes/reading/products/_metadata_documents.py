"""XML that comes with a product: its elements by their names, whatever their case."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from xml.etree.ElementTree import Element

# Longer ones are none of a product.
LONGEST_DOCUMENT = 2**27


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse what entities, which may refer to anything, are declared in."""
        raise ValueError(f"it has a document type ({name}), which no product has")


def document(content: bytes, name: str) -> Element:
    """Return the root of an XML document, of which all names are in lower case."""
    try:
        parser = ElementTree.XMLParser(target=_Builder())
        parser.feed(content)
        root = parser.close()
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{name} is no XML that can be read: {error}.") from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2].lower()
    return root


def text_at(root: Element, path: str) -> str | None:
    """Return the text of the first element of a path, or None."""
    found = (element.text for element in root.iterfind(path) if (element.text or "").strip())
    return next((str(text).strip() for text in found), None)


def number_at(element: Element, *names: str) -> float | None:
    """Return the number in a child of one of these names, or None."""
    for name in names:
        if (text := text_at(element, name)) is not None:
            try:
                return float(text)
            except ValueError:
                raise ValueError(f"{name} is {text!r}, which is no number") from None
    return None


def numbered(elements: Iterator[Element]) -> list[Element]:
    """Return elements of bands in the order of the numbers that they have, if all have one."""
    listed = list(elements)
    numbers = [element.get("number") or text_at(element, "bandnumber") for element in listed]
    try:
        order = [int(number) for number in numbers if number is not None]
    except ValueError:
        return listed
    if len(order) != len(listed):
        return listed
    if sorted(order) != list(range(min(order, default=0), min(order, default=0) + len(order))):
        raise ValueError(f"the numbers of its bands are not 1 to {len(listed)}")
    return [element for _, element in sorted(zip(order, listed, strict=True), key=_first)]


def _first(pair: tuple[int, Element]) -> int:
    return pair[0]
