"""The page of one link: its QR code, how to bring it, and what happened with it."""

from __future__ import annotations

import segno
from flask import Blueprint, Response, make_response, redirect, url_for
from markupsafe import Markup

from restante.crypto.tokens import ControlToken
from restante.messages import EVENTS_MOST, Page
from webapp.http import pages, rate_limits
from webapp.http.request import cookie, managing
from webapp.sender import page_parts, private_page

bp = Blueprint("link_page", __name__)

QUIET_ZONE = 4
"""Modules of white around a code: the least that ISO/IEC 18004 asks for."""


@bp.get("/s/<token>/link-<int:number>")
@rate_limits.status
def show(token: str, number: int) -> Response:
    """Show one link, by its number on the control page."""
    control = ControlToken.find(token)
    status = managing().status(control, Page(most=EVENTS_MOST), cookie=cookie("sender"))
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    if not 1 <= number <= len(status.links):
        return redirect(url_for("control.show", pasted=str(control)), code=303)  # type: ignore[return-value]
    view = page_parts.view(status)
    its = view.links[number - 1]
    values = page_parts.values(control, status)
    copied = values["copies"] and values["copies"].each.get(its.link.link_id)
    page = pages.render(
        "sender/link.html",
        its=its,
        view=view,
        copy=copied,
        code=qr_code(copied.address) if copied else None,
        events=[event for event in status.events if event.link_id == its.link.link_id],
        **values,
    )
    return make_response(page)


def qr_code(address: str) -> Markup:
    """Return an address as a QR code, an SVG image; a page in the dark shows it on white, too."""
    made = segno.make(address, error="m", micro=False)
    drawn = made.svg_inline(
        border=QUIET_ZONE, omitsize=True, light="#fff", svgclass="qr", lineclass=None
    )
    return Markup(drawn)  # noqa: S704 (of squares only)
