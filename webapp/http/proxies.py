"""The client's IP address behind trusted proxies.

Each proxy appends its client's address to X-Forwarded-For.  With N trusted proxies the Nth entry
from the right is the visitor; entries to its left can be forged.  With fewer than N entries a
proxy was bypassed or misconfigured: then the address is unknown, and the peer's is not used.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

ADDRESS_MOST = 80
"""Longer than any IP address with brackets, scope and port."""
UNTRUSTED = "restante.forwarding_untrusted"
MISSING = "restante.forwarding_missing"
HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
HOUR_SECONDS = 3_600
WORDS = {
    UNTRUSTED: (
        "forwarding headers come, and RESTANTE_TRUSTED_PROXIES is 0:"
        " all visitors count as one network"
    ),
    MISSING: (
        "requests come without the entries in X-Forwarded-For that RESTANTE_TRUSTED_PROXIES"
        " tells of: their network is not known"
    ),
}

_PORT = re.compile(r"(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?")
_told: dict[str, float] = {}


class Forwarding:
    """Middleware that puts the visitor's IP address into REMOTE_ADDR; empty if unknown."""

    def __init__(self, app: WSGIApplication, trusted: int) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:  # noqa: ANN401
        if self._trusted:
            # Split at every comma: the header has no quotes, and a parser that knows quotes can
            # be tricked into ignoring what the proxies appended.
            entries = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
            is_enough = len(entries) >= self._trusted and entries[-self._trusted].strip()
            environ["REMOTE_ADDR"] = entries[-self._trusted].strip() if is_enough else ""
            environ[MISSING] = not is_enough
        else:
            environ[UNTRUSTED] = any(name in environ for name in HEADERS)
        return self._app(environ, start_response)


def warn(environ: WSGIEnvironment) -> None:
    """Log once an hour, without values, if proxies and RESTANTE_TRUSTED_PROXIES do not agree."""
    for sign, words in WORDS.items():
        if environ.get(sign) and time.monotonic() - _told.get(sign, -HOUR_SECONDS) >= HOUR_SECONDS:
            _told[sign] = time.monotonic()
            log.warning(words)


@lru_cache(maxsize=1024)
def read_address(written: str) -> IPv4Address | IPv6Address | None:
    """Parse an IP address; return None if it is none.

    Port, brackets and the scope of an IPv6 address are dropped; an IPv4-mapped address
    (::ffff:192.0.2.1) becomes the IPv4 address in it.
    """
    if len(written) > ADDRESS_MOST or not written.isascii():
        return None
    if with_port := _PORT.fullmatch(written):
        written = with_port[1] or with_port[2] or ""
    try:
        address = ip_address(written.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
