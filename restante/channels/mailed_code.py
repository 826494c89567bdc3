"""The mailed code: a reader who asks for one gets it by mail, at the link's own address."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from restante.channels import code_email
from restante.channels.channel import Channel, Quota
from restante.channels.retries import Retries
from restante.crypto.mailed_codes import address_id

if TYPE_CHECKING:
    from restante.channels.channel import Notification
    from restante.channels.transports import Transports
    from restante.crypto.keyring import Keyring
    from restante.crypto.sealed_fields import SealedFields
    from restante.crypto.tokens import ControlToken
    from restante.messages import Draft
    from restante.store.outbox import Outbox, Waiting

LETTERS_MOST = 50
"""Codes mailed to one address in a day, whoever asks for them."""


class Letter(NamedTuple):
    """A code on its way by mail.  None of it is ever logged.

    Attributes:
        number: Which of its link's codes it is, from 1.
    """

    link_id: bytes
    number: int
    address: str
    code: str
    language: str


class MailedCode(Channel[None, Letter]):
    """Mails the codes that readers ask for.  A code is mailed now or never."""

    name = "code"
    wakes = frozenset({"link.code_requested"})
    retains = False
    retries = Retries((2, 5, 10, 20, 30), endless=True)
    """Soon nobody wants it any more; then there is nothing to tell, and it is passed over."""

    def keep(self, draft: Draft, control: ControlToken, fields: SealedFields) -> bytes:
        # The addresses are kept with the links.
        return b"1" if draft.details.mailed_code else b""

    def target(self, message_id: bytes, kept: bytes, fields: SealedFields) -> None:
        """Return None: the address comes with the event."""

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
        write = partial(code_email.compose, letter, at=notification.at)
        await through.mail.send(letter.address, write)
