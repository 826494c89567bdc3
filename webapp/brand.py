"""The operator's face: a small style sheet from his colour, and his logo.

Both addresses change when what they serve does, so browsers keep them.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, abort, url_for

from webapp import colours
from webapp.context import settings

bp = Blueprint("brand", __name__)

SHEET = """\
:root{{--accent:{0.button};--accent-deep:{0.pressed};--accent-text:{0.text}}}
@media (prefers-color-scheme:dark){{:root{{--accent:{1.button};--accent-deep:{1.pressed};\
--accent-text:{1.text}}}}}
"""


@bp.get("/brand.css")
def sheet() -> Response:
    """Serve the colours; app.css has its own where there are none."""
    colour = settings().accent or abort(404)
    return Response(_sheet(colour), mimetype="text/css")


@bp.get("/logo")
def logo() -> Response:
    """Serve the logo."""
    its = settings().logo or abort(404)
    return Response(its.content, mimetype=its.media_type)


def sheet_url() -> str | None:
    """Return where the style sheet is, or None without one."""
    colour = settings().accent
    return url_for("brand.sheet", v=_version(_sheet(colour).encode())) if colour else None


def logo_url() -> str | None:
    """Return where the logo is, or None without one."""
    its = settings().logo
    return url_for("brand.logo", v=_version(its.content)) if its else None


def _sheet(colour: str) -> str:
    return SHEET.format(colours.accent(colour, colours.LIGHT), colours.accent(colour, colours.DARK))


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
