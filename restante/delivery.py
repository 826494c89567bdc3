"""Deliveries: events on their way to the sender's own systems, and what became of them.

The timeline is the outbox.  Delivery is at least once and in order per message, by any number of
workers, with retries and backoff; what is given up is a dead letter.  An event's id tells a
repeat from a new one.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from restante import events
from restante.channels import CHANNELS
from restante.crypto.mailed_codes import Letter, address_id, letter
from restante.crypto.sealed_fields import SealedFields
from restante.crypto.tokens import SHARDS
from restante.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restante.crypto.keyring import Keyring
    from restante.store.budgets import Budgets
    from restante.store.outbox import Due, Kept, Outbox

LEASE_SECONDS = 30
"""How long a delivery is its taker's.  Whoever delivers stops well before."""
EVENTS_MOST = 20
"""Events of one message in one go, so that none holds the others up."""
WAITS_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Before each further try: ten tries within some three days, as Standard Webhooks suggests."""
CODE_WAITS_SECONDS = (2, 5, 10, 20, 30)
"""The same for a code, and the last again and again: soon nobody wants it any more."""
JITTER = 0.2
"""Each wait is longer or shorter by up to this part, so that receivers are not stormed."""
RETRY_AFTER_MOST = 3_600
"""Seconds for which a receiver may ask to be left alone beyond that."""
SECOND = 1_000


CODE = "code"
"""The channel through which codes are mailed to readers."""


class FailureReason(StrEnum):
    """Why a notification was not taken, where the receiver's answer does not say it."""

    ADDRESS_REFUSED = "address-refused"
    """The name leads, at least in part, to where no notification may go."""
    NOT_HTTPS = "not-https"
    """http leads out of our own networks."""
    UNKNOWN_NAME = "unknown-name"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    """Its certificate does not prove the name, or no encryption was agreed on."""
    DROPPED = "dropped"
    """The connection broke before the answer was there."""
    TIMEOUT = "timeout"
    ROOT_KEY_MISSING = "root-key-missing"
    """The box with the target was closed under a root key that is not in the ring."""
    TOO_MANY = "too-many"
    """The address was mailed as many codes as it may be in a day."""
    NO_RELAY = "no-relay"
    """Mail is to go out, but no mail server is set."""
    INTERNAL = "internal"


class Target(NamedTuple):
    """Where a channel delivers to, and what signs it.  Neither is ever logged."""

    url: str
    secret: str


class Notification(NamedTuple):
    """One event on its way: its id and its body, which stay the same with every try.

    Attributes:
        at: When this try is made, in ms by the store's clock; set by whoever hands it over.
    """

    event_id: str
    body: bytes = b""
    letter: Letter | None = None
    """The code to be mailed, in the channel `code`; None where nothing is to be done."""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Notifications of one message through one channel, in order.

    Attributes:
        target: None if its box does not open: its root key is not in the ring.
    """

    shard: int
    due: Due
    target: Target | None
    notifications: tuple[Notification, ...]

    @property
    def channel(self) -> str:
        return self.due.channel


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a delivery ended before its end.

    Attributes:
        word: For the operator: an HTTP status, or a FailureReason; never an address.
        final: The receiver wants no more of it.
        retry_after: Seconds for which the receiver asked to be left alone.
    """

    word: str
    final: bool = False
    retry_after: int = 0


class Refused(Exception):
    """What a channel raises when nobody will ever take this one: the next may go well."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word


class DeliveryFailed(Exception):
    """What a channel raises when a notification was not taken."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery as the operator sees it.

    Attributes:
        receiver: Scheme, host and port of the target; None if it cannot be known.
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


def wait_after(failures: int, retry_after: int = 0, *, channel: str = "webhook") -> int | None:
    """Return ms until the next try after so many failures in a row; None gives up."""
    if channel == CODE:
        return CODE_WAITS_SECONDS[min(failures, len(CODE_WAITS_SECONDS)) - 1] * SECOND
    if failures > len(WAITS_SECONDS):
        return None
    part = 1 - JITTER + 2 * JITTER * secrets.randbelow(1_001) / 1_000
    wait = WAITS_SECONDS[failures - 1] * part
    return round(max(wait, min(retry_after, RETRY_AFTER_MOST)) * SECOND)


