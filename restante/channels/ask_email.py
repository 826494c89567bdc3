"""Composes the ask: the first mail to an address.  Its words are fixed; no sender wrote any."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from restante import i18n
from restante.channels import letters
from restante.channels.mail_card import Button, Card

if TYPE_CHECKING:
    from restante.email_address import Mailbox


class Ask(NamedTuple):
    """An ask on its way.

    Attributes:
        name: Before the @ of its Message-ID.
        url: Of this service.
        token: The mail token, a capability.
    """

    address: str
    name: str
    url: str
    token: str
    language: str | None

    def write(self, sender: Mailbox, *, event_id: str, at: int) -> bytes:
        """Return the mail as bytes, dated *at* (ms)."""
        say = i18n.spoken(self.language)
        page = f"{self.url}/n/{self.token}"
        head = letters.Head(
            self.address,
            say.gettext("Do you want e-mails about your messages?"),
            f"ask-{self.name}",
            f"{page}/unsubscribe",
        )
        card = Card(
            say.gettext("Do you want e-mails about your messages?"),
            say.gettext(
                "Someone sent a message at %(host)s and wants to be told at this address when it "
                "is opened.",
                host=urlsplit(self.url).netloc,
            ),
            button=Button(say.gettext("Open the page to answer"), page),
            paragraphs=[
                say.gettext("Is that you? Open the page and press the button there."),
                say.gettext(
                    "If not, do nothing: then they get no e-mail sent to you. On the same page you "
                    "can make sure that nobody asks you again."
                ),
            ],
            small=[say.gettext("This is an automatic mail. Nobody reads replies to it.")],
        )
        return letters.compose(head, card, say, sender, at)
