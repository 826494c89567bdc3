"""Redis persistence: rewrites the AOF so that deleted data leaves it; checks fsync, snapshots."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import MovedError, RedisClusterException, RedisError, ResponseError

from restante.crypto.tokens import SHARDS
from restante.errors import Unavailable
from restante.store import keys, replication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restante.store.connection import Connection

LOST = (RedisError, RedisClusterException, OSError)
SCRUB_SECONDS = 300
"""Shortest time between two rewrites: destroyed data leaves the files within ten minutes."""

LEARN_SECONDS = 5.0
REPLICAS_SECONDS = 2.0
"""No further replica is asked after this time: `/readyz` must answer soon."""


class Files:
    """The append-only files of the store's nodes."""

    def __init__(self, connection: Connection, every_seconds: int = SCRUB_SECONDS) -> None:
        self._connection = connection
        self._every_ms = every_seconds * 1000
        self._learnt_at = time.monotonic()
        self._began_at: dict[int, float] = {}
        self._under_way: set[int] = set()
        self._ended: list[bool] = []

    def scrub(self) -> bool:
        """Start a rewrite of every append-only file that has grown; tell whether one began.

        Deleted bytes stay in a file until its rewrite.  Replicas have their own files, so they
        are asked, too, also after they were away.

        Raises:
            Unavailable: The store does not answer.
        """
        try:
            self._learn()
            begun = [self._scrub(client, self._began_lately) for client in self._clients()]
            replicas = self._replicas()
        except LOST:
            raise Unavailable from None
        for replica in replicas:
            # A replica that is away is asked when it is back.
            with suppress(*LOST):
                begun.append(self._scrub(replica, self._began_here_lately))
        return any(begun)

    def outcomes(self) -> list[bool]:
        """Return whether each rewrite that this process began succeeded; each is returned once."""
        ended, self._ended = self._ended, []
        return ended

    def _learn(self) -> None:
        """Read the list of nodes from time to time: no event tells of a new replica."""
        if time.monotonic() - self._learnt_at > LEARN_SECONDS:
            self._connection.nodes.learn()
            self._learnt_at = time.monotonic()

    def _scrub(self, client: redis.Redis, began_lately: Callable[[redis.Redis], bool]) -> bool:
        node = id(client.connection_pool)
        try:
            kept = client.info("persistence")
            if kept.get("aof_rewrite_in_progress") or kept.get("aof_rewrite_scheduled"):
                return False
            if node in self._under_way:
                self._under_way.discard(node)
                self._ended.append(kept.get("aof_last_bgrewrite_status", "ok") == "ok")
            if not kept.get("aof_enabled"):
                return False
            if kept.get("aof_current_size") == kept.get("aof_base_size"):
                return False
            if began_lately(client):
                return False
            client.bgrewriteaof()
        except ResponseError:
            return False
        self._under_way.add(node)
        return True

    def _began_here_lately(self, client: redis.Redis) -> bool:
        """Same as `_began_lately` for a replica, which is read-only: kept in this process."""
        node, now = id(client.connection_pool), time.monotonic()
        if now - self._began_at.get(node, float("-inf")) < self._every_ms / 1_000:
            return True
        self._began_at[node] = now
        return False

    def _began_lately(self, client: redis.Redis) -> bool:
        """Tell whether a rewrite began recently; if not, record that one begins now.

        The record is a key in the first shard that this node has, so workers share it.
        """
        for shard in range(SHARDS):
            try:
                return not client.set(keys.scrub(shard), b"1", px=self._every_ms, nx=True)
            except MovedError:
                continue
        return True

    def shortcomings(self, durability: str) -> list[str]:
        """Return what in the store's settings breaks our promises; empty if nothing does."""
        try:
            self._connection.nodes.learn()
            found = {lack for client in self._clients() for lack in self._lacks(client, durability)}
            found |= set(replication.shortcomings(self._connection.nodes, durability))
            replicas = self._replicas()
        except LOST:
            return ["the store does not answer"]
        deadline = time.monotonic() + REPLICAS_SECONDS
        for replica in replicas:
            with suppress(*LOST):
                if time.monotonic() < deadline:
                    found |= set(_keeps_too_much(*_told(replica)))
        return sorted(found)

    def _lacks(self, client: redis.Redis, durability: str) -> Iterator[str]:
        kept, configured = _told(client)
        policy, fsync = configured.get("maxmemory-policy"), configured.get("appendfsync")
        if kept.get("loading"):
            yield "the store is loading"
        if policy not in {None, "noeviction"}:
            yield "the store may evict keys: maxmemory-policy must be noeviction"
        if durability == "disk":
            if not kept.get("aof_enabled"):
                yield "the store keeps no append-only file: appendonly must be yes"
            elif fsync not in {None, "always"}:
                yield "the store answers before it wrote: appendfsync must be always"
        if kept.get("aof_last_write_status", "ok") != "ok":
            yield "the store cannot write its file"
        if kept.get("aof_last_bgrewrite_status", "ok") != "ok":
            yield "the store could not rewrite its file: what was destroyed is still in it"
        yield from _keeps_too_much(kept, configured)

    def _clients(self) -> list[redis.Redis]:
        return [redis.Redis(connection_pool=pool) for pool in self._connection.pools]

    def _replicas(self) -> list[redis.Redis]:
        return [redis.Redis(connection_pool=pool) for pool in self._connection.nodes.replicas()]


def _keeps_too_much(kept: dict[str, Any], configured: dict[str, str]) -> Iterator[str]:
    """Yield each of a node's settings that keeps deleted data in files."""
    if configured.get("save"):
        yield "the store writes snapshots, which keep what was destroyed: save must be empty"
    if kept.get("connected_slaves") and configured.get("repl-diskless-sync") == "no":
        yield (
            "the store writes a snapshot for its replicas, which keeps what was destroyed:"
            " repl-diskless-sync must be yes"
        )
    if (
        kept.get("role") == "slave"
        and configured.get("repl-diskless-load") in {"disabled", "on-empty-db"}
        and not _keeps_no_copy(kept)
    ):
        yield (
            "a replica keeps the snapshot that it began with, and in it what was destroyed:"
            " repl-diskless-load must be swapdb"
        )


def _keeps_no_copy(kept: dict[str, Any]) -> bool:
    """Tell whether a replica moves its first snapshot into its append-only file.

    Valkey 9.1 does; Redis 7.0 leaves it as dump.rdb.
    """
    version = str(kept.get("valkey_version", "0.0")).split(".")[:2]
    return bool(kept.get("aof_enabled")) and tuple(map(int, version)) >= (9, 1)


def _told(client: redis.Redis) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a node's state and its settings (empty if forbidden), in one round trip."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.info("persistence", "replication", "server")
        pipeline.config_get(
            *("maxmemory-policy", "appendfsync", "save"),
            *("repl-diskless-sync", "repl-diskless-load"),
        )
        kept, told = pipeline.execute(raise_on_error=False)
    if isinstance(kept, Exception):
        raise kept
    if isinstance(told, ResponseError):
        return kept, {}
    if isinstance(told, Exception):
        raise told
    return kept, {_text(name): _text(value) for name, value in told.items()}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
