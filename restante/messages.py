"""Messages, links, their states and events.  Pure: no clock, no randomness, no I/O.

Times are integers in milliseconds since 1970 and are called `…_at`; durations in
seconds are called `…_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from restante.details import Details
from restante.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.notices import Notice
    from restante.subscriptions import Subscription


SECOND = 1_000
"""In ms, as times are."""


class State(StrEnum):
    """The state of a link: sealed or read, until it reaches exactly one of four final states."""

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
    """Can this browser still report to the sender that it declines or disputes?"""

    MAY = "may"
    """Yes."""
    TOLD = "told"
    """No: this browser already reported."""
    ENOUGH = "enough"
    """No: the link already has three reports."""


class Declined(NamedTuple):
    """The result of a decline.

    Attributes:
        told: TOLD if it was recorded, ENOUGH if the link already had three declines.
        held: How many views this browser had opened; their leases have ended.
        views_left: How many views the link has left, for any reader.
    """

    told: Told
    held: int
    views_left: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is recorded of a visit.  Encrypted at rest.

    Attributes:
        network: The IP address cut to /24 (IPv4) or /48 (IPv6), such as `192.0.2.0/24`.
        browser: The family, such as `Firefox`, without a version.
        system: The family, such as `Windows`.
        country: ISO 3166 code, such as `ES`, from GeoIP on the whole address: an estimate.
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
class NewFile:
    """An uploaded file that a draft shall have.

    Attributes:
        upload: Its upload token, as it was written.
        name: As the sender's program said; it is changed to one that any system takes.
        type: A media type; "" if it is not known.
    """

    upload: str
    name: str
    type: str = ""

    def __repr__(self) -> str:
        return "<NewFile>"


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
    """URL of the sender's own system that gets the events."""
    webhook_format: str = "standard"
    """How they are written there."""
    rules: Rules = field(default_factory=Rules)
    notice: Notice | None = None
    """The mails that the sender wants."""
    push: Subscription | None = None
    """The browser that is told what happens."""
    files: tuple[NewFile, ...] = ()
    """What was uploaded for it."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event in a message's timeline.

    Attributes:
        number: From 1, without gaps; the event's id is `<message id>-<number>`.
        link_id: None for events of the whole message.
        facts: The type's own fields: `{"view": 1}`, `{"outcome": "recalled_unread"}` …
    """

    number: int
    type: str
    at: int
    link_id: bytes | None
    facts: Mapping[str, int | str | bool] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """A visit that spent no view.  `kind` is `link.fetched` or `link.reread`."""

    kind: str
    at: int
    link_id: bytes
    visitor: str
    evidence: Mapping[str, str] = field(default_factory=dict)


EVENTS_MOST = 500
"""Page size of a timeline; limited, because each event must be decrypted."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which events of a timeline to return: those after an event, or the last before an event.

    Attributes:
        after: Number of an event; 0 starts with the first.  If None, *before* decides.
        before: Number of an event; None for the newest events.
        most: Maximum number of events.
    """

    after: int | None = None
    before: int | None = None
    most: int = EVENTS_MOST


OLDEST = Page(after=0)
