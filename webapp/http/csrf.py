"""Where a form came from: what the browser says, else a CSRF token that only our page gave it.

    csrf = base64url( time in ms (6) || MAC("cookie " || cookie `form`) || MAC("address " || net) )
    MAC  = HMAC-SHA-256(key, time || what it is bound to)[:16];  net: IPv4 /32, IPv6 /64
    without a cookie the first is MAC("cookie ")

Browsers say it with Sec-Fetch-Site, over TLS and to the machine itself.  Over plain http, and old
browsers everywhere, send `Origin: null` from our pages, since these have no referrer, and from any
page that wants it so.  Only they get a token, and the cookie `form` to which it is bound: another
site can neither read the one nor bring the other.  A token that was made without a cookie
counts for its address, and only for a browser that brings no cookie of ours at all.
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
    network,
    new_cookie,
    read_cookie,
    services,
    settings,
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
"""So far the clocks of two machines that serve one address may differ."""
OUR_PAGES = {"same-origin", "none"}
SAFE = {"GET", "HEAD", "OPTIONS"}


class Origin(Enum):
    """Where a request came from."""

    OURS = auto()
    """A page of ours, or the browser's own address field."""
    ADDRESS = auto()
    """A form that we gave to this address; the browser brings no cookie."""
    STALE = auto()
    """A form of one of these two kinds that is too old."""
    UNMATCHED = auto()
    """A form that we gave to this address; the cookie that it was made for is missing."""
    UNTOLD = auto()
    """Nothing tells it."""
    FOREIGN = auto()
    """Another site, as the browser says."""


def init_app(app: Flask) -> None:
    """Let every form carry what tells that it is ours."""
    app.jinja_env.globals.update(csrf_token=token)


def origin() -> Origin:
    """Return where this request came from."""
    if "origin" not in g:
        g.origin = _judge()
    found: Origin = g.origin
    return found


def is_foreign() -> bool:
    """Tell whether the browser says that another site sent this form."""
    return origin() is Origin.FOREIGN


def is_ours() -> bool:
    """Tell whether this form came from our page, as the browser says or the token shows."""
    return origin() is Origin.OURS


def is_vouched() -> bool:
    """Tell whether we gave this form to this visitor, though it may not do what it is for."""
    return origin() not in {Origin.FOREIGN, Origin.UNTOLD}


def verify() -> None:
    """Let only our own page's forms do what they are for.

    Raises:
        Invalid: Another site sent it, nothing tells who did, or its page is too old.
    """
    match origin():
        case Origin.FOREIGN:
            raise Invalid([Fault("form", "foreign")])
        case Origin.UNTOLD | Origin.UNMATCHED:
            raise Invalid([Fault("form", "untold")])
        case Origin.STALE:
            raise Invalid([Fault("form", "stale")])


def may_set(name: CookieName, value: str) -> bool:
    """Tell whether the answer may set this cookie.

    Another site's form comes without our cookies, so that a new one would replace who the
    browser was.  A page that is only looked at comes with them all (SameSite=Lax).
    """
    if request.method in SAFE or is_ours():
        return True
    if name == "form":
        # It would have come with the others: there is none to replace.
        return brings_cookies()
    return value != "" and read_cookie(name) == value


def token() -> str:
    """Return a token for this page's forms; none for a browser that says where they come from."""
    if request.headers.get("Sec-Fetch-Site"):
        return ""
    known = cookie("form")
    if known is None and (request.method in SAFE or brings_cookies()):
        if "form_cookie" not in g:
            g.form_cookie = new_cookie()
        known = g.form_cookie
    at = formatting.now().to_bytes(AT_SIZE, "big")
    sealed = at + _mac(at, f"cookie {known or ''}") + _mac(at, _address())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _judge() -> Origin:
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return Origin.OURS if site in OUR_PAGES else Origin.FOREIGN
    said = request.headers.get("Origin", "null")
    if said == "null":
        return _by_token()
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
    # Who keeps cookies and lacks this one may bring a form of anybody at the same address.
    if not known and (not is_its or brings_cookies()):
        return Origin.UNMATCHED
    age = formatting.now() - int.from_bytes(at, "big")
    if not -SKEW_MS <= age <= LONGEST_MS:
        return Origin.STALE
    return Origin.OURS if known else Origin.ADDRESS


def _written() -> str:
    """Return the token that came: in a link, or in a form whose body was read to its end."""
    if request.method in SAFE:
        return request.args.get(FIELD, "")[:WRITTEN_MOST]
    if "body_read" not in g:
        return ""
    try:
        return request.form.get(FIELD, "")[:WRITTEN_MOST]
    except HTTPException:  # the view meets it, too, and says so
        return ""


def _address() -> str:
    return f"address {network(32, 64)}"


def _mac(at: bytes, bound: str) -> bytes:
    return hmac.digest(services().key_for("csrf"), at + bound.encode(), hashlib.sha256)[:MAC_SIZE]


def _our_own() -> str:
    return f"{'https' if settings().secure else 'http'}://{request.host}"
