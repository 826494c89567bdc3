"""Deliveries: events on their way out through the channels, with retries and dead letters.

The timeline is the outbox.  Any number of workers deliver at least once and in order per message,
with retries and backoff; a delivery that is given up is a dead letter.  A repeat has the same id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from restante import events
from restante.channels import CHANNELS, of_outboxes
from restante.channels.channel import Channel, Cleared, Desk, Notification, Place
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import SHARDS
from restante.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.channels.failures import Failure
    from restante.crypto.keyring import Keyring
    from restante.store.budgets import Budgets
    from restante.store.outbox import Due, Kept, Outbox

LEASE_SECONDS = 30
"""How long a delivery is leased to the worker that took it; the worker stops well before."""
EVENTS_MOST = 20
"""Events of one message at a time, so that no message delays others."""
GATHERED_MOST = 2_000
"""The same for a channel that gathers them: they are one notification."""
SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """Notifications of one message through one channel, in order.

    Attributes:
        target: Where to deliver; its type is the channel's.
    """

    shard: int
    due: Due
    channel: Channel[Any, Any]
    target: Any
    notifications: tuple[Notification, ...]

    @property
    def receiver(self) -> str | None:
        """The id of its receiver, unless that is the operator's own."""
        told = [one.content for one in self.notifications if one.content is not None]
        return self.channel.lane(self.target, told)


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery as the operator sees it.

    Attributes:
        receiver: What the channel shows of the target; None if it cannot be known.
        at: When it is due, or was given up, in ms.
        failure: The word of the last failure, or nothing.
    """

    message_id: bytes
    channel: str
    receiver: str | None
    at: int
    events_left: int
    failures: int
    failure: str
    failing_since: int | None


class Delivering:
    """The verbs of the worker, and of the operator who watches deliveries."""

    def __init__(
        self, outbox: Outbox, keyring: Keyring, desk: Desk, budgets: Budgets | None = None
    ) -> None:
        """*budgets* count the quotas; without them there are none."""
        self._outbox = outbox
        self._desk = desk
        self._budgets = budgets
        self._keyring = keyring
        self._fields = SealedFields(keyring)

    def take(self, shard: int, most: int, channel: str | None = None) -> list[Delivery]:
        """Take due deliveries of one shard, of one channel or all, for a lease of LEASE_SECONDS.

        Raises:
            Unavailable: The store does not answer.
        """
        found: list[Due] = []
        every = [one.name for one in of_outboxes().values()]
        for one in (channel,) if channel else every:
            left = most - len(found)
            events_most = GATHERED_MOST if CHANNELS[one].gathers else EVENTS_MOST
            found += self._outbox.take(
                shard, one, lease=LEASE_SECONDS * SECOND, most=left, events=events_most
            )
        return [self._delivery(shard, due) for due in found]

    def settle(  # noqa: PLR0913 (what settle.lua is told)
        self,
        delivery: Delivery,
        delivered: int,
        failure: Failure | None = None,
        *,
        wait: int = 0,
        pause: int = 0,
        told: bool = False,
        note: str = "",
    ) -> bool:
        """Record how many events were delivered; tell whether the rest was given up.

        Without a failure the rest is due again in *wait* ms.  If something went out, nothing more
        of this message does for *pause* ms.  *told*: the sender was told something; *note*: a word
        for them on how the channel stands, or nothing.

        Raises:
            Unavailable: The store does not answer; all of it will be delivered again.
        """
        failures: int = 0
        again: int | None = wait
        if failure is not None:
            failures = (0 if delivered else delivery.due.failures) + 1
            retries = delivery.channel.retries
            again = None if failure.final else retries.wait_after(failures, failure.retry_after)
        self._outbox.settle(
            delivery.shard,
            delivery.due,
            delivered,
            failures=failures,
            failure=failure.word if failure else "",
            wait=again,
            pause=pause,
            told=told,
            note=note,
        )
        return again is None

    def clear(self, delivery: Delivery, notification: Notification) -> Cleared:
        """Decide what to do about a notification now; see `Channel.clear`.

        Raises:
            Unavailable: The store does not answer.
        """
        due = delivery.due
        place = Place(
            delivery.shard,
            due.message_id,
            due.taken_at,
            again=due.failures > 0,
            tried=due.again,
            after=due.cursor,
            until=due.cursor + notification.events,
        )
        content = notification.content
        return delivery.channel.clear(place, delivery.target, content, self._desk)

    def affords(self, delivery: Delivery, notification: Notification) -> bool:
        """Count a notification, unless it was tried before; tell whether its quota allows it.

        After a failure, the first notification is the one that was tried.

        Raises:
            Unavailable: The store does not answer.
        """
        quota = delivery.channel.quota(notification.content, self._keyring)
        first = next((one for one in delivery.notifications if one.content is not None), None)
        was_tried = delivery.due.failures and first and notification.event_id == first.event_id
        if self._budgets is None or quota is None or was_tried:
            return True
        return self._budgets.afford_notification(*quota)

    def refuse(self, delivery: Delivery, notification: Notification) -> None:
        """Record for the sender that a notification was refused for good.

        Raises:
            Unavailable: The store does not answer.
        """
        delivery.channel.refused(notification.content, delivery.shard, self._outbox)

    def end(self, delivery: Delivery) -> None:
        """Record that the receiver of a delivery is no more.

        Raises:
            Unavailable: The store does not answer.
        """
        delivery.channel.ended(delivery.target, delivery.shard, self._outbox)

    def dead(self, most: int = 1_000) -> list[Standing]:
        """Return the dead letters, at most *most* of each shard."""
        return self._standings(self._outbox.dead, most)

    def waiting(self, most: int = 1_000) -> list[Standing]:
        """Return waiting deliveries, at most *most* of each shard."""
        return self._standings(self._outbox.waiting, most)

    def resend(self, message_id: bytes) -> bool:
        """Make a message's deliveries due now; tell whether they have any event left.

        Raises:
            NotFound: No message of that id has a channel whose deliveries are ever given up.
        """
        replies = [
            self._outbox.resend(shard, message_id, channel.name)
            for channel in CHANNELS.values()
            if not channel.retries.endless
            for shard in range(SHARDS)
        ]
        found = [reply for reply in replies if reply is not None]
        if not found:
            raise NotFound
        return any(found)

    def _delivery(self, shard: int, due: Due) -> Delivery:
        channel = CHANNELS[due.channel]
        target = channel.target(due.message_id, due.target, self._fields)
        notifications = []
        for number, waiting in enumerate(due.entries, start=due.cursor + 1):
            content = channel.render(due.message_id, number, waiting, self._fields)
            if None not in (target, content) and not channel.wants(target, content):
                content = None
            event_id = events.event_id(due.message_id, number)
            notifications.append(Notification(event_id, content))
        if channel.gathers:
            told = [one.content for one in notifications if one.content is not None]
            content = channel.gather(target, told) if told else None
            last = notifications[-1]
            notifications = [last._replace(content=content, events=len(notifications))]
        return Delivery(shard, due, channel, target, tuple(notifications))

    def _standings(self, ask: Callable[[int, int], list[Kept]], most: int) -> list[Standing]:
        return [self._standing(kept) for shard in range(SHARDS) for kept in ask(shard, most)]

    def _standing(self, kept: Kept) -> Standing:
        # After a downgrade the store may have deliveries of a channel that is not known here.
        channel = CHANNELS.get(kept.channel)
        target = channel and channel.target(kept.message_id, kept.target, self._fields)
        return Standing(
            kept.message_id,
            kept.channel,
            channel.shown(target) if channel and target is not None else None,
            kept.at,
            kept.events_left,
            kept.failures,
            kept.failure,
            kept.failing_since,
        )
