"""Encrypts a message for one browser: RFC 8291, in one record of RFC 8188 (docs/specs/push.md).

The browser made the keys `p256dh` and `auth`, and alone has the private one: the push service that
brings the message cannot read it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NamedTuple, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from restante.crypto.vapid import CURVE, POINT_SIZE, from_base64, point, to_base64

AUTH_SIZE, SALT_SIZE, RECORD_SIZE = 16, 16, 4_096
PADDED_TO = 1_024
"""Texts up to this size are all sent at the same length, so that it says nothing about them."""
TEXT_MOST = 3 * PADDED_TO - 1


class Browser(NamedTuple):
    """What a browser gave us to encrypt for it.

    Attributes:
        p256dh: Its public key, a point of P-256, 65 bytes.
        auth: A secret of 16 bytes.
    """

    p256dh: bytes
    auth: bytes

    @classmethod
    def parse(cls, p256dh: str, auth: str) -> Self:
        """Parse both in base64url.

        Raises:
            ValueError: Malformed, or not a point of the curve.
        """
        its = cls(from_base64(p256dh), from_base64(auth))
        if len(its.p256dh) != POINT_SIZE or len(its.auth) != AUTH_SIZE:
            raise ValueError
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, its.p256dh)
        return its


class Once(NamedTuple):
    """What is random in one message; only tests give it."""

    private: ec.EllipticCurvePrivateKey
    salt: bytes

    @classmethod
    def new(cls) -> Self:
        """Return a new key pair and salt."""
        return cls(ec.generate_private_key(CURVE), secrets.token_bytes(SALT_SIZE))


def encrypt(
    text: bytes, to: Browser, once: Once | None = None, padded_to: int = PADDED_TO
) -> bytes:
    """Return the body of a request: *text*, padded to a multiple of *padded_to*.

    Raises:
        ValueError: Longer than TEXT_MOST.
    """
    if len(text) > TEXT_MOST:
        raise ValueError
    private, salt = once or Once.new()
    ours = point(private)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.p256dh)
    shared = private.exchange(ec.ECDH(), theirs)
    ikm = _hkdf(shared, to.auth, b"WebPush: info\0" + to.p256dh + ours, 32)
    key = _hkdf(ikm, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(ikm, salt, b"Content-Encoding: nonce\0", 12)
    padded = text + b"\2" + bytes(-(len(text) + 1) % padded_to)
    head = salt + RECORD_SIZE.to_bytes(4) + bytes([POINT_SIZE]) + ours
    return head + AESGCM(key).encrypt(nonce, padded, b"")


def topic(to: Browser, event_id: str) -> str:
    """Return the header Topic: the same for a repeat, and nothing that others could compare."""
    return to_base64(hmac.digest(to.auth, b"topic" + event_id.encode(), hashlib.sha256)[:24])


def _hkdf(ikm: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(hashes.SHA256(), size, salt, info).derive(ikm)
