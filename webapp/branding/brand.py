"""The operator's own: a logo and a colour, served as files of ours are.

The seal keeps its wax, and faults their red: a state must not look like another one
(docs/decisions/0034-whose-colours.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webapp.branding.assets import Asset
from webapp.branding.colours import DARK, LIGHT, Theme, accent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from restante.settings import Settings

LOGO, STYLE = "logo", "accent.css"
ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of a logo whose address is opened by itself: nothing runs, nothing is loaded."""
LOGO_HIGH, LOGO_WIDE = 32, 160


class Size(NamedTuple):
    """How large something is shown, in CSS pixels."""

    width: int
    height: int


def init_app(app: Flask, settings: Settings) -> None:
    """Tell the pages whether there is a logo, and how large, and whether there is a colour."""
    logo = settings.logo
    app.jinja_env.globals.update(
        logo=logo and _shown(logo.width, logo.height), accent=settings.accent is not None
    )


def assets(settings: Settings) -> Mapping[str, Asset]:
    """Return what is served beside our own files."""
    made = {}
    if logo := settings.logo:
        made[LOGO] = Asset(logo.content, logo.mimetype, {"Content-Security-Policy": ALONE})
    if settings.accent:
        made[STYLE] = Asset(_style(settings.accent).encode(), "text/css")
    return made


def _shown(width: float, height: float) -> Size:
    """Return the largest size of these proportions that has room in the head of a page."""
    scale = min(LOGO_HIGH / height, LOGO_WIDE / width)
    return Size(max(1, round(width * scale)), max(1, round(height * scale)))


def _style(colour: str) -> str:
    light, dark = _variables(colour, LIGHT), _variables(colour, DARK)
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _variables(colour: str, theme: Theme) -> str:
    made = accent(colour, theme)
    return (
        f"--accent:{made.plain};--accent-deep:{made.deep};"
        f"--on-accent:{made.on};--accent-text:{made.plain}"
    )
