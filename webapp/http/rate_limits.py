"""How often one network may ask: Flask-Limiter over our own connections.

A counter is keyed by an HMAC of the network (IPv4 /32, IPv6 /64) and lives a minute.
Recall and acknowledge carry no limit: they take access away, never give it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

from flask import request
from flask_limiter import Limiter
from limits.storage import RedisStorage

from restante.crypto.tokens import TOKEN_LENGTH
from restante.errors import RestanteError
from restante.settings.parsers import CLUSTER, CLUSTER_TLS
from webapp.http import fields, floods
from webapp.http.request import network, services

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask_limiter import RouteLimit

    from restante.wiring import Services

PAUSE_SECONDS = 1.0
"""How long a store that failed to count is not asked whether it is well again."""


class Counters(RedisStorage):
    """Counts in the store, over connections that are given.

    Flask-Limiter asks a store for its health at once after it failed; with a store that
    hangs the visitor would wait for one timeout more.
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
    """Return what a network is counted by; all whose address is not known are one."""
    key = services().key_for("limits")
    return hmac.digest(key, (network(32, 64) or "").encode(), hashlib.sha256)[:16]


def _network_key() -> str:
    return network_id().hex()


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
        return False  # a mail goes out for it
    if request.is_json:
        try:
            body = fields.parsed() if len(fields.written_bearer()) == TOKEN_LENGTH else None
        except RestanteError:  # it is refused later
            body = None
        return not isinstance(body, dict) or not {"passphrase", "code"} & body.keys()
    return not (request.form.get("passphrase") or request.form.get("code"))


def _limit(name: str, **options: Any) -> RouteLimit:  # noqa: ANN401
    return limiter.shared_limit(
        lambda: _per_minute(f"limit_{name}"), name, on_breach=_counted(name), **options
    )


send = _limit("send")
preview = _limit("preview")
status = _limit("status")
reveal = _limit("reveal")
passphrase = _limit("passphrase", exempt_when=_brings_no_passphrase)


def init_app(app: Flask, services: Services) -> None:
    """Count in the store of the services, whose connections are shared."""
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
