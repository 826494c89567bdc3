"""CSRF protection: Sec-Fetch-Site or Origin decides, otherwise a CSRF token in the form.

    csrf = base64url( time in ms (6) || MAC("cookie " || cookie `form`) || MAC("address " || net) )
    MAC  = HMAC-SHA-256(key, time || what it is bound to)[:16];  net: IPv4 /32, IPv6 /64
    without a cookie the first is MAC("cookie ")

Browsers send Sec-Fetch-Site over TLS and to the machine itself.  Over plain http, and in old
browsers everywhere, forms of our pages send `Origin: null`, because our pages have no referrer;
any other site can send that, too.  Only such browsers get a token, and the cookie `form` to which
it is bound: another site can neither read the token nor send the cookie.  A token made without a
cookie is valid for its IP address, and only if the browser sends none of our cookies.
docs/decisions/0045-where-a-form-came-from.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import Enum, auto
from typing import TYPE_CHECKING

from flask import g, request
from werkzeug.exceptions import HTTPException

from restante.errors import Fault, Invalid
from webapp.http.request import (
    brings_cookies,
    cookie,
    header,
    kept,
    network,
    new_cookie,
    read_cookie,
    services,
    settings,
    this,
)
from webapp.texts import formatting

if TYPE_CHECKING:
    from flask import Flask

    from webapp.http.request import CookieName

FIELD = "csrf"
AT_SIZE, MAC_SIZE = 6, 16
WRITTEN_MOST = 64
LONGEST_MS = 24 * 60 * 60 * 1_000
SKEW_MS = 5 * 60 * 1_000
"""Tolerated difference between the clocks of two machines that serve the same site."""
OUR_PAGES = {"same-origin", "none"}
SAFE = {"GET", "HEAD", "OPTIONS"}


class Origin(Enum):
    """The origin of a request."""

    OURS = auto()
    """Our own page, or the browser's address bar."""
    ADDRESS = auto()
    """A form that we gave to this IP address; the browser sends no cookie."""
    STALE = auto()
    """As OURS or ADDRESS, but the token in the form has expired."""
    UNMATCHED = auto()
    """A form that we gave to this IP address, but the cookie of its token is missing."""
    UNTOLD = auto()
    """Unknown: no header and no valid token."""
    FOREIGN = auto()
    """Another site, according to the browser."""


def init_app(app: Flask) -> None:
    """Let templates put a CSRF token into every form."""
    app.jinja_env.globals.update(csrf_token=token)


def origin() -> Origin:
    """Return the origin of this request."""
    if "origin" not in g:
        g.origin = _said() or _by_token()
    found: Origin = g.origin
    return found


def is_foreign() -> bool:
    """Tell whether another site sent this, according to the headers; the body is not read."""
    return _said() is Origin.FOREIGN


def is_ours() -> bool:
    """Tell whether this form came from our page, by the browser's headers or the token."""
    return origin() is Origin.OURS


def is_vouched() -> bool:
    """Tell whether we gave this form to this visitor, even if it is not valid (any more)."""
    return origin() not in {Origin.FOREIGN, Origin.UNTOLD}


def verify() -> None:
    """Refuse every form that does not come from our own page.

    Raises:
        Invalid: Another site sent it, its origin is unknown, or its page has expired.
    """
    match origin():
        case Origin.FOREIGN | Origin.UNTOLD | Origin.UNMATCHED:
            raise Invalid([Fault("form", "untold")])
        case Origin.STALE:
            raise Invalid([Fault("form", "stale")])


def may_set(name: CookieName, value: str) -> bool:
    """Tell whether the response may set this cookie.

    Another site's form comes without our cookies, so a new cookie would replace the browser's
    own one.  A GET brings them all (SameSite=Lax).
    """
    if request.method in SAFE or is_ours():
        return True
    if name == "form":
        # The browser sent other cookies but not this one: there is none to replace.
        return brings_cookies()
    return value != "" and read_cookie(name) == value


def token() -> str:
    """Return a CSRF token for this page's forms; empty if the browser sends Sec-Fetch-Site."""
    of_request = kept()
    if "csrf_token" not in of_request:
        of_request.csrf_token = "" if header("SEC_FETCH_SITE") else _new_token()
    made: str = of_request.csrf_token
    return made


def _new_token() -> str:
    known = cookie("form")
    if known is None and (request.method in SAFE or brings_cookies()):
        if "form_cookie" not in g:
            g.form_cookie = new_cookie()
        known = g.form_cookie
    at = formatting.now().to_bytes(AT_SIZE, "big")
    sealed = at + _mac(at, f"cookie {known or ''}") + _mac(at, _address())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _said() -> Origin | None:
    """Return what the browser's headers say; None if they say nothing."""
    environ = this().environ
    if site := environ.get("HTTP_SEC_FETCH_SITE", ""):
        return Origin.OURS if site in OUR_PAGES else Origin.FOREIGN
    said = environ.get("HTTP_ORIGIN", "null")
    if said == "null":
        return None
    return Origin.OURS if said == _our_own() else Origin.FOREIGN


def _by_token() -> Origin:
    try:
        sealed = base64.urlsafe_b64decode(_written() + "==")
    except (binascii.Error, ValueError):
        return Origin.UNTOLD
    at, macs = sealed[:AT_SIZE], sealed[AT_SIZE:]
    known = cookie("form") or ""
    is_its = hmac.compare_digest(macs[:MAC_SIZE], _mac(at, f"cookie {known}"))
    is_here = hmac.compare_digest(macs[MAC_SIZE:], _mac(at, _address()))
    if not (is_its if known else is_here):
        return Origin.UNTOLD
    # A browser with other cookies but not this one may send the form of another visitor with the
    # same IP address.
    if not known and (not is_its or brings_cookies()):
        return Origin.UNMATCHED
    age = formatting.now() - int.from_bytes(at, "big")
    if not -SKEW_MS <= age <= LONGEST_MS:
        return Origin.STALE
    return Origin.OURS if known else Origin.ADDRESS


def _written() -> str:
    """Return the token in the query, or in a form whose body was read completely."""
    if request.method in SAFE:
        return request.args.get(FIELD, "")[:WRITTEN_MOST]
    if "body_read" not in g:
        return ""
    try:
        return request.form.get(FIELD, "")[:WRITTEN_MOST]
    except HTTPException:  # the view runs into it, too, and reports it
        return ""


def _address() -> str:
    return f"address {network(32, 64)}"


def _mac(at: bytes, bound: str) -> bytes:
    return hmac.digest(services().key_for("csrf"), at + bound.encode(), hashlib.sha256)[:MAC_SIZE]


def _our_own() -> str:
    return f"{'https' if settings().secure else 'http'}://{request.host}"
