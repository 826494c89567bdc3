"""Field-level encryption: names, labels, reasons and evidence, each in its own box."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from restante.crypto.envelope import Box
from restante.crypto.keyring import KEY_ID_SIZE
from restante.details import Details
from restante.errors import Damaged, Gone, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.crypto.keyring import Keyring
    from restante.messages import Evidence
    from restante.store.replies import End


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class SealedFields:
    """Encrypts each kind of field under a key for its purpose and record; empty ones stay empty.

    A field that cannot be decrypted (damaged, or its root key is gone) reads as empty.  A
    missing name must not fail a reader who has already spent a view, or a sender who asks
    for a verdict.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._box = Box(keyring)

    def close_message(self, message_id: bytes, details: Details) -> bytes:
        facts = {k: v for k, v in details.as_facts().items() if v}
        return self._close(facts, "message", message_id)

    def open_message(self, message_id: bytes, boxed: bytes) -> Details:
        return Details.from_facts(self._open(boxed, "message", message_id))

    def close_label(self, link_id: bytes, label: str | None) -> bytes:
        return self._close({"label": label} if label else {}, "label", link_id)

    def open_label(self, link_id: bytes, boxed: bytes) -> str | None:
        return self._open(boxed, "label", link_id).get("label")

    def close_files(self, message_id: bytes, facts: Mapping[str, str]) -> bytes:
        return self._close(facts, "files", message_id)

    def open_files(self, message_id: bytes, boxed: bytes) -> list[tuple[str, int]]:
        """Return names and sizes of a version's files, in order."""
        facts = self._open(boxed, "files", message_id)
        names, sizes = (json.loads(facts.get(of, "[]")) for of in ("names", "sizes"))
        return list(zip(names, sizes, strict=True))

    def close_reason(self, message_id: bytes, reason: str | None) -> bytes:
        return self._close({"reason": reason} if reason else {}, "reason", message_id)

    def close_holder(self, token_id: bytes, name: str) -> bytes:
        return self._close({"name": name}, "sender-token", token_id)

    def open_holder(self, token_id: bytes, boxed: bytes) -> str:
        """Return the holder's name; empty if its root key is gone, as the token stays valid."""
        return self._open(boxed, "sender-token", token_id).get("name", "")

    def close_evidence(
        self, record_id: bytes, evidence: Evidence | None, **more: str | None
    ) -> bytes:
        """Encrypt the evidence of a visit; *record_id* is a message id or a link id."""
        facts = (evidence.as_dict() if evidence else {}) | {k: v for k, v in more.items() if v}
        return self._close(facts, "evidence", record_id)

    def open_evidence(self, record_id: bytes, boxed: bytes) -> dict[str, str]:
        return self._open(boxed, "evidence", record_id)

    def close_target(self, channel: str, message_id: bytes, facts: Mapping[str, str]) -> bytes:
        return self._close(facts, channel, message_id)

    def open_target(self, channel: str, message_id: bytes, boxed: bytes) -> dict[str, str]:
        return self._open(boxed, channel, message_id)

    def close_address(self, link_id: bytes, address: str | None) -> bytes:
        return self._close({"address": address} if address else {}, "address", link_id)

    def open_address(self, link_id: bytes, boxed: bytes) -> str | None:
        return self._open(boxed, "address", link_id).get("address")

    def close_code(self, link_id: bytes, facts: Mapping[str, str]) -> bytes:
        return self._close(facts, "code", link_id)

    def open_code(self, link_id: bytes, boxed: bytes) -> dict[str, str]:
        return self._open(boxed, "code", link_id)

    def close_consent_key(self, key: str, record_id: bytes = bytes(16)) -> bytes:
        return self._close({"key": key}, "consent-key", record_id)

    def open_consent_key(self, boxed: bytes, record_id: bytes = bytes(16)) -> str:
        """Return the consent key in base64url; empty if its root key is gone."""
        return self._open(boxed, "consent-key", record_id).get("key", "")

    def gone(self, end: End) -> Gone:
        """Return the error `Gone` with the sender's reason decrypted."""
        reason = self._open(end.reason, "reason", end.message_id).get("reason")
        return Gone(end.state, reason=reason, ended_at=end.ended_at or None)

    def reason(self, message_id: bytes, boxed: bytes) -> str | None:
        return self._open(boxed, "reason", message_id).get("reason")

    def root_of(self, boxed: bytes) -> bytes:
        """Return the id of the root key that a box opens with."""
        return boxed[1 : 1 + KEY_ID_SIZE]

    def _close(self, facts: Mapping[str, str], purpose: str, record_id: bytes) -> bytes:
        if not facts:
            return b""
        plain = _encode(facts).encode()
        return self._box.close(plain, purpose=purpose, record_id=record_id)

    def _open(self, boxed: bytes, purpose: str, record_id: bytes) -> dict[str, str]:
        if not boxed:
            return {}
        try:
            plain = self._box.open(boxed, purpose=purpose, record_id=record_id)
        except (Damaged, Unavailable):
            return {}
        facts: dict[str, str] = json.loads(plain)
        return facts
