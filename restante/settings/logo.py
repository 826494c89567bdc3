"""The operator's logo: a small picture, PNG or SVG, that is cheap to draw.

An SVG is a document that can contain scripts and load other files.  No filter looks for these:
browsers do neither for an `<img>`, and the logo's own URL has a policy that forbids both
(`webapp/branding/brand.py`).  What is limited here is the work of drawing: a few nested
references can repeat a shape a million times, and dashes and very long lines hang a browser.
These are bounds, not a proof: it is the operator's own file.  Errors never repeat the content of
the file, which may be the wrong file.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.parsers import expat

if TYPE_CHECKING:
    from pathlib import Path

LOGO_MOST = 8 * 1024
"""Bytes: the gate with all it loads stays below 30 KB (tests/browser/test_brand.py)."""
PIXELS_MOST = 2_048
"""Maximum length of a PNG's side: a few bytes can decode to more than a phone's memory."""

PNG = b"\x89PNG\r\n\x1a\n"
PNG_HEADER = struct.Struct(">I4sII5BI")
PNG_END = bytes.fromhex("0000000049454e44ae426082")
SVG = "http://www.w3.org/2000/svg"
ELEMENTS_MOST, DRAWN_MOST = 400, 2_000
"""Maximum number of elements in the file, and including those that references repeat."""
GRADIENTS = {"linearGradient", "radialGradient", "stop"}
REFERENCE = re.compile(r"#([^\s\"'();,]+)")
"""A reference to an element of the same file, in `<use>`, masks, clips and patterns."""
NOT_COUNTED = ("data:", "\\", "dasharray")
"""Not allowed, since none of it would be counted: an embedded document, an escape that could hide
one, and dashes, each of which is drawn."""
GEOMETRY = {
    "d", "points", "viewBox", "transform", "x", "y", "width", "height", "x1", "y1", "x2", "y2",
    "cx", "cy", "r", "rx", "ry", "stroke-width",
}  # fmt: skip
LARGE = re.compile(r"(?<![.\d])\d{6}|\d\.?[eE]\+?\d")
"""A number of six digits, or with an exponent: a line of that length takes long to draw."""
NEITHER = "the file is neither SVG nor PNG"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture; only the ratio of width and height matters."""

    content: bytes = field(repr=False)
    mimetype: str
    width: float
    height: float


def read_logo(path: Path) -> Logo:
    """Return the picture in a file; its content decides whether it is SVG or PNG.

    Raises:
        ValueError: Says what is wrong; for an SVG, everything that is.
    """
    try:
        # Only regular files: reading a pipe might never end.
        file = path.open("rb") if path.is_file() else None
    except (OSError, ValueError):
        file = None
    if file is None:
        message = "the file cannot be read"
        raise ValueError(message)
    with file:
        content = file.read(LOGO_MOST + 1)
    if len(content) > LOGO_MOST:
        message = f"the picture must not have more than {LOGO_MOST} bytes"
        raise ValueError(message)
    if content.startswith(PNG):
        return Logo(content, "image/png", *_png_size(content))
    return Logo(content, "image/svg+xml", *_Reader().read(content))


def _png_size(content: bytes) -> tuple[int, int]:
    """Return width and height; PNG (W3C, third edition), 5.2 and 11.2.1."""
    whole = len(content) >= len(PNG) + PNG_HEADER.size and content.endswith(PNG_END)
    if whole:
        length, kind, width, height, *_, check = PNG_HEADER.unpack_from(content, len(PNG))
        covered = content[len(PNG) + 4 : len(PNG) + PNG_HEADER.size - 4]
        whole = (length, kind) == (13, b"IHDR") and check == zlib.crc32(covered)
    if not whole:
        message = "the PNG is damaged"
        raise ValueError(message)
    if not (1 <= width <= PIXELS_MOST and 1 <= height <= PIXELS_MOST):
        message = f"the PNG must have from 1 to {PIXELS_MOST} pixels a side"
        raise ValueError(message)
    return width, height


@dataclass(slots=True)
class _Element:
    """An element of the SVG: its place in the file, and the elements that it refers to."""

    name: str
    children: list[_Element] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    drawn: int | None = None
    """Number of elements drawn for it; 0 while they are being counted."""


