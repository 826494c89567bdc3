"""Subscriptions: browsers that a sender wants to be told of one message.

Pure: no clock, no randomness, no I/O.  docs/specs/envelope.md has the fields of the box `push`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from restante.crypto.tokens import ID_SIZE
from restante.notices import DEFAULTS, EVENTS, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser, as its push service and we know it.  None of it is ever logged.

    Attributes:
        endpoint: Where its push service takes what is for it: a capability.
        p256dh, auth: The keys to encrypt for it, in base64url.
        root_id: Of the root key whose public key it subscribed with.
        language: Of the page where it was asked for, as `es`.
        events: Names of EVENTS.
    """

    endpoint: str
    p256dh: str
    auth: str
    root_id: bytes
    language: str | None = None
    events: tuple[str, ...] = DEFAULTS

    def id_for(self, message_id: bytes) -> bytes:
        return subscription_id(message_id, self.endpoint)

    def as_facts(self, subject: str | None) -> dict[str, str]:
        """Return the fields of the box, with the message's subject."""
        facts = {
            "endpoint": self.endpoint,
            "key": self.p256dh,
            "auth": self.auth,
            "root": self.root_id.hex(),
            "language": self.language,
            "events": ",".join(self.events),
            "subject": subject,
        }
        return {name: value for name, value in facts.items() if value is not None}

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Read the fields of a box; ignore unknown ones."""
        return cls(
            facts["endpoint"],
            facts["key"],
            facts["auth"],
            bytes.fromhex(facts["root"]),
            facts.get("language"),
            tuple(name for name in facts.get("events", "").split(",") if name in EVENTS),
        )

    def wants(self, type_: str, facts: Mapping[str, Any]) -> bool:
        """Tell whether this event is one of the chosen."""
        return chosen(self.events, type_, facts)


def subscription_id(message_id: bytes, endpoint: str) -> bytes:
    """Return the id of a browser for one message, 16 bytes.

    An endpoint cannot be guessed, so nobody finds out from the ids whether two messages tell the
    same browser.
    """
    named = b"restante/v1/push-id" + message_id + endpoint.encode()
    return hashlib.sha256(named).digest()[:ID_SIZE]
