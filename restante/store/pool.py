"""Open connections to one node, each used by one request at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

if TYPE_CHECKING:
    import redis
    from redis.connection import AbstractConnection


class Busy(RedisError):
    """Every connection is in use, and none became free in time."""


class Pool:
    """A bounded list of open connections, the one used last on top.

    redis-py's pool asks the system before each use whether the connection still stands, which
    costs as much as half a script.  Here a closed one is found when it is used: its request fails,
    `drop` closes all idle ones, since the server may have restarted, and the caller asks again.
    """

    def __init__(self, of: redis.ConnectionPool, most: int, wait_seconds: float) -> None:
        """Connect as *of* does; wait at most this long for a free one of *most*."""
        self.of = of
        self._idle: list[AbstractConnection] = []
        self._free = threading.Semaphore(most)
        self._wait_seconds = wait_seconds

    def take(self) -> AbstractConnection:
        """Return a connection that nobody else uses until it comes back by `give` or `drop`.

        Raises:
            Busy: None is free.
            RedisError, OSError: The node cannot be reached.
        """
        if not self._free.acquire(timeout=self._wait_seconds):
            raise Busy
        try:
            return self._idle.pop()
        except IndexError:
            pass
        try:
            connection: AbstractConnection = self.of.connection_class(**self.of.connection_kwargs)
            connection.connect()
        except BaseException:
            self._free.release()
            raise
        return connection

    def give(self, connection: AbstractConnection) -> None:
        """Take back a connection whose replies were all read."""
        self._idle.append(connection)
        self._free.release()

    def drop(self, connection: AbstractConnection) -> None:
        """Close a connection that failed, and all idle ones."""
        self._free.release()
        connection.disconnect()
        while self._idle:
            self._idle.pop().disconnect()


class Polled:
    """The same over redis-py's own pool, which looks at a connection before each use.

    For clusters, where nodes change their roles under open connections.
    """

    def __init__(self, of: redis.ConnectionPool) -> None:
        self.of = of

    def take(self) -> AbstractConnection:
        """See `Pool.take`."""
        connection: AbstractConnection = self.of.get_connection()
        return connection

    def give(self, connection: AbstractConnection) -> None:
        """See `Pool.give`."""
        self.of.release(connection)  # type: ignore[arg-type]

    def drop(self, connection: AbstractConnection) -> None:
        """Close a connection that failed."""
        connection.disconnect()
        self.of.release(connection)  # type: ignore[arg-type]
