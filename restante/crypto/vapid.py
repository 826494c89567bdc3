"""Signs requests to a push service: RFC 8292, one key for each root key (docs/specs/push.md)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from restante.crypto.keyring import Keyring

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
POINT_SIZE = 65
EXPIRES_SECONDS = 43_200
"""How long a signature is valid: half of what is allowed, since clocks differ."""


class VapidKeys:
    """The keys of a keyring, each made when it is first needed."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._made: dict[bytes, ec.EllipticCurvePrivateKey] = {}

    @property
    def newest(self) -> str:
        """The public key that browsers subscribe with, in base64url."""
        return to_base64(point(self[self._keyring.newest_id]))

    @property
    def public(self) -> list[str]:
        """Every public key that we can sign for, newest first."""
        return [to_base64(point(self[root_id])) for root_id in self._keyring.ids]

    def root_of(self, public: str) -> bytes | None:
        """Return the id of the root key that a public key belongs to; None if to none."""
        return dict(zip(self.public, self._keyring.ids, strict=True)).get(public.rstrip("="))

    def __getitem__(self, root_id: bytes) -> ec.EllipticCurvePrivateKey:
        """Return the key that signs.

        Raises:
            Unavailable: Its root key is not in the keyring.
        """
        root_key = self._keyring[root_id]
        if root_id not in self._made:
            self._made[root_id] = vapid_key(root_key)
        return self._made[root_id]


def vapid_key(root_key: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key that signs for this root key (FIPS 186-5, A.2.1: 128 extra bits)."""
    drawn = HKDF(hashes.SHA256(), 48, None, b"restante/v1/vapid").derive(root_key)
    return ec.derive_private_key(1 + int.from_bytes(drawn) % (ORDER - 1), CURVE)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key as 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def authorization(key: ec.EllipticCurvePrivateKey, url: str, contact: str, at: int) -> str:
    """Return the header Authorization for a post to *url*; *at* in seconds.

    *contact* is a URL under which the push service finds who sends.
    """
    parts = urlsplit(url)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": at + EXPIRES_SECONDS,
        "sub": contact,
    }
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = to_base64(b"".join(number.to_bytes(32) for number in numbers))
    return f"vapid t={signed}.{signature}, k={to_base64(point(key))}"


def to_base64(value: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def from_base64(written: str) -> bytes:
    """Decode base64url, with or without padding.

    Raises:
        ValueError: Malformed.
    """
    unpadded = written.rstrip("=")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), b"-_", validate=True)
    except binascii.Error:
        raise ValueError from None


def _json(facts: dict[str, Any]) -> str:
    return to_base64(json.dumps(facts, separators=(",", ":")).encode())