class _Reader:
    """Reads one SVG and counts the elements that it draws."""

    def __init__(self) -> None:
        self._size: tuple[float, float] | None = None
        self._elements: list[_Element] = []
        self._open: list[_Element] = []
        self._by_id: dict[str, _Element] = {}
        self._styles: list[str] = []
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.XmlDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = lambda _, data: self._look_at(data)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _: self._open.pop()
        parser.CharacterDataHandler = self._text

    def read(self, content: bytes) -> tuple[float, float]:
        """Return width and height if the SVG is valid."""
        try:
            # It is served as UTF-8, but with a zero byte expat would guess UTF-16.
            if b"\0" in content:
                raise ValueError(NEITHER)
            self._parser.Parse(content.decode(), True)  # noqa: FBT003 (the last part)
        except (expat.ExpatError, UnicodeDecodeError):
            raise ValueError(NEITHER) from None
        if self._size is None:
            message = "the SVG needs a viewBox, or a width and a height in pixels"
            raise ValueError(message)
        self._bound()
        return self._size

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() != "utf-8":
            message = "the SVG has another encoding than UTF-8"
            raise ValueError(message)

    def _refuse_doctype(self, *_: object) -> None:
        message = "the SVG must not have a document type (<!DOCTYPE)"
        raise ValueError(message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if not self._elements:
            if (namespace, local) != (SVG, "svg"):
                raise ValueError(NEITHER)
            self._size = _svg_size(attributes)
        if len(self._elements) == ELEMENTS_MOST:
            message = f"the SVG must not have more than {ELEMENTS_MOST} elements"
            raise ValueError(message)
        if local == "marker":
            # A marker is drawn once for each point of a line, which is not counted.
            message = "the SVG must have no markers"
            raise ValueError(message)
        element = _Element(local)
        for attribute, value in attributes.items():
            self._look_at(f"{attribute} {value}")
            if attribute in GEOMETRY and LARGE.search(value):
                message = "the SVG must have no number of six digits or with an exponent"
                raise ValueError(message)
            if attribute == "id":
                self._by_id.setdefault(value, element)
            else:
                element.references += _references(value)
        if self._open:
            self._open[-1].children.append(element)
        self._elements.append(element)
        self._open.append(element)

    def _text(self, text: str) -> None:
        if self._open[-1].name == "style":
            self._styles.append(text)

    def _look_at(self, written: str) -> None:
        if any(sign in written.lower() for sign in NOT_COUNTED):
            message = "the SVG must have no data: URL, no backslash and no dashed line"
            raise ValueError(message)

    def _bound(self) -> None:
        style = "".join(self._styles)
        self._look_at(style)
        found = (self._by_id.get(name) for name in _references(style))
        if any(element and element.name not in GRADIENTS for element in found):
            message = "the SVG's styles must refer to gradients only: use attributes for the rest"
            raise ValueError(message)
        if self._count(self._elements[0]) > DRAWN_MOST:
            message = (
                f"the SVG must not draw more than {DRAWN_MOST} elements, all repetition counted"
            )
            raise ValueError(message)

    def _count(self, element: _Element) -> int:
        """Return how many elements are drawn for one, including those that it refers to."""
        if element.drawn is None:
            element.drawn = 0
            its = [*element.children, *filter(None, map(self._by_id.get, element.references))]
            element.drawn = 1 + sum(map(self._count, its))
        elif not element.drawn:
            message = "the SVG has references that lead back to themselves"
            raise ValueError(message)
        return element.drawn


def _references(written: str) -> list[str]:
    found = REFERENCE.findall(written)
    return [*dict.fromkeys([*found, *map(unquote, found)])]


def _svg_size(attributes: dict[str, str]) -> tuple[float, float] | None:
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    sides = box[2:] if len(box) == 4 else [attributes.get("width"), attributes.get("height")]  # noqa: PLR2004
    found = [re.fullmatch(r"(\d{1,6}(?:\.\d+)?)(?:px)?", side or "") for side in sides]
    width, height = (float(match[1]) if match else 0.0 for match in found)
    return (width, height) if width and height else None
