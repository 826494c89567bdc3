"""Statistics of the store: memory, late deadlines, deliveries, replicas.  Nothing per message."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
from redis.exceptions import MovedError

from restante.crypto.tokens import SHARDS
from restante.errors import Unavailable
from restante.store import keys, replication
from restante.store.rewrites import LOST
from restante.store.script_files import script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.store.connection import Connection
    from restante.store.nodes import Node

LATE_MS = 60_000
"""The worker runs every second: what is a minute late has no worker."""
PATIENCE_SECONDS = 2.0
"""No further node is asked after this time; the one being asked has its socket timeout."""
TRIES = 2


class Queue(NamedTuple):
    """Deliveries of one channel, or of all, by their next try; each is counted once.

    Attributes:
        ahead, due, late, dead: In the future, due, due for over a minute, given up.
        oldest: For how long the first one is due, in ms.
    """

    ahead: int
    due: int
    late: int
    dead: int
    oldest: int


class Waiting(NamedTuple):
    """Deadlines and deliveries that wait, summed over all shards.

    Attributes:
        deadlines_late: Tasks that have been due for over a minute.
        dead: Dead letters, also those of channels that are not known here.
        blobs, blobs_oldest: Blobs to delete, and for how long the first of them waits, in ms.
        uploads: Uploads under way that are promised room.
        channels: What waits for each channel, by its name.
    """

    deadlines_late: int
    dead: int
    blobs: int
    blobs_oldest: int
    uploads: int
    channels: Mapping[str, Queue]

    @property
    def ahead(self) -> int:
        return sum(queue.ahead for queue in self.channels.values())

    @property
    def due(self) -> int:
        return sum(queue.due for queue in self.channels.values())

    @property
    def late(self) -> int:
        return sum(queue.late for queue in self.channels.values())


class Memory(NamedTuple):
    """One primary's memory in bytes (limit 0: none), its replicas and its files.

    Attributes:
        shard: The first shard of this primary, which identifies it.
        missing: Replicas that `replicas:all` needs and that are not connected; at least 1 if
            the primary has none.  None with another durability.
        rewrite_failed: The last rewrite of the append-only file failed.
        snapshots: How many it wrote since it started, or since CONFIG RESETSTAT.
    """

    shard: int
    used: int
    limit: int
    missing: int | None = None
    rewrite_failed: bool = False
    snapshots: int = 0


class Numbers:
    """Reads the statistics of every primary: one round trip each, two under `replicas:all`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self) -> tuple[Waiting, list[Memory]]:
        """Return what waits, and the memory of every primary that has a shard.

        Raises:
            Unavailable: A primary does not answer, so the sum would be incomplete.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        for _ in range(TRIES):
            try:
                return self._read(deadline)
            except MovedError as error:
                self._learn(error)
            except LOST:
                break
        raise Unavailable

    def _read(self, deadline: float) -> tuple[Waiting, list[Memory]]:
        rows: list[list[Any]] = []
        memory = []
        for node, shards in self._primaries():
            if time.monotonic() > deadline:
                raise Unavailable
            *told, kept = _ask(node.pool, shards)
            rows += told
            memory.append(
                Memory(
                    shards[0],
                    kept["used_memory"],
                    kept.get("maxmemory", 0),
                    _missing(node),
                    kept.get("aof_last_bgrewrite_status", "ok") != "ok",
                    kept.get("rdb_saves", 0),
                )
            )
        return _waiting(rows), memory

    def _primaries(self) -> list[tuple[Node, list[int]]]:
        """Return every primary and its shards."""
        found: dict[int, tuple[Node, list[int]]] = {}
        for shard in range(SHARDS):
            node = self._connection.nodes.of(keys.due(shard))
            found.setdefault(id(node.pool), (node, []))[1].append(shard)
        return list(found.values())

    def _learn(self, error: MovedError) -> None:
        try:
            self._connection.nodes.elsewhere(keys.due(0), error)
        except LOST:
            raise Unavailable from None


def _waiting(rows: list[list[Any]]) -> Waiting:
    """Sum what all shards reply."""
    queues: dict[str, Queue] = {}
    for name, *numbers, oldest in (channel for row in rows for channel in row[5:]):
        its = queues.get(name.decode(), Queue(0, 0, 0, 0, 0))
        sums = [its[at] + number for at, number in enumerate(numbers)]
        queues[name.decode()] = Queue._make([*sums, max(its.oldest, oldest)])
    late, dead, blobs, oldest, uploads = zip(*(row[:5] for row in rows), strict=True)
    return Waiting(sum(late), sum(dead), sum(blobs), max(oldest), sum(uploads), queues)


def _missing(node: Node) -> int | None:
    if node.shard is None:
        return None
    standing = replication.look(node.pool)
    return max(standing.replicas, 1) - standing.connected


def _ask(pool: redis.ConnectionPool, shards: list[int]) -> list[Any]:
    with redis.Redis(connection_pool=pool).pipeline(transaction=False) as pipeline:
        for shard in shards:
            source = script("numbers").source
            pipeline.execute_command("EVAL", source, 1, keys.due(shard), b"", LATE_MS)
        pipeline.info("memory", "persistence")
        return list(pipeline.execute())
