"""Pseudonyms of mail addresses that consented, and the token in each mail (docs/specs/envelope.md).

    address id = HMAC-SHA-256(consent key, "address" || address without its variants)[:16]
    consent id = HMAC-SHA-256(consent key, "consent" || owner || address)[:16]
    mail token = "N" || base64url(address id || consent id || mac)
    mac        = HMAC-SHA-256(consent key, "token" || address id || consent id)[:16]

The consent key is random and lies boxed in the store: a new root key boxes it anew, so consents
and stops outlive root keys.  The owner is who asks: 16 bytes, the id of a sender, of a sender token
or of one message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import NamedTuple, Self

from restante.crypto.tokens import ID_SIZE, SHARDS
from restante.email_address import shared_mailbox
from restante.errors import NotFound

KEY_SIZE = 32
TOKEN_LENGTH = 65
KIND = "N"


class Address(NamedTuple):
    """An address and one sender, as the store knows them.

    Attributes:
        address_id: The same for all variants that reach one mailbox, and for all senders.
        consent_id: Of exactly this address for exactly this sender.
    """

    address_id: bytes
    consent_id: bytes

    @classmethod
    def of(cls, key: bytes, address: str, owner: bytes) -> Self:
        """Return the ids of a mail address and of who wants to mail it."""
        exact = address.lower().encode()
        return cls(address_id(key, address), _mac(key, b"consent" + owner + exact))

    @property
    def shard(self) -> int:
        return self.address_id[0] % SHARDS

    def token(self, key: bytes) -> str:
        """Return the token for the link in a mail: 65 characters, a capability."""
        ids = self.address_id + self.consent_id
        return KIND + base64.urlsafe_b64encode(ids + _mac(key, b"token" + ids)).decode()

    @classmethod
    def parse(cls, key: bytes, written: str) -> Self:
        """Parse a mail token.

        Raises:
            NotFound: It is malformed, or not valid.
        """
        if len(written) != TOKEN_LENGTH or not written.isascii() or written[0] != KIND:
            raise NotFound
        try:
            body = base64.urlsafe_b64decode(written[1:])
        except (binascii.Error, ValueError):
            raise NotFound from None
        its = cls(body[:ID_SIZE], body[ID_SIZE : 2 * ID_SIZE])
        if not hmac.compare_digest(its.token(key), written):
            raise NotFound
        return its


def address_id(key: bytes, address: str) -> bytes:
    """Return the id of a mailbox: variants that most servers deliver to one mailbox share it."""
    return _mac(key, f"address{shared_mailbox(address)}".encode())


def _mac(key: bytes, what: bytes) -> bytes:
    return hmac.digest(key, what, hashlib.sha256)[:ID_SIZE]
