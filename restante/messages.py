"""What messages and links are, and how links end.  Pure: no clock, no randomness, no I/O.

Times are integers in milliseconds since 1970 and are called `…_at`; durations in
seconds are called `…_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from restante.details import Details

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """A link is sealed or read until exactly one of the last four happens to it."""

    HELD = "held"
    """Derived: sealed, and before `opens_at`."""
    SEALED = "sealed"
    READ = "read"
    SPENT = "spent"
    RECALLED = "recalled"
    EXPIRED = "expired"
    LOCKED = "locked"

    @property
    def final(self) -> bool:
        return self not in {State.HELD, State.SEALED, State.READ}


class Outcome(StrEnum):
    """What a recall achieved for one link."""

    RECALLED_UNREAD = "recalled_unread"
    RECALLED_AFTER_READ = "recalled_after_read"
    ALREADY_SPENT = "already_spent"
    ALREADY_EXPIRED = "already_expired"
    ALREADY_LOCKED = "already_locked"


class Told(StrEnum):
    """Whether a browser that holds no view may still tell the sender something of the link."""

    MAY = "may"
    TOLD = "told"
    """It has: each browser counts once."""
    ENOUGH = "enough"
    """Others have, as often as counts."""


class Declined(NamedTuple):
    """What became of it that a browser said a message was not for it.

    Attributes:
        held: How many views this browser had opened; it shows none of them any more.
        views_left: How often the link can still be opened, by anybody.
    """

    told: Told
    held: int
    views_left: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is recorded of a visit.  Boxed at rest.

    Attributes:
        network: The address cut to /24 (IPv4) or /48 (IPv6), as `192.0.2.0/24`.
        browser: Its family, as `Firefox`, without a version.
        system: Its family, as `Windows`.
        country: ISO 3166 code, as `ES`, of the whole address; gauged, so only near the truth.
    """

    network: str | None = None
    browser: str | None = None
    system: str | None = None
    country: str | None = None

    def as_dict(self) -> dict[str, str]:
        pairs = (
            ("network", self.network),
            ("country", self.country),
            ("browser", self.browser),
            ("system", self.system),
        )
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message not yet sent.  `restante.sending` checks every field against the settings."""

    text: str
    details: Details = field(default_factory=Details)
    recipients: tuple[str, ...] = ()
    expires_in_seconds: int | None = None
    views: int = 1
    passphrase: str | None = None
    hold_seconds: int = 0
    webhook: str | None = None
    """Where events are told to the sender's own system."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, in the message's timeline.

    Attributes:
        number: From 1, without gaps; the event's id is `<message id>-<number>`.
        link_id: None for events of the whole message.
        facts: What belongs to the type: `{"view": 1}`, `{"outcome": "recalled_unread"}` …
    """

    number: int
    type: str
    at: int
    link_id: bytes | None
    facts: Mapping[str, int | str | bool] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """A visit that opened nothing.  `kind` is `link.fetched` or `link.reread`."""

    kind: str
    at: int
    link_id: bytes
    visitor: str
    evidence: Mapping[str, str] = field(default_factory=dict)


EVENTS_MOST = 500
"""Events of a timeline that are read at once: each is decrypted."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which events of a timeline are wanted: those after one, oldest first, or the newest before.

    Attributes:
        after: The number of an event; 0 begins with the first.
        before: The number of an event; None: the newest of all.
        most: How many at the most.
    """

    after: int | None = None
    before: int | None = None
    most: int = EVENTS_MOST


OLDEST = Page(after=0)
