"""Rate limits per network and minute: Flask-Limiter over our own connections to the store.

A counter's key is an HMAC of the network (IPv4 /32, IPv6 /64); it expires after a minute.
Recall and acknowledge have no limit: they only take access away.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

from flask import g, request
from flask_limiter import Limiter
from limits.storage import RedisStorage

from restante.crypto.tokens import TOKEN_LENGTH
from restante.errors import RestanteError, Unavailable
from restante.settings.parsers import CLUSTER, CLUSTER_TLS
from webapp.http import csrf, fields, floods, request_size
from webapp.http.errors import RateLimited, limits_translated
from webapp.http.request import network, services

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask_limiter import RouteLimit

    from restante.wiring import Services

LARGE_FORMS = {"compose.send", "control.replace", "control.translate"}
PAUSE_SECONDS = 1.0
"""How long to wait for the first health check after the store failed to count."""


class Counters(RedisStorage):
    """Counts in the store, over our own connection pool.

    After a failure Flask-Limiter checks the store's health at once; if the store hangs, the
    visitor would wait for a second timeout.
    """

    STORAGE_SCHEME = ["restante"]  # noqa: RUF012 (how limits wants it)
    _failed_at = float("-inf")

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        try:
            return super().incr(key, expiry, amount)
        except Exception:
            self._failed_at = time.monotonic()
            raise

    def check(self) -> bool:
        return time.monotonic() - self._failed_at > PAUSE_SECONDS and super().check()


def network_id() -> bytes:
    """Return the key of the visitor's network; all unknown IP addresses count as one network."""
    key = services().key_for("limits")
    return hmac.digest(key, (network(32, 64) or "").encode(), hashlib.sha256)[:16]


def _network_key() -> str:
    # Any site can have its visitors follow a hundred links to us: those count apart.
    return network_id().hex() + ("-elsewhere" if csrf.is_foreign() else "")


limiter = Limiter(_network_key, headers_enabled=False, in_memory_fallback_enabled=True)


def _per_minute(name: str) -> str:
    return f"{getattr(services().settings, name)}/minute"


def _counted(name: str) -> Callable[[object], None]:
    def count(_: object) -> None:
        floods.refusals.note(name)
        if meters := services().meters:
            meters.refused(name)

    return count


def _brings_no_passphrase() -> bool:
    if (request.endpoint or "").endswith(".request_code"):
        return False  # it sends a mail
    if request.is_json and len(fields.written_bearer()) != TOKEN_LENGTH:
        return True
    # An error that left this function would be taken for the store's.
    if not request_size.is_readable():
        return True
    if request.is_json:
        try:
            body = fields.parsed()
        except RestanteError:  # the view refuses it
            body = None
        return not isinstance(body, dict) or not {"passphrase", "code"} & body.keys()
    return not (request.form.get("passphrase") or request.form.get("code"))


def _limit(name: str, **options: Any) -> RouteLimit:  # noqa: ANN401
    return limiter.shared_limit(
        lambda: _per_minute(f"limit_{name}"), name, on_breach=_counted(name), **options
    )


send = _limit("send", exempt_when=lambda: "large_counted" in g)
preview = _limit("preview")
status = _limit("status")
reveal = _limit("reveal")
passphrase = _limit("passphrase", exempt_when=_brings_no_passphrase)


def init_app(app: Flask, services: Services) -> None:
    """Set up the limiter with the services' store and connections."""
    app.config["RATELIMIT_ENABLED"] = services.settings.rate_limits
    options: dict[str, Any] = {"wrap_exceptions": True, "key_prefix": "limits"}
    if services.settings.is_cluster:
        address = services.settings.redis_url or ""
        app.config["RATELIMIT_STORAGE_URI"] = address.replace(CLUSTER_TLS, CLUSTER, 1)
        options |= {"ssl": address.startswith(CLUSTER_TLS)}
    else:
        app.config["RATELIMIT_STORAGE_URI"] = f"{Counters.STORAGE_SCHEME[0]}://"
        options["connection_pool"] = services.connection.pools[0]
    app.config["RATELIMIT_STORAGE_OPTIONS"] = options
    limiter.init_app(app)
    app.before_request(_count_large)


def _count_large() -> None:
    """Count a large form as a send before it is read, whatever it is for.

    If it is one too many, `limits_translated` says so where a page can show what was typed.
    """
    if request.endpoint in LARGE_FORMS and request_size.is_large():
        try:
            with limits_translated(), send:
                pass
        except (RateLimited, Unavailable) as error:
            g.not_counted = error
        g.large_counted = True
