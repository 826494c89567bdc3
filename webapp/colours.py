"""The operator's colour, made readable: what is too pale or too dark is moved until it is not.

Contrast is that of WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of the relative luminances.
Hue and saturation stay; only the lightness (HLS) moves.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT, PART = 4.5, 3.0
"""The least contrast of text, and of what has to be seen to be used (WCAG 1.4.3, 1.4.11)."""
STEPS = 1_000


class Grounds(NamedTuple):
    """What a theme of app.css has around the accent: page, paper, and text on a button."""

    ground: str
    paper: str
    on_button: str


LIGHT = Grounds("#f3ede3", "#fffdf8", "#fff8ef")
DARK = Grounds("#181411", "#231d19", "#fff8ef")


class Accent(NamedTuple):
    """Colours of one theme: a button, the button under the pointer, and text on the page."""

    button: str
    pressed: str
    text: str


def accent(colour: str, around: Grounds) -> Accent:
    """Return the colours nearest to *colour* that everybody can read in this theme."""
    button = _nearest(colour, lambda its: _fits_button(its, around))
    darker = _moved(button, -0.06)
    pressed = darker if _fits_button(darker, around) else button
    text = _nearest(
        colour, lambda its: min(contrast(its, around.ground), contrast(its, around.paper)) >= TEXT
    )
    return Accent(button, pressed, text)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _fits_button(its: str, around: Grounds) -> bool:
    seen = min(contrast(its, around.ground), contrast(its, around.paper))
    return contrast(its, around.on_button) >= TEXT and seen >= PART


def _nearest(colour: str, fits: Callable[[str], bool]) -> str:
    for step in range(STEPS + 1):
        for moved in (_moved(colour, -step / STEPS), _moved(colour, step / STEPS)):
            if fits(moved):
                return moved
    message = "black or white fits wherever a theme can be read"
    raise AssertionError(message)


def _moved(colour: str, by: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    red, green, blue = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness + by)), saturation)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _parts(colour: str) -> tuple[float, float, float]:
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 (sRGB)
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
