"""Makes an accent colour readable in the light and dark themes.  Pure: no I/O.

One colour cannot stand on light paper and on dark.  The accent keeps its hue, and as much of its
colour as its new lightness has room for, and is made darker or lighter until it can be read on
every ground of its theme; then the theme's paper can be read on it, too.

    ratio    WCAG 2.2, contrast ratio: (L1 + 0.05) / (L2 + 0.05), the lighter above
    hue      of OKLCH: https://bottosson.github.io/posts/oklab/
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READABLE = 4.5
"""WCAG 2.2, 1.4.3 (AA): text of any size.  Parts of the interface need 3 (1.4.11)."""
STEP = 0.005
NEAR_BLACK = 0.1
ROUNDING = 1e-4
UNDER_POINTER = 0.07
"""How much lightness a button's colour changes by when the pointer is on it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The background colours of a theme, as in webapp/static/app.css; the first is the page's."""

    grounds: tuple[str, ...]
    is_dark: bool


LIGHT = Theme(("#fffdf8", "#f3ede3", "#f7e9e2"), is_dark=False)
DARK = Theme(("#231d19", "#181411", "#35211c"), is_dark=True)


@dataclass(frozen=True, slots=True)
class Accent:
    """An accent in one theme: the colour of links and marks, and of buttons.

    Attributes:
        plain: Of buttons, links and marks.
        deep: Of a button under the pointer.
        on: Of text on either.
    """

    plain: str
    deep: str
    on: str


def accent(colour: str, theme: Theme) -> Accent:
    """Return the accent for *colour* (`#rrggbb`) in a theme."""
    lightness, chroma, hue = _oklch(colour)
    away = 1 if theme.is_dark else -1
    plain = next(
        candidate
        for at in _steps(lightness, away)
        if _is_readable(candidate := _nearest(at, chroma, hue), theme)
    )
    at = _oklch(plain)[0]
    further = at + away * UNDER_POINTER
    if not NEAR_BLACK < further < 1:
        # No lightness is left in this direction, but there is in the other.
        further = at - away * 3 * UNDER_POINTER
    return Accent(plain, _nearest(further, chroma, hue), theme.grounds[0])


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _is_readable(colour: str, theme: Theme) -> bool:
    return all(contrast(colour, ground) >= READABLE for ground in theme.grounds)


def _steps(lightness: float, away: int) -> Iterator[float]:
    """Yield lightnesses from the given one towards black or white, where text is readable."""
    while 0 < lightness < 1:
        yield lightness
        lightness += away * STEP
    yield 1 if away > 0 else 0


def _channels(colour: str) -> list[float]:
    """Return linear red, green and blue, each from 0 to 1 (IEC 61966-2-1)."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]  # noqa: PLR2004


def _luminance(colour: str) -> float:
    red, green, blue = _channels(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _oklch(colour: str) -> tuple[float, float, float]:
    """Return lightness from 0 to 1, chroma, and hue in radians."""
    r, g, b = _channels(colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _nearest(lightness: float, chroma: float, hue: float) -> str:
    """Return the most colourful colour there is of this lightness and hue, *chroma* at the most."""
    low, high = 0.0, chroma
    if _is_shown(linear := _linear(lightness, chroma, hue)):
        return _written(linear)
    while high - low > STEP / 10:
        middle = (low + high) / 2
        if _is_shown(_linear(lightness, middle, hue)):
            low = middle
        else:
            high = middle
    return _written(_linear(lightness, low, hue))


def _linear(lightness: float, chroma: float, hue: float) -> list[float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return [
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    ]


def _is_shown(linear: list[float]) -> bool:
    """Tell whether sRGB has this colour, apart from rounding."""
    return all(-ROUNDING <= value <= 1 + ROUNDING for value in linear)


def _written(linear: list[float]) -> str:
    values = [min(max(v, 0.0), 1.0) for v in linear]
    curved = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in values]  # noqa: PLR2004
    return "#" + "".join(f"{round(v * 255):02x}" for v in curved)
