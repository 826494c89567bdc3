"""The operator's logo: a small picture, PNG or SVG, that is cheap to draw.

An SVG is a document that can contain scripts, load other files, and keep a browser busy for
minutes.  So only filled shapes and gradients are allowed: each costs little to draw, whatever its
numbers.  Lines are not: dashes, and long curves with a stroke, hang a browser.  Nor is anything
that draws an element again.  Errors never repeat the content of the file, which may be the wrong
file.
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
"""Maximum length of a PNG's side: a few bytes can decode to more than a phone's memory."""

PNG = b"\x89PNG\r\n\x1a\n"
PNG_HEADER = struct.Struct(">I4sII5BI")
PNG_END = bytes.fromhex("0000000049454e44ae426082")
SVG = "http://www.w3.org/2000/svg"
ELEMENTS = {
    "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "polygon",
    "linearGradient", "radialGradient", "stop",
}  # fmt: skip
ATTRIBUTES = {
    "id", "version", "width", "height", "viewBox", "preserveAspectRatio", "transform", "opacity",
    "color", "d", "points", "x", "y", "rx", "ry", "cx", "cy", "r", "fill", "fill-opacity",
    "fill-rule", "x1", "y1", "x2", "y2", "fx", "fy", "offset", "stop-color", "stop-opacity",
    "gradientUnits", "gradientTransform", "spreadMethod",
}  # fmt: skip
"""All that an SVG may have; docs/operations.md lists them."""
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
        ValueError: Says what is wrong.
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


class _Reader:
    """Reads one SVG."""

    def __init__(self) -> None:
        self._size: tuple[float, float] | None = None
        self._is_begun = False
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.XmlDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        parser.StartElementHandler = self._start

    def read(self, content: bytes) -> tuple[float, float]:
        """Return width and height of a valid SVG."""
        try:
            # It is served as UTF-8; if expat sees a zero byte, it may guess UTF-16.
            if b"\0" in content:
                raise ValueError(NEITHER)
            self._parser.Parse(content.decode(), True)  # noqa: FBT003 (the last part)
        except (expat.ExpatError, UnicodeDecodeError):
            raise ValueError(NEITHER) from None
        if self._size is None:
            message = "the SVG needs a viewBox, or a width and a height in pixels"
            raise ValueError(message)
        return self._size

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() != "utf-8":
            message = "the SVG has another encoding than UTF-8"
            raise ValueError(message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if not self._is_begun:
            if (namespace, local) != (SVG, "svg"):
                raise ValueError(NEITHER)
            self._is_begun, self._size = True, _svg_size(attributes)
        if namespace != SVG or local not in ELEMENTS or not attributes.keys() <= ATTRIBUTES:
            self._refuse()

    def _refuse(self, *_: object) -> None:
        message = (
            f"line {self._parser.CurrentLineNumber} of the SVG has more than filled shapes and"
            " gradients: docs/operations.md lists what it may have"
        )
        raise ValueError(message)


def _svg_size(attributes: dict[str, str]) -> tuple[float, float] | None:
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    sides = box[2:] if len(box) == 4 else [attributes.get("width"), attributes.get("height")]  # noqa: PLR2004
    found = [re.fullmatch(r"(\d{1,6}(?:\.\d+)?)(?:px)?", side or "") for side in sides]
    width, height = (float(match[1]) if match else 0.0 for match in found)
    return (width, height) if width and height else None
