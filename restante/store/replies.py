"""Requests to the scripts and their replies, as values.  Private fields stay encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from restante.crypto.tokens import ID_SIZE
from restante.errors import Fault, Invalid
from restante.messages import Outcome, State
from restante.store.kept_files import moments_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Named = Mapping[bytes, Any]
    """A reply whose fields have names."""


class Changed(Exception):
    """Another request wrote between our read and our write; read again."""


class Unseen(Exception):
    """A message has files: the caller has to find its blobs, and ask again with their ids."""

    def __init__(self, ids: bytes) -> None:
        super().__init__()
        self.blob_ids = [ids[at : at + 16] for at in range(0, len(ids), 16)]


class Repeated(Exception):
    """A request with this send id was stored before; *proof* and times are those of the first."""

    def __init__(self, proof: bytes, times: Times) -> None:
        super().__init__()
        self.proof = proof
        self.times = times


class End(NamedTuple):
    """How a link ended; the sender's reason is still boxed."""

    state: str
    message_id: bytes
    reason: bytes
    ended_at: int


class GoneBoxed(Exception):
    """The link ended.  Use cases, which have the keyring, turn this into `Gone`."""

    def __init__(self, end: End) -> None:
        super().__init__()
        self.end = end


class NewLink(NamedTuple):
    """What a send stores of one link.  Boxes and the verifier may be empty.

    `address` is the boxed mail address for codes.
    """

    link_id: bytes
    wrapped: bytes
    verifier: bytes
    label: bytes
    address: bytes = b""


class NewFiles(NamedTuple):
    """What is stored of a version's files; all empty without files.

    `blobs` has their ids, each with a share (`kept_files.entries_of`), and `sizes` their sizes with
    commas between.
    """

    manifest: bytes = b""
    names: bytes = b""
    blobs: bytes = b""
    sizes: str = ""


NO_FILES = NewFiles()


class NewMessage(NamedTuple):
    """What a send stores of a message.  Durations are in ms.

    `tries` is None without passphrase and mailed code.  Boxes may be empty.  `tell` and `recall`
    are its rules, if it has them, from when it opens.  `channels` has what is stored for each
    channel that the message uses.  `send_id` and `proof` are of its Idempotency-Key, or empty.
    `listed` has sender id and sealed line for the sender's list, both empty without one.
    `files` has the sealed manifest, the boxed names and the entries of its files.
    """

    hold: int
    expires_in: int
    lease: int
    retention: int
    views: int
    tries: int | None
    root_id: bytes
    box: bytes
    sender_mark: bytes
    evidence: bytes
    content: bytes
    tell: int | None
    recall: int | None
    channels: Mapping[str, bytes]
    links: Sequence[NewLink]
    send_id: bytes = b""
    proof: bytes = b""
    listed: tuple[bytes, bytes] = (b"", b"")
    list_lasts: int = 0
    files: NewFiles = NO_FILES


class Times(NamedTuple):
    """When a message was sent, opens and expires, in ms."""

    sent_at: int
    opens_at: int
    expires_at: int


