"""Redis persistence: what in the store's settings breaks our promises (fsync, snapshots)."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from restante.store import replication
from restante.store.rewrites import LOST, Rewrites

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
REPLICAS_SECONDS = 2.0
"""No further replica is asked after this time: `/readyz` must answer soon."""


class Files(Rewrites):
    """The append-only files of the store's nodes: their rewrites, and what keeps too much."""

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
