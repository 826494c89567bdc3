"""What all mails to senders have in common: headers, and text and HTML as one mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restante.channels.mail_card import Card
    from restante.email_address import Mailbox
    from restante.i18n import Language


@dataclass(frozen=True, slots=True)
class Head:
    """What is in the head of a mail.

    Attributes:
        name: Before the @ of Message-ID; a repeat of the mail has the same one.
        thread: The same of the conversation, or None.
        unsubscribe: URL of the one-click unsubscription (RFC 8058).
    """

    address: str
    subject: str
    name: str
    unsubscribe: str
    thread: str | None = None


def compose(head: Head, card: Card, say: Language, sender: Mailbox, at: int) -> bytes:
    """Return the mail as bytes, dated *at* (ms): the card as text and as HTML."""
    domain = sender.address.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = head.subject
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=head.address)
    mail["Date"] = format_datetime(datetime.fromtimestamp(at // 1_000, UTC))
    mail["Message-ID"] = f"<{head.name}@{domain}>"
    if head.thread:
        mail["In-Reply-To"] = mail["References"] = f"<{head.thread}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{head.unsubscribe}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(card.text())
    mail.add_alternative(card.html(say), subtype="html")
    mail["Content-Language"] = say.tag
    return mail.as_bytes()
