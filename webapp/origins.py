"""Where a form came from: what the browser says, else a CSRF token that only our page gave it.

    csrf  = base64url( time in ms (6) || HMAC-SHA-256(key, time || bound)[:16] )
    bound = "cookie " || cookie `form`, else "address " || network (IPv4 /32, IPv6 /64)

Browsers say it with Sec-Fetch-Site, over TLS and to the machine itself.  Over plain http, and old
ones everywhere, send `Origin: null` from our pages, since these have no referrer, and from any page
that wants it so.  Only they get the token, and the cookie `form` to which it is bound: another site
can neither read the one nor bring the other.  docs/decisions/0045-where-a-form-came-from.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import Enum, auto
from typing import TYPE_CHECKING

from flask import g, request

from restante.errors import Fault, Invalid
from webapp import clock
from webapp.context import cookie, house, network, new_cookie, read_cookie, settings

if TYPE_CHECKING:
    from flask import Flask

FIELD = "csrf"
COOKIE = "form"
AT_SIZE, MAC_SIZE = 6, 16
LONGEST_MS = 24 * 60 * 60 * 1_000
OUR_PAGES = {"same-origin", "none"}
SAFE = {"GET", "HEAD", "OPTIONS"}


class Origin(Enum):
    """Where a request came from."""

    OURS = auto()
    """A page of ours, the browser's own address field, or a program that is no browser."""
    ADDRESS = auto()
    """A form of ours that was given to this address; the browser brings no cookie."""
    UNTOLD = auto()
    """Nothing says it."""
    FOREIGN = auto()
    """Another site, as the browser says."""


def init_app(app: Flask) -> None:
    """Let every form carry what tells that it is ours."""
    app.jinja_env.globals.update(csrf_token=token)


def origin() -> Origin:
    """Return where this request came from."""
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return Origin.OURS if site in OUR_PAGES else Origin.FOREIGN
    said = request.headers.get("Origin", "null")
    if said != "null":
        return Origin.OURS if said == _our_own() else Origin.FOREIGN
    if (by_token := _by_token()) is not None:
        return by_token
    return Origin.OURS if _is_program() else Origin.UNTOLD


def is_foreign() -> bool:
    """Tell whether the browser says that another site sent this form."""
    return origin() is Origin.FOREIGN


def is_ours() -> bool:
    """Tell whether this form came from our page, as the browser says or the token shows."""
    return origin() is Origin.OURS


def verify() -> None:
    """Let only our own page's forms do what they are for.

    Raises:
        Invalid: Another site sent it, or nothing tells who did.
    """
    match origin():
        case Origin.FOREIGN:
            raise Invalid([Fault("form", "foreign")])
        case Origin.UNTOLD:
            raise Invalid([Fault("form", "untold")])


def may_set(name: str, value: str) -> bool:
    """Tell whether the answer may set this cookie.

    Another site's form comes without our cookies: who sets one then replaces who the browser was.
    A page that is only looked at comes with them all (SameSite=Lax).
    """
    return request.method in SAFE or is_ours() or read_cookie(name) == value != ""


def token() -> str:
    """Return a token for this page's forms; none for those who need none."""
    if request.headers.get("Sec-Fetch-Site") or _is_program():
        return ""
    at = clock.now().to_bytes(AT_SIZE, "big")
    return base64.urlsafe_b64encode(at + _mac(at, _bound())).decode().rstrip("=")


def _is_program() -> bool:
    """Tell whether it is no browser: every browser calls itself Mozilla.

    No site can make another program send anything.
    """
    return "Origin" not in request.headers and "Mozilla/" not in request.user_agent.string


def _bound() -> str:
    known = cookie(COOKIE)
    if known is None and request.method in SAFE:
        if "form_cookie" not in g:
            g.form_cookie = new_cookie()
        known = g.form_cookie
    return f"cookie {known}" if known else _address()


def _address() -> str:
    return f"address {network(32, 64)}"


def _by_token() -> Origin | None:
    written = request.form.get(FIELD, "") or request.args.get(FIELD, "")
    try:
        sealed = base64.urlsafe_b64decode(written[:64] + "==")
    except (binascii.Error, ValueError):
        return None
    at, mac = sealed[:AT_SIZE], sealed[AT_SIZE:]
    if not 0 <= clock.now() - int.from_bytes(at, "big") <= LONGEST_MS:
        return None
    known = cookie(COOKIE)
    bound = f"cookie {known}" if known else _address()
    if not hmac.compare_digest(mac, _mac(at, bound)):
        return None
    return Origin.OURS if known else Origin.ADDRESS


def _mac(at: bytes, bound: str) -> bytes:
    return hmac.digest(house().key_for("csrf"), at + bound.encode(), hashlib.sha256)[:MAC_SIZE]


def _our_own() -> str:
    return f"{'https' if settings().secure else 'http'}://{request.host}"
