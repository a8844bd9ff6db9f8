"""Reads a report as a browser would: what it shows, and which addresses it points to."""

import base64
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

VOID = {"meta", "img", "br", "link", "input"}


class ReportPage(HTMLParser):
    """A page, parsed.

    Args:
        path: of the file.

    Attributes:
        tags: the names of all elements, in order.
        addresses: every address that an attribute holds.
        files: the content of each file that can be saved from the page, by its name.
        tables: the cells of each table's rows, below its heading.
        headings: the texts of the sections' headings.
        text: all that stands in the page, in order, but for the style.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.files: dict[str, str] = {}
        self.tables: list[list[list[str]]] = []
        self.headings: list[str] = []
        self.style = self.text = ""
        self._open: list[str] = []
        self.feed(Path(path).read_text(encoding="utf-8"))
        self.close()
        assert self._open == [], "elements that are never closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
        given = dict(attrs)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        if "download" in given:
            kind, _, content = given["href"].partition(",")
            assert kind == "data:text/csv;charset=utf-8;base64"
            self.files[given["download"]] = base64.b64decode(unquote_to_bytes(content)).decode()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" in self._open:
            self.style += data
            return
        self.text += data
        if {"th", "td"} & set(self._open):
            self.tables[-1][-1][-1] += data
        if "h2" in self._open:
            self.headings.append(data)

    @property
    def pictures(self) -> list[str]:
        """The addresses of all pictures."""
        return [address for address in self.addresses if address.startswith("data:image")]

    def assert_needs_nothing_else(self) -> None:
        """Whatever the page shows lies in it."""
        assert all(address.startswith(("data:", "#")) for address in self.addresses)
        assert not {"script", "link", "iframe", "object", "embed", "base"} & set(self.tags)
        assert "url(" not in self.style
        assert "@import" not in self.style
