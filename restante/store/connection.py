"""The way to the store: sends a script to it, and asks nothing twice that it may not.

The only place that knows a script's SHA, the durability and what a lost reply means.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import redis
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import NoScriptError, RedisError, ResponseError

from restante.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.connection import AbstractConnection

    Argument = bytes | str | int

SHEBANG = "#!lua"
TRIES = 2
"""A connection that the store closed meanwhile (it was restarted) is opened anew, once."""


@dataclass(frozen=True, slots=True)
class Script:
    """One verb: the prelude put between its first line, which declares its flags, and the rest."""

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
    prelude = (folder / "_prelude.lua").read_text("utf-8")
    source = f"{flags}\n{prelude}\n{body}".encode()
    return Script(source, hashlib.sha1(source, usedforsecurity=False).hexdigest())


class Connection:
    """Runs scripts on the store, one round trip each.

    Every mutating script is idempotent for its caller, so repeating one whose reply was
    lost is safe.  A timeout is not repeated: the visitor would wait twice as long.
    """

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self.pool = pool
        self.client = redis.Redis(connection_pool=pool)

    def run(self, verb: str, key: bytes, *arguments: Argument) -> Any:  # noqa: ANN401 (a reply)
        """Run one script and return its reply.

        Raises:
            Unavailable: The store cannot be reached, is full, loading or read-only, or
                the reply was lost.  The deed may stand; asking again tells.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._ask(script(verb), key, arguments)
            except Lost:
                if attempt == TRIES:
                    raise Unavailable from None
            except (RedisError, OSError):
                raise Unavailable from None
        raise AssertionError

    def ping(self) -> bool:
        """Tell whether the store answers."""
        try:
            return bool(self.client.ping())
        except (RedisError, OSError):
            return False

    def _ask(self, wanted: Script, key: bytes, arguments: Sequence[Argument]) -> Any:  # noqa: ANN401
        connection = self.pool.get_connection()
        try:
            try:
                return _talk(connection, "EVALSHA", wanted.sha, 1, key, *arguments)
            except NoScriptError:
                return _talk(connection, "EVAL", wanted.source, 1, key, *arguments)
        except ResponseError:
            raise
        except BaseException:
            # Half a conversation: whoever got this connection next would read our reply.
            connection.disconnect()
            raise
        finally:
            self.pool.release(connection)


def _talk(connection: AbstractConnection, *words: Argument) -> Any:  # noqa: ANN401
    connection.send_command(*words)
    return connection.read_response()
