"""What the operator shows of himself: a name, a logo and a colour, each checked before use."""

from __future__ import annotations

import re
import struct
import unicodedata
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Restante"
NAME_MOST = 60
LOGO_MOST = 10 * 1024
"""Bytes: with a larger one the gate would weigh more than 30 KB."""
HEIGHT, WIDTH_MOST = 32, 160
"""CSS pixels at which a logo is shown."""
SVG = "{http://www.w3.org/2000/svg}"
PNG_START = b"\x89PNG\r\n\x1a\n"
HARMFUL = {
    "script", "foreignObject", "iframe", "object", "embed", "audio", "video", "handler", "set",
    "animate", "a", "image", "feImage",
}  # fmt: skip
"""Elements of SVG that do more than draw, or bring in what does."""


class Logo(NamedTuple):
    """A picture, and how wide it is shown beside the name, in CSS pixels."""

    media_type: str
    content: bytes
    width: int


def read_name(written: str) -> str:
    """Read 1 to 60 characters that people can see, on one line.

    Raises:
        ValueError: It is none.
    """
    name = unicodedata.normalize("NFC", written.strip())
    if not 1 <= len(name) <= NAME_MOST or not name.isprintable():
        message = f"must be 1 to {NAME_MOST} visible characters"
        raise ValueError(message)
    return name


def read_accent(written: str) -> str:
    """Read `#rrggbb`.

    Raises:
        ValueError: It is none.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", written):
        message = "must be a colour as #rrggbb"
        raise ValueError(message)
    return written.lower()


def read_logo(path: Path) -> Logo:
    """Read an SVG or PNG file of at most 10 KiB.

    Raises:
        ValueError: It cannot be read, is too large, is neither, or does more than draw.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LOGO_MOST + 1)
    except OSError:
        message = "the file cannot be read"
        raise ValueError(message) from None
    if len(content) > LOGO_MOST:
        message = f"must be a file of at most {LOGO_MOST} bytes"
        raise ValueError(message)
    if content.startswith(PNG_START):
        return Logo("image/png", content, _shown(*_png_size(content)))
    return Logo("image/svg+xml", content, _shown(*_svg_size(content)))


def _png_size(content: bytes) -> tuple[float, float]:
    try:
        length, kind, width, height = struct.unpack(">I4sII", content[8:24])
    except struct.error:
        kind, length, width, height = b"", 0, 0, 0
    if (kind, length) != (b"IHDR", 13) or not width or not height:
        message = "is not a whole PNG file"
        raise ValueError(message)
    return width, height


def _svg_size(content: bytes) -> tuple[float, float]:
    neither = "must be an SVG or a PNG file"
    if b"<!" in content.replace(b"<!--", b"") or b"<?xml-stylesheet" in content:
        message = "must be an SVG without DOCTYPE, entities and style sheets of elsewhere, or a PNG"
        raise ValueError(message)
    try:
        root = ET.fromstring(content)  # noqa: S314 (without DOCTYPE there are no entities)
    except (ET.ParseError, ValueError, LookupError):
        raise ValueError(neither) from None
    if root.tag != f"{SVG}svg":
        raise ValueError(neither)
    if any(not _is_harmless(element) for element in root.iter()):
        message = "must only draw: no scripts, no handlers, nothing from elsewhere"
        raise ValueError(message)
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    try:
        _, _, width, height = map(float, box)
    except ValueError:
        width = height = 0.0
    if not (0 < width < 1e6 and 0 < height < 1e6):  # noqa: PLR2004 (no picture is larger)
        message = "must have a viewBox, so that its shape is known"
        raise ValueError(message)
    return width, height


def _is_harmless(element: ET.Element) -> bool:
    if not element.tag.startswith(SVG):
        return False
    if element.tag.removeprefix(SVG) in HARMFUL:
        return False
    if element.tag == f"{SVG}style" and _reaches_out(element.text or ""):
        return False
    for name, value in element.items():
        local = name.rpartition("}")[2].lower()
        if local.startswith("on") or (local == "href" and not value.startswith("#")):
            return False
        if _reaches_out(value) and local != "href":
            return False
    return True


def _reaches_out(written: str) -> bool:
    plain = re.sub(r"\s|/\*.*?\*/", "", written.lower(), flags=re.DOTALL)
    return "\\" in plain or "@import" in plain or re.search(r"url\((?![\"']?#)", plain) is not None


def _shown(width: float, height: float) -> int:
    return max(1, min(WIDTH_MOST, round(HEIGHT * width / height)))
