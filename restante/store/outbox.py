"""What the store knows of deliveries: events on their way to a sender's own systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from restante.store import keys
from restante.store.replies import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restante.store.connection import Argument, Connection


CHANNELS = ("webhook", "code")
"""As in scripts/lib/20_message.lua."""


class Due(NamedTuple):
    """Events of one message that one channel is to deliver, oldest first.

    Attributes:
        cursor: How many entries of the timeline come before the first of them.
        failures: How many tries in a row failed before.
        target: Boxed.
        entries: Each with the boxed label of its link, or nothing.  To mail a code, with its
            boxed address and the boxed code where that still counts.
        taken_at: In ms, by the store's clock.
    """

    message_id: bytes
    channel: str
    cursor: int
    failures: int
    target: bytes
    entries: Sequence[tuple[Entry, bytes, bytes]]
    taken_at: int


class Kept(NamedTuple):
    """A delivery as the operator sees it; `at` is when it is due, or was given up, in ms."""

    message_id: bytes
    channel: str
    at: int
    events_left: int
    failures: int
    failure: str
    failing_since: int | None
    target: bytes


class Outbox:
    """The verbs of whoever delivers.  Each is safe to repeat, and to run twice at once."""

    def __init__(self, connection: Connection, now: Callable[[], int] | None = None) -> None:
        """*now* replaces the store's clock, in ms; only tests give one."""
        self._connection = connection
        self._now = now

    def _run(self, verb: str, key: bytes, *arguments: Argument) -> Any:  # noqa: ANN401 (a reply)
        now: Argument = self._now() if self._now else ""
        return self._connection.run(verb, key, now, *arguments)

    def take(self, shard: int, channel: str, *, lease: int, most: int, events: int) -> list[Due]:
        """Return at most *most* deliveries that are due; they are again after *lease* ms.

        Raises:
            Unavailable: The store does not answer.
        """
        now, *taken = self._run("take", keys.outbox(shard, channel), lease, most, events)
        return [
            Due(mid, channel.decode(), cursor, failures, target, _triples(entries), now)
            for mid, channel, cursor, failures, target, entries in taken
        ]

    def settle(  # noqa: PLR0913 (what settle.lua is told)
        self, shard: int, due: Due, delivered: int, *, failures: int, failure: str, wait: int | None
    ) -> bool:
        """Move the cursor by *delivered*; what is left is due in *wait* ms, or given up.

        Tells whether the delivery was still ours to settle.
        """
        settled: list[bytes] = self._run(
            "settle", keys.message_of(shard, due.message_id), due.channel, due.cursor, delivered,
            failures, failure, "" if wait is None else wait, due.failures,
        )  # fmt: skip
        return settled[0] in {b"settled", b"postponed", b"delayed", b"given-up"}

    def refuse_code(self, shard: int, link_id: bytes, number: int) -> None:
        """Record that no mail server takes the code of that number for this link."""
        self._run("refuse_code", keys.link_of(shard, link_id), number)

    def waiting(self, shard: int, most: int) -> list[Kept]:
        """Return deliveries on their way, the next first."""
        found = [
            kept for channel in CHANNELS for kept in self._kept(keys.outbox(shard, channel), most)
        ]
        return sorted(found, key=lambda kept: kept.at)[:most]

    def dead(self, shard: int, most: int) -> list[Kept]:
        """Return deliveries that were given up, the oldest first."""
        return self._kept(keys.dead(shard), most)

    def resend(self, shard: int, message_id: bytes, channel: str) -> bool | None:
        """Make a delivery due now; tell whether any event is left, None without such a delivery."""
        match self._run("resend", keys.message_of(shard, message_id), channel):
            case [b"due"]:
                return True
            case [b"nothing"]:
                return False
        return None

    def _kept(self, key: bytes, most: int) -> list[Kept]:
        return [
            Kept(mid, channel.decode(), at, left, failures, failure.decode(), since or None, target)
            for mid, channel, at, left, failures, failure, since, target in self._run(
                "deliveries", key, most
            )
        ]


def _triples(entries: Sequence[bytes]) -> list[tuple[Entry, bytes, bytes]]:
    threes = zip(entries[::3], entries[1::3], entries[2::3], strict=True)
    return [(Entry.parse(entry), box, code) for entry, box, code in threes]
