"""`replicas:all`: waits until every replica has a write, before its reply is used.

Every request asks the primary, in the same round trip, which replicas it knows and which are
connected.  So the number to wait for is never older than the reply
(docs/decisions/0043-what-must-be-waited-for.md).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from redis.exceptions import ResponseError, TryAgainError

from restante.crypto.tokens import SHARDS
from restante.errors import Unavailable
from restante.store import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import redis
    from redis.connection import AbstractConnection

    from restante.store.nodes import Nodes

    Command = Sequence[bytes | str | int]

FENCE = b"""#!lua flags=allow-oom
return redis.call("SET", KEYS[1], "")
"""
"""A write that changes nothing, allowed in a full store.  WAIT waits only for writes of its own
connection; with this one it also covers what the request read of other connections' writes."""
WAIT_MS = 500
"""Less than the sockets' timeout: too few replicas must give a reply, not a timeout."""
LOOK_SECONDS = 1.0
"""How often a request also asks for the whole shard."""

MY_ID: Command = ("CLUSTER", "MYID")
ALL_SHARDS: Command = ("CLUSTER", "SHARDS")
ROLE: Command = ("ROLE",)


class Demoted(TryAgainError):
    """The node is not the primary any more that the list of nodes says it is."""


class Standing(NamedTuple):
    """One primary and its replicas, as it reports them.

    Attributes:
        replicas: The other nodes of its shard, down or not.
        connected: Replicas that it sends its writes to now.
    """

    is_primary: bool
    replicas: int
    connected: int


class Shard:
    """A primary's shard and its number of replicas, as one process knows it."""

    def __init__(self) -> None:
        self._id = b""
        self._members = 0
        self._looked_at = 0.0

    def run(
        self, connection: AbstractConnection, words: Command, key: bytes, *, asking: bool
    ) -> Any:  # noqa: ANN401 (a reply)
        """Run one script and return its reply once every replica has what it wrote or read.

        One round trip; more only if replicas changed or are missing.

        Raises:
            Unavailable: A replica does not have it, or there is none.  The script may have run.
            ResponseError: The script's own error; nothing ran.
        """
        if not self._members:
            # Without a replica, a view would be spent although its reply may not be used.
            self._look(connection)
        ask = [("ASKING",)] if asking else []
        looks = time.monotonic() - self._looked_at >= LOOK_SECONDS
        least = self._members
        reply, fenced, told = _talk(
            connection,
            [*ask, words],
            [*ask, ("EVAL", FENCE, 1, keys.fence_beside(key))],
            [*([ALL_SHARDS] if looks else []), *self._questions, ("WAIT", least, WAIT_MS)],
        )
        if isinstance(fenced, ResponseError):
            # The slot is being migrated: the key is here, the fence is on another node.
            raise TryAgainError
        acknowledged = told.pop()
        if not isinstance(acknowledged, int):
            raise Unavailable
        if looks:
            self._learn(told.pop(0))
        needed = self._needed(told)
        if acknowledged >= needed:
            return reply
        if not looks:
            # A replica may have been removed from the cluster since.
            needed = self._look(connection)
        if acknowledged < needed and needed > least:
            # The first WAIT was for fewer replicas than are needed.
            [acknowledged] = _answered(connection, [("WAIT", needed, WAIT_MS)])
        if acknowledged < needed:
            raise Unavailable
        return reply

    @property
    def _questions(self) -> list[Command]:
        return [("CLUSTER", "REPLICAS", self._id), ROLE]

    def _needed(self, told: Sequence[Any]) -> int:
        """Return how many replicas must have a write, from the primary's replies with it."""
        known, role = told
        if isinstance(known, ResponseError) or isinstance(role, ResponseError):
            # It became a replica, or another node has this IP address now.
            self._members = 0
            raise Demoted
        if not known:
            self._members = 0
            raise Unavailable
        return max(self._members, len(known), len(role[2]))

    def _look(self, connection: AbstractConnection) -> int:
        """Read the whole shard again; return how many replicas must have a write."""
        self._id, shards = _answered(connection, [MY_ID, ALL_SHARDS])
        self._learn(shards)
        return self._needed(replies_of(connection, self._questions))

    def _learn(self, shards: Any) -> None:  # noqa: ANN401 (a reply)
        self._members = _others(shards, self._id)
        self._looked_at = time.monotonic()
        if not self._members:
            raise Unavailable


