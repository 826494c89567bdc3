"""What a browser and a push service do with a request, from docs/specs/push.md alone.

RFC 8291 and RFC 8292, read a second time; HKDF is written out over HMAC.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.second.sealed import Rejected, expand, extract

P256 = ec.SECP256R1()
ORDER = 2**256 - 2**224 + 2**192 - 0x4319055258E8617B0C46353D039CDAAF
DAY = 86_400


def unpadded(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def public(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def open_body(private: ec.EllipticCurvePrivateKey, auth: bytes, body: bytes) -> bytes:
    """Return the text of a request's body, for anyone who has the subscription's keys."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, record = body[21 : 21 + length], body[21 + length :]
    if length != 65 or not 18 <= len(record) <= size:
        raise Rejected
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(P256, theirs)
    except ValueError:
        raise Rejected from None
    shared = private.exchange(ec.ECDH(), key)
    info = b"WebPush: info\x00" + public(private) + theirs
    prk = extract(salt, expand(extract(auth, shared), info, 32))
    cek = expand(prk, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = expand(prk, b"Content-Encoding: nonce\x00", 12)
    try:
        padded = AESGCM(cek).decrypt(nonce, record, None)
    except InvalidTag:
        raise Rejected from None
    text, last, _ = padded.rstrip(b"\x00").rpartition(b"\x02")
    if last != b"\x02" or not padded.rstrip(b"\x00").endswith(b"\x02"):
        raise Rejected
    return text


def claims_of(authorization: str) -> tuple[bytes, dict[str, Any]]:
    """Return the public key that signed a request, and what it claims."""
    scheme, _, rest = authorization.partition(" ")
    its = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signature = its["t"].split(".")
    key, signed = unpadded(its["k"]), unpadded(signature)
    if scheme != "vapid" or len(signed) != 64:
        raise Rejected
    if json.loads(unpadded(head)) != {"typ": "JWT", "alg": "ES256"}:
        raise Rejected
    numbers = (int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big"))
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(P256, key).verify(
            encode_dss_signature(*numbers), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        raise Rejected from None
    return key, json.loads(unpadded(claims))


def vapid_public(root_key: bytes) -> bytes:
    """Return the public key that browsers are given under a root key."""
    drawn = int.from_bytes(expand(extract(b"", root_key), b"restante/v1/vapid", 48), "big")
    return public(ec.derive_private_key(1 + drawn % (ORDER - 1), P256))
