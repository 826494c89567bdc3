"""Composes the e-mail with a mailed code.  It names neither link nor sender nor message."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from restante import i18n

if TYPE_CHECKING:
    from restante.channels.mailed_code import Letter
    from restante.email_address import Mailbox
    from restante.i18n import Language


def compose(letter: Letter, sender: Mailbox, *, event_id: str, at: int) -> bytes:
    """Return the mail as bytes, dated *at* (ms).

    A repeat has the same Message-ID: a digest, since the event id names the message.
    """
    name = hashlib.sha256(event_id.encode()).hexdigest()[:32]
    domain = sender.address.rpartition("@")[2]
    say = i18n.spoken(letter.language)
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = say.gettext("Your code for a message that waits for you")
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=letter.address)
    mail["Date"] = format_datetime(datetime.fromtimestamp(at // 1_000, UTC))
    mail["Message-ID"] = f"<{name}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(_paragraphs(letter, say)) + "\n")
    # Set after the content, because that removes every Content-… header.
    mail["Content-Language"] = say.tag
    return mail.as_bytes()


def _paragraphs(letter: Letter, say: Language) -> list[str]:
    return [
        say.gettext("Somebody asked for this code on the page of a message that waits for you:"),
        f"    {letter.code}",
        say.gettext(
            "Type it on that page. It is valid once, for ten minutes from when it was requested. "
            "If you got more than one, only the newest works."
        ),
        say.gettext(
            "If you did not ask for it, somebody else has the link that was sent to you. Give the "
            "code to nobody, and tell the person who sent you the link."
        ),
        say.gettext("This is an automatic mail. Nobody reads replies to it."),
    ]
