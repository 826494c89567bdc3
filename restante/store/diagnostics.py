"""Inspects the store for the command `check`: version, memory, permissions.  Reads only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import AuthenticationError, ResponseError

from restante.errors import Unavailable
from restante.store import keys, replication
from restante.store.rewrites import LOST

if TYPE_CHECKING:
    from restante.store.connection import Connection
    from restante.store.nodes import Node

LOOK = """#!lua flags=no-writes
local forbidden = {}
for _, line in ipairs(ARGV) do
  local words = {}
  for word in line:gmatch("%S+") do
    words[#words + 1] = word
  end
  if not redis.acl_check_cmd(unpack(words)) then
    forbidden[#forbidden + 1] = words[1]
  end
end
return { redis.call("TIME"), forbidden }
"""
"""A script that changes nothing: returns the time in scripts, and commands they may not call."""
CALLED = (
    *("DEL", "EXISTS", "GET", "SET", "PEXPIRE", "PEXPIREAT", "PEXPIRETIME", "PTTL"),
    *("HDEL", "HEXISTS", "HGET", "HGETALL", "HINCRBY", "HKEYS", "HLEN", "HMGET", "HSET", "HSETNX"),
    *("HVALS", "INCR"),
    *("LINDEX", "LLEN", "LPUSH", "LRANGE", "LTRIM", "RPUSH"),
    *("PERSIST", "SADD", "SCARD", "SETRANGE", "SMEMBERS"),
    *("ZADD", "ZCARD", "ZCOUNT", "ZRANGE", "ZREM", "ZREMRANGEBYSCORE", "ZSCORE"),
)
"""Commands that our scripts call, on keys of a shard."""


class Refused(Exception):
    """The store answers but refuses our login or INFO; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What one primary reports about itself.

    Attributes:
        version: The Redis version that it is compatible with, also for Valkey.
        ahead_seconds: How far its clock is ahead of this machine's; None if scripts may not run.
        forbidden: Commands that scripts may not call, or not on our keys.
        configurable: CONFIG GET is permitted.
        rewritable: BGREWRITEAOF is permitted; None if unknown.
        memory_most: `maxmemory` in bytes, 0 is no limit.
        replicas: How many replicas are connected.
        replicas_known: How many its shard has, connected or not; outside a cluster, the
            connected ones.
        snapshots: How many it wrote since it started, or since CONFIG RESETSTAT.
    """

    product: str
    version: tuple[int, int]
    is_primary: bool
    ahead_seconds: float | None
    forbidden: tuple[str, ...]
    configurable: bool
    rewritable: bool | None
    memory: int
    memory_most: int
    replicas: int
    replicas_known: int
    snapshots: int = 0
    pid: int = 0


def inspect(connection: Connection) -> list[Inspected]:
    """Inspect every primary.

    Raises:
        Unavailable: The store does not answer.
        Refused: It refuses our login or INFO.
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
    server, memory = client.info("server"), client.info("memory")
    kept = client.info("persistence")
    standing = replication.look(node.pool)
    major, minor = str(server["redis_version"]).split(".")[:2]
    valkey = server.get("valkey_version")
    ahead, forbidden = _ask_a_script(client)
    return Inspected(
        product=f"Valkey {valkey}" if valkey else f"Redis {server['redis_version']}",
        version=(int(major), int(minor)),
        is_primary=standing.is_primary,
        ahead_seconds=ahead,
        forbidden=forbidden,
        configurable=_asks(client, "CONFIG", "GET", "maxmemory-policy") is not None,
        rewritable=_may_rewrite(client),
        memory=int(memory["used_memory"]),
        memory_most=int(memory.get("maxmemory", 0)),
        replicas=standing.connected,
        replicas_known=standing.replicas,
        snapshots=int(kept.get("rdb_saves", 0)),
        pid=int(server.get("process_id", 0)),
    )


def _ask_a_script(client: redis.Redis) -> tuple[float | None, tuple[str, ...]]:
    """Return how far the store's clock is ahead, and which commands scripts may not call."""
    lines = [f"{name} {keys.scrub(0).decode()} a b" for name in CALLED]
    before = time.time()
    if (said := _asks(client, "EVAL", LOOK, 0, *lines)) is None:
        return None, ()
    after = time.time()
    (seconds, micros), forbidden = said
    ahead = int(seconds) + int(micros) / 1e6 - (before + after) / 2
    return ahead, tuple(name.decode() for name in forbidden)


def _may_rewrite(client: redis.Redis) -> bool | None:
    """Tell whether BGREWRITEAOF is permitted, without running it; None if unknown."""
    user = _asks(client, "ACL", "WHOAMI")
    if user is None:
        return None
    said = _asks(client, "ACL", "DRYRUN", user, "BGREWRITEAOF")
    return None if said is None else said in {b"OK", "OK"}


def _asks(client: redis.Redis, *words: str | bytes | int) -> Any:  # noqa: ANN401 (a reply)
    """Return the store's reply, or None if it refuses."""
    try:
        return client.execute_command(*words)
    except ResponseError:
        return None
