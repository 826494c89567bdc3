"""Which node keeps a key: always the one, or the primary of its slot in a cluster."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis


class Node(NamedTuple):
    """One primary: its connections, and how many replicas must have a deed before it counts."""

    pool: redis.ConnectionPool
    replicas: int


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


class OneNode:
    """A store of one primary, which has as many replicas as the operator says."""

    def __init__(self, pool: redis.ConnectionPool, replicas: int = 0) -> None:
        self._node = Node(pool, replicas)

    def of(self, key: bytes) -> Node:  # noqa: ARG002 (one for all keys)
        return self._node

    def elsewhere(self, key: bytes, error: RedisError) -> Node:  # noqa: ARG002
        return self._node

    def all(self) -> Sequence[Node]:
        return (self._node,)

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        return ()


class ClusterNodes:
    """A Redis Cluster.  The map of slots is learnt at first need and when it proves old.

    With *durable* a deed counts when every replica that the cluster knows for its primary
    has it, those out of reach too: a primary cut off from its replicas can release nothing,
    and whichever is promoted knows every deed.
    """

    def __init__(self, make: Callable[[], RedisCluster], *, durable: bool) -> None:
        """*make* connects and reads the map; it may raise RedisError while nobody answers."""
        self._make = make
        self._durable = durable
        self._lock = threading.Lock()
        self._cluster: RedisCluster | None = None
        self._replicas: dict[str, int] = {}

    @property
    def cluster(self) -> RedisCluster:
        with self._lock:
            if self._cluster is None:
                self._cluster = self._make()
                self._count()
            return self._cluster

    def of(self, key: bytes) -> Node:
        cluster = self.cluster
        return self._node(cluster, cluster.get_node_from_key(key))

    def elsewhere(self, key: bytes, error: RedisError) -> Node:
        if type(error) is AskError:  # MovedError is a subclass
            cluster = self.cluster
            if node := cluster.get_node(host=error.host, port=error.port):
                return self._node(cluster, node)
        self._learn()
        return self.of(key)

    def all(self) -> Sequence[Node]:
        cluster = self.cluster
        return [self._node(cluster, node) for node in cluster.get_primaries()]

    def replicas(self) -> Sequence[redis.ConnectionPool]:
        cluster = self.cluster
        return [
            cluster.get_redis_connection(node).connection_pool for node in cluster.get_replicas()
        ]

    def _learn(self) -> None:
        with self._lock:
            if self._cluster is not None:
                self._cluster.nodes_manager.initialize()
                self._count()

    def _node(self, cluster: RedisCluster, node: ClusterNode) -> Node:
        pool = cluster.get_redis_connection(node).connection_pool
        return Node(pool, self._replicas[node.name] if self._durable else 0)

    def _count(self) -> None:
        """Count every primary's replicas, whether or not they are up."""
        if self._cluster is None or not self._durable:
            return
        counted: dict[str, int] = {}
        shards = self._cluster.execute_command("CLUSTER SHARDS", target_nodes=RedisCluster.RANDOM)
        for shard in shards:
            nodes = [_fields(node) for node in _fields(shard)["nodes"]]
            replicas = sum(_text(node["role"]) == "replica" for node in nodes)
            for node in nodes:
                counted[f"{_text(node['endpoint'])}:{node['port']}"] = replicas
        self._replicas = counted


def _fields(reply: Any) -> dict[str, Any]:  # noqa: ANN401 (a reply)
    """Return a node's or shard's fields, which come as a map or as a flat list."""
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {_text(name): value for name, value in pairs}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
