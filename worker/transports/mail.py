"""Sends mail through the operator's mail server, each mail over a new connection.

Replies of the server contain mail addresses, so only their numbers are used and logged.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiosmtplib

from restante.channels.failures import FailureReason, Refused, failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.email_address import Mailbox
    from restante.settings.parsers import Relay

TIMEOUT_SECONDS = 8.0
"""Timeout of one step; the dispatcher ends the whole attempt after ten seconds."""
PERMANENT = 500
STARTTLS = {"needed": True, "offered": None}


class Mail:
    """Sends mail through the relay, from the operator's sender address."""

    def __init__(self, relay: Relay | None, sender: Mailbox | None) -> None:
        self._relay = relay
        self._sender = sender
        # The system's certificate authorities, or those in SSL_CERT_FILE.
        self._tls = ssl.create_default_context()

    async def send(self, address: str, write: Callable[[Mailbox], bytes]) -> None:
        """Send the mail that *write* composes, given the sender's mailbox.

        Raises:
            DeliveryFailed: The server did not accept it now.
            Refused: The server refuses this mail address for good.
        """
        relay = self._relay
        if relay is None or self._sender is None:
            raise failed(FailureReason.NO_RELAY)
        domain = self._sender.address.rpartition("@")[2]
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user,
            password=relay.password,
            # Otherwise it sends the name of this machine.
            local_hostname=domain,
            use_tls=relay.tls == "whole",
            start_tls=STARTTLS.get(relay.tls, False),
            tls_context=self._tls,
            timeout=TIMEOUT_SECONDS,
        )
        try:
            async with client:
                await client.sendmail(self._sender.address, [address], write(self._sender))
        except aiosmtplib.SMTPRecipientsRefused as refused:
            status = refused.recipients[0].code
            if status >= PERMANENT:
                raise Refused(str(status)) from None
            # It says nothing of other addresses of this domain.
            raise failed(str(status), alone=True) from None
        except aiosmtplib.SMTPResponseException as answered:
            raise failed(str(answered.code)) from None
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            raise failed(FailureReason.TIMEOUT) from None
        except aiosmtplib.SMTPConnectError as error:
            raise failed(
                FailureReason.TLS if _is_of_tls(error) else FailureReason.UNREACHABLE
            ) from None
        except aiosmtplib.SMTPServerDisconnected:
            raise failed(FailureReason.DROPPED) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise failed(
                FailureReason.TLS if _is_of_tls(error) else FailureReason.DROPPED
            ) from None


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
