"""The tokens of a send with an Idempotency-Key, as specified in docs/specs/link.md.

    send id        = SHA-256("restante/v1/send-id" || sender || key)[:16]
    send key       = HMAC-SHA-256(root key, "restante/v1/send-key")
    control secret = HMAC-SHA-256(send key, salt || send id || SHA-256(request) || key)[:24]
    check          = SHA-256("restante/v1/send-check" || control secret)[:16]

The store keeps root key id, salt and check under the send id for a day.  They give no permission:
only who repeats key, sender token and request gets the same tokens again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from restante.crypto.keyring import KEY_ID_SIZE
from restante.crypto.tokens import ID_SIZE, SECRET_SIZE, SHARDS, ControlToken, digest
from restante.errors import Fault, Invalid

if TYPE_CHECKING:
    from restante.crypto.keyring import Keyring

SALT_SIZE = 16
PROOF_SIZE = KEY_ID_SIZE + SALT_SIZE + ID_SIZE
NO_TOKEN = bytes(ID_SIZE)
"""The sender of a request without a sender token."""


class Proof(NamedTuple):
    """What the store keeps of a send, so that its tokens can be derived again: 36 bytes."""

    root_id: bytes
    salt: bytes
    check: bytes

    @classmethod
    def parse(cls, kept: bytes) -> Self:
        salt_at, check_at = KEY_ID_SIZE, KEY_ID_SIZE + SALT_SIZE
        return cls(kept[:salt_at], kept[salt_at:check_at], kept[check_at:PROOF_SIZE])

    def __bytes__(self) -> bytes:
        return self.root_id + self.salt + self.check


@dataclass(frozen=True, slots=True, repr=False)
class SendKey:
    """The Idempotency-Key of a send, with what it is bound to.

    Attributes:
        value: 32 to 128 visible ASCII characters.  Who repeats a request with it gets the tokens.
        sender: The sender token's id, or `NO_TOKEN`.
        request: SHA-256 of the request's fields.
    """

    value: str
    sender: bytes
    request: bytes

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"[\x21-\x7e]{32,128}")

    def __post_init__(self) -> None:
        if not self.PATTERN.fullmatch(self.value):
            raise Invalid([Fault("Idempotency-Key", "32 to 128 visible ASCII characters")])

    def __repr__(self) -> str:
        return "<SendKey>"

    @property
    def send_id(self) -> bytes:
        return digest("restante/v1/send-id", self.sender, self.value.encode())

    @property
    def shard(self) -> int:
        """Return the shard of the message, and of what is uploaded for it."""
        return self.send_id[0] % SHARDS

    def begin(self, keyring: Keyring) -> tuple[ControlToken, Proof]:
        """Return the control token of a new message, and what the store must keep of it."""
        salt = secrets.token_bytes(SALT_SIZE)
        control = self._control(keyring.newest, salt)
        return control, Proof(keyring.newest_id, salt, _check(control))

    def repeat(self, keyring: Keyring, proof: Proof) -> ControlToken | None:
        """Return the control token of the first send; None if that was another request.

        Raises:
            Unavailable: Its root key is gone.
        """
        control = self._control(keyring[proof.root_id], proof.salt)
        return control if hmac.compare_digest(_check(control), proof.check) else None

    def _control(self, root_key: bytes, salt: bytes) -> ControlToken:
        send_key = hmac.digest(root_key, b"restante/v1/send-key", hashlib.sha256)
        bound = salt + self.send_id + self.request + self.value.encode()
        secret = hmac.digest(send_key, bound, hashlib.sha256)[:SECRET_SIZE]
        return ControlToken(self.shard, secret)


def _check(control: ControlToken) -> bytes:
    return digest("restante/v1/send-check", control.secret)
