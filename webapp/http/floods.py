"""Middleware that refuses cheaply: forms and subresources of other sites, and floods.

Neither is counted in the store, and no body is read.  A network that reaches a rate limit gets its
form back with what it typed; a network that continues gets a short response.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from flask import Response, json, request

from webapp.http import csrf
from webapp.http.errors import OtherSite, RateLimited
from webapp.http.request import header, network, services, settings

if TYPE_CHECKING:
    from flask import Flask

REFUSED_MOST = 10
"""How often per minute a process refuses in full, with what was typed."""
NETWORKS_MOST = 10_000
LIMITS_OF = {
    "compose.send": ("send", "preview"),
    "permit.ask": ("send",),
    "uploads.begin": ("upload",),
    "control.show_anyway": ("status",),
    "control.replace": ("send", "passphrase"),
    "control.extend": ("send",),
    "control.resume": ("send",),
    "control.set_rules": ("send",),
    "control.translate": ("preview", "send"),
    "sent.search": ("status",),
    "sent_access.address": ("status",),
    "sent_access.use": ("status",),
    "sent_access.rotate": ("status",),
    "sent_access.forget": ("status",),
    "sent_access.anew": ("status",),
    "viewer.reveal": ("reveal", "passphrase"),
    "viewer.request_code": ("passphrase",),
    "viewer.anew": ("preview",),
    "files.fetch": ("upload",),
    "files.show": ("upload",),
    "files.fetch_all": ("upload",),
    "api.send": ("send",),
    "api.replace": ("send", "passphrase"),
    "api.change": ("send",),
    "api.resume": ("send",),
    "api.reveal": ("reveal", "passphrase"),
    "api.request_code": ("passphrase",),
}
"""Endpoints with a body and a rate limit; recall, pause, forget and acknowledge have no limit."""


class Refusals:
    """Counts how often this process refused each network, per limit, in this minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[bytes, int] = {}

    def note(self, name: str) -> None:
        self._turn()
        key = _key(name)
        if key in self._counts or len(self._counts) < NETWORKS_MOST:
            self._counts[key] = self._counts.get(key, 0) + 1

    def is_flood(self, names: tuple[str, ...]) -> bool:
        self._turn()
        return bool(self._counts) and any(
            self._counts.get(_key(name), 0) >= REFUSED_MOST for name in names
        )

    def _turn(self) -> None:
        minute = int(time.monotonic() // RateLimited.wait_seconds)
        if minute != self._minute:
            self._minute, self._counts = minute, {}


refusals = Refusals()


def init_app(app: Flask) -> None:
    """Check each request before all other middleware, and before the rate limits."""
    app.before_request(_refuse)


def _refuse() -> Response | None:
    if _is_other_sites():
        raise OtherSite
    limits = LIMITS_OF.get(request.endpoint or "", ())
    if not limits or not refusals.is_flood(limits) or not settings().rate_limits:
        return None
    if meters := services().meters:
        meters.refused("flood")
    if request.path.startswith("/api/"):
        problem = {
            "type": "about:blank",
            "title": RateLimited.title,
            "status": 429,
            "code": "rate-limited",
            "detail": RateLimited.title,
        }
        short = Response(json.dumps(problem), 429, mimetype="application/problem+json")
    else:
        short = Response(f"{RateLimited.title}\n", 429, mimetype="text/plain")
    short.headers["Retry-After"] = str(RateLimited.wait_seconds)
    return short


def _is_other_sites() -> bool:
    """Tell whether another site sent this form, or loads this as an image, a frame or by a script.

    A link that a person follows is a navigation of a whole window, which is allowed.
    """
    if request.method not in csrf.SAFE:
        return csrf.is_foreign()
    if header("SEC_FETCH_SITE") not in {"cross-site", "same-site"}:
        return False
    mode = request.environ.get("HTTP_SEC_FETCH_MODE", "navigate")
    dest = request.environ.get("HTTP_SEC_FETCH_DEST", "document")
    return (mode, dest) != ("navigate", "document")


def _key(name: str) -> bytes:
    counted = f"{name} {network(32, 64)} {csrf.is_foreign()}"
    return hashlib.blake2b(counted.encode(), digest_size=8).digest()
