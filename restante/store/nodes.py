"""Which node keeps a key: always the one, or the primary of its slot in a cluster."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

from redis.exceptions import AskError, RedisError

from restante.store.replication import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis
    from redis.cluster import ClusterNode, RedisCluster


class Node(NamedTuple):
    """One primary: its connections, and its shard where every replica must have a deed."""

    pool: redis.ConnectionPool
    shard: Shard | None = None


class Nodes(Protocol):
    """Where scripts are sent."""

    def of(self, key: bytes) -> Node:
        """Return the node that keeps *key*."""

    def elsewhere(self, key: bytes, error: RedisError) -> Node:
        """Return where to ask after a node answered that it is not the one."""

    def all(self) -> Sequence[Node]:
        """Return every primary."""

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        """Return the way to every replica that the store names."""

    def learn(self) -> None:
        """Learn anew which nodes there are."""


class OneNode:
    """A store of one primary."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._node = Node(pool)

    def of(self, key: bytes) -> Node:  # noqa: ARG002 (one for all keys)
        return self._node

    def elsewhere(self, key: bytes, error: RedisError) -> Node:  # noqa: ARG002
        return self._node

    def all(self) -> Sequence[Node]:
        return (self._node,)

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        return ()

    def learn(self) -> None:
        pass


class ClusterNodes:
    """A Redis Cluster.  The map of slots is learnt at first need and when it proves old.

    With *durable* each primary has a `Shard`: an answer counts when every other node of it has
    what the answer tells, those out of reach too.  A primary cut off from its replicas can release
    nothing, and whichever is promoted knows every deed.
    """

    def __init__(self, make: Callable[[], RedisCluster], *, durable: bool) -> None:
        """*make* connects and reads the map; it may raise RedisError while nobody answers."""
        self._make = make
        self._durable = durable
        self._lock = threading.Lock()
        self._cluster: RedisCluster | None = None
        self._shards: dict[str, Shard] = {}

    @property
    def cluster(self) -> RedisCluster:
        with self._lock:
            if self._cluster is None:
                self._cluster = self._make()
            return self._cluster

    def of(self, key: bytes) -> Node:
        cluster = self.cluster
        return self._node(cluster, cluster.get_node_from_key(key))

    def elsewhere(self, key: bytes, error: RedisError) -> Node:
        if type(error) is AskError:  # MovedError is a subclass
            cluster = self.cluster
            if node := cluster.get_node(host=error.host, port=error.port):
                return self._node(cluster, node)
        self.learn()
        return self.of(key)

    def all(self) -> Sequence[Node]:
        cluster = self.cluster
        return [self._node(cluster, node) for node in cluster.get_primaries()]

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        cluster = self.cluster
        return [
            cluster.get_redis_connection(node).connection_pool for node in cluster.get_replicas()
        ]

    def learn(self) -> None:
        with self._lock:
            if self._cluster is not None:
                self._cluster.nodes_manager.initialize()
                self._shards = {}

    def _node(self, cluster: RedisCluster, node: ClusterNode) -> Node:
        pool = cluster.get_redis_connection(node).connection_pool
        return Node(pool, self._shards.setdefault(node.name, Shard()) if self._durable else None)
