"""What the use cases return to sender and recipient: previews, contents, verdicts, statuses.

Pure, as `messages.py`: no clock, no randomness, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restante.messages import State, Told

if TYPE_CHECKING:
    from restante.crypto.tokens import ControlToken, LinkToken
    from restante.details import Details
    from restante.messages import Event, Look, Outcome


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
