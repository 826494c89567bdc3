"""The operator's logo and accent colour, served like our own static files.

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
"""Content-Security-Policy of the logo: opened by itself, it runs nothing and loads nothing."""
LOGO_HIGH, LOGO_WIDE = 32, 160


class Size(NamedTuple):
    """The size of the logo on pages, in CSS pixels."""

    width: int
    height: int


def init_app(app: Flask, settings: Settings) -> None:
    """Tell the templates the logo's size, if there is a logo, and whether there is an accent."""
    logo = settings.logo
    app.jinja_env.globals.update(
        logo=logo and _shown(logo.width, logo.height), accent=settings.accent is not None
    )


def assets(settings: Settings) -> Mapping[str, Asset]:
    """Return the operator's assets: the logo, and the styles of the accent."""
    made = {}
    if logo := settings.logo:
        made[LOGO] = Asset(logo.content, logo.mimetype, {"Content-Security-Policy": ALONE})
    if settings.accent:
        made[STYLE] = Asset(_style(settings.accent).encode(), "text/css")
    return made


def _shown(width: float, height: float) -> Size:
    """Return the largest size with these proportions that fits into the head of a page."""
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
