"""The current request: services, settings, the visitor's cookies, network and browser."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_network
from typing import TYPE_CHECKING, Literal, cast, get_args

from flask import current_app, g, request

from restante.messages import Evidence
from webapp.http.proxies import read_address
from webapp.texts.country import country_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv6Address

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Request
    from flask.ctx import _AppCtxGlobals

    from restante.feedback import Answering
    from restante.managing import Managing
    from restante.reading import Reading
    from restante.sending import Sending
    from restante.sent_list import SentList
    from restante.settings import Settings
    from restante.wiring import Services

CookieName = Literal[
    "reader",
    "files",
    "sender",
    "next",
    "permit",
    "shown",
    "own",
    "language",
    "form",
    "passphrase",
    "zone",
]
"""Every cookie: docs/threat-model.md says who may set each, and what stops another site."""
COOKIES: tuple[CookieName, ...] = get_args(CookieName)
OF_ONE_LINK: frozenset[CookieName] = frozenset({"files"})
"""Cookies whose path is a link's page."""
COOKIE_SIZE = 24
AGENT_MOST = 512
"""Characters of the User-Agent header that are read (and cached)."""
_services: ContextVar[Services] = ContextVar("services")
_COOKIE = re.compile(r"[A-Za-z0-9_-]{32}")

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""The most specific marks first: User-Agent headers also contain the later ones."""
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class Serving:
    """WSGI middleware: a request's code finds the services without a look at `current_app`."""

    def __init__(self, app: WSGIApplication, services: Services) -> None:
        self._app = app
        self._services = services

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        before = _services.set(self._services)
        try:
            return self._app(environ, start_response)
        finally:
            _services.reset(before)


def services() -> Services:
    """Return the services that this application was built over."""
    return _services.get(None) or cast("Services", current_app.extensions["restante"])


def settings() -> Settings:
    """Return the operator's settings."""
    return services().settings


def this() -> Request:
    """Return the request itself: each look at an attribute through `request` looks for it anew."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


def kept() -> _AppCtxGlobals:
    """Return what is kept for the length of this request, itself: see `this`."""
    return g._get_current_object()  # type: ignore[no-any-return]  # noqa: SLF001


def sending() -> Sending:
    """Return the sender's verbs."""
    return services().sending


def managing() -> Managing:
    """Return the sender's verbs on a message that was sent."""
    return services().managing


def sent_list() -> SentList:
    """Return the sender's verbs on all that a browser sent."""
    return services().sent_list


def reading() -> Reading:
    """Return the recipient's verbs."""
    return services().reading


def answering() -> Answering:
    """Return the recipient's verbs after opening (feedback)."""
    return services().answering


def address() -> IPv4Address | IPv6Address | None:
    """Return the visitor's whole IP address; None if it is unknown or malformed."""
    return read_address(request.remote_addr or "")


def network(prefix_v4: int, prefix_v6: int) -> str | None:
    """Return the visitor's network, cut to this prefix length; None if unknown."""
    return _network(request.remote_addr or "", prefix_v4, prefix_v6)


@lru_cache(maxsize=1024)
def _network(remote: str, prefix_v4: int, prefix_v6: int) -> str | None:
    its = read_address(remote)
    if its is None:
        return None
    prefix = prefix_v4 if its.version == 4 else prefix_v6  # noqa: PLR2004 (IP versions)
    return str(ip_network((its, prefix), strict=False))


def header(name: str) -> str:
    """Return a header of the request by its WSGI name (`SEC_FETCH_SITE`); empty without it."""
    found: str = request.environ.get("HTTP_" + name, "")
    return found


def evidence() -> Evidence:
    """Return what is recorded of this visit: browser, system, country and the cut network.

    Empty if the operator has turned evidence off.
    """
    if not settings().evidence:
        return Evidence()
    agent = header("USER_AGENT")[:AGENT_MOST]
    return Evidence(
        network(24, 48),
        _family(agent, BROWSERS),
        _family(agent, SYSTEMS),
        country_of(address()),
    )


@lru_cache(maxsize=1024)
def _family(agent: str, families: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for mark, name in families if mark in agent), None)


def cookie_name(name: CookieName) -> str:
    """Return a cookie's name with its prefix.

    With these prefixes (RFC 6265bis) browsers accept it over TLS only, and with `__Host-` from
    no other host: a sibling domain cannot set a reader key that it knows.
    """
    if not settings().secure:
        return name
    has_path = settings().path_prefix or name in OF_ONE_LINK
    return f"__Secure-{name}" if has_path else f"__Host-{name}"


def read_cookie(name: CookieName) -> str:
    """Return the value of one of our cookies; empty if it is missing or ambiguous.

    Of two different values, a sibling domain or, over plain http, somebody on the network may
    have set one, and we cannot tell which.
    """
    its = this()
    if "HTTP_COOKIE" not in its.environ:
        return ""
    values = set(its.cookies.getlist(cookie_name(name)))
    return values.pop() if len(values) == 1 else ""


def is_ambiguous(name: CookieName) -> bool:
    """Tell whether the browser sent several different values for one of our cookies."""
    return len(set(this().cookies.getlist(cookie_name(name)))) > 1


def cookie(name: CookieName) -> str | None:
    """Return the value of one of our cookies, or None if it is missing or malformed."""
    value = read_cookie(name)
    return value if _COOKIE.fullmatch(value) else None


def brings_cookies() -> bool:
    """Tell whether this request has any of our cookies."""
    its = this()
    return "HTTP_COOKIE" in its.environ and any(
        cookie_name(name) in its.cookies for name in COOKIES
    )


def new_cookie() -> str:
    """Return 24 random bytes as 32 characters."""
    return secrets.token_urlsafe(COOKIE_SIZE)
