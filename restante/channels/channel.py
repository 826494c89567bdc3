"""What a channel says of itself; whatever else differs between channels is decided by this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.channels.retries import Retries
    from restante.channels.transports import Transports
    from restante.crypto.keyring import Keyring
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.errors import Fault
    from restante.messages import Draft
    from restante.settings import Settings
    from restante.store.outbox import Outbox, Waiting

Target = TypeVar("Target")
Content = TypeVar("Content")


class Notification(NamedTuple):
    """One event on its way; its id and its content stay the same with every try.

    Attributes:
        content: What the channel made of the event; None where it has nothing to tell.
        at: When this try is made, in ms by the store's clock; set by whoever hands it over.
    """

    event_id: str
    content: Any
    at: int = 0


class Concurrency(NamedTuple):
    """How many deliveries one worker has under way at once.

    Attributes:
        slots: In all: some receivers hold theirs for long.
        failing: Of them, for what failed before: its receivers are likely to.
        receiver: To one receiver.
    """

    slots: int = 256
    failing: int = 64
    receiver: int = 4


class Quota(NamedTuple):
    """How many notifications in a day whoever is counted by this id may get."""

    counted_by: bytes
    most: int


class Channel(ABC, Generic[Target, Content]):
    """A way for events to leave."""

    name: ClassVar[str]
    """Stored: the message's field that is there if it uses this channel, and a box's purpose."""
    retries: ClassVar[Retries]
    wakes: ClassVar[frozenset[str] | None] = None
    """The events that make a delivery due, and with it what came before them; None: every one."""
    retains: ClassVar[bool] = True
    """A message is remembered for as long as a delivery may take."""
    concurrency: ClassVar[Concurrency] = Concurrency()

    @property
    def outbox(self) -> str:
        """The name of the key where its deliveries wait."""
        return f"outbox-{self.name}"

    def faults(self, draft: Draft, settings: Settings) -> Iterator[Fault]:
        """Yield why a draft cannot use this channel."""
        yield from ()

    @abstractmethod
    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        """Return what is kept for a message that uses this channel; nothing where it does not."""

    @abstractmethod
    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> Target | None:
        """Return where it delivers to; None if its box does not open, or the event says it."""

    def receiver(self, target: Target) -> str | None:
        """Return what a receiver is known by that may be slow; None for the operator's own."""
        return None

    def shown(self, target: Target) -> str | None:
        """Return the receiver as the operator may see it."""
        return self.receiver(target)

    @abstractmethod
    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> Content | None:
        """Return what is told of event *number*; None where nothing is."""

    def quota(self, content: Content, keyring: Keyring) -> Quota | None:
        """Return what bounds how much one address gets."""
        return None

    def refused(self, content: Content, shard: int, outbox: Outbox) -> None:
        """Record that nobody will ever take this, so that the sender learns it."""

    @abstractmethod
    async def deliver(
        self, target: Target | None, notification: Notification, through: Transports
    ) -> None:
        """Deliver one notification; safe to repeat.

        Raises:
            DeliveryFailed: It was not taken.
            Refused: It never will be, but the next may.
        """
