"""Seals content and wraps its key, as specified in docs/specs/envelope.md.

    prk          = HKDF-Extract(salt = root key, ikm = link secret || stretched)
    link key     = HKDF-Expand(prk, "restante/v1/link-key" || link id, 32)
    wrapped key  = header || nonce || AES-256-GCM(link key, nonce, content key, aad)

The wrapped key is in Redis and is deleted when the link ends; the link secret is only in
the link; the operator has the root key.  Decryption needs all three.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from restante.crypto.keyring import KEY_ID_SIZE, Keyring, key_id
from restante.errors import Damaged

if TYPE_CHECKING:
    from restante.crypto.tokens import LinkToken

FORMAT = b"\x01"
HEADER_SIZE = 1 + KEY_ID_SIZE
NONCE_SIZE = 12
TAG_SIZE = 16
CONTENT_KEY_SIZE = 32
SALT_SIZE = 16
VERIFIER_SIZE = 16

ARGON2_MEMORY_KIB = 19 * 1024
ARGON2_ITERATIONS = 2
ARGON2_LANES = 1


def new_content_key() -> bytes:
    """Return 32 random bytes, new for every version of a content."""
    return os.urandom(CONTENT_KEY_SIZE)


def stretch(passphrase: str, message_id: bytes) -> bytes:
    """Return 32 bytes: Argon2id (RFC 9106) of NFC(passphrase); about 30 ms.

    The parameters are OWASP's minimum (19 MiB, t = 2, p = 1), not the RFC's recommendation.
    """
    return Argon2id(
        salt=message_id,
        length=32,
        iterations=ARGON2_ITERATIONS,
        lanes=ARGON2_LANES,
        memory_cost=ARGON2_MEMORY_KIB,
    ).derive(unicodedata.normalize("NFC", passphrase).encode())


@dataclass(frozen=True, slots=True, repr=False)
class LinkKeys:
    """The keys derived from link secret, root key and passphrase.

    Attributes:
        link_key: 32 bytes; wraps the content key.
        verifier: 16 bytes; the store compares it to detect a wrong passphrase.
    """

    root_id: bytes
    link_key: bytes
    verifier: bytes

    @classmethod
    def derive(cls, root_key: bytes, link: LinkToken, stretched: bytes = b"") -> LinkKeys:
        prk = HKDF.extract(SHA256(), salt=root_key, key_material=link.secret + stretched)
        return cls(
            root_id=key_id(root_key),
            link_key=_expand(prk, b"restante/v1/link-key" + link.link_id, 32),
            verifier=_expand(prk, b"restante/v1/passphrase-verifier" + link.link_id, VERIFIER_SIZE),
        )


def _expand(prk: bytes, info: bytes, size: int) -> bytes:
    return HKDFExpand(SHA256(), size, info=info).derive(prk)


def _seal(key: bytes, plain: bytes, header: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(NONCE_SIZE)
    return header + nonce + AESGCM(key).encrypt(nonce, plain, aad)


def _unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    nonce, body = sealed[HEADER_SIZE : HEADER_SIZE + NONCE_SIZE], sealed[HEADER_SIZE + NONCE_SIZE :]
    try:
        return AESGCM(key).decrypt(nonce, body, aad)
    except (InvalidTag, ValueError):
        raise Damaged from None


def _header(sealed: bytes) -> bytes:
    """Return the header; raise Damaged if the format is unknown or the data is truncated."""
    if sealed[:1] != FORMAT or len(sealed) < HEADER_SIZE + NONCE_SIZE + TAG_SIZE:
        raise Damaged
    return sealed[:HEADER_SIZE]


def _version(version: int) -> bytes:
    return version.to_bytes(4, "big")


def seal_content(
    text: bytes, *, content_key: bytes, root_id: bytes, message_id: bytes, version: int
) -> bytes:
    """Return header || nonce || AES-256-GCM: 33 bytes longer than the text."""
    header = FORMAT + root_id
    aad = b"restante/v1/content" + header + message_id + _version(version)
    return _seal(content_key, text, header, aad)


def unseal_content(sealed: bytes, *, content_key: bytes, message_id: bytes, version: int) -> bytes:
    """Return the text.

    Raises:
        Damaged: See `restante.errors.Damaged`.
    """
    aad = b"restante/v1/content" + _header(sealed) + message_id + _version(version)
    return _unseal(content_key, sealed, aad)


def wrap_key(
    content_key: bytes, *, keys: LinkKeys, message_id: bytes, link_id: bytes, version: int
) -> bytes:
    """Return the wrapped key: 65 bytes."""
    header = FORMAT + keys.root_id
    aad = b"restante/v1/wrapped-key" + header + message_id + link_id + _version(version)
    return _seal(keys.link_key, content_key, header, aad)


def unwrap_key(
    wrapped: bytes, *, keys: LinkKeys, message_id: bytes, link_id: bytes, version: int
) -> bytes:
    """Return the 32-byte content key.

    Raises:
        Damaged: See `restante.errors.Damaged`.
    """
    header = _header(wrapped)
    if header[1:] != keys.root_id:
        raise Damaged
    aad = b"restante/v1/wrapped-key" + header + message_id + link_id + _version(version)
    return _unseal(keys.link_key, wrapped, aad)


@dataclass(frozen=True, slots=True)
class Box:
    """Encrypts private fields at rest: labels, subjects, reasons, evidence.

    A box is header || salt(16) || nonce(12) || AES-256-GCM, 49 bytes longer than the plain
    text.  Its key is derived from root key, salt, purpose and record id.
    """

    keyring: Keyring

    def close(self, plain: bytes, *, purpose: str, record_id: bytes) -> bytes:
        salt, nonce = os.urandom(SALT_SIZE), os.urandom(NONCE_SIZE)
        header = FORMAT + self.keyring.newest_id
        info, key = self._key(header, salt, purpose, record_id)
        return header + salt + nonce + AESGCM(key).encrypt(nonce, plain, header + info)

    def open(self, boxed: bytes, *, purpose: str, record_id: bytes) -> bytes:
        """Return the plain text of a box.

        Raises:
            Damaged: See `restante.errors.Damaged`.
            Unavailable: Its root key is not in the keyring.
        """
        header = _header(boxed)
        salt, sealed = (
            boxed[HEADER_SIZE : HEADER_SIZE + SALT_SIZE],
            boxed[HEADER_SIZE + SALT_SIZE :],
        )
        info, key = self._key(header, salt, purpose, record_id)
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], header + info)
        except (InvalidTag, ValueError):
            raise Damaged from None

    def _key(
        self, header: bytes, salt: bytes, purpose: str, record_id: bytes
    ) -> tuple[bytes, bytes]:
        info = b"restante/v1/box/" + purpose.encode() + record_id
        root_key = self.keyring[header[1:]]
        return info, HKDF(SHA256(), 32, salt=salt, info=info).derive(root_key)
