"""What the classes of verbs share: a connection, and the time that each script gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.store.connection import Argument, Connection


class Verbs:
    """Runs scripts that take the time as their first argument."""

    def __init__(self, connection: Connection, now: Callable[[], int] | None = None) -> None:
        """*now* replaces the store's clock, in ms; only tests give one."""
        self._connection = connection
        self._now = now

    def _run(self, verb: str, key: bytes, *arguments: Argument) -> list[Any]:
        now: Argument = self._now() if self._now else ""
        reply: list[Any] = self._connection.run(verb, key, now, *arguments)
        return reply
