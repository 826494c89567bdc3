"""Runs Lua scripts on Redis, and decides which failures may be retried.

Scripts are idempotent for their caller, so a lost reply is asked for again.  The only place that
knows a script's SHA and the durability.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

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
from restante.store.nodes import OneNode
from restante.store.replication import read_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import redis
    from redis.connection import AbstractConnection

    from restante.store.nodes import Node, Nodes

    Argument = bytes | str | int
    Observe = Callable[[str, object, str, float], None]

ANSWERED = "answered"
TOO_FEW_REPLICAS = "TooFewReplicas"
SHEBANG = "#!lua"
ANSWERS_MOST = 5
"""How often one request follows what nodes answer."""
LOST_MOST = 2
"""A connection that the store closed meanwhile (it was restarted) is opened anew, once."""
AGAIN_SECONDS = 0.05


def new_request() -> bytes:
    """Return what a script knows a request by that it is asked again when its reply was lost."""
    return secrets.token_bytes(ID_SIZE)


@dataclass(frozen=True, slots=True)
class Script:
    """One verb: the library put between its first line, which declares its flags, and the rest."""

    source: bytes
    sha: str


@cache
def script(verb: str) -> Script:
    """Return `scripts/<verb>.lua`, ready to be sent."""
    folder = files("restante.store") / "scripts"
    flags, _, body = (folder / f"{verb}.lua").read_text("utf-8").partition("\n")
    if not flags.startswith(SHEBANG):
        message = f"{verb}.lua does not begin with {SHEBANG}"
        raise ValueError(message)
    source = f"{flags}\n{_library()}\n{body}".encode()
    return Script(source, hashlib.sha1(source, usedforsecurity=False).hexdigest())


@cache
def _library() -> str:
    """Return what every script can call: `scripts/lib/`, in the order of the names."""
    folder = files("restante.store") / "scripts" / "lib"
    parts = sorted(folder.iterdir(), key=lambda part: part.name)
    return "\n".join(part.read_text("utf-8") for part in parts if part.name.endswith(".lua"))


class Connection:
    """Runs scripts on the store, one round trip each.

    An error that the store *answered* means that nothing ran: ask where or when it says.
    Only a lost reply leaves doubt; every mutating script is idempotent for its caller, so
    repeating it is safe.  A timeout is not repeated: the visitor would wait twice as long.

    Who counts is given as *observe* and told of every script that was sent: its verb, the
    reply's first part, `answered` or the class of the error, and how many seconds it took.
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
        """Run one script on the node that keeps *key* and return its reply.

        Raises:
            Unavailable: The store cannot be reached, is full, loading or read-only, too few
                replicas have the deed, or the reply was lost.  The deed may stand; asking
                again tells.
        """
        node, asking, lost = None, False, 0
        for attempt in range(ANSWERS_MOST):
            try:
                node = node or self.nodes.of(key)
                return self._ask(node, verb, key, arguments, asking=asking)
            except (MovedError, AskError, ReadOnlyError) as error:
                asking = type(error) is AskError
                node = self._elsewhere(key, error)
            except TryAgainError:
                time.sleep(AGAIN_SECONDS * (attempt + 1))
            except Lost as error:
                lost += 1
                if lost == LOST_MOST:
                    break
                asking, node = False, self._elsewhere(key, error)
            except (RedisError, RedisClusterException, OSError):
                break
        raise Unavailable

    def _ask(
        self, node: Node, verb: str, key: bytes, arguments: Sequence[Argument], *, asking: bool
    ) -> Any:  # noqa: ANN401
        wanted = script(verb)
        if self.observe is None:
            return _ask(node, wanted, key, arguments, asking=asking)
        began = time.perf_counter()
        try:
            reply = _ask(node, wanted, key, arguments, asking=asking)
        except BaseException as error:
            outcome = TOO_FEW_REPLICAS if isinstance(error, Unavailable) else type(error).__name__
            self.observe(verb, None, outcome, time.perf_counter() - began)
            raise
        word = reply[0] if isinstance(reply, list) and reply else None
        self.observe(verb, word, ANSWERED, time.perf_counter() - began)
        return reply

    def _elsewhere(self, key: bytes, error: RedisError) -> Node:
        try:
            return self.nodes.elsewhere(key, error)
        except (RedisError, RedisClusterException, OSError):
            raise Unavailable from None


def _ask(
    node: Node, wanted: Script, key: bytes, arguments: Sequence[Argument], *, asking: bool
) -> Any:  # noqa: ANN401
    connection = node.pool.get_connection()
    try:
        try:
            words: tuple[Argument, ...] = ("EVALSHA", wanted.sha, 1, key, *arguments)
            return _talk(connection, words, node, key, asking=asking)
        except NoScriptError:
            words = ("EVAL", wanted.source, 1, key, *arguments)
            return _talk(connection, words, node, key, asking=asking)
    except ResponseError:
        raise
    except BaseException:
        # Half a conversation: whoever got this connection next would read our reply.
        connection.disconnect()
        raise
    finally:
        node.pool.release(connection)


def _talk(
    connection: AbstractConnection,
    words: Sequence[Argument],
    node: Node,
    key: bytes,
    *,
    asking: bool,
) -> Any:  # noqa: ANN401
    """Send one command and return its reply, under `replicas:all` once every replica has it."""
    if node.shard:
        return node.shard.run(connection, words, key, asking=asking)
    commands = [("ASKING",), words] if asking else [words]
    connection.send_packed_command(connection.pack_commands(commands))
    reply = [read_reply(connection) for _ in commands][-1]
    if isinstance(reply, ResponseError):
        raise reply
    return reply
