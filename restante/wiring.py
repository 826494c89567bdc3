"""The composition root: settings become a store, a keyring and the use cases."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from restante.keyring import Keyring
from restante.reading import Reading
from restante.sending import Sending
from restante.settings import Settings
from restante.store.connection import Connection
from restante.store.deadlines import Deadlines
from restante.store.messages import Messages
from restante.timekeeping import Timekeeping

CONNECTIONS = 32
SOCKET_TIMEOUT_SECONDS = 0.8

Offload = Callable[..., Any]


def call(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Run *function* here: what `offload` is where nothing else waits."""
    return function(*arguments)


def connect(redis_url: str) -> redis.BlockingConnectionPool:
    """Return the pool that everything in this process shares.

    redis-py would repeat a command that timed out and so run a claim twice: it never
    repeats here, `restante.store.connection` decides.
    """
    pool = redis.BlockingConnectionPool.from_url(
        redis_url,
        max_connections=CONNECTIONS,
        timeout=SOCKET_TIMEOUT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        protocol=3,
        legacy_responses=False,
        retry=Retry(NoBackoff(), 0),
    )
    assert isinstance(pool, redis.BlockingConnectionPool)
    return pool


@dataclass(frozen=True, slots=True)
class House:
    """Everything an edge needs, and nothing it could build another of."""

    settings: Settings
    keyring: Keyring
    connection: Connection
    sending: Sending
    reading: Reading
    timekeeping: Timekeeping

    def key_for(self, purpose: str) -> bytes:
        """Return 32 bytes for an edge's own MACs: HMAC-SHA-256 of the newest root key."""
        return hmac.digest(
            self.keyring.newest, b"restante/v1/edge/" + purpose.encode(), hashlib.sha256
        )


def build(settings: Settings, *, offload: Offload = call) -> House:
    """Build the house of one process.

    Raises:
        SettingsInvalid: No store or no root keys given, or keys that cannot be used.
    """
    keyring = Keyring.parse(settings.root_keys or "")
    connection = Connection(connect(settings.redis_url or ""))
    return assemble(settings, keyring, connection, offload=offload)


def assemble(
    settings: Settings,
    keyring: Keyring,
    connection: Connection,
    *,
    offload: Offload = call,
    now: Callable[[], int] | None = None,
) -> House:
    """Put the use cases over a store; *now* (ms) turns the clock, in tests only."""
    messages = Messages(connection, now)
    return House(
        settings=settings,
        keyring=keyring,
        connection=connection,
        sending=Sending(messages, keyring, settings, offload),
        reading=Reading(messages, keyring, offload),
        timekeeping=Timekeeping(Deadlines(connection, now)),
    )
