"""What goes to the scripts and what they answer, as values; boxed facts stay unopened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from restante.messages import Outcome, State, Told
from restante.tokens import ID_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence


class Changed(Exception):
    """Another deed came between reading and writing; read again."""


class End(NamedTuple):
    """A `Gone` as the store knows it: the reason is still in its box."""

    state: str
    message_id: bytes
    reason: bytes
    ended_at: int


class GoneBoxed(Exception):
    """The link ended; whoever has the keyring turns this into `Gone`."""

    def __init__(self, end: End) -> None:
        super().__init__()
        self.end = end


class NewLink(NamedTuple):
    """What a send keeps of one link; boxes may be empty, the verifier too.

    `address` is where codes are mailed to.
    """

    link_id: bytes
    wrapped: bytes
    verifier: bytes
    label: bytes
    address: bytes = b""


class NewMessage(NamedTuple):
    """What a send keeps.  Durations in ms; `tries` is None with nothing to guess.

    Boxes may be empty: `webhook` where nobody is to be told.
    """

    hold: int
    expires_in: int
    lease: int
    retention: int
    views: int
    tries: int | None
    root_id: bytes
    box: bytes
    sender_id: bytes
    evidence: bytes
    content: bytes
    webhook: bytes
    links: Sequence[NewLink]


class Times(NamedTuple):
    """When a message was sent, opens and expires."""

    sent_at: int
    opens_at: int
    expires_at: int


class Gate(NamedTuple):
    """What a preview tells; see preview.lua."""

    state: State
    message_id: bytes
    box: bytes
    opens_at: int
    expires_at: int
    views_left: int
    needs_passphrase: bool
    tries_left: int | None
    at: int
    ordinal: int | None
    lease_until: int | None
    ended_at: int | None
    reason: bytes
    watched: bool
    needs_code: bool
    past: Past


class Past(NamedTuple):
    """What became of a link so far, and what a browser did about it; see preview.lua."""

    held: int
    reveals: int
    first_revealed_at: int | None
    last_revealed_at: int | None
    disputed: Told
    declined: Told


class Released(NamedTuple):
    """One view: all that is needed to open it but the link and the root key."""

    message_id: bytes
    version: int
    root_id: bytes
    wrapped: bytes
    content: bytes
    state: State
    views_left: int
    lease_until: int
    at: int
    fresh: bool
    needs_passphrase: bool
    box: bytes
    claimed_at: int
    expires_at: int


class Recorded(NamedTuple):
    """What was recorded of one link, still boxed; see account.lua."""

    state: State
    message_id: bytes
    views: Sequence[tuple[int, int]]
    events: Sequence[Entry]
    looks: Sequence[Entry]
    has_older: bool


class Judged(NamedTuple):
    """A verdict on one link, its label still boxed."""

    link_id: bytes
    label: bytes
    outcome: Outcome
    reveals: int
    first_revealed_at: int | None
    acknowledged_at: int | None
    recalled_at: int


class Entry(NamedTuple):
    """An event or a look as the list keeps it."""

    at: int
    type: str
    facts: str
    link_id: bytes | None
    evidence: bytes

    @classmethod
    def parse(cls, kept: bytes) -> Self:
        head, _, rest = kept.partition(b"\n")
        at, kind, facts = head.decode().split(" ", 2)
        if kind.startswith("link."):
            return cls(int(at), kind, facts, rest[:ID_SIZE], rest[ID_SIZE:])
        return cls(int(at), kind, facts, None, rest)


class LinkRow(NamedTuple):
    """One link in a status."""

    link_id: bytes
    label: bytes
    state: State
    views: int
    reveals: int
    first_revealed_at: int | None
    last_revealed_at: int | None
    acknowledged_at: int | None
    ended_at: int | None
    outcome: Outcome | None
    recalled_at: int | None
    confirmed_at: int | None
    on_screen: int
    disputes: int
    disputed_at: int | None
    declines: int
    declined_at: int | None


class Report(NamedTuple):
    """A message with one page of its timeline, its private facts still boxed.

    Attributes:
        events_total: How many events there are.
        first: The number of the first of *events*.
    """

    at: int
    times: Times
    version: int
    needs_passphrase: bool
    box: bytes
    sender_id: bytes
    webhook: bytes
    links: Sequence[LinkRow]
    events_total: int
    first: int
    events: Sequence[Entry]
    looks: Sequence[Entry]


def gone(boxed: list[Any]) -> GoneBoxed:
    """Return the error that a script's {"gone", …} stands for."""
    state, message_id, reason, ended_at = boxed
    return GoneBoxed(End(state.decode(), message_id, reason, ended_at))


def past(kept: list[Any]) -> Past:
    """Return what became of a link so far, and what one browser did about it."""
    held, reveals, first, last, disputed, declined = kept
    return Past(
        held, reveals, first or None, last or None, Told(disputed.decode()), Told(declined.decode())
    )


def row(link: list[Any]) -> LinkRow:
    """Return one link of a status; zeros and empty words are what did not happen."""
    (lid, label, state, views, reveals, first, last, acknowledged, ended, outcome, recalled,
     confirmed, on_screen, disputes, disputed, declines, declined) = link  # fmt: skip
    return LinkRow(
        lid, label, State(state.decode()), views, reveals, first or None, last or None,
        acknowledged or None, ended or None, Outcome(outcome.decode()) if outcome else None,
        recalled or None, confirmed or None, on_screen, disputes, disputed or None, declines,
        declined or None,
    )  # fmt: skip
