"""Rewrites of the append-only files, so that what was destroyed leaves them.

A deleted value stays in a file until its rewrite.  Scripts that destroy change a mark in their
shard, and only a node with other marks than at its last rewrite is asked
(docs/decisions/0053-what-starts-a-rewrite.md).
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from redis.exceptions import AskError, RedisClusterException, RedisError, ResponseError

from restante.crypto.tokens import SHARDS
from restante.errors import Unavailable
from restante.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.store.connection import Connection

LOST = (RedisError, RedisClusterException, OSError)
PROMISE_SECONDS = 600
"""What was destroyed leaves the files within this time."""
SCRUB_SECONDS = 300
"""Shortest time between two rewrites of a node."""
REST = 10
"""A node rests for this many times the duration of its last rewrite, if the promise permits."""
SETTLE_SECONDS = 30
"""From a new mark to the rewrite: the store deletes what has a TTL some seconds after its time."""
DAY_SECONDS = 86_400
"""After this time a file is rewritten without a mark: counters of networks are in it."""
LEARN_SECONDS = 5.0

Marks = tuple[bytes | None, ...]


class _Rewrite(NamedTuple):
    """The last rewrite of a node: when it began, and what was destroyed before it."""

    marks: Marks
    began_at: float


class Rewrites:
    """Has the append-only files of the store's nodes rewritten."""

    def __init__(
        self,
        connection: Connection,
        every_seconds: int = SCRUB_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._connection = connection
        self._every, self._settle = every_seconds, settle_seconds
        self._learnt_at = time.monotonic()
        self._last: dict[int, _Rewrite] = {}
        self._new_marks: dict[int, tuple[Marks, float]] = {}
        self._under_way: set[int] = set()
        self._ended: list[bool] = []

    def scrub(self) -> bool:
        """Start a rewrite on every node where something was destroyed; tell whether one began.

        Replicas have their own files, so they are asked, too, also after they were away.  What
        a new process does not know yet counts as destroyed.

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

    def _scrub(self, client: redis.Redis, began_lately: Callable[[redis.Redis, int], bool]) -> bool:
        node = id(client.connection_pool)
        try:
            kept = client.info("persistence")
            if kept.get("aof_rewrite_in_progress") or kept.get("aof_rewrite_scheduled"):
                return False
            if node in self._under_way:
                self._end(node, kept)
            if not kept.get("aof_enabled"):
                return False
            if (marks := self._overdue(node, _marks(client))) is None:
                return False
            if began_lately(client, self._pause_ms(kept)):
                return False
            client.bgrewriteaof()
        except ResponseError:
            return False
        self._last[node] = _Rewrite(marks, time.monotonic())
        self._new_marks.pop(node, None)
        self._under_way.add(node)
        return True

    def _end(self, node: int, kept: dict[str, Any]) -> None:
        """Record how a rewrite ended; one of a node that died has no duration, or failed."""
        self._under_way.discard(node)
        went_well = (
            kept.get("aof_last_bgrewrite_status", "ok") == "ok"
            and kept.get("aof_last_rewrite_time_sec", 0) >= 0
        )
        self._ended.append(went_well)
        if not went_well:
            self._last.pop(node, None)

    def _overdue(self, node: int, marks: Marks) -> Marks | None:
        """Return the marks that the node's next rewrite covers, if it should begin now.

        Those are the marks before the pause in which the store deletes what has a TTL: what was
        destroyed since needs another rewrite.
        """
        now = time.monotonic()
        last = self._last.get(node)
        if last and last.marks == marks and now - last.began_at < DAY_SECONDS:
            return None
        seen, seen_at = self._new_marks.setdefault(node, (marks, now))
        return seen if now - seen_at >= self._settle else None

    def _pause_ms(self, kept: dict[str, Any]) -> int:
        """Return how long no other rewrite begins.

        Data destroyed just after a rewrite began leaves the files with the next one: the pause
        and two durations must fit into the promise.
        """
        took = max(kept.get("aof_last_rewrite_time_sec", 0), 0)
        longest = PROMISE_SECONDS - self._settle - 2 * took
        return int(1000 * max(self._every, min(REST * took, longest)))

    def _began_here_lately(self, client: redis.Redis, pause_ms: int) -> bool:
        """Same as `_began_lately` for a replica, which is read-only: kept in this process."""
        last = self._last.get(id(client.connection_pool))
        return last is not None and time.monotonic() - last.began_at < pause_ms / 1000

    def _began_lately(self, client: redis.Redis, pause_ms: int) -> bool:
        """Tell whether a rewrite began recently; if not, record that one begins now.

        The record is a key in the first shard that this node has, so workers share it.
        """
        for shard in range(SHARDS):
            with suppress(AskError):
                return not client.set(keys.scrub(shard), b"1", px=pause_ms, nx=True)
        return True

    def _clients(self) -> list[redis.Redis]:
        return [redis.Redis(connection_pool=pool) for pool in self._connection.pools]

    def _replicas(self) -> list[redis.Redis]:
        return [redis.Redis(connection_pool=pool) for pool in self._connection.nodes.replicas()]


def _marks(client: redis.Redis) -> Marks:
    """Return the marks of every shard on a node; None for those of other nodes.

    A replica is asked for its own: then it has also carried out what they stand for.
    """
    with client.pipeline(transaction=False) as pipeline:
        pipeline.readonly()
        for shard in range(SHARDS):
            pipeline.get(keys.destroyed(shard))
        pipeline.readwrite()
        told = pipeline.execute(raise_on_error=False)[1:-1]
    for one in told:
        if isinstance(one, Exception) and not isinstance(one, AskError):
            raise one
    # MOVED is a kind of ASK to redis-py.
    return tuple(None if isinstance(one, AskError) else one for one in told)
