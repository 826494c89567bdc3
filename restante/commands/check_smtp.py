"""Checks the mail server: does it answer, is its certificate valid, does it take login and mail?"""

from __future__ import annotations

import smtplib
import ssl
from typing import TYPE_CHECKING

from restante.commands import checks

if TYPE_CHECKING:
    from restante.commands.checks import Finding
    from restante.settings import Settings

TIMEOUT_SECONDS = 10.0
REFUSED = 400


def of_relay(settings: Settings) -> Finding | None:
    """Check the mail server; None if none is set.  No mail is sent."""
    relay, sender = settings.smtp_url, settings.mail_from
    if relay is None or sender is None:
        return None
    name = sender.address.rpartition("@")[2]
    tls = ssl.create_default_context()
    encrypted = relay.tls == "whole"
    try:
        line = (
            smtplib.SMTP_SSL(relay.host, relay.port, name, timeout=TIMEOUT_SECONDS, context=tls)
            if encrypted
            else smtplib.SMTP(relay.host, relay.port, name, timeout=TIMEOUT_SECONDS)
        )
        with line:
            line.ehlo()
            if relay.tls == "needed" or (relay.tls == "offered" and line.has_extn("starttls")):
                line.starttls(context=tls)
                encrypted = True
            if relay.user and relay.password:
                line.login(relay.user, relay.password)
            # Nothing is sent: the server forgets it.
            code, _ = line.mail(sender.address)
            line.rset()
    except ssl.SSLError:
        return checks.problem("the mail server's certificate is not valid: no mail will be sent")
    except smtplib.SMTPAuthenticationError:
        return checks.problem("the mail server refuses the login in RESTANTE_SMTP_URL")
    except smtplib.SMTPNotSupportedError:
        return checks.problem("the mail server lacks STARTTLS or logins: no mail will be sent")
    except (OSError, smtplib.SMTPException):
        return checks.problem("the mail server does not answer: no mail will be sent")
    if code >= REFUSED:
        return checks.problem(
            f"the mail server refuses mail from RESTANTE_MAIL_FROM ({code}): no mail will be sent"
        )
    if not encrypted:
        return checks.warning("mail goes to the mail server unencrypted")
    return checks.ok("the mail server answers, over an encrypted connection")