class Delivering:
    """The verbs of whoever delivers, and of the operator who looks after it."""

    def __init__(self, outbox: Outbox, keyring: Keyring, budgets: Budgets | None = None) -> None:
        """*budgets* count the letters to each address; without them nobody does."""
        self._outbox = outbox
        self._budgets = budgets
        self._keyring = keyring
        self._facts = SealedFields(keyring)

    def take(self, shard: int, most: int, channel: str | None = None) -> list[Delivery]:
        """Take what is due in one shard, of one channel or of all: the caller's for LEASE_SECONDS.

        Raises:
            Unavailable: The store does not answer.
        """
        found: list[Due] = []
        for one in (channel,) if channel else CHANNELS:
            left = most - len(found)
            found += self._outbox.take(
                shard, one, lease=LEASE_SECONDS * SECOND, most=left, events=EVENTS_MOST
            )
        return [self._delivery(shard, due) for due in found]

    def settle(
        self, delivery: Delivery, delivered: int, failure: Failure | None = None, *, wait: int = 0
    ) -> bool:
        """Record how many notifications arrived; tell whether the rest was given up.

        Without a failure what is left is due again in *wait* ms.

        Raises:
            Unavailable: The store does not answer; all of it will be delivered again.
        """
        failures: int = 0
        again: int | None = wait
        if failure is not None:
            failures = (0 if delivered else delivery.due.failures) + 1
            again = (
                None
                if failure.final
                else wait_after(failures, failure.retry_after, channel=delivery.channel)
            )
        self._outbox.settle(
            delivery.shard,
            delivery.due,
            delivered,
            failures=failures,
            failure=failure.word if failure else "",
            wait=again,
        )
        return again is None

    def affords(self, delivery: Delivery, its: Letter) -> bool:
        """Count a letter, unless it was tried before; tell whether its address had enough.

        What was tried before comes first in a delivery that failed.

        Raises:
            Unavailable: The store does not answer.
        """
        first = next((one.letter for one in delivery.notifications if one.letter), None)
        if self._budgets is None or (delivery.due.failures and its == first):
            return True
        return self._budgets.afford_letter(address_id(self._keyring, its.address))

    def refuse(self, delivery: Delivery, notification: Notification) -> None:
        """Record that a code cannot be mailed, so that the sender learns it.

        Raises:
            Unavailable: The store does not answer.
        """
        if its := notification.letter:
            self._outbox.refuse_code(delivery.shard, its.link_id, its.number)

    def dead(self, most: int = 1_000) -> list[Standing]:
        """Return what was given up, at most so many in each shard."""
        return self._standings(self._outbox.dead, most)

    def waiting(self, most: int = 1_000) -> list[Standing]:
        """Return what is on its way, at most so many in each shard."""
        return self._standings(self._outbox.waiting, most)

    def resend(self, message_id: bytes, channel: str = "webhook") -> bool:
        """Let a message's delivery be tried now; tell whether any event is left for it.

        Raises:
            NotFound: No message of that id has this channel.
        """
        replies = [self._outbox.resend(shard, message_id, channel) for shard in range(SHARDS)]
        found = [reply for reply in replies if reply is not None]
        if not found:
            raise NotFound
        return any(found)

    def _delivery(self, shard: int, due: Due) -> Delivery:
        if due.channel == CODE:
            return Delivery(shard, due, Target("", ""), tuple(self._letters(due)))
        found = self._facts.open_target("webhook", due.message_id, due.target)
        target = Target(found["url"], found["secret"]) if found else None
        return Delivery(shard, due, target, tuple(self._notifications(due)))

    def _letters(self, due: Due) -> list[Notification]:
        return [
            Notification(
                events.event_id(due.message_id, number),
                letter=letter(one.entry, one.address, one.code, self._facts),
            )
            for number, one in enumerate(due.entries, start=due.cursor + 1)
        ]

    def _notifications(self, due: Due) -> Sequence[Notification]:
        made = []
        for number, (entry, label, *_) in enumerate(due.entries, start=due.cursor + 1):
            event = events.event(number, entry, due.message_id, self._facts)
            body = {
                "type": event.type,
                "timestamp": events.rfc3339(event.at),
                "data": {
                    "message": due.message_id.hex(),
                    "recipient": self._facts.open_label(event.link_id, label)
                    if event.link_id
                    else None,
                    "event": events.as_json(event, due.message_id),
                },
            }
            plain = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            made.append(Notification(events.event_id(due.message_id, number), plain))
        return made

    def _standings(self, ask: Callable[[int, int], list[Kept]], most: int) -> list[Standing]:
        return [self._standing(kept) for shard in range(SHARDS) for kept in ask(shard, most)]

    def _standing(self, kept: Kept) -> Standing:
        url = self._facts.open_target("webhook", kept.message_id, kept.target).get("url")
        parts = urlsplit(url) if url else None
        return Standing(
            kept.message_id,
            kept.channel,
            f"{parts.scheme}://{parts.netloc}" if parts else None,
            kept.at,
            kept.events_left,
            kept.failures,
            kept.failure,
            kept.failing_since,
        )