def look(pool: redis.ConnectionPool) -> Standing:
    """Return the standing of one node; outside a cluster, it has its connected replicas.

    Raises:
        RedisError, OSError: It does not answer.
    """
    connection = pool.get_connection()
    try:
        role, own, shards = replies_of(connection, [ROLE, MY_ID, ALL_SHARDS])
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)
    if isinstance(role, ResponseError):
        raise role
    if bytes(role[0]) != b"master":
        return Standing(is_primary=False, replicas=0, connected=0)
    connected = len(role[2])
    if isinstance(own, ResponseError) or isinstance(shards, ResponseError):
        return Standing(is_primary=True, replicas=connected, connected=connected)
    return Standing(is_primary=True, replicas=_others(shards, own), connected=connected)


def standings(nodes: Nodes) -> list[tuple[list[int], Standing]]:
    """Return the standing of every primary, with the numbers of its shards.

    Raises:
        RedisError, RedisClusterException, OSError: One does not answer, or a shard has none.
    """
    kept: dict[int, tuple[redis.ConnectionPool, list[int]]] = {}
    for shard in range(SHARDS):
        pool = nodes.of(keys.due(shard)).pool
        kept.setdefault(id(pool), (pool, []))[1].append(shard)
    return [(shards, look(pool)) for pool, shards in kept.values()]


def shortcomings(nodes: Nodes, durability: str) -> list[str]:
    """Return which shards cannot write, or cannot release content; empty if all can.

    Raises:
        RedisError, RedisClusterException, OSError: As `standings`.
    """
    lacks = []
    for shards, standing in standings(nodes):
        where = "" if len(shards) == SHARDS else f" (shards {', '.join(map(str, shards))})"
        if not standing.is_primary:
            lacks.append(f"the store is a replica: nothing can be written there{where}")
        elif durability == "replicas:all" and not standing.replicas:
            lacks.append(f"a primary has no replica, so it releases nothing{where}")
        elif durability == "replicas:all" and standing.connected < standing.replicas:
            words = f"{standing.connected} of {standing.replicas} replicas are connected"
            lacks.append(f"{words} to a primary, so it releases nothing{where}")
    return lacks


def _talk(
    connection: AbstractConnection,
    script: list[Command],
    fence: list[Command],
    questions: list[Command],
) -> tuple[Any, Any, list[Any]]:
    """Send all commands at once; return the replies to script, fence and questions.

    Raises:
        ResponseError: The script's error.
    """
    replies = replies_of(connection, [*script, *fence, *questions])
    reply = replies[len(script) - 1]
    if isinstance(reply, ResponseError):
        raise reply
    return reply, replies[len(script) + len(fence) - 1], replies[len(script) + len(fence) :]


def _answered(connection: AbstractConnection, commands: list[Command]) -> list[Any]:
    replies = replies_of(connection, commands)
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise reply
    return replies


def replies_of(connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
    """Send commands together and return their replies; errors are returned, not raised."""
    connection.send_packed_command(connection.pack_commands(commands))
    return [_read(connection) for _ in commands]


def _read(connection: AbstractConnection) -> Any:  # noqa: ANN401 (a reply)
    """Read one reply; an error is returned, not raised."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _others(shards: Any, own: bytes) -> int:  # noqa: ANN401 (a reply)
    """Return how many other nodes the shard of *own* has, in whatever state.

    A failed primary counts, too: it comes back as a replica and can be promoted.
    """
    for shard in shards:
        ids = [bytes(_fields(node)[b"id"]) for node in _fields(shard)[b"nodes"]]
        if own in ids:
            return len(ids) - 1
    return 0


def _fields(reply: Any) -> dict[bytes, Any]:  # noqa: ANN401 (a reply)
    """Return a node's or shard's fields, which come as a map or as a flat list."""
    if isinstance(reply, dict):
        return reply
    return dict(zip(reply[::2], reply[1::2], strict=True))
