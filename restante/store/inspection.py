"""What a store is and may do, as far as it tells.  Looks only: nothing in it is changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import AuthenticationError, ResponseError

from restante.errors import Unavailable
from restante.store.files import LOST

if TYPE_CHECKING:
    from restante.store.connection import Connection
    from restante.store.nodes import Node

CLOCK = "#!lua flags=no-writes\nreturn redis.call('TIME')"
"""A script that changes nothing, asked for the time: what a script says counts."""


class Refused(Exception):
    """The store answers, but lets us do nothing; the message tells the operator."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What one primary tells of itself.

    Attributes:
        version: Of the protocol that it keeps; Valkey names the Redis it came from.
        ahead_seconds: By how much its clock is before this machine's; None: scripts may not run.
        configurable: CONFIG GET is permitted.
        rewritable: BGREWRITEAOF is permitted; None: it does not tell.
        memory_most: `maxmemory` in bytes, 0 is no limit.
        replicas: How many are connected to it; `replicas_known`: how many must have a deed.
    """

    product: str
    version: tuple[int, int]
    is_primary: bool
    ahead_seconds: float | None
    configurable: bool
    rewritable: bool | None
    memory: int
    memory_most: int
    replicas: int
    replicas_known: int


def inspect(connection: Connection) -> list[Inspected]:
    """Look at every primary.

    Raises:
        Unavailable: The store does not answer.
        Refused: It answers that we may not.
    """
    try:
        return [_look_at(node) for node in connection.nodes.all()]
    except AuthenticationError:
        message = "the store refuses the name or the password in RESTANTE_REDIS_URL"
        raise Refused(message) from None
    except ResponseError:
        message = "the store forbids INFO"
        raise Refused(message) from None
    except LOST:
        raise Unavailable from None


def _look_at(node: Node) -> Inspected:
    client = redis.Redis(connection_pool=node.pool)
    told = {name: client.info(name) for name in ("server", "memory", "replication")}
    server, memory, replication = told.values()
    major, minor = str(server["redis_version"]).split(".")[:2]
    valkey = server.get("valkey_version")
    return Inspected(
        product=f"Valkey {valkey}" if valkey else f"Redis {server['redis_version']}",
        version=(int(major), int(minor)),
        is_primary=replication.get("role") == "master",
        ahead_seconds=_ahead(client),
        configurable=_asks(client, "CONFIG", "GET", "maxmemory-policy") is not None,
        rewritable=_may_rewrite(client),
        memory=int(memory["used_memory"]),
        memory_most=int(memory.get("maxmemory", 0)),
        replicas=int(replication.get("connected_slaves", 0)),
        replicas_known=node.replicas,
    )


def _ahead(client: redis.Redis) -> float | None:
    before = time.time()
    if (said := _asks(client, "EVAL", CLOCK, 0)) is None:
        return None
    after = time.time()
    return int(said[0]) + int(said[1]) / 1e6 - (before + after) / 2


def _may_rewrite(client: redis.Redis) -> bool | None:
    """Tell whether BGREWRITEAOF is permitted, without doing it."""
    user = _asks(client, "ACL", "WHOAMI")
    if user is None:
        return None
    said = _asks(client, "ACL", "DRYRUN", user, "BGREWRITEAOF")
    return None if said is None else said in {b"OK", "OK"}


def _asks(client: redis.Redis, *words: str | bytes | int) -> Any:  # noqa: ANN401 (a reply)
    """Return what the store answers, or None where it refuses."""
    try:
        return client.execute_command(*words)
    except ResponseError:
        return None
