"""The outbox in the store: deliveries that wait, and dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.channels import of_outboxes
from restante.store import keys
from restante.store.replies import Entry
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Sequence


class Waiting(NamedTuple):
    """An event to deliver, with boxes of its link, which may be empty.

    Attributes:
        address, code: Only with the request of a code that is still valid.
    """

    entry: Entry
    label: bytes
    address: bytes
    code: bytes


class Due(NamedTuple):
    """A delivery that a worker has taken: events of one message for one channel, oldest first.

    Attributes:
        cursor: How many entries of the timeline come before the first of these.
        failures: Failed tries in a row so far.
        again: These events may have been tried before: a try failed, or its worker ended.  Only
            channels that gather know.
        target: Boxed.
        taken_at: In ms, by the store's clock.
    """

    message_id: bytes
    channel: str
    cursor: int
    failures: int
    again: bool
    target: bytes
    entries: Sequence[Waiting]
    taken_at: int


class Kept(NamedTuple):
    """A delivery as the operator sees it; `at` (ms) is when it is due or was given up."""

    message_id: bytes
    channel: str
    at: int
    events_left: int
    failures: int
    failure: str
    failing_since: int | None
    target: bytes


class Outbox(Verbs):
    """The verbs on deliveries.  Idempotent, also if two workers run them at once."""

    def take(self, shard: int, channel: str, *, lease: int, most: int, events: int) -> list[Due]:
        """Take at most *most* due deliveries; unless settled, they are due again in *lease* ms.

        Raises:
            Unavailable: The store does not answer.
        """
        now, *taken = self._run("take", keys.outbox(shard, channel), lease, most, events)
        return [
            Due(mid, channel.decode(), cursor, failures, again == 1, target, _waiting(entries), now)
            for mid, channel, cursor, failures, again, target, entries in taken
        ]

    def settle(  # noqa: PLR0913 (what settle.lua is told)
        self,
        shard: int,
        due: Due,
        delivered: int,
        *,
        failures: int,
        failure: str,
        wait: int | None,
        pause: int = 0,
        told: bool = False,
        note: str = "",
    ) -> bool:
        """Move the cursor by *delivered* events and schedule the rest.

        The rest is due in *wait* ms; None gives it up (dead letter).  After something went out,
        *pause* is how many ms the message waits at least.  Returns False if another worker has
        settled the delivery meanwhile.
        """
        settled: list[bytes] = self._run(
            "settle", keys.message_of(shard, due.message_id), due.channel, due.cursor, delivered,
            failures, failure, "" if wait is None else wait, due.failures, pause,
            int(told), note, int(due.again),
        )  # fmt: skip
        return settled[0] in {b"settled", b"postponed", b"delayed", b"given-up"}

    def refuse_code(self, shard: int, link_id: bytes, number: int) -> None:
        """Record that no mail server accepts the mailed code with this number."""
        self._run("refuse_code", keys.link_of(shard, link_id), number)

    def unsubscribe(self, shard: int, message_id: bytes, receiver_id: bytes) -> None:
        """Tell a receiver nothing more of a message."""
        self._run("unsubscribe", keys.message_of(shard, message_id), receiver_id)

    def waiting(self, shard: int, most: int) -> list[Kept]:
        """Return waiting deliveries, the next one first."""
        found = [
            kept
            for channel in of_outboxes().values()
            for kept in self._kept(keys.outbox(shard, channel.name), most)
        ]
        return sorted(found, key=lambda kept: kept.at)[:most]

    def dead(self, shard: int, most: int) -> list[Kept]:
        """Return the dead letters (deliveries that were given up), oldest first."""
        return self._kept(keys.dead(shard), most)

    def resend(self, shard: int, message_id: bytes, channel: str) -> bool | None:
        """Make a delivery due now.

        Returns True if it is due, False if it has no events left, None if it does not exist.
        """
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


def _waiting(flat: Sequence[bytes]) -> list[Waiting]:
    fours = zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
    return [Waiting(Entry.parse(entry), *boxes) for entry, *boxes in fours]
