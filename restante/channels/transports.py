"""What a channel delivers through; the worker brings it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restante.email_address import Mailbox


class Http(Protocol):
    """Posts to systems of others, wherever a sender says: it guards against SSRF."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post once.

        Raises:
            DeliveryFailed: It was not taken, or must not be sent there.
        """


class Mail(Protocol):
    """Mails through the operator's server."""

    async def send(self, address: str, write: Callable[[Mailbox], bytes]) -> None:
        """Send what *write* makes of the address that is to be its From.

        Raises:
            DeliveryFailed: It was not taken now.
            Refused: It never will be: the server does not want this address.
        """


class Transports(NamedTuple):
    """All there are."""

    http: Http
    mail: Mail
