"""Does every link within the built documentation lead to a page, and to a place on it?

``python docs/check_links.py docs/_build/html`` reads the pages as files, so it needs no server, and
follows nothing that leads outside.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page and the places on it."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.places = set(), {"", "top"}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def broken_links(folder: Path) -> list[str]:
    """Return the links that lead nowhere, each with its page."""
    folder = folder.resolve()
    # What begins with an underscore is the theme's.
    paths = [path for path in folder.rglob("*.html") if path.relative_to(folder).parts[0][0] != "_"]
    pages = {path: Page(path) for path in paths}
    broken = []
    for path, page in pages.items():
        for link in sorted(page.links):
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            is_there = target.exists()
            if is_there and target in pages:
                is_there = unquote(address.fragment) in pages[target].places
            if not is_there:
                broken.append(f"{path.relative_to(folder)}: {link}")
    return broken


if __name__ == "__main__":
    found = broken_links(Path(sys.argv[1]))
    print(*found, f"{len(found)} broken links", sep="\n")
    sys.exit(bool(found))
