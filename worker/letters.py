"""What a mailed code's letter says: nothing of the link, its sender or the message."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restante.mailboxes import Mailbox
    from restante.mailed_codes import Letter

SUBJECT = "Your code for a message that waits for you"
TEXT = """\
Somebody asked for this code on the page of a message that waits for you:

    {code}

Type it on that page. It is good until {until} UTC, and for one opening.

If you did not ask for it, somebody else has the link that was sent to you.
Do not pass the code on, and tell whoever sent you the link.

This mail was made by a machine. Nobody reads answers to it.
"""


def compose(letter: Letter, sender: Mailbox) -> bytes:
    """Return the mail as bytes.  Its id tells nothing, of us or of the message."""
    domain = sender.address.rpartition("@")[2]
    until = datetime.fromtimestamp(letter.until // 1_000, UTC)
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = SUBJECT
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=letter.address)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{secrets.token_hex(16)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = "en"
    mail.set_content(TEXT.format(code=letter.code, until=f"{until:%d %B, %H:%M}"))
    return mail.as_bytes()
