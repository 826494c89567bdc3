"""What a channel says of itself; whatever else differs between channels is decided by this."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft


class Channel:
    """A way for events to leave."""

    name: ClassVar[str]
    """Stored: the message's field that is there if it uses this channel."""
    wakes: ClassVar[frozenset[str] | None] = None
    """The events that make a delivery due, and with it what came before them; None: every one."""
    retains: ClassVar[bool] = True
    """A message is remembered for as long as a delivery may take."""

    @property
    def outbox(self) -> str:
        """The name of the key where its deliveries wait."""
        return f"outbox-{self.name}"

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        """Return what is kept for a message that uses this channel; nothing where it does not."""
        raise NotImplementedError
