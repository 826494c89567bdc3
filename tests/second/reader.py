"""Reads a copy of a store, from docs/specs/store.md alone: nothing of the product is imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.second.sealed import (
    Rejected,
    Ring,
    Unavailable,
    code_mac,
    link_id,
    link_keys,
    link_secret,
    list_token,
    message_id,
    open_box,
    open_content,
    open_line,
    ring_of,
    second_form,
    sender_id,
    sender_token_id,
    stretch,
    token_of,
    unwrap,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TAGS = (
    *("18", "003", "333", "223", "d2", "0e9", "b56", "acd"),
    *("265", "375", "045", "155", "985", "5f", "ceb", "bdb"),
)
FINAL = {"spent", "recalled", "expired", "locked"}

Store = dict[bytes, Any]
"""Every key with its value: bytes, a list, or a dict for a hash and for a sorted set."""


class Ended(Exception):
    """Nobody can open the link any more, or it never was."""


def unbox(ring: Ring, box: bytes, purpose: str, record_id: bytes) -> dict[str, str]:
    """Return the facts in a box; none without one."""
    facts: dict[str, str] = json.loads(open_box(ring, box, purpose, record_id)) if box else {}
    return facts


class Copy:
    """A copy of a store, with the operator's root keys as these write them."""

    def __init__(self, store: Store, root_keys: str, now: int) -> None:
        self.store = store
        self.ring = ring_of(root_keys)
        self.now = now

    def at(self, shard: int, kind: str, record_id: bytes) -> Any:
        key = f"{{{TAGS[shard]}}}:{kind}:".encode() + record_id
        return self.store.get(key)

    def root_key(self, root_id: bytes) -> bytes:
        if root_id not in self.ring:
            raise Unavailable
        return self.ring[root_id]

    def open(self, link: str, passphrase: str | None = None) -> str:
        """Return the text behind a link."""
        shard, secret = token_of("L", link)
        lid = link_id(secret)
        fields = self.at(shard, "link", lid)
        wrapped = self.at(shard, "key", lid)
        if fields is None or wrapped is None:
            raise Ended
        mid, version, root = fields[b"message"], int(fields.get(b"version", 1)), fields[b"root"]
        asked = fields.get(b"verifier", b"")
        given = second_form(passphrase or "") if len(asked) == 17 else passphrase or ""
        stretched = stretch(given, mid) if asked else b""
        key, verifier = link_keys(self.root_key(root), secret, stretched)
        if asked and asked[-16:] != verifier:
            raise Rejected
        content_key = unwrap(key, root, wrapped, (mid, lid, version))
        content = self.at(shard, "content", mid + b":%d" % version)
        return open_content(content_key, content, mid, version).decode()

    def message(self, control: str) -> dict[str, Any]:
        """Return what the store has of a message's status."""
        shard, secret = token_of("C", control)
        mid = message_id(secret)
        fields = self.at(shard, "message", mid)
        if fields is None:
            raise Ended
        names = unbox(self.ring, fields.get(b"box", b""), "message", mid)
        ids = [fields[b"links"][at : at + 16] for at in range(0, len(fields[b"links"]), 16)]
        return {
            "id": mid.hex(),
            "from": names.get("from"),
            "subject": names.get("subject"),
            "always_asks": names.get("second_step") == "always",
            "mailed_code": names.get("code") == "mailed",
            "expires_at": int(fields[b"expires_at"]),
            "version": int(fields.get(b"version", 1)),
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
        state = fields.get(b"state", b"sealed").decode()
        is_alive = self.at(shard, "key", lid) is not None
        rule_at = int(message.get(b"recall_at", message[b"expires_at"]))
        is_ruled = rule_at < int(message[b"expires_at"]) and b"reveals" not in fields
        if state not in FINAL:
            if is_ruled and self.now >= rule_at:
                state = "recalled"
            elif not is_alive or self.now >= int(message[b"expires_at"]):
                state = "expired"
            elif state == "sealed" and self.now < int(
                message.get(b"held_until", message[b"opens_at"])
            ):
                state = "held"
        return {
            "id": lid.hex(),
            "token": write("L", bytes([shard]) + own),
            "recipient": unbox(self.ring, fields.get(b"box", b""), "label", lid).get("label"),
            "address": unbox(self.ring, fields.get(b"address", b""), "address", lid).get("address"),
            "state": state,
            "reveals": int(fields.get(b"reveals", 0)),
            "views": int(fields[b"views"]),
            "outcome": fields.get(b"outcome", b"").decode() or None,
            "by": fields.get(b"by", b"").decode() or None,
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

    def sent(self, listed: str) -> list[dict[str, Any]]:
        """Return the lines of a sent list, the oldest first."""
        secret = list_token(listed)
        sid = sender_id(secret)
        lines = self.at(sid[0] % 16, "sent", sid) or {}
        return [json.loads(open_line(secret, one)) for one in sorted(lines, key=lines.get)]

    def holder(self, sender_token: str) -> str:
        """Return whose a sender's token is."""
        token_id = sender_token_id(sender_token)
        kept = self.store.get(b"{18}:sender-tokens", {}).get(token_id)
        if kept is None:
            raise Ended
        return unbox(self.ring, kept.partition(b" ")[2], "sender-token", token_id)["name"]

    def reader(self, link: str, reader_id: bytes) -> dict[str, int] | None:
        """Return what is known of a link's reader."""
        shard, secret = token_of("L", link)
        kept = (self.at(shard, "readers", link_id(secret)) or {}).get(reader_id)
        names = ("lease_until", "view", "acknowledged", "confirmed", "claimed_at", "on_screen")
        return kept and dict(zip(names, map(int, kept.split(b" ")), strict=True))

    def deliveries(self, *kinds: str) -> dict[tuple[str, str], int]:
        """Return when what waits there is due, or was given up, by message and channel."""
        return {
            (member[:16].hex(), member[17:].decode()): int(at)
            for kind in kinds
            for tag in TAGS
            for member, at in self.store.get(f"{{{tag}}}:{kind}".encode(), {}).items()
        }

    def boxes(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the purpose of every box of the store and what is in it."""
        for purpose, record_id, box in self._boxes():
            if box:
                yield purpose, unbox(self.ring, box, purpose, record_id)

    def _boxes(self) -> Iterator[tuple[str, bytes, bytes]]:
        for key, value in self.store.items():
            _, kind, record_id = (*key.split(b":", 2), b"")[:3]
            match kind:
                case b"message":
                    yield from ((its, record_id, box) for its, box in _of_message(value))
                case b"link":
                    yield "label", record_id, value.get(b"box", b"")
                    yield "address", record_id, value.get(b"address", b"")
                    yield "reason", value[b"message"], value.get(b"reason", b"")
                case b"code" | b"consent-key":
                    yield kind.decode(), record_id or bytes(16), value
                case b"sender-tokens":
                    for token_id, kept in value.items():
                        yield "sender-token", token_id, kept.partition(b" ")[2]
                case b"events" | b"looks":
                    yield from (("evidence", *one) for one in _of_entries(record_id, value))


def _of_entries(message_id: bytes, entries: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for entry in entries:
        head, _, rest = entry.partition(b"\n")
        type_ = head.split(b" ")[1]
        lid, box = (b"", rest)
        if type_.startswith(b"link."):
            lid, box = rest[:16], rest[16:]
        is_senders = not lid or type_ == b"link.recalled"
        if type_ != b"digest.news":
            # That one ends with a message id.
            yield (message_id if is_senders else lid), box


def _of_message(fields: dict[bytes, bytes]) -> Iterator[tuple[str, bytes]]:
    yield "message", fields.get(b"box", b"")
    for name, value in fields.items():
        if name.startswith(b"names:"):
            yield "files", value
    yield "webhook", fields.get(b"webhook", b"")
    yield "email", fields.get(b"email", b"")
    yield "digest", fields.get(b"digest", b"")
    for push in (b"push", b"push-2", b"push-3"):
        # The browser's id stands before its box.
        yield "push", fields.get(push, b"")[16:]
