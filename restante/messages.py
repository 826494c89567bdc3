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

    from restante.crypto.tokens import ControlToken, LinkToken


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
class SentLink:
    """One recipient's way in, as the sender gets it."""

    link_id: bytes
    recipient: str | None
    token: LinkToken
    state: State


@dataclass(frozen=True, slots=True)
class Sent:
    """What a send answers: the capabilities and the times, which the store's clock decided."""

    message_id: bytes
    control: ControlToken
    links: tuple[SentLink, ...]
    sent_at: int
    opens_at: int
    expires_at: int
    webhook_secret: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link's gate may show before anything is spent.

    Attributes:
        state: As `restante.messages.State`; `held` before `opens_at`.
        at: The store's clock.
        ordinal: Which of the nonces offered is this browser's next or open one;
            None when all of them are used up.
        lease_until: End of the open lease of that nonce, if it has one.
        views_left: Views that nobody spent yet.
        ended_at: When a final state came about, where that is known.
        reason: The sender's words with a recall.
        watched: A machine looked at the link within the last ten minutes.
        needs_code: Six digits are mailed to the recipient first.
        held: How many views this browser opened, by the nonces offered.
        reveals: Views that were spent, by whomever.
        disputed, declined: Whether this browser may tell the sender that it was not the one
            that opened the link, or that the message is not meant for it.
    """

    state: State
    details: Details
    opens_at: int
    expires_at: int
    views_left: int
    needs_passphrase: bool
    at: int
    tries_left: int | None = None
    ordinal: int | None = None
    lease_until: int | None = None
    ended_at: int | None = None
    reason: str | None = None
    watched: bool = False
    needs_code: bool = False
    held: int = 0
    reveals: int = 0
    first_revealed_at: int | None = None
    last_revealed_at: int | None = None
    disputed: Told = Told.MAY
    declined: Told = Told.MAY

    @property
    def by_others(self) -> bool:
        """Somebody opened the link, or used up its tries, and it was not this browser."""
        return self.held == 0 and (self.reveals > 0 or self.state is State.LOCKED)


@dataclass(frozen=True, slots=True)
class Requested:
    """A code is on its way to the recipient.

    Attributes:
        until: How long it is good.
        at: The store's clock.
        fresh: False where one had been asked for less than a minute before: it counts on.
    """

    until: int
    at: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What one view releases.

    Attributes:
        lease_until: How long this reader may fetch it again.
        lease_most: The latest to which the reader may prolong that.
        at: The store's clock.
        fresh: False when a reader fetched its own view again.
    """

    text: str
    state: State
    views_left: int
    lease_until: int
    lease_most: int
    at: int
    fresh: bool
    needs_passphrase: bool
    details: Details


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a recall achieved for one link.

    Attributes:
        reveals: Views released before; 0 makes `recalled_unread` the strong claim.
        recalled_at: Of the first recall, also when asked again.
    """

    link_id: bytes
    recipient: str | None
    outcome: Outcome
    reveals: int
    first_revealed_at: int | None
    acknowledged_at: int | None
    recalled_at: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replace did to one link: `replaced`, `already_read`, or `already_<final state>`."""

    link_id: bytes
    outcome: str


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """One link as the sender sees it."""

    link_id: bytes
    recipient: str | None
    token: LinkToken
    state: State
    views_left: int
    reveals: int
    first_revealed_at: int | None
    last_revealed_at: int | None
    acknowledged_at: int | None
    ended_at: int | None = None
    outcome: Outcome | None = None
    recalled_at: int | None = None
    confirmed_at: int | None = None
    """A reader said that it was read."""
    on_screen_seconds: int = 0
    """How long the text was on its readers' screens, all together, by their browsers' word."""
    disputes: int = 0
    """Browsers that said they were not the one that opened it; `disputed_at` is the latest time."""
    disputed_at: int | None = None
    declines: int = 0
    """Browsers that said it was not for them; `declined_at` is the latest time."""
    declined_at: int | None = None


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


@dataclass(frozen=True, slots=True)
class LinkHistory:
    """What was recorded of one link, as whoever has it may see it.

    Attributes:
        views: The views that this browser opened.
        on_screen_seconds: How long the text was on this browser's screen, by its own word.
        events: Of the link alone.  Only those of this browser's views keep their evidence.
        looks: Of the link alone, without evidence.
        has_older: There may be older events, which are not shown.
    """

    state: State
    views: tuple[int, ...]
    on_screen_seconds: int
    events: tuple[Event, ...]
    looks: tuple[Look, ...]
    has_older: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """A message as its sender sees it.

    Attributes:
        events: One page of the timeline, oldest first; `events_total` are there.
        first: The number of the page's first event, or of the one that it would have.
    """

    message_id: bytes
    details: Details
    views: int
    needs_passphrase: bool
    sent_at: int
    opens_at: int
    expires_at: int
    version: int
    links: tuple[LinkStatus, ...]
    events: tuple[Event, ...]
    looks: tuple[Look, ...]
    at: int
    events_total: int = 0
    first: int = 1
    from_sender: bool = False
    """The visitor holds the sender's cookie."""
    webhook: str | None = None

    @property
    def has_older(self) -> bool:
        """There are events before this page."""
        return self.first > 1

    @property
    def has_newer(self) -> bool:
        """There are events after this page."""
        return self.first + len(self.events) <= self.events_total
