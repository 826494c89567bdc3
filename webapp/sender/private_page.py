"""Who sees the sender's private page: the sender's browser, and others after a warning."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from flask import make_response, request
from werkzeug.exceptions import HTTPException

from webapp.http import pages
from webapp.http.cookies import set_cookie
from webapp.http.request import cookie, services

if TYPE_CHECKING:
    from flask import Response

    from restante.crypto.tokens import ControlToken
    from restante.reports import Status

PROOF, PROOF_SIZE = "shown", 32


def is_open(control: ControlToken, status: Status) -> bool:
    """Tell whether this browser sent the message, or its visitor has passed the warning."""
    return status.from_sender or is_known_open(control)


def is_known_open(control: ControlToken) -> bool:
    """Tell the same without the store: a button of the page says so, or a cookie.

    False may be wrong: only the store knows the sender's browser.
    """
    shown = _shown(control)
    return any(hmac.compare_digest(said, shown) for said in (cookie("shown") or "", _proof()))


def warning(control: ControlToken, *, again: bool = False) -> Response:
    """Show the warning; *again* if the origin of the pressed button is unknown."""
    page = pages.render("sender/control_warning.html", token=str(control), again=again)
    return make_response(page)


def open_for(response: Response, control: ControlToken) -> None:
    """Remember in this browser that its visitor has read the warning."""
    set_cookie(response, "shown", _shown(control))


def proof(control: ControlToken) -> str:
    """Return what the page's forms bring back: this browser was shown the page."""
    return _shown(control)


def _proof() -> str:
    try:
        return request.form.get(PROOF, "")[:PROOF_SIZE].encode("ascii", "replace").decode()
    except HTTPException:  # a body that cannot be read: the view says what is wrong with it
        return ""


def _shown(control: ControlToken) -> str:
    key = services().key_for("shown")
    return hmac.digest(key, control.message_id, hashlib.sha256)[:24].hex()[:32]
