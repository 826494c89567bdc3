"""Lines of a sent list: what a sender's browser can see of one message, sealed with its key.

    line = 0x01 || nonce(12) || AES-256-GCM(sender key, plain, aad)
    aad  = "restante/v1/sent" || sender id

Only the sender secret opens them: no root key does, so they survive the rotation of root keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from restante.crypto.envelope import FORMAT, NONCE_SIZE
from restante.crypto.tokens import ControlToken
from restante.errors import Damaged, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restante.crypto.tokens import ListToken

LABELS_MOST, LABELS_BYTES_MOST = 10, 400
"""The first recipients are in a line: at most so many, and so many bytes of UTF-8 together."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Line:
    """One message in a sent list.

    Attributes:
        labels: The first recipients; *links* says how many there are.
    """

    control: ControlToken
    subject: str | None
    labels: tuple[str, ...]
    links: int

    @classmethod
    def of(cls, control: ControlToken, subject: str | None, labels: Sequence[str | None]) -> Line:
        """Return the line of a message with a link for each of these; it keeps the first names."""
        return cls(control, subject, tuple(_first(labels)), len(labels))


def _first(labels: Iterable[str | None]) -> list[str]:
    kept: list[str] = []
    left = LABELS_BYTES_MOST
    for label in filter(None, labels):
        left -= len(label.encode(errors="replace"))
        if len(kept) == LABELS_MOST or (left < 0 and kept):
            break
        kept.append(label)
    return kept


def seal(listed: ListToken, line: Line, nonce: bytes | None = None) -> bytes:
    """Return a sealed line; without a *nonce* with a random one."""
    facts: dict[str, object] = {"token": str(line.control), "links": line.links}
    if line.subject:
        facts["subject"] = line.subject
    if line.labels:
        facts["labels"] = list(line.labels)
    nonce = nonce or os.urandom(NONCE_SIZE)
    plain = _encode(facts).encode()
    return FORMAT + nonce + AESGCM(listed.sender_key).encrypt(nonce, plain, _aad(listed))


def move(sealed: bytes, old: ListToken, new: ListToken) -> bytes:
    """Return a line of one list sealed for another; the same bytes each time it is asked.

    So a move that is repeated adds no line twice.  The nonce depends on the sealed line, and so
    no two different lines share one.

    Raises:
        Damaged: See `unseal`.
    """
    nonce = hmac.digest(new.sender_key, sealed, hashlib.sha256)[:NONCE_SIZE]
    return seal(new, unseal(old, sealed), nonce)


def unseal(listed: ListToken, sealed: bytes) -> Line:
    """Return what a line says.

    Raises:
        Damaged: It does not open with this list's key, or says something else.
    """
    if sealed[:1] != FORMAT:
        raise Damaged
    nonce, body = sealed[1 : 1 + NONCE_SIZE], sealed[1 + NONCE_SIZE :]
    try:
        facts = json.loads(AESGCM(listed.sender_key).decrypt(nonce, body, _aad(listed)))
        return Line(
            ControlToken.parse(facts["token"]),
            facts.get("subject"),
            tuple(facts.get("labels", ())),
            facts["links"],
        )
    except (InvalidTag, ValueError, KeyError, TypeError, AttributeError, NotFound):
        raise Damaged from None


def _aad(listed: ListToken) -> bytes:
    return b"restante/v1/sent" + listed.sender_id
