"""Reads a copy of a store, from docs/specs/ alone: nothing of the product is imported.

Standard library and `cryptography` only; HKDF is written out over HMAC.  It checks as the
specification says one MUST, and raises Rejected.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

TAGS = [
    "18",
    "003",
    "333",
    "223",
    "d2",
    "0e9",
    "b56",
    "acd",
    "265",
    "375",
    "045",
    "155",
    "985",
    "5f",
    "ceb",
    "bdb",
]
FINAL = {"spent", "recalled", "expired", "locked"}


class Rejected(Exception):
    """It is not as the specification says."""


Store = dict[bytes, Any]
"""Every key with its value: bytes, a list, or a dict for a hash and for a sorted set."""


def sha16(label: str, *parts: bytes) -> bytes:
    return hashlib.sha256(label.encode() + b"".join(parts)).digest()[:16]


def extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(prk: bytes, info: bytes, size: int) -> bytes:
    block, made = b"", b""
    count = 1
    while len(made) < size:
        block = hmac.digest(prk, block + info + bytes([count]), "sha256")
        made, count = made + block, count + 1
    return made[:size]


# link.md


def token_of(kind: str, written: str) -> tuple[int, bytes]:
    """Return shard and secret."""
    if len(written) != 35 or not written.isascii() or written[0] != kind:
        raise Rejected
    body = base64.urlsafe_b64decode(written[1:] + "==")
    if len(body) != 25 or body[0] >= 16:
        raise Rejected
    if kind + base64.urlsafe_b64encode(body).decode().rstrip("=") != written:
        raise Rejected
    return body[0], body[1:]


def link_secret(control_secret: bytes, index: int) -> bytes:
    info = b"restante/v1/link" + index.to_bytes(2, "big")
    return expand(extract(b"", control_secret), info, 24)


def link_id(secret: bytes) -> bytes:
    return sha16("restante/v1/link-id", secret)


def message_id(control_secret: bytes) -> bytes:
    return sha16("restante/v1/message-id", control_secret)


def ring_of(written: str) -> dict[bytes, bytes]:
    """Return the root keys by their ids, newest first."""
    ring = {}
    for word in written.split(","):
        key = base64.urlsafe_b64decode(word.strip().rstrip("=") + "=")
        ring[hashlib.sha256(b"restante/v1/root-key-id" + key).digest()[:4]] = key
    return ring


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


def unbox(ring: dict[bytes, bytes], box: bytes, purpose: str, record_id: bytes) -> dict[str, str]:
    """Return the facts in a box; none without one."""
    if not box:
        return {}
    header, rest = split(box)
    info = b"restante/v1/box/" + purpose.encode() + record_id
    key = expand(extract(rest[:16], ring[header[1:]]), info, 32)
    facts: dict[str, str] = json.loads(decrypt(key, rest[16:], header + info))
    return facts


def link_keys(root_key: bytes, secret: bytes, stretched: bytes) -> tuple[bytes, bytes]:
    """Return link key and verifier."""
    prk = extract(root_key, secret + stretched)
    own = link_id(secret)
    return (
        expand(prk, b"restante/v1/link-key" + own, 32),
        expand(prk, b"restante/v1/passphrase-verifier" + own, 16),
    )


def stretch(passphrase: str, salt: bytes) -> bytes:
    argon2 = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=19_456)
    return argon2.derive(unicodedata.normalize("NFC", passphrase).encode())


def code_mac(root_key: bytes, lid: bytes, code: str) -> bytes:
    key = hmac.digest(root_key, b"restante/v1/mailed-code", "sha256")
    return hmac.digest(key, lid + code.encode(), "sha256")[:16]


# store.md


class Copy:
    """A copy of a store, with the operator's root keys as these write them."""

    def __init__(self, store: Store, root_keys: str, now: int) -> None:
        self.store = store
        self.ring = ring_of(root_keys)
        self.now = now

    def at(self, shard: int, kind: str, record_id: bytes) -> Any:
        key = f"{{{TAGS[shard]}}}:{kind}:".encode() + record_id
        return self.store.get(key)

    def open(self, link: str, passphrase: str | None = None) -> str:
        """Return the text behind a link; LookupError where nobody can open it any more."""
        shard, secret = token_of("L", link)
        lid = link_id(secret)
        fields = self.at(shard, "link", lid)
        wrapped = self.at(shard, "key", lid)
        if fields is None or wrapped is None:
            raise LookupError
        mid, version = fields[b"message"], int(fields[b"version"])
        stretched = b""
        if b"verifier" in fields:
            stretched = stretch(passphrase or "", mid)
        key, verifier = link_keys(self.ring[fields[b"root"]], secret, stretched)
        if fields.get(b"verifier", verifier) != verifier:
            raise Rejected
        header, rest = split(wrapped)
        if header[1:] != fields[b"root"]:
            raise Rejected
        place = header + mid + lid + version.to_bytes(4, "big")
        content_key = decrypt(key, rest, b"restante/v1/wrapped-key" + place)
        header, rest = split(self.at(shard, "content", mid + b":%d" % version))
        aad = b"restante/v1/content" + header + mid + version.to_bytes(4, "big")
        return decrypt(content_key, rest, aad).decode()

    def message(self, control: str) -> dict[str, Any]:
        """Return what a message's sender is told, as far as it is in the store."""
        shard, secret = token_of("C", control)
        mid = message_id(secret)
        fields = self.at(shard, "message", mid)
        if fields is None:
            raise LookupError
        names = unbox(self.ring, fields.get(b"box", b""), "message", mid)
        ids = [fields[b"links"][at : at + 16] for at in range(0, len(fields[b"links"]), 16)]
        return {
            "id": mid.hex(),
            "from": names.get("from"),
            "subject": names.get("subject"),
            "always_asks": names.get("second_step") == "always",
            "mailed_code": names.get("code") == "mailed",
            "expires_at": int(fields[b"expires_at"]),
            "version": int(fields[b"version"]),
            "webhook": unbox(self.ring, fields.get(b"webhook", b""), "webhook", mid),
            "links": [
                self._link(shard, mid, fields, secret, index, lid) for index, lid in enumerate(ids)
            ],
            "events": [
                self._event(number, entry, mid)
                for number, entry in enumerate(self.at(shard, "events", mid), start=1)
            ],
            "looks": [self._look(entry) for entry in self.at(shard, "looks", mid) or []],
        }

    def _link(  # noqa: PLR0917 (where a link lies)
        self, shard: int, mid: bytes, message: Any, secret: bytes, index: int, lid: bytes
    ) -> dict[str, Any]:
        own = link_secret(secret, index)
        if link_id(own) != lid:
            raise Rejected
        fields = self.at(shard, "link", lid)
        state = fields[b"state"].decode()
        is_alive = self.at(shard, "key", lid) is not None
        if state not in FINAL:
            if not is_alive or self.now >= int(message[b"expires_at"]):
                state = "expired"
            elif state == "sealed" and self.now < int(message[b"opens_at"]):
                state = "held"
        token = base64.urlsafe_b64encode(bytes([shard]) + own).decode().rstrip("=")
        return {
            "id": lid.hex(),
            "token": "L" + token,
            "recipient": unbox(self.ring, fields.get(b"box", b""), "label", lid).get("label"),
            "address": unbox(self.ring, fields.get(b"address", b""), "address", lid).get("address"),
            "state": state,
            "reveals": int(fields.get(b"reveals", 0)),
            "views": int(fields[b"views"]),
            "outcome": fields.get(b"outcome", b"").decode() or None,
            "reason": unbox(self.ring, fields.get(b"reason", b""), "reason", mid).get("reason"),
            "disputes": len(fields.get(b"disputed", b"")) // 16,
            "declines": len(fields.get(b"declined", b"")) // 16,
            "tries": int(fields[b"tries"]) if b"tries" in fields else None,
            "code": self._code(shard, lid, fields),
        }

    def _code(self, shard: int, lid: bytes, fields: Any) -> str | None:
        """Return the mailed code that counts, as the worker mails it."""
        boxed = unbox(self.ring, self.at(shard, "code", lid) or b"", "code", lid)
        code = boxed.get("code")
        if code and code_mac(next(iter(self.ring.values())), lid, code) != fields[b"code"]:
            raise Rejected
        return code

    def _event(self, number: int, entry: bytes, mid: bytes) -> dict[str, Any]:
        head, _, rest = entry.partition(b"\n")
        at, kind, facts = head.decode().split(" ", 2)
        lid = None
        if kind.startswith("link."):
            lid, rest = rest[:16], rest[16:]
        record = lid if lid and kind != "link.recalled" else mid
        return {
            "id": f"{mid.hex()}-{number}",
            "type": kind,
            "at": int(at),
            "link": lid.hex() if lid else None,
            "facts": dict(pair.split("=", 1) for pair in facts.split(",") if pair),
            "evidence": unbox(self.ring, rest, "evidence", record),
        }

    def _look(self, entry: bytes) -> dict[str, Any]:
        head, _, rest = entry.partition(b"\n")
        at, kind, visitor = head.decode().split(" ", 2)
        evidence = unbox(self.ring, rest[16:], "evidence", rest[:16])
        return {"type": kind, "at": int(at), "link": rest[:16].hex(), "class": visitor,
                "evidence": evidence}  # fmt: skip

    def holder(self, sender_token: str) -> str:
        """Return whose a sender's token is."""
        if len(sender_token) != 33 or sender_token[0] != "S":
            raise Rejected
        secret = base64.urlsafe_b64decode(sender_token[1:])
        token_id = sha16("restante/v1/sender-token-id", secret)
        _, _, box = self.store[b"{18}:sender-tokens"][token_id].partition(b" ")
        return unbox(self.ring, box, "sender-token", token_id)["name"]
