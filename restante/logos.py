"""The operator's logo: a small picture that can do nothing but be drawn.

An SVG is a document that could run scripts and load things.  Browsers do neither where it stands
as `<img>`; but its address can be opened by itself, so what is not for drawing is not let in.
Sentences never repeat what a file holds: it may be another file than was meant.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from pathlib import Path

LOGO_MOST = 8 * 1024
"""Bytes: the gate with all it loads stays below 30 KB (tests/browser/test_brand.py)."""
PIXELS_MOST = 2_048
"""Of a PNG's side: a few bytes can stand for a picture that fills a telephone's memory."""

PNG = b"\x89PNG\r\n\x1a\n"
PNG_HEADER = struct.Struct(">I4sII5BI")
PNG_END = bytes.fromhex("0000000049454e44ae426082")
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
DRAWING = (
    *("svg", "g", "defs", "symbol", "use", "title", "desc", "style"),
    *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
    *("linearGradient", "radialGradient", "stop", "clipPath", "mask"),
)
STYLED = re.compile(
    r"\\|@import|(?<![\w-])(?:src|image|image-set)\(|url\((?!['\"]?#)", re.IGNORECASE
)
"""What in a style, or in an attribute of one, can lead out of the file."""
FAULTS_MOST = 5
NEITHER = "the file is neither SVG nor PNG"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture and its proportions, of which only the ratio counts."""

    content: bytes = field(repr=False)
    mimetype: str
    width: float
    height: float


def read_logo(path: Path) -> Logo:
    """Return the picture in a file, SVG or PNG by what it holds.

    Raises:
        ValueError: Says what is wrong, of an SVG everything.
    """
    try:
        # Of a pipe the end might never come.
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


class _Reader:
    """Reads one SVG and notes what should not be there, with its line."""

    def __init__(self) -> None:
        self._faults: dict[str, None] = {}
        self._size: tuple[float, float] | None = None
        self._depth = 0
        self._style: list[str] | None = None
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = lambda *_: self._note("a processing instruction")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, content: bytes) -> tuple[float, float]:
        """Return width and height of a good one."""
        try:
            # It is served as UTF-8; where expat sees a zero byte it guesses at UTF-16.
            if b"\0" in content:
                raise ValueError(NEITHER)
            self._parser.Parse(content.decode(), True)  # noqa: FBT003 (the last part)
        except (expat.ExpatError, UnicodeDecodeError):
            raise ValueError(NEITHER) from None
        if self._faults:
            message = "the SVG has " + "; ".join([*self._faults][:FAULTS_MOST])
            raise ValueError(message)
        if self._size is None:
            message = "the SVG needs a viewBox, or a width and a height in pixels"
            raise ValueError(message)
        return self._size

    def _note(self, what: str) -> None:
        self._faults[f"{what} (line {self._parser.CurrentLineNumber})"] = None

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() != "utf-8":
            self._note("another encoding than UTF-8")

    def _refuse_doctype(self, *_: object) -> None:
        message = "the SVG must not have a document type (<!DOCTYPE)"
        raise ValueError(message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        if self._depth == 0:
            if (namespace, element) != (SVG, "svg"):
                raise ValueError(NEITHER)
            self._size = _svg_size(attributes)
        self._depth += 1
        if namespace != SVG or element not in DRAWING or self._style is not None:
            self._note("something other than shapes, gradients, styles and words")
        self._style = [] if element == "style" else None
        for attribute, value in attributes.items():
            self._look_at(attribute, value)

    def _look_at(self, attribute: str, value: str) -> None:
        namespace, _, name = attribute.rpartition(" ")
        if name.lower().startswith("on"):
            self._note("a handler of events")
        elif name == "href":
            if namespace not in {"", XLINK} or not value.startswith("#"):
                self._note("a reference to elsewhere")
        elif namespace and (namespace, name) != (XML, "space"):
            self._note("an attribute that is not for drawing")
        elif STYLED.search(value):
            self._note("a reference to elsewhere")

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._style is not None and STYLED.search("".join(self._style)):
            self._note("a reference to elsewhere")
        self._style = None

    def _text(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)


def _svg_size(attributes: dict[str, str]) -> tuple[float, float] | None:
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    sides = box[2:] if len(box) == 4 else [attributes.get("width"), attributes.get("height")]  # noqa: PLR2004
    found = [re.fullmatch(r"(\d{1,6}(?:\.\d+)?)(?:px)?", side or "") for side in sides]
    width, height = (float(match[1]) if match else 0.0 for match in found)
    return (width, height) if width and height else None
