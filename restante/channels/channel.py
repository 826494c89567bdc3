"""The interface of a channel.  Everything that differs between channels is decided by it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from restante.channels.retries import Retries
    from restante.channels.transports import Transports
    from restante.consents import Consents
    from restante.crypto.keyring import Keyring
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.errors import Fault
    from restante.messages import Draft
    from restante.settings import Settings
    from restante.store.outbox import Outbox, Waiting
    from restante.store.replies import Report

Target = TypeVar("Target")
Content = TypeVar("Content")


class Notification(NamedTuple):
    """One event on its way out, or several gathered; the same in every retry.

    Attributes:
        event_id: Of the event, or of the last one.
        content: What the channel rendered; None if it sends nothing for this event.
        at: When this try is made, in ms by the store's clock; the dispatcher sets it.
        events: How many events it stands for.
    """

    event_id: str
    content: Any
    at: int = 0
    events: int = 1


class Place(NamedTuple):
    """Where a delivery comes from.

    Attributes:
        at: When it was taken, in ms by the store's clock.
        again: This notification was tried before, and failed.
        tried: It was taken before, and perhaps tried: its worker ended.
        after: The number before its first event.
        until: The number of its last event.
    """

    shard: int
    message_id: bytes
    at: int
    again: bool
    tried: bool
    after: int
    until: int


class Desk(NamedTuple):
    """What a channel can ask the store for, before it delivers."""

    consents: Consents
    report: Callable[..., Report]
    """Takes shard and message id; *after*, *until*: with these of its events."""
    settings: Settings
    fields: SealedFields
    afford: Callable[..., bool]
    """Counts one mail of the day's total; False if that is used up.  *asks*: for a consent."""


class Cleared(NamedTuple):
    """What to do about a notification now.

    Attributes:
        content: What is delivered now; None: nothing.
        settles: Its events are done then; otherwise they are due again in *wait* ms.
        after: Is called once it was delivered.
        note: A word for the sender; empty leaves the one before.
    """

    content: Any
    settles: bool = True
    wait: int = 0
    after: Callable[[], None] | None = None
    note: str = ""


class Concurrency(NamedTuple):
    """How many deliveries one worker runs at once.

    Attributes:
        slots: In total; a slow receiver holds its slot for long.
        failing: How many of them deliveries may hold that failed before.
        receiver: To one receiver.
    """

    slots: int = 256
    failing: int = 64
    receiver: int = 4


class Quota(NamedTuple):
    """How many notifications one id may get in a day, and the id (16 bytes)."""

    counted_by: bytes
    most: int


class Channel(ABC, Generic[Target, Content]):
    """A way to send events out."""

    name: ClassVar[str]
    """Names the field of a message that uses this channel."""
    retries: ClassVar[Retries]
    wakes: ClassVar[frozenset[str] | None] = None
    """The events that start a delivery of all that is new; None means every event."""
    retains: ClassVar[bool] = True
    """Keep the records of a message until its deliveries end."""
    concurrency: ClassVar[Concurrency] = Concurrency()
    gathers: ClassVar[bool] = False
    """Deliver all events that wait as one notification; a repeat has the same ones."""
    pause: ClassVar[int] = 0
    """Shortest time between two notifications of one message, in ms."""
    clears: ClassVar[bool] = False
    """Ask `clear` before each notification."""
    subscribes: ClassVar[bool] = False
    """Receivers come and go while the message is there: what is kept begins with the id of one, 16
    bytes.  Several channels of this kind are places for several receivers."""

    @property
    def purpose(self) -> str:
        """The purpose of its box."""
        return self.name

    @property
    def outbox(self) -> str:
        """The name of the key of its outbox."""
        return f"outbox-{self.name}"

    def faults(self, draft: Draft, settings: Settings) -> Iterator[Fault]:
        """Yield the fields of a draft that are invalid for this channel."""
        yield from ()

    @abstractmethod
    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        """Return what is stored with a message that uses this channel; else nothing."""

    @abstractmethod
    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Target | None:
        """Return where to deliver; None if the box does not open, or each event says it."""

    def receiver(self, target: Target) -> str | None:
        """Return the id of a receiver that may be slow; None if it is the operator's own."""
        return None

    def lane(self, target: Target | None, told: Sequence[Content]) -> str | None:
        """Return the id of the receiver of a delivery; *told* is what there is to deliver."""
        return None if target is None else self.receiver(target)

    def shown(self, target: Target) -> str | None:
        """Return what the operator may see of the target."""
        return self.receiver(target)

    @abstractmethod
    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> Content | None:
        """Return the content for event *number*; None if this channel sends nothing for it."""

    def gather(self, target: Target | None, told: Sequence[Content]) -> Content | None:
        """Return one content for all of these, oldest first; None if nothing is sent.

        Raises:
            NotImplementedError: Only a channel that `gathers` is asked, and each has its own.
        """
        raise NotImplementedError

    def clear(self, place: Place, target: Target | None, content: Content, desk: Desk) -> Cleared:
        """Decide what to do about a notification now.

        Raises:
            Unavailable: The store does not answer.
        """
        return Cleared(content)

    def wants(self, target: Target, content: Content) -> bool:
        """Tell whether this target is told this."""
        return True

    def quota(self, content: Content, keyring: Keyring) -> Quota | None:
        """Return the quota that this counts for, if any."""
        return None

    def refused(self, content: Content, shard: int, outbox: Outbox) -> None:
        """Record for the sender that this was refused for good."""

    def ended(self, target: Target, shard: int, outbox: Outbox) -> None:
        """Record that the receiver is no more."""

    @abstractmethod
    async def deliver(
        self, target: Target | None, notification: Notification, through: Transports
    ) -> None:
        """Deliver one notification.  It may be repeated: the worker can stop in between.

        Raises:
            DeliveryFailed: To be tried again.
            Refused: Never to be tried again; the next notification goes on.
            Ended: The receiver is no more.
        """
