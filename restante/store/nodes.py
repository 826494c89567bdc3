"""Finds the node that has a key: the only primary, or in a cluster the primary of its slot."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from redis.exceptions import AskError, MovedError, RedisClusterException, RedisError

from restante.store.pool import Polled, Pool
from restante.store.replication import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis
    from redis.cluster import ClusterNode, RedisCluster


CONNECTIONS = 32
"""For scripts, to the only primary."""
WAIT_SECONDS = 0.8
"""How long a request waits for a free one; as long as for a reply."""
LEARN_SECONDS = 1.0
"""How often a list of nodes that is in doubt is read again, at the most."""


class Node(NamedTuple):
    """One primary, and how to reach it.

    Attributes:
        pool: redis-py's connections, for everything but scripts.
        open: Connections for scripts.
        shard: Under `replicas:all` its shard's replication state.
    """

    pool: redis.ConnectionPool
    open: Pool | Polled
    shard: Shard | None = None


class Nodes(Protocol):
    """The nodes that scripts can be sent to."""

    has_every_key: bool
    """Whether one node has all keys, so that a script can use keys of any shard."""

    def of(self, key: bytes) -> Node:
        """Return the node that has *key*."""

    def elsewhere(self, key: bytes, error: RedisError) -> Node:
        """Return the node to try after one failed or answered that it does not have *key*."""

    def doubt(self, key: bytes) -> None:
        """Note that a request for *key* failed: another node may have it since."""

    def all(self) -> Sequence[Node]:
        """Return every primary."""

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        """Return the connections to every replica that the store reports."""

    def learn(self) -> None:
        """Read the list of nodes again."""


class OneNode:
    """A store of one primary."""

    has_every_key = True

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._node = Node(pool, Pool(pool, CONNECTIONS, WAIT_SECONDS))

    def of(self, key: bytes) -> Node:  # noqa: ARG002 (one for all keys)
        return self._node

    def elsewhere(self, key: bytes, error: RedisError) -> Node:  # noqa: ARG002
        return self._node

    def doubt(self, key: bytes) -> None:
        pass

    def all(self) -> Sequence[Node]:
        return (self._node,)

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        return ()

    def learn(self) -> None:
        pass


class ClusterNodes:
    """A Redis Cluster.  The slot map is read at first use, and again when it proves outdated.

    A node that is gone for good says nothing, and one that left says nothing of its heir.  So after
    a request that failed for whatever reason, the next one reads the map first.

    With *durable* (`replicas:all`) each primary has a `Shard`: a reply is used only when every
    other node of the shard, reachable or not, has what the reply is based on.  So a primary
    cut off from its replicas releases nothing, and any promoted replica has every write.
    """

    has_every_key = False

    def __init__(self, make: Callable[[], RedisCluster], *, durable: bool) -> None:
        """*make* connects and reads the slot map; it raises RedisError if no node answers."""
        self._make = make
        self._durable = durable
        self._lock = threading.Lock()
        self._cluster: RedisCluster | None = None
        self._shards: dict[str, Shard] = {}
        self._learnt_at = float("-inf")
        self._doubted: bytes | None = None

    @property
    def cluster(self) -> RedisCluster:
        if self._cluster is not None:
            return self._cluster
        with self._lock:
            if self._cluster is None:
                self._cluster = self._make()
            return self._cluster

    def of(self, key: bytes) -> Node:
        cluster = self.cluster
        if self._doubted is not None:
            self._learn_once(self._doubted)
        return self._node(cluster, cluster.get_node_from_key(key))

    def elsewhere(self, key: bytes, error: RedisError) -> Node:
        cluster = self.cluster
        if type(error) is not AskError:  # MovedError is a subclass
            self.learn(key)
        if isinstance(error, (AskError, MovedError)) and (
            node := cluster.get_node(host=error.host, port=error.port)
        ):
            return self._node(cluster, node)
        return self.of(key)

    def doubt(self, key: bytes) -> None:
        self._doubted = key

    def all(self) -> Sequence[Node]:
        cluster = self.cluster
        return [self._node(cluster, node) for node in cluster.get_primaries()]

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        cluster = self.cluster
        return [
            cluster.get_redis_connection(node).connection_pool for node in cluster.get_replicas()
        ]

    def learn(self, failed: bytes | None = None) -> None:
        """Read the list of nodes again; the one that has the key *failed* is asked last."""
        with self._lock:
            self._learn(failed)

    def _learn(self, failed: bytes | None) -> None:
        self._learnt_at, self._doubted = time.monotonic(), None
        if self._cluster is not None:
            name = None
            with suppress(RedisClusterException):  # nobody has its slot
                name = self._cluster.get_node_from_key(failed).name if failed else None
            self._cluster.nodes_manager.initialize(last_failed_node_name=name)
            self._shards = {}

    def _learn_once(self, failed: bytes) -> None:
        """Read it again if nobody does, and nobody did lately; without an answer, go on."""
        if time.monotonic() - self._learnt_at < LEARN_SECONDS:
            return
        if self._lock.acquire(blocking=False):
            try:
                with suppress(RedisError, RedisClusterException, OSError):
                    self._learn(failed)
            finally:
                self._lock.release()

    def _node(self, cluster: RedisCluster, node: ClusterNode) -> Node:
        pool = cluster.get_redis_connection(node).connection_pool
        shard = self._shards.setdefault(node.name, Shard()) if self._durable else None
        return Node(pool, Polled(pool), shard)
