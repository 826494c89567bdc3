"""Runs Lua scripts on Redis, and decides which failures may be retried.

Scripts are idempotent for their caller, so a request whose reply was lost is sent again.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from redis.exceptions import (
    AskError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Lost

from restante.crypto.tokens import ID_SIZE
from restante.errors import Unavailable
from restante.store import counters
from restante.store.counters import LimitReached
from restante.store.nodes import OneNode
from restante.store.replication import Demoted, replies_of
from restante.store.script_files import script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis
    from redis.connection import AbstractConnection

    from restante.store.counters import Counter
    from restante.store.nodes import Node, Nodes
    from restante.store.script_files import Script

    Argument = bytes | str | int
    Observe = Callable[[str, object, str, float], None]

ANSWERED = "answered"
COUNT = "count"
TOO_FEW_REPLICAS = "TooFewReplicas"
ANSWERS_MOST = 5
"""Attempts of one request, if nodes answer that another node, or a later time, is right."""
LOST_MOST = 2
"""Lost connections after which a request fails; the first one may be from a restarted store."""
AGAIN_SECONDS = 0.05


def new_request() -> bytes:
    """Return an id by which a script recognises a request that is sent again."""
    return secrets.token_bytes(ID_SIZE)


class Connection:
    """Runs scripts on the store, one round trip each.

    If the store answers with an error, nothing ran: the request is retried where or when the
    error says.  After a lost reply it is unknown whether the script ran; since scripts are
    idempotent for their caller, they are retried, too.  A timeout is not retried, since the
    visitor would wait twice as long.

    *observe* (for metrics) is called for every script that was sent, with its verb, the first
    part of the reply, `answered` or the error's class, and the seconds it took.
    """

    def __init__(self, pool: redis.ConnectionPool, observe: Observe | None = None) -> None:
        """Talk to a store of one primary."""
        self.nodes: Nodes = OneNode(pool)
        self.observe = observe

    @classmethod
    def over(cls, nodes: Nodes, observe: Observe | None = None) -> Self:
        """Talk to the nodes of a cluster."""
        connection = cls.__new__(cls)
        connection.nodes = nodes
        connection.observe = observe
        return connection

    @property
    def pools(self) -> list[redis.ConnectionPool]:
        """The connections to every primary."""
        return [node.pool for node in self.nodes.all()]

    def run(self, verb: str, key: bytes, *arguments: Argument) -> Any:  # noqa: ANN401 (a reply)
        """Run one script on the node that has *key* and return its reply.

        Raises:
            Unavailable: The store cannot be reached, is full, loading or read-only, too few
                replicas have the write, or the reply was lost.  The script may have run; the
                same request again gives the true result.
            LimitReached: A counter that came with it reached its limit; nothing was done.
        """
        counted = counters.take() if self.nodes.has_every_key else ()
        try:
            return self._run(Call(verb, key, arguments, counted))
        except Unavailable:
            counters.put(*counted)
            raise

    def count(self, counted: Sequence[Counter]) -> None:
        """Count these now, in one round trip, in a cluster one each.

        Raises:
            LimitReached: One reached its limit; the ones behind it were not counted.
            Unavailable: See `run`; nothing may be counted.
        """
        groups = [counted] if self.nodes.has_every_key else [[counter] for counter in counted]
        for group in groups:
            self._run(Call(COUNT, group[0].key, (), group))

    def _run(self, call: Call) -> Any:  # noqa: ANN401
        try:
            return self._try(call)
        except Unavailable:
            self.nodes.doubt(call.key)
            raise

    def _try(self, call: Call) -> Any:  # noqa: ANN401
        node, asking, lost = None, False, 0
        for attempt in range(ANSWERS_MOST):
            try:
                node = node or self.nodes.of(call.key)
                reply = self._ask(node, call, asking=asking)
            except (MovedError, AskError, ReadOnlyError) as error:
                asking = type(error) is AskError
                node = self._elsewhere(call.key, error)
            except TryAgainError as error:
                time.sleep(AGAIN_SECONDS * (attempt + 1))
                if isinstance(error, Demoted):
                    asking, node = False, self._elsewhere(call.key, error)
            except Lost as error:
                lost += 1
                if lost == LOST_MOST:
                    break
                asking, node = False, self._elsewhere(call.key, error)
            except (RedisError, RedisClusterException, OSError):
                break
            else:
                match reply:
                    case [b"limited", index, left]:
                        raise LimitReached(call.counted[index], left)
                return reply
        raise Unavailable

    def _ask(self, node: Node, call: Call, *, asking: bool) -> Any:  # noqa: ANN401
        if self.observe is None:
            return _ask(node, call, asking=asking)
        began = time.perf_counter()
        try:
            reply = _ask(node, call, asking=asking)
        except BaseException as error:
            outcome = TOO_FEW_REPLICAS if isinstance(error, Unavailable) else type(error).__name__
            self.observe(call.verb, None, outcome, time.perf_counter() - began)
            raise
        word = reply[0] if isinstance(reply, list) and reply else None
        self.observe(call.verb, word, ANSWERED, time.perf_counter() - began)
        return reply

    def _elsewhere(self, key: bytes, error: RedisError) -> Node:
        try:
            return self.nodes.elsewhere(key, error)
        except (RedisError, RedisClusterException, OSError):
            raise Unavailable from None


class Call(NamedTuple):
    """One script to be run, and the counters that travel with it."""

    verb: str
    key: bytes
    arguments: Sequence[Argument]
    counted: Sequence[Counter] = ()

    def words(self) -> tuple[Argument, ...]:
        """Return number of keys, keys and arguments; those of the counters behind its own."""
        if not self.counted:
            return (1, self.key, *self.arguments)
        more = [argument for counter in self.counted for argument in counter.arguments()]
        keys = [counter.key for counter in self.counted]
        return (1 + len(keys), self.key, *keys, *self.arguments, *more)


def _ask(node: Node, call: Call, *, asking: bool) -> Any:  # noqa: ANN401
    wanted = script(call.verb)
    if call.verb == COUNT:
        # Nothing depends on a counter: no replica must have it.
        node = node._replace(shard=None)
    connection = node.open.take()
    try:
        if call.counted and wanted.only_reads:
            reply = _count_and_read(connection, wanted, call)
        else:
            reply = _short_or_whole(connection, wanted, call, node, asking=asking)
    except ResponseError:
        node.open.give(connection)
        raise
    except BaseException:
        # The reply may still come: the next user of this connection would read it as theirs.
        node.open.drop(connection)
        raise
    node.open.give(connection)
    return reply


def _count_and_read(connection: AbstractConnection, wanted: Script, call: Call) -> Any:  # noqa: ANN401
    """Count, and run a script that only reads, in one round trip.

    They are two scripts, since one that writes cannot run on a store that takes no writes.
    """
    counting = call._replace(verb=COUNT, arguments=()).words()
    reading = call._replace(counted=()).words()
    commands = [("EVALSHA", script(COUNT).sha, *counting), ("EVALSHA", wanted.sha, *reading)]
    count, reply = replies_of(connection, commands)
    if isinstance(count, NoScriptError):
        [count] = replies_of(connection, [("EVAL", script(COUNT).source, *counting)])
    if isinstance(reply, NoScriptError):
        [reply] = replies_of(connection, [("EVAL", wanted.source, *reading)])
    if isinstance(reply, ResponseError):
        raise reply
    if isinstance(count, ResponseError):
        counters.put(*call.counted)
        return reply
    return count if count[0] == b"limited" else reply


def _short_or_whole(
    connection: AbstractConnection, wanted: Script, call: Call, node: Node, *, asking: bool
) -> Any:  # noqa: ANN401
    """Name the script, or send it whole if the node does not know it yet."""
    words = call.words()
    try:
        short = ("EVALSHA", wanted.sha, *words)
        return _talk(connection, short, node, call.key, asking=asking)
    except NoScriptError:
        whole = ("EVAL", wanted.source, *words)
        return _talk(connection, whole, node, call.key, asking=asking)


def _talk(
    connection: AbstractConnection,
    words: Sequence[Argument],
    node: Node,
    key: bytes,
    *,
    asking: bool,
) -> Any:  # noqa: ANN401
    """Send one command and return its reply; under `replicas:all`, wait for every replica."""
    if node.shard:
        return node.shard.run(connection, words, key, asking=asking)
    commands = [("ASKING",), words] if asking else [words]
    reply = replies_of(connection, commands)[-1]
    if isinstance(reply, ResponseError):
        raise reply
    return reply
