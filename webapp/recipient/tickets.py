"""Tickets: proof that a form came from our gate, for this link and this reader, just now.

    ticket = base64url( body || HMAC-SHA-256(key, "ticket" || link id || reader || body)[:16] )
    body   = time in ms (6) || ordinal (1) || flags (1) || number (8)
    number = HMAC-SHA-256(key, "number" || link id || reader || time || digits)[:8], or zeros

Integers are big-endian.  A ticket opens nothing: it tells a person's form from a robot's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

AT_SIZE, NUMBER_SIZE, MAC_SIZE = 6, 8, 16
BODY_SIZE = AT_SIZE + 2 + NUMBER_SIZE
AGAIN = 1
"""Flag: the reader's lease was open, so nothing can be spent."""
NO_NUMBER = bytes(NUMBER_SIZE)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a good ticket says.

    Attributes:
        at: When the form was made, in ms.
        ordinal: Which of this browser's nonces it is for.
        again: It was made within the lease.
        number: MAC of the digits asked for; zeros where none were.
    """

    at: int
    ordinal: int
    again: bool
    number: bytes

    @property
    def asks_number(self) -> bool:
        return self.number != NO_NUMBER


class Tickets:
    """Makes and reads tickets under one key of 32 bytes."""

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
        number = self._number(link_id, reader, at, digits) if digits else NO_NUMBER
        body = at.to_bytes(AT_SIZE, "big") + bytes([ordinal, AGAIN if again else 0]) + number
        return base64.urlsafe_b64encode(body + self._mac(link_id, reader, body)).decode()

    def read(self, written: str, link_id: bytes, reader: str) -> Ticket | None:
        """Return what the ticket says, or None: not ours, another link's or reader's."""
        try:
            sealed = base64.urlsafe_b64decode(written.encode())
        except (binascii.Error, ValueError):
            return None
        body, mac = sealed[:BODY_SIZE], sealed[BODY_SIZE:]
        if not hmac.compare_digest(mac, self._mac(link_id, reader, body)):
            return None
        return Ticket(
            int.from_bytes(body[:AT_SIZE], "big"),
            body[AT_SIZE],
            bool(body[AT_SIZE + 1] & AGAIN),
            body[AT_SIZE + 2 :],
        )

    def is_right(self, ticket: Ticket, link_id: bytes, reader: str, digits: str) -> bool:
        """Tell whether these are the digits that the ticket asks for."""
        right = self._number(link_id, reader, ticket.at, digits.strip())
        return hmac.compare_digest(ticket.number, right)

    def _number(self, link_id: bytes, reader: str, at: int, digits: str) -> bytes:
        what = b"number" + link_id + reader.encode() + at.to_bytes(AT_SIZE, "big")
        return hmac.digest(self._key, what + digits.encode(), hashlib.sha256)[:NUMBER_SIZE]

    def _mac(self, link_id: bytes, reader: str, body: bytes) -> bytes:
        what = b"ticket" + link_id + reader.encode() + body
        return hmac.digest(self._key, what, hashlib.sha256)[:MAC_SIZE]


def three_digits() -> str:
    """Return a number from 100 to 999, as a person reads it."""
    return str(100 + secrets.randbelow(900))
