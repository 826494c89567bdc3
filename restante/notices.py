"""Notifications by mail: which events a sender wants to be told, and where to.

Pure: no clock, no randomness, no I/O.  docs/specs/envelope.md has the fields of the box `email`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from restante.crypto.tokens import ListToken

Facts = Mapping[str, Any]


def _any(_: Facts) -> bool:
    return True


EVENTS: Mapping[str, tuple[str, Callable[[Facts], bool]]] = {
    "first_opened": ("link.revealed", lambda facts: facts.get("view") == 1),
    "opened": ("link.revealed", _any),
    "confirmed": ("link.confirmed", _any),
    "disputed": ("link.disputed", _any),
    "declined": ("link.declined", _any),
    "locked": ("link.locked", _any),
    "expired_unread": ("link.expired", lambda facts: facts.get("reveals") == 0),
    "unread": ("link.unread", _any),
    "recalled_by_rule": ("link.recalled", lambda facts: facts.get("by") == "rule"),
}
"""What can be chosen, by its name in API and form: a type of event, and which of them."""
DEFAULTS = ("first_opened", "disputed", "declined", "locked", "expired_unread")
WAKING = frozenset(type_ for type_, _ in EVENTS.values())
TEST = "message.test"
"""A test that the sender asked for: every channel that is on is told of it."""
URGENT = frozenset({"link.disputed", "link.declined", "link.locked"})
"""What a sender should see at once."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The mails that a sender wants about one message.

    Attributes:
        address: A mail address.
        events: Names of EVENTS.
        zone: Of IANA's time zones, such as `Europe/Madrid`; None for UTC.
        has_link: Each mail has a button to the control page: its URL is a capability.
        has_list: The sender's browser has this message in its sent list.
        owner: Who asks for the consent, 16 bytes; None: this message alone.
    """

    address: str
    events: tuple[str, ...] = DEFAULTS
    zone: str | None = None
    has_link: bool = False
    owner: bytes | None = None
    has_list: bool = False

    def of_browser(self, listed: ListToken | None, *, has_list: bool) -> Self:
        """Return this notice as the browser with that sent list wants it, if it has one."""
        if listed is None:
            return self
        return replace(self, owner=listed.sender_id, has_list=has_list)

    def as_facts(self, control: str) -> dict[str, str]:
        """Return the fields of the box; only *has_link* keeps the control token there."""
        facts = {
            "address": self.address,
            "events": ",".join(self.events),
            "zone": self.zone,
            "control": control if self.has_link else None,
            "owner": self.owner.hex() if self.owner else None,
            "list": "yes" if self.has_list else None,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def for_digest(self, message_id: bytes) -> dict[str, str]:
        """Return the fields of the box of a digest that has news of this message."""
        its = replace(self, events=(), has_link=False, owner=self.owner or message_id)
        return {k: v for k, v in its.as_facts("").items() if v}

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Read the fields of a box; ignore unknown ones."""
        return cls(
            facts["address"],
            tuple(name for name in facts.get("events", "").split(",") if name in EVENTS),
            facts.get("zone"),
            "control" in facts,
            bytes.fromhex(facts["owner"]) if "owner" in facts else None,
            "list" in facts,
        )

    def wants(self, type_: str, facts: Facts) -> bool:
        """Tell whether this event is one of the chosen."""
        return chosen(self.events, type_, facts)


def chosen(names: Iterable[str], type_: str, facts: Facts) -> bool:
    """Tell whether an event is one of these of EVENTS, or a test."""
    return type_ == TEST or any(
        type_ == wanted and holds(facts) for wanted, holds in (EVENTS[name] for name in names)
    )


class Wanted(NamedTuple):
    """A mail that a message wants to send.

    Attributes:
        message: Its shard and id.
        news: There is something to tell; otherwise only an ask may go out.
        again: A repeat, which was counted before.
        most: Mails to the address in a day.
        asks: An ask may go out.
        tried: Perhaps a repeat: its worker ended.
        events: The number before its first event, and that of its last one.
        digest: What a digest keeps of where to mail it, if these events may be told in one.
    """

    message: tuple[int, bytes]
    news: bool = True
    again: bool = False
    most: int = 50
    asks: bool = True
    tried: bool = False
    events: tuple[int, int] = (0, 0)
    digest: Mapping[str, str] | None = None


class Decision(NamedTuple):
    """Whether a mail may go out.

    Attributes:
        word: `given`, `gathered`, `wait`, `ask`, `asked`, `full`, `late` or `refused`: see
            clear_mail.lua.
        wait: With `wait` and `full`: ms.
        asked_at: With `ask`: when this ask was first allowed, in ms.
    """

    word: str
    wait: int = 0
    asked_at: int = 0
