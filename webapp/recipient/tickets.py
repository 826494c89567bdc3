"""Tickets: signed proof that a form came from our gate, for this link, reader and time.

    ticket = time in ms || "." || ordinal || "." || again || "." || number || "." || signature

A ticket gives no access to a message; it only helps to tell people from bots.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from itsdangerous import BadSignature, Signer


class Ticket(NamedTuple):
    """The content of a valid ticket.

    Attributes:
        at: When the form was made, in ms.
        ordinal: Index of the reader key that it is for.
        again: It was made within the lease.
        number: MAC of the number to type; empty without a challenge.
    """

    at: int
    ordinal: int
    again: bool
    number: str

    @property
    def asks_number(self) -> bool:
        return bool(self.number)


class Tickets:
    """Makes and verifies tickets under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(  # noqa: PLR0913 (what a ticket says)
        self,
        link_id: bytes,
        reader: str,
        *,
        at: int,
        ordinal: int,
        again: bool = False,
        digits: str | None = None,
    ) -> str:
        """Return a ticket; with *digits* it asks for that number."""
        number = self._numbers(link_id, reader, at).get_signature(digits).decode() if digits else ""
        written = f"{at}.{ordinal}.{again:d}.{number}"
        return self._signer("ticket", link_id, reader).sign(written).decode()

    def read(self, written: str, link_id: bytes, reader: str) -> Ticket | None:
        """Verify a ticket; return None if it is forged, or of another link or reader."""
        try:
            says = self._signer("ticket", link_id, reader).unsign(written).decode()
        except BadSignature:
            return None
        at, ordinal, again, number = says.split(".")
        return Ticket(int(at), int(ordinal), again == "1", number)

    def is_right(self, ticket: Ticket, link_id: bytes, reader: str, digits: str) -> bool:
        """Tell whether the typed digits are the ticket's number."""
        numbers = self._numbers(link_id, reader, ticket.at)
        return numbers.verify_signature(digits.strip(), ticket.number)

    def _numbers(self, link_id: bytes, reader: str, at: int) -> Signer:
        return self._signer(f"number{at}.", link_id, reader)

    def _signer(self, purpose: str, link_id: bytes, reader: str) -> Signer:
        salt = purpose.encode() + link_id + reader.encode()
        # The library's defaults are SHA-1 and a key derivation without HMAC.
        return Signer(self._key, salt, key_derivation="hmac", digest_method="sha256")


def three_digits() -> str:
    """Return a random number from 100 to 999 as text."""
    return str(100 + secrets.randbelow(900))
