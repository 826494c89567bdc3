"""Mailed code: sends a code that a reader requested to the mail address of the link."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from restante.channels import code_email
from restante.channels.channel import Channel, Concurrency, Quota
from restante.channels.retries import Retries
from restante.crypto.mailed_codes import address_id
from restante.email_address import domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restante.channels.channel import Notification
    from restante.channels.transports import Transports
    from restante.crypto.keyring import Keyring
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft
    from restante.store.outbox import Outbox, Waiting

LETTERS_MOST = 50
"""Quota of codes mailed to one address in a day, counted over all links."""


class Letter(NamedTuple):
    """A mailed code on its way.  None of its fields is ever logged.

    Attributes:
        number: Counts the mailed codes of a link, from 1.
        address: A mail address.
    """

    link_id: bytes
    number: int
    address: str
    code: str
    language: str


class MailedCode(Channel[None, Letter]):
    """Mails a code while it is valid; a later event does not start a delivery."""

    name = "code"
    wakes = frozenset({"link.code_requested"})
    retains = False
    retries = Retries((2, 5, 10, 20, 30), endless=True)
    """Never given up: once a code is no longer valid, there is nothing to send for its event."""
    concurrency = Concurrency(slots=32, failing=8)

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        # Each link has its own mail address.
        return b"1" if draft.details.mailed_code else b""

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> None:
        """Return None: each event has its own mail address."""

    def lane(self, target: None, told: Sequence[Letter]) -> str | None:
        """Return the domain of the first letter: the mail server may be slow for one domain."""
        return domain(told[0].address) if told else None

    def render(
        self, message_id: bytes, number: int, waiting: Waiting, fields: SealedFields
    ) -> Letter | None:
        link_id = waiting.entry.link_id
        if link_id is None or not (waiting.code and waiting.address):
            return None
        to = fields.open_address(link_id, waiting.address)
        its = fields.open_code(link_id, waiting.code)
        if not to or not its:
            return None
        which = int(waiting.entry.facts.partition("=")[2])
        return Letter(link_id, which, to, its["code"], its["language"])

    def quota(self, content: Letter, keyring: Keyring) -> Quota:
        return Quota(address_id(keyring, content.address), LETTERS_MOST)

    def refused(self, content: Letter, shard: int, outbox: Outbox) -> None:
        outbox.refuse_code(shard, content.link_id, content.number)

    async def deliver(self, target: None, notification: Notification, through: Transports) -> None:
        letter: Letter = notification.content
        event_id, at = notification.event_id, notification.at
        write = partial(code_email.compose, letter, event_id=event_id, at=at)
        await through.mail.send(letter.address, write)
