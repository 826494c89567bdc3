"""Tokens, keys, boxes and contents, from docs/specs/link.md and envelope.md alone.

Standard library and `cryptography` only; HKDF is written out over HMAC.  It checks as the
specifications say one MUST, and raises Rejected.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

Ring = dict[bytes, bytes]
"""Root keys by their ids, newest first."""


class Rejected(Exception):
    """It is not as the specification says."""


class Unavailable(Exception):
    """The root key that it names is not in the ring."""


def sha16(label: str, *parts: bytes) -> bytes:
    return hashlib.sha256(label.encode() + b"".join(parts)).digest()[:16]


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def extract(salt: bytes, ikm: bytes) -> bytes:
    return mac(salt or bytes(32), ikm)


def expand(prk: bytes, info: bytes, size: int) -> bytes:
    block, made = b"", b""
    count = 1
    while len(made) < size:
        block = mac(prk, block + info + bytes([count]))
        made, count = made + block, count + 1
    return made[:size]


# link.md


def spelled(kind: str, size: int, written: str) -> bytes:
    """Return what a token spells after its letter; there is one spelling of so many bytes."""
    characters = 1 + -(-size * 4 // 3)
    if len(written) != characters or not written.isascii() or written[0] != kind:
        raise Rejected
    try:
        body = base64.urlsafe_b64decode(written[1:] + "=" * (-size % 3))
    except binascii.Error:
        raise Rejected from None
    if len(body) != size or write(kind, body) != written:
        raise Rejected
    return body


def write(kind: str, body: bytes) -> str:
    return kind + base64.urlsafe_b64encode(body).decode().rstrip("=")


def token_of(kind: str, written: str) -> tuple[int, bytes]:
    """Return shard and secret."""
    body = spelled(kind, 25, written)
    if body[0] >= 16:
        raise Rejected
    return body[0], body[1:]


def sender_token_id(written: str) -> bytes:
    return sha16("restante/v1/sender-token-id", spelled("S", 24, written))


def link_secret(control_secret: bytes, index: int) -> bytes:
    info = b"restante/v1/link" + index.to_bytes(2, "big")
    return expand(extract(b"", control_secret), info, 24)


def link_id(secret: bytes) -> bytes:
    return sha16("restante/v1/link-id", secret)


def message_id(control_secret: bytes) -> bytes:
    return sha16("restante/v1/message-id", control_secret)


def reader_id(secret: bytes, nonce: str) -> bytes:
    return sha16("restante/v1/reader", secret, nonce.encode("ascii"))


def sender_mark(control_secret: bytes, cookie: str) -> bytes:
    return sha16("restante/v1/sender", control_secret, cookie.encode())


def list_token(written: str) -> bytes:
    """Return the sender secret that a list token spells."""
    shard, secret = token_of("R", written)
    if shard != sender_id(secret)[0] % 16:
        raise Rejected
    return secret


def sender_id(sender_secret: bytes) -> bytes:
    return sha16("restante/v1/sender-id", sender_secret)


def sender_key(sender_secret: bytes) -> bytes:
    return expand(extract(b"", sender_secret), b"restante/v1/sender-key", 32)


def root_id(root_key: bytes) -> bytes:
    return hashlib.sha256(b"restante/v1/root-key-id" + root_key).digest()[:4]


def ring_of(written: str) -> Ring:
    keys = [base64.urlsafe_b64decode(word.strip().rstrip("=") + "=") for word in written.split(",")]
    return {root_id(key): key for key in keys}


# webhook.md


def webhook_secret(control_secret: bytes) -> str:
    derived = expand(extract(b"", control_secret), b"restante/v1/webhook", 24)
    return "whsec_" + base64.b64encode(derived).decode()


# envelope.md


def split(sealed: bytes) -> tuple[bytes, bytes]:
    """Return header and the rest."""
    if len(sealed) < 33 or sealed[0] != 1:
        raise Rejected
    return sealed[:5], sealed[5:]


def decrypt(key: bytes, nonce_and_body: bytes, aad: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce_and_body[:12], nonce_and_body[12:], aad)
    except InvalidTag:
        raise Rejected from None


def open_box(ring: Ring, box: bytes, purpose: str, record_id: bytes) -> bytes:
    header, rest = split(box)
    if header[1:] not in ring:
        raise Unavailable
    info = b"restante/v1/box/" + purpose.encode() + record_id
    key = expand(extract(rest[:16], ring[header[1:]]), info, 32)
    return decrypt(key, rest[16:], header + info)


def open_line(sender_secret: bytes, line: bytes) -> bytes:
    """Return what a line of a sent list says, as JSON."""
    if line[:1] != b"\x01" or len(line) < 29:
        raise Rejected
    aad = b"restante/v1/sent" + sender_id(sender_secret)
    return decrypt(sender_key(sender_secret), line[1:], aad)


UNSEEN = set("\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\ufffc\U0001d159\U00016fe4")
UNSEEN |= {chr(one) for one in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10))} - {"\u180e"}
UNSEEN |= {chr(one) for one in (*range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000))}
SEEN_FORMATS = set(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
TYPESET = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u02bc",
    '"': "\u201c\u201d\u201e\u201f\u2033\xab\xbb",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
}


def second_form(passphrase: str) -> str:
    """Return the passphrase in form 2."""
    plain = passphrase
    for form in ("", "NFKC"):
        plain = unicodedata.normalize(form, plain) if form else plain
        for sign, others in TYPESET.items():
            for other in others:
                plain = plain.replace(other, sign)
    seen = "".join(sign for sign in plain if sign.isspace() or not _is_unseen(sign))
    return re.sub("-+", "-", unicodedata.normalize("NFKC", " ".join(seen.split())))


def _is_unseen(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return sign in UNSEEN or kind == "Cc" or (kind == "Cf" and sign not in SEEN_FORMATS)


def stretch(passphrase: str, salt: bytes) -> bytes:
    argon2 = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=19_456)
    return argon2.derive(unicodedata.normalize("NFC", passphrase).encode())


def link_keys(root_key: bytes, secret: bytes, stretched: bytes) -> tuple[bytes, bytes]:
    """Return link key and verifier."""
    prk = extract(root_key, secret + stretched)
    own = link_id(secret)
    return (
        expand(prk, b"restante/v1/link-key" + own, 32),
        expand(prk, b"restante/v1/passphrase-verifier" + own, 16),
    )


def unwrap(key: bytes, root: bytes, wrapped: bytes, place: tuple[bytes, bytes, int]) -> bytes:
    """Return the content key; the place is message id, link id and version."""
    mid, lid, version = place
    header, rest = split(wrapped)
    if header[1:] != root:
        raise Rejected
    aad = b"restante/v1/wrapped-key" + header + mid + lid + version.to_bytes(4, "big")
    return decrypt(key, rest, aad)


def open_content(content_key: bytes, content: bytes, mid: bytes, version: int) -> bytes:
    header, rest = split(content)
    aad = b"restante/v1/content" + header + mid + version.to_bytes(4, "big")
    return decrypt(content_key, rest, aad)


def code_mac(root_key: bytes, lid: bytes, code: str) -> bytes:
    return mac(mac(root_key, b"restante/v1/mailed-code"), lid + code.encode())[:16]


def address_id(root_key: bytes, address: str) -> bytes:
    """Return what letters to an address are counted by."""
    local, _, domain = address.lower().rpartition("@")
    counted = local.partition("+")[0] + "@" + domain
    if domain in {"gmail.com", "googlemail.com"}:
        counted = local.partition("+")[0].replace(".", "") + "@gmail.com"
    return mac(mac(root_key, b"restante/v1/mailed-address"), counted.encode())[:16]


def consent_ids(consent_key: bytes, owner: bytes, address: str) -> tuple[bytes, bytes]:
    """Return address id and consent id of an address that has no variants."""
    its = address.lower().encode()
    return (
        mac(consent_key, b"address" + its)[:16],
        mac(consent_key, b"consent" + owner + its)[:16],
    )


def edge_key(root_key: bytes, purpose: str) -> bytes:
    return mac(root_key, b"restante/v1/edge/" + purpose.encode())


def network_id(root_key: bytes, network: str) -> bytes:
    """Return what a network is counted by."""
    return mac(edge_key(root_key, "limits"), network.encode())[:16]
