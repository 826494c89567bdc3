"""What the store knows of time: what is due in a shard, and the scripts that make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.store.connection import Argument, Connection


class Deadlines:
    """The verbs of the worker.  Each is safe to repeat, and to run twice at once."""

    def __init__(self, connection: Connection, now: Callable[[], int] | None = None) -> None:
        """*now* replaces the store's clock, in ms; only tests give one."""
        self._connection = connection
        self._now = now

    def _run(self, verb: str, key: bytes, *arguments: Argument) -> list[bytes]:
        now: Argument = self._now() if self._now else ""
        reply: list[bytes] = self._connection.run(verb, key, now, *arguments)
        return reply

    def due(self, shard: int, most: int) -> list[tuple[str, bytes]]:
        """Return what is due, earliest first, as (kind, id): `expire`, `end` or `forget`."""
        members = self._run("due", keys.due(shard), most)
        split = (member.partition(b":") for member in members)
        return [(kind.decode(), record_id) for kind, _, record_id in split]

    def expire(self, shard: int, link_id: bytes) -> bool:
        """End a link whose time is over; tell whether this call did it."""
        return self._run("expire", keys.link_of(shard, link_id), b"") == [b"expired"]

    def end_leases(self, shard: int, link_id: bytes) -> bool:
        """Destroy a spent link's key once its last lease is over."""
        return self._run("end_leases", keys.link_of(shard, link_id)) == [b"ended"]

    def forget(self, shard: int, message_id: bytes) -> bool:
        """Delete all that is left of a message past its retention."""
        return self._run("forget", keys.message_of(shard, message_id)) == [b"forgotten"]