class Judged(NamedTuple):
    """A verdict on one link; its label is still boxed."""

    link_id: bytes
    label: bytes
    outcome: Outcome
    reveals: int
    first_revealed_at: int | None
    acknowledged_at: int | None
    recalled_at: int
    by_rule: bool

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read one verdict of recall.lua."""
        return cls(
            link_id=its[b"id"],
            label=its[b"box"],
            outcome=Outcome(its[b"outcome"].decode()),
            reveals=its[b"reveals"],
            first_revealed_at=its[b"first_revealed_at"] or None,
            acknowledged_at=its[b"acknowledged_at"] or None,
            recalled_at=its[b"recalled_at"],
            by_rule=its[b"by"] == b"rule",
        )


class Entry(NamedTuple):
    """An event or a look as the store keeps it."""

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
    by_rule: bool
    unread_at: int | None
    version: int = 1
    fetched: Mapping[int, int] = {}
    """Bytes that were sent of each file, by its number, of the reader who got furthest."""

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read one link of status.lua; 0 and empty mean that something did not happen."""
        return cls(
            link_id=its[b"id"],
            label=its[b"box"],
            state=State(its[b"state"].decode()),
            views=its[b"views"],
            reveals=its[b"reveals"],
            first_revealed_at=its[b"first_revealed_at"] or None,
            last_revealed_at=its[b"last_revealed_at"] or None,
            acknowledged_at=its[b"acknowledged_at"] or None,
            ended_at=its[b"ended_at"] or None,
            outcome=Outcome(its[b"outcome"].decode()) if its[b"outcome"] else None,
            recalled_at=its[b"recalled_at"] or None,
            confirmed_at=its[b"confirmed_at"] or None,
            on_screen=its[b"on_screen"],
            disputes=its[b"disputes"],
            disputed_at=its[b"disputed_at"] or None,
            declines=its[b"declines"],
            declined_at=its[b"declined_at"] or None,
            by_rule=its[b"by"] == b"rule",
            unread_at=its[b"unread_at"] or None,
            version=its[b"version"],
            fetched={
                int(number): int(sent)
                for number, _, sent in (
                    pair.partition("=") for pair in its[b"fetched"].decode().split(",") if pair
                )
            },
        )


class FilesRow(NamedTuple):
    """The files of one version in a status: boxed names and sizes, and when some were taken out.

    `is_kept`: the manifest is there, so that they can be fetched, or taken out.
    """

    box: bytes = b""
    taken_out_at: Mapping[int, int] = {}
    is_kept: bool = False


class Report(NamedTuple):
    """A message with one page of its timeline; private fields are still boxed.

    Attributes:
        mark: Changes with everything else here.
        events_total: How many events there are.
        first: The number of the first of *events*.
    """

    mark: str
    at: int
    times: Times
    version: int
    needs_passphrase: bool
    box: bytes
    sender_mark: bytes
    webhook: bytes
    email: bytes
    email_failure: str
    subscribers: bytes
    paused_at: int | None
    tell_at: int | None
    recall_at: int | None
    links: Sequence[LinkRow]
    events_total: int
    first: int
    events: Sequence[Entry]
    looks: Sequence[Entry]
    tested_at: int | None
    channels: Sequence[Named]
    files: Mapping[int, FilesRow] = {}
    """The files of each version that has some."""

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read a reply of status.lua."""
        return cls(
            mark=its[b"mark"].decode(),
            at=its[b"now"],
            times=Times(its[b"sent_at"], its[b"opens_at"], its[b"expires_at"]),
            version=its[b"version"],
            needs_passphrase=its[b"passphrase"] == 1,
            box=its[b"box"],
            sender_mark=its[b"sender"],
            webhook=its[b"webhook"],
            email=its[b"email"],
            email_failure=its[b"email_failure"].decode(),
            subscribers=its[b"subscribers"],
            paused_at=its[b"paused_at"] or None,
            tell_at=its[b"tell_at"] or None,
            recall_at=its[b"recall_at"] or None,
            links=[LinkRow.of(link) for link in its[b"links"]],
            events_total=its[b"total"],
            first=its[b"first"],
            events=[Entry.parse(event) for event in its[b"events"]],
            looks=[Entry.parse(look) for look in its[b"looks"]],
            tested_at=its[b"tested_at"] or None,
            channels=its[b"channels"],
            files={
                one[b"version"]: FilesRow(one[b"box"], moments_of(one[b"taken"]), one[b"kept"] == 1)
                for one in its[b"files"]
            },
        )


def lacking(number: int) -> Invalid:
    """Return the error for the upload with this *number*, from 1, that cannot be sent."""
    return Invalid([Fault(f"files[{number - 1}]", "not uploaded completely, or sent already")])


def gone(boxed: list[Any]) -> GoneBoxed:
    """Return the error for a script's reply {"gone", …}."""
    state, message_id, reason, ended_at = boxed
    return GoneBoxed(End(state.decode(), message_id, reason, ended_at))
