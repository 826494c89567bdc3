"""Tokens, secrets and ids: who may do what, as specified in docs/specs/link.md.

A token is a capability: holding it is permission.  Tokens, secrets and nonces are never
stored and never logged; ids are what they hash to, and open nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from restante.errors import Fault, Invalid, NotASender, NotFound

SECRET_SIZE = 24
ID_SIZE = 16
SHARDS = 16
TOKEN_LENGTH = 35
SENDER_TOKEN_LENGTH = 33
LITTER_BEFORE = "\"'`<([{«»“”„‘’‹›"
"""What a person or a mail program puts before an address: quotes and brackets."""


def digest(label: str, *parts: bytes) -> bytes:
    """Return SHA-256(label || parts), cut to the 16 bytes of an id."""
    return hashlib.sha256(label.encode() + b"".join(parts)).digest()[:ID_SIZE]


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """Kind letter, shard and a secret of 24 bytes; 35 characters when written."""

    kind: ClassVar[str]

    shard: int
    secret: bytes

    def __str__(self) -> str:
        body = bytes([self.shard]) + self.secret
        return self.kind + base64.urlsafe_b64encode(body).rstrip(b"=").decode()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read exactly 35 characters; only the one spelling that we would write counts.

        Raises:
            NotFound: Anything else.  A malformed token answers as an unknown one.
        """
        if len(written) != TOKEN_LENGTH or not written.isascii() or written[0] != cls.kind:
            raise NotFound
        try:
            body = base64.urlsafe_b64decode(written[1:] + "==")
        except (binascii.Error, ValueError):
            raise NotFound from None
        if len(body) != 1 + SECRET_SIZE or body[0] >= SHARDS:
            raise NotFound
        token = cls(body[0], body[1:])
        if str(token) != written:
            raise NotFound
        return token

    @classmethod
    def find(cls, pasted: str) -> Self:
        """Read a token out of what stands in a page's address.

        Mail programs leave quotes and brackets before an address and anything behind it.

        Raises:
            NotFound: There is no token at the front.
        """
        return cls.parse(pasted.lstrip(LITTER_BEFORE)[:TOKEN_LENGTH])


class LinkToken(Token):
    """One recipient's way in."""

    kind = "L"

    @property
    def link_id(self) -> bytes:
        return digest("restante/v1/link-id", self.secret)


class ControlToken(Token):
    """The sender's private way in: report, recall, replace, extend, and every link."""

    kind = "C"

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.randbelow(SHARDS), secrets.token_bytes(SECRET_SIZE))

    @property
    def message_id(self) -> bytes:
        return digest("restante/v1/message-id", self.secret)

    def link(self, index: int) -> LinkToken:
        """Return recipient *index*'s link, from 0: HKDF of the control secret."""
        info = b"restante/v1/link" + index.to_bytes(2, "big")
        secret = HKDF(SHA256(), SECRET_SIZE, salt=None, info=info).derive(self.secret)
        return LinkToken(self.shard, secret)

    @property
    def webhook_secret(self) -> str:
        """Return what signs this message's notifications: `whsec_` and base64 of 24 bytes."""
        derived = HKDF(SHA256(), SECRET_SIZE, salt=None, info=b"restante/v1/webhook")
        return "whsec_" + base64.b64encode(derived.derive(self.secret)).decode()


@dataclass(frozen=True, slots=True, repr=False)
class SenderToken:
    """Permission to send, given by the operator: "S" and a secret of 24 bytes, 33 characters."""

    secret: bytes

    KIND: ClassVar[str] = "S"

    def __str__(self) -> str:
        return self.KIND + base64.urlsafe_b64encode(self.secret).decode()

    def __repr__(self) -> str:
        return "<SenderToken>"

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_bytes(SECRET_SIZE))

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read exactly 33 characters; only the one spelling that we would write counts.

        Raises:
            NotASender: Anything else.  A malformed token answers as an unknown one.
        """
        if len(written) != SENDER_TOKEN_LENGTH or not written.isascii() or written[0] != cls.KIND:
            raise NotASender
        try:
            token = cls(base64.urlsafe_b64decode(written[1:]))
        except (binascii.Error, ValueError):
            raise NotASender from None
        # Decoders skip what is not of their alphabet, and take the other one's signs.
        if str(token) != written:
            raise NotASender
        return token

    @property
    def token_id(self) -> bytes:
        return digest("restante/v1/sender-token-id", self.secret)


@dataclass(frozen=True, slots=True, repr=False)
class ReaderKey:
    """What a reader is known by: 16 to 128 visible ASCII characters.  A capability too."""

    value: str

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"[\x21-\x7e]{16,128}")

    def __post_init__(self) -> None:
        if not self.PATTERN.fullmatch(self.value):
            raise Invalid([Fault("Idempotency-Key", "16 to 128 visible ASCII characters")])

    def __repr__(self) -> str:
        return "<ReaderKey>"

    def reader_id(self, link: LinkToken) -> bytes:
        return digest("restante/v1/reader", link.secret, self.value.encode())


def sender_id(control: ControlToken, cookie: str) -> bytes:
    """Return what a message keeps of its sender's cookie: another value for each message."""
    return digest("restante/v1/sender", control.secret, cookie.encode())
