"""`replicas:all`: what a primary must wait for before an answer leaves it.

With every request the primary is asked, in the same round trip, which replicas it knows and
which are connected.  So what is waited for is never older than the answer
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
"""A write that changes nothing.  WAIT waits for the writes of its own connection: with this one it
also waits for all that the request read, whoever wrote it.  A full store permits it."""

WAIT_MS = 500
"""Less than the sockets' timeout, so that too few replicas is an answer, not a timeout."""
LOOK_SECONDS = 1.0
"""The whole shard is asked for once in this time, within a request."""

MY_ID: Command = ("CLUSTER", "MYID")
ALL_SHARDS: Command = ("CLUSTER", "SHARDS")
ROLE: Command = ("ROLE",)


class Standing(NamedTuple):
    """One primary and its replicas, as it tells.

    Attributes:
        replicas: Nodes of its shard but itself, down or not.
        connected: Replicas that it sends its writes to now.
    """

    is_primary: bool
    replicas: int
    connected: int


class Shard:
    """What one process knows of a primary's shard; the primary is asked with every request."""

    def __init__(self) -> None:
        self._id = b""
        self._members = 0
        self._looked_at = 0.0

    def run(
        self, connection: AbstractConnection, words: Command, key: bytes, *, asking: bool
    ) -> Any:  # noqa: ANN401 (a reply)
        """Send one script and return its reply once every replica has what it did or read.

        One round trip; more only where the replicas changed or some are missing.

        Raises:
            Unavailable: A replica does not have it, or there is none.  The deed may stand.
            ResponseError: The script's own error; nothing ran.
        """
        if not self._members:
            # Without a replica nothing may run: a view would be spent for an answer that cannot go.
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
            # The slot is moving: what was read is here, the fence is not.
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
            # A replica may have been forgotten since.
            needed = self._look(connection)
        if acknowledged < needed and needed > least:
            # It was asked to wait for fewer, and did not wait for the rest.
            [acknowledged] = _answered(connection, [("WAIT", needed, WAIT_MS)])
        if acknowledged < needed:
            raise Unavailable
        return reply

    @property
    def _questions(self) -> list[Command]:
        return [("CLUSTER", "REPLICAS", self._id), ROLE]

    def _needed(self, told: Sequence[Any]) -> int:
        """Return how many replicas must have a deed, by what the primary told with it."""
        known, role = told
        if isinstance(known, ResponseError) or isinstance(role, ResponseError):
            # Another node has this address now.
            self._members = 0
            raise TryAgainError
        if not known:
            self._members = 0
            raise Unavailable
        return max(self._members, len(known), len(role[2]))

    def _look(self, connection: AbstractConnection) -> int:
        """Ask for the whole shard anew; return how many replicas must have a deed."""
        self._id, shards = _answered(connection, [MY_ID, ALL_SHARDS])
        self._learn(shards)
        return self._needed(_replies(connection, self._questions))

    def _learn(self, shards: Any) -> None:  # noqa: ANN401 (a reply)
        self._members = _others(shards, self._id)
        self._looked_at = time.monotonic()
        if not self._members:
            raise Unavailable


def look(pool: redis.ConnectionPool) -> Standing:
    """Ask one node how it stands; outside a cluster it has the replicas that are connected.

    Raises:
        RedisError, OSError: It does not answer.
    """
    connection = pool.get_connection()
    try:
        role, own, shards = _replies(connection, [ROLE, MY_ID, ALL_SHARDS])
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
    """Return how the primary of each shard stands, with the numbers of its shards.

    Raises:
        RedisError, RedisClusterException, OSError: One does not answer, or a shard has none.
    """
    kept: dict[int, tuple[redis.ConnectionPool, list[int]]] = {}
    for shard in range(SHARDS):
        pool = nodes.of(keys.due(shard)).pool
        kept.setdefault(id(pool), (pool, []))[1].append(shard)
    return [(shards, look(pool)) for pool, shards in kept.values()]


def shortcomings(nodes: Nodes, durability: str) -> list[str]:
    """Return which shards can write nothing, or release nothing; empty when all is well.

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
    deed: list[Command],
    fence: list[Command],
    questions: list[Command],
) -> tuple[Any, Any, list[Any]]:
    """Send all at once; return the replies to the deed, to the fence and to the questions.

    Raises:
        ResponseError: The deed's.
    """
    replies = _replies(connection, [*deed, *fence, *questions])
    reply = replies[len(deed) - 1]
    if isinstance(reply, ResponseError):
        raise reply
    return reply, replies[len(deed) + len(fence) - 1], replies[len(deed) + len(fence) :]


def _answered(connection: AbstractConnection, commands: list[Command]) -> list[Any]:
    replies = _replies(connection, commands)
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise reply
    return replies


def _replies(connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
    """Send commands together and read their replies; an error that was answered is one too."""
    connection.send_packed_command(connection.pack_commands(commands))
    return [read_reply(connection) for _ in commands]


def read_reply(connection: AbstractConnection) -> Any:  # noqa: ANN401 (a reply)
    """Read one reply; an error that was answered is one too."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error


def _others(shards: Any, own: bytes) -> int:  # noqa: ANN401 (a reply)
    """Return how many nodes there are beside *own* in its shard, whatever they do now.

    A primary that failed counts, too: it comes back as a replica, and could be promoted.
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
