"""The transports that the worker gives to channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restante.channels.channel import Notification
    from restante.email_address import Mailbox
    from restante.subscriptions import Subscription


class Http(Protocol):
    """Posts to URLs that senders choose; guards against SSRF."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post once.

        Raises:
            DeliveryFailed: It was not accepted, or must not be sent there (SSRF).
        """


class Mail(Protocol):
    """Sends mail through the operator's mail server."""

    async def send(self, address: str, write: Callable[[Mailbox], bytes]) -> None:
        """Send the mail that *write* returns; it is given the address for From.

        Raises:
            DeliveryFailed: The server did not accept it now.
            Refused: The server refuses this address for good.
        """


class Push(Protocol):
    """Sends texts to browsers."""

    async def send(
        self,
        to: Subscription,
        headers: Mapping[str, str],
        text: bytes,
        notification: Notification,
    ) -> None:
        """Encrypt, sign and post once; a repeat of *notification* takes the place of the first.

        Raises:
            DeliveryFailed: It was not accepted, or must not be sent there (SSRF).
        """


class Transports(NamedTuple):
    """All transports."""

    http: Http
    mail: Mail
    push: Push
