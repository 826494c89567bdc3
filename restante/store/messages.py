"""What the store knows of messages: one method per script, its only caller.

Replies become values or errors here, nowhere else.  Boxed facts pass through unopened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from restante.errors import (
    Fault,
    Held,
    Invalid,
    NotFound,
    PassphraseRequired,
    PassphraseWrong,
    Unavailable,
)
from restante.messages import Outcome, State
from restante.store import keys
from restante.tokens import ID_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from restante.store.connection import Argument, Connection
    from restante.tokens import ControlToken, LinkToken


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
    """What a send keeps of one link; boxes may be empty, the verifier too."""

    link_id: bytes
    wrapped: bytes
    verifier: bytes
    label: bytes


class NewMessage(NamedTuple):
    """What a send keeps.  Durations in ms; `tries` is None without a passphrase."""

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
    box: bytes


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


class Report(NamedTuple):
    """A whole message, its private facts still boxed."""

    at: int
    times: Times
    version: int
    needs_passphrase: bool
    box: bytes
    sender_id: bytes
    links: Sequence[LinkRow]
    events: Sequence[Entry]
    looks: Sequence[Entry]


class Messages:
    """The verbs on messages and links."""

    def __init__(self, connection: Connection, now: Callable[[], int] | None = None) -> None:
        """*now* replaces the store's clock, in ms; only tests give one."""
        self._connection = connection
        self._now = now

    def _run(self, verb: str, key: bytes, *arguments: Argument) -> Any:  # noqa: ANN401
        now: Argument = self._now() if self._now else ""
        return self._connection.run(verb, key, now, *arguments)

    def send(self, control: ControlToken, new: NewMessage) -> Times:
        """Keep a new message, whole or not at all.

        Raises:
            Unavailable: Also when the store is full.
        """
        links = [part for link in new.links for part in link]
        tries = "" if new.tries is None else new.tries
        match self._run(
            "send", keys.message(control),
            new.hold, new.expires_in, new.lease, new.retention, new.views, tries,
            new.root_id, new.box, new.sender_id, new.evidence, new.content, *links,
        ):  # fmt: skip
            case [b"sent", sent_at, opens_at, expires_at]:
                return Times(sent_at, opens_at, expires_at)
        raise AssertionError

    def preview(
        self, link: LinkToken, visitor: str, evidence: bytes, readers: Iterable[bytes] = ()
    ) -> Gate:
        """Tell what the gate may show, and write a look unless *visitor* is empty.

        Raises:
            NotFound: No such link.
        """
        match self._run("preview", keys.link(link), visitor, evidence, *readers):
            case [b"preview", state, mid, box, opens, expires, left, phrase, tries, at,
                  ordinal, lease, ended_at, reason]:  # fmt: skip
                return Gate(
                    State(state.decode()), mid, box, opens, expires, left, phrase == 1,
                    tries if tries >= 0 else None, at, ordinal if ordinal >= 0 else None,
                    lease or None, ended_at or None, reason,
                )  # fmt: skip
        raise NotFound

    def salt(self, link: LinkToken) -> tuple[bytes, bytes] | None:
        """Return the message id that salts a passphrase and the root key's id, if needed.

        Raises:
            NotFound: No such link.
        """
        match self._run("salt", keys.link(link)):
            case [b"salt", message_id, root_id]:
                return message_id, root_id
            case [b"none"]:
                return None
        raise NotFound

    def reveal(  # noqa: PLR0913 (what reveal.lua is told)
        self,
        link: LinkToken,
        reader_id: bytes,
        *,
        ring: bytes,
        verifier: bytes,
        root_id: bytes,
        visitor: str,
        evidence: bytes,
    ) -> Released:
        """Spend a view for this reader, or give it the view it holds.

        Raises:
            NotFound, GoneBoxed, Held, PassphraseRequired, PassphraseWrong: As reveal.lua says.
            Unavailable: Also when the link's root key is not in the ring.
            Changed: The verifier was made for a link that was replaced meanwhile.
        """
        match self._run(
            "reveal", keys.link(link), reader_id, ring, verifier, root_id, visitor, evidence
        ):
            case [b"revealed", mid, version, root, wrapped, content, state, left, lease, at,
                  fresh, _phrase, box]:  # fmt: skip
                return Released(
                    mid, version, root, wrapped, content, State(state.decode()), left, lease, at,
                    fresh == 1, box,
                )  # fmt: skip
            case [b"gone", *boxed]:
                raise _gone(boxed)
            case [b"held", opens_at, at]:
                raise Held(opens_at, at)
            case [b"passphrase-required"]:
                raise PassphraseRequired
            case [b"passphrase-wrong", tries_left]:
                raise PassphraseWrong(tries_left)
            case [b"unavailable"]:
                raise Unavailable
            case [b"changed"]:
                raise Changed
        raise NotFound

    def acknowledge(
        self, link: LinkToken, reader_id: bytes, *, keep: bool, evidence: bytes
    ) -> None:
        """Record that the reader has the content; unless *keep*, end its lease.

        Raises:
            NotFound: No such link, or this reader holds no view of it.
        """
        mode = "keep" if keep else "end"
        match self._run("acknowledge", keys.link(link), reader_id, mode, evidence):
            case [b"acknowledged"]:
                return
        raise NotFound

    def fail(self, link: LinkToken, evidence: bytes) -> None:
        """Record that a claimed view could not be opened."""
        self._run("fail", keys.link(link), evidence)

    def recall(
        self, control: ControlToken, link_ids: Sequence[bytes], reason: bytes, evidence: bytes
    ) -> list[Judged]:
        """Destroy the keys of these links, or of all, and judge each.

        Raises:
            NotFound: No such message.
            Invalid: A link that is not of this message; nothing was done.
        """
        match self._run("recall", keys.message(control), b"".join(link_ids), reason, evidence):
            case [b"recalled", *verdicts]:
                return [
                    Judged(
                        lid, label, Outcome(outcome.decode()), reveals, first or None,
                        acknowledged or None, at,
                    )
                    for lid, label, outcome, reveals, first, acknowledged, at in verdicts
                ]  # fmt: skip
            case [b"invalid"]:
                raise Invalid([Fault("links", "not a link of this message")])
        raise NotFound

    def outline(self, control: ControlToken) -> tuple[int, int, bool]:
        """Return the newest version, how many links there are, and whether they have a passphrase.

        Raises:
            NotFound: No such message.
        """
        match self._connection.run("outline", keys.message(control)):
            case [b"outline", version, links, passphrase]:
                return version, links, passphrase == 1
        raise NotFound

    def replace(  # noqa: PLR0913 (what replace.lua is told)
        self,
        control: ControlToken,
        version: int,
        content: bytes,
        *,
        root_id: bytes,
        tries: int | None,
        wrapped: Sequence[tuple[bytes, bytes]],
        evidence: bytes,
    ) -> tuple[int, list[tuple[bytes, str]]]:
        """Put *version* behind the links nobody has read; return it and each link's outcome.

        Raises:
            NotFound: No such message.
            Changed: Another replace came between.
            Unavailable: Also when the store is full.
        """
        parts = [part for pair in wrapped for part in pair]
        limit = "" if tries is None else tries
        match self._run(
            "replace", keys.message(control), version, content, root_id, limit, evidence, *parts
        ):
            case [b"replaced", newest, *links]:
                return newest, [(lid, outcome.decode()) for lid, outcome in links]
            case [b"changed"]:
                raise Changed
        raise NotFound

    def extend(self, control: ControlToken, expires_in: int, evidence: bytes) -> int:
        """Move the expiry to *expires_in* ms from now; return it.

        Raises:
            NotFound: No such message.
            GoneBoxed: Every link ended.
            Invalid: It would expire before it opens.
        """
        match self._run("extend", keys.message(control), expires_in, evidence):
            case [b"extended", expires_at]:
                return int(expires_at)
            case [b"early"]:
                raise Invalid([Fault("expires_in", "ends before the message opens")])
            case [b"gone", *boxed]:
                raise _gone(boxed)
        raise NotFound

    def status(self, control: ControlToken) -> Report:
        """Return the whole message.

        Raises:
            NotFound: No such message.
        """
        match self._run("status", keys.message(control)):
            case [b"status", at, [sent, opens, expires, version, phrase, box, sender], links,
                  events, looks]:  # fmt: skip
                return Report(
                    at, Times(sent, opens, expires), version, phrase == 1, box, sender,
                    [_row(link) for link in links],
                    [Entry.parse(event) for event in events],
                    [Entry.parse(look) for look in looks],
                )  # fmt: skip
        raise NotFound


def _gone(boxed: list[Any]) -> GoneBoxed:
    state, message_id, reason, ended_at = boxed
    return GoneBoxed(End(state.decode(), message_id, reason, ended_at))


def _row(link: list[Any]) -> LinkRow:
    lid, label, state, views, reveals, first, last, acknowledged, ended, outcome, recalled = link
    return LinkRow(
        lid, label, State(state.decode()), views, reveals, first or None, last or None,
        acknowledged or None, ended or None, Outcome(outcome.decode()) if outcome else None,
        recalled or None,
    )  # fmt: skip
