"""Tokens, reader keys and ids, as specified in docs/specs/link.md.

A token is a capability: to hold it is permission.  Tokens, secrets and reader keys are never
stored and never logged.  Ids are hashes of them and give no permission.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from restante.crypto import pasted
from restante.errors import Fault, Invalid, NotASender, NotFound

SECRET_SIZE = 24
ID_SIZE = 16
SHARDS = 16
TOKEN_LENGTH = 35
SENDER_TOKEN_LENGTH = 33


def digest(label: str, *parts: bytes) -> bytes:
    """Return SHA-256(label || parts), cut to the 16 bytes of an id."""
    return hashlib.sha256(label.encode() + b"".join(parts)).digest()[:ID_SIZE]


@dataclass(frozen=True, repr=False)
class Token:
    """A kind letter, a shard and a secret of 24 bytes; written as 35 characters."""

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
        """Parse a token of exactly 35 characters, in its one canonical spelling.

        Raises:
            NotFound: Anything else, so that malformed and unknown tokens look alike.
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
    def find(cls, written: str) -> Self:
        """Find a token in a page's URL: other programs mark and rewrite links (`pasted.py`).

        Raises:
            NotFound: There is no token in it.
        """
        for guess in pasted.guesses(written, cls.kind, TOKEN_LENGTH):
            with suppress(NotFound):
                return cls.parse(guess)
        raise NotFound


class LinkToken(Token):
    """The capability of one recipient's link."""

    kind = "L"

    @cached_property
    def link_id(self) -> bytes:
        return digest("restante/v1/link-id", self.secret)


class ControlToken(Token):
    """The sender's capability: status, recall, replace, extend, and every link."""

    kind = "C"

    @classmethod
    def new(cls, shard: int | None = None) -> Self:
        """Return a new token; without a *shard*, in a random one."""
        its = secrets.randbelow(SHARDS) if shard is None else shard
        return cls(its, secrets.token_bytes(SECRET_SIZE))

    @cached_property
    def message_id(self) -> bytes:
        return digest("restante/v1/message-id", self.secret)

    def link(self, index: int) -> LinkToken:
        """Return the link token of recipient *index*, from 0: HKDF of the control secret."""
        info = b"restante/v1/link" + index.to_bytes(2, "big")
        secret = HKDF(SHA256(), SECRET_SIZE, salt=None, info=info).derive(self.secret)
        return LinkToken(self.shard, secret)

    @property
    def webhook_secret(self) -> str:
        """Return the key that signs this message's webhooks: `whsec_` and base64 of 24 bytes."""
        derived = HKDF(SHA256(), SECRET_SIZE, salt=None, info=b"restante/v1/webhook")
        return "whsec_" + base64.b64encode(derived.derive(self.secret)).decode()


class ListToken(Token):
    """The capability of a sent list, and so of every message in it.

    Its secret is what the cookie `sender` of a browser has: 24 bytes, there 32 characters.
    """

    kind = "R"

    @classmethod
    def new(cls) -> Self:
        return cls.of(secrets.token_bytes(SECRET_SIZE))

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Return the token of a sender secret, which says the shard, too."""
        return cls(_sender_id(secret)[0] % SHARDS, secret)

    @classmethod
    def of_cookie(cls, cookie: str | None) -> Self | None:
        """Return the token of a cookie; None if the cookie is malformed."""
        try:
            secret = base64.b64decode(cookie or "", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        return cls.of(secret) if len(secret) == SECRET_SIZE else None

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse a token of exactly 35 characters, in its one canonical spelling.

        Raises:
            NotFound: Anything else, also a shard that the secret does not say.
        """
        token = super().parse(written)
        if token.shard != token.sender_id[0] % SHARDS:
            raise NotFound
        return token

    @property
    def cookie(self) -> str:
        """Return the value of the cookie `sender`: 32 characters."""
        return base64.urlsafe_b64encode(self.secret).decode()

    @cached_property
    def sender_id(self) -> bytes:
        return _sender_id(self.secret)

    @cached_property
    def sender_key(self) -> bytes:
        """Return the key that seals the lines of the list: 32 bytes."""
        derived = HKDF(SHA256(), 32, salt=None, info=b"restante/v1/sender-key")
        return derived.derive(self.secret)


def _sender_id(secret: bytes) -> bytes:
    return digest("restante/v1/sender-id", secret)


@dataclass(frozen=True, slots=True, repr=False)
class SenderToken:
    """An operator's permission to send: "S" and a secret of 24 bytes, 33 characters."""

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
        """Parse a sender token of exactly 33 characters, in its one canonical spelling.

        Raises:
            NotASender: Anything else, so that malformed and unknown tokens look alike.
        """
        if len(written) != SENDER_TOKEN_LENGTH or not written.isascii() or written[0] != cls.KIND:
            raise NotASender
        try:
            token = cls(base64.urlsafe_b64decode(written[1:]))
        except (binascii.Error, ValueError):
            raise NotASender from None
        # Python's decoder skips foreign characters and accepts both base64 alphabets.
        if str(token) != written:
            raise NotASender
        return token

    @property
    def token_id(self) -> bytes:
        return digest("restante/v1/sender-token-id", self.secret)


@dataclass(frozen=True, slots=True, repr=False)
class ReaderKey:
    """A reader's secret key: 16 to 128 visible ASCII characters.  A capability, too."""

    value: str

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"[\x21-\x7e]{16,128}")

    def __post_init__(self) -> None:
        if not self.PATTERN.fullmatch(self.value):
            raise Invalid([Fault("Idempotency-Key", "16 to 128 visible ASCII characters")])

    def __repr__(self) -> str:
        return "<ReaderKey>"

    def reader_id(self, link: LinkToken) -> bytes:
        return digest("restante/v1/reader", link.secret, self.value.encode())


def sender_mark(control: ControlToken, cookie: str) -> bytes:
    """Return the hash of the sender's cookie that a message stores; it differs per message."""
    return digest("restante/v1/sender", control.secret, cookie.encode())
