"""How often one network may ask: Flask-Limiter over our own connections.

A counter is keyed by an HMAC of the network (IPv4 /32, IPv6 /64) and lives a minute.
Recall and acknowledge carry no limit: they take access away, never give it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from flask import request
from flask_limiter import Limiter

from restante.settings import CLUSTER, CLUSTER_TLS
from webapp.context import house, network

if TYPE_CHECKING:
    from flask import Flask

    from restante.wiring import House

WINDOW_SECONDS = 60


def _network_key() -> str:
    key = house().key_for("limits")
    return hmac.digest(key, (network(32, 64) or "").encode(), hashlib.sha256)[:16].hex()


limiter = Limiter(_network_key, headers_enabled=False, in_memory_fallback_enabled=True)


def _per_minute(name: str) -> str:
    return f"{getattr(house().settings, name)}/minute"


def _brings_no_passphrase() -> bool:
    if request.is_json:
        body = request.get_json(silent=True)
        return not isinstance(body, dict) or "passphrase" not in body
    return not request.form.get("passphrase")


send = limiter.shared_limit(lambda: _per_minute("limit_send"), "send")
preview = limiter.shared_limit(lambda: _per_minute("limit_preview"), "preview")
reveal = limiter.shared_limit(lambda: _per_minute("limit_reveal"), "reveal")
passphrase = limiter.shared_limit(
    lambda: _per_minute("limit_passphrase"), "passphrase", exempt_when=_brings_no_passphrase
)


def init_app(app: Flask, house: House) -> None:
    """Count in the store of the house, whose connections are shared."""
    app.config["RATELIMIT_ENABLED"] = house.settings.rate_limits
    options: dict[str, Any] = {"wrap_exceptions": True, "key_prefix": "limits"}
    if house.settings.is_cluster:
        address = house.settings.redis_url or ""
        app.config["RATELIMIT_STORAGE_URI"] = address.replace(CLUSTER_TLS, CLUSTER, 1)
        options |= {"ssl": address.startswith(CLUSTER_TLS)}
    else:
        app.config["RATELIMIT_STORAGE_URI"] = "redis://"
        options["connection_pool"] = house.connection.pools[0]
    app.config["RATELIMIT_STORAGE_OPTIONS"] = options
    limiter.init_app(app)
