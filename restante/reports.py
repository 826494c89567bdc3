"""What the use cases return to sender and recipient: previews, contents, verdicts, statuses.

Pure, as `messages.py`: no clock, no randomness, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from restante.messages import State, Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.channel_states import Standing
    from restante.crypto.tokens import ControlToken, LinkToken
    from restante.details import Details
    from restante.file_reports import Fetched, ListedFile, SentFile
    from restante.messages import Event, Look, Outcome
    from restante.notices import Notice


@dataclass(frozen=True, slots=True)
class SentLink:
    """One recipient's link in the reply to a send."""

    link_id: bytes
    recipient: str | None
    token: LinkToken
    state: State


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of a send: the tokens, and the times by the store's clock.

    Attributes:
        unlisted: The sealed line, if the sender's list was moved or deleted and did not take it.
    """

    message_id: bytes
    control: ControlToken
    links: tuple[SentLink, ...]
    sent_at: int
    opens_at: int
    expires_at: int
    webhook_secret: str | None = None
    unlisted: bytes | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What the gate shows of a link; a preview spends no view.

    Attributes:
        at: Now, by the store's clock.
        ordinal: Index of the reader key to use, among those given: the one with an open
            lease, or the first unused one.  None if all are used up.
        lease_until: End of that reader key's lease, if it is open.
        views_left: Views that are not spent yet.
        ended_at: When the link reached its final state, if recorded.
        reason: The sender's reason for a recall.
        watched: A machine visited the link within the last ten minutes.
        paused: The sender lets no new reader open the message for now.
        needs_code: The reader must type a code that is mailed to the recipient.
        held: How many views this browser opened, with the reader keys given.
        reveals: Views spent by all readers.
        disputed, declined: Can this browser still dispute or decline?
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
    paused: bool = False
    held: int = 0
    reveals: int = 0
    first_revealed_at: int | None = None
    last_revealed_at: int | None = None
    disputed: Told = Told.MAY
    declined: Told = Told.MAY

    @property
    def by_others(self) -> bool:
        """Another browser opened the link or used up its tries, and this one did not open it."""
        return self.held == 0 and (self.reveals > 0 or self.state is State.LOCKED)


@dataclass(frozen=True, slots=True)
class Requested:
    """A mailed code is on its way to the recipient.

    Attributes:
        until: When the mailed code expires.
        at: Now, by the store's clock.
        fresh: False if a code was requested less than a minute ago: that one stays valid.
    """

    until: int
    at: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The content that one view releases.

    Attributes:
        lease_until: End of the lease; until then this reader may fetch the view again.
        lease_most: The latest time to which the reader can extend the lease.
        at: Now, by the store's clock.
        fresh: False if the reader fetched its own view again.
        files: Its files, in the sender's order; without those that were taken out before.
        files_token: What this reader shows to fetch them; "" without files.
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
    files: tuple[ListedFile, ...] = ()
    files_token: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a recall achieved for one link.

    Attributes:
        reveals: Views released before the recall; `recalled_unread` means 0.
        recalled_at: Time of the first recall, also if the recall is repeated.
    """

    link_id: bytes
    recipient: str | None
    outcome: Outcome
    reveals: int
    first_revealed_at: int | None
    acknowledged_at: int | None
    recalled_at: int
    by_rule: bool = False
    """A rule of the sender recalled it, at its time."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The outcome of a replace for one link.

    `outcome` is `replaced`, `already_read`, or `already_<final state>`.
    """

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
    """When a reader confirmed reading it."""
    on_screen_seconds: int = 0
    """Total time the text was on its readers' screens, as their browsers report it."""
    disputes: int = 0
    """How many browsers reported that somebody else opened it; `disputed_at` is the latest."""
    disputed_at: int | None = None
    declines: int = 0
    """How many browsers reported that it was not for them; `declined_at` is the latest."""
    declined_at: int | None = None
    by_rule: bool = False
    """A rule of the sender recalled it, at its time."""
    unread_at: int | None = None
    """When a rule told last that nobody had opened it."""
    version: int = 1
    """Of the text that it opens."""
    files: tuple[Fetched, ...] = ()
    """The files of that version."""


@dataclass(frozen=True, slots=True)
class LinkHistory:
    """What was recorded of one link, for anyone who has the link.

    Attributes:
        views: Numbers of the views that this browser opened.
        on_screen_seconds: How long the text was on this browser's screen, as it reports.
        events: Only of this link; evidence only for this browser's own views.
        looks: Only of this link, without evidence.
        has_older: There may be older events that are not included.
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
        mark: Changes with everything else here but `at`; begins with `events_total` and a dot.
        events: One page of the timeline, oldest first, out of `events_total`.
        first: The number of the page's first event (on an empty page: that it would have).
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
    """The visitor has the sender's cookie."""
    webhook: str | None = None
    webhook_format: str = "standard"
    mark: str = ""
    notice: Notice | None = None
    mail_failure: str | None = None
    """Why the last notification could not be mailed, in one word."""
    tested_at: int | None = None
    """When its sender last tested how they are told."""
    channels: tuple[Standing, ...] = ()
    subscribers: tuple[bytes, ...] = ()
    """Ids of the browsers that are told."""
    paused_at: int | None = None
    """When it was paused, if it is, and if a link can still be opened."""
    tell_at: int | None = None
    recall_at: int | None = None
    """When its rules tell of unread links, and recall them."""
    files: Mapping[int, tuple[SentFile, ...]] = field(default_factory=dict)
    """The files of each version that has some, newest and opened ones."""
    kept_versions: frozenset[int] = frozenset()
    """Those of them whose files are still there."""

    @property
    def newest_files(self) -> tuple[SentFile, ...]:
        """The newest version's files."""
        return self.files.get(self.version, ())

    def file(self, version: int, number: int) -> SentFile | None:
        """Return a file of a version that is in use, by its number from 1."""
        its = self.files.get(version, ())
        return its[number - 1] if 1 <= number <= len(its) else None

    def file_name(self, event: Event) -> str | None:
        """Return the name of the file that an event is about, if it is known."""
        number, version = event.facts.get("file"), event.facts.get("version")
        if not (isinstance(number, int) and isinstance(version, int)):
            return None
        its = self.file(version, number)
        return its.name if its else None

    @property
    def has_older(self) -> bool:
        """There are events before this page."""
        return self.first > 1

    @property
    def has_newer(self) -> bool:
        """There are events after this page."""
        return self.first + len(self.events) <= self.events_total
