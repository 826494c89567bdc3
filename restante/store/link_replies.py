"""Replies of the scripts on links, as values.  Private fields stay encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from restante.messages import State, Told
from restante.store.kept_files import moments_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from restante.store.replies import Entry, Named


class Gate(NamedTuple):
    """The result of a preview; see preview.lua."""

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
    paused: bool
    past: Past

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read a reply of preview.lua."""
        return cls(
            state=State(its[b"state"].decode()),
            message_id=its[b"message"],
            box=its[b"box"],
            opens_at=its[b"opens_at"],
            expires_at=its[b"expires_at"],
            views_left=its[b"views_left"],
            needs_passphrase=its[b"passphrase"] == 1,
            tries_left=its[b"tries"] if its[b"tries"] >= 0 else None,
            at=its[b"now"],
            ordinal=its[b"ordinal"] if its[b"ordinal"] >= 0 else None,
            lease_until=its[b"lease"] or None,
            ended_at=its[b"ended_at"] or None,
            reason=its[b"reason"],
            watched=its[b"watched"] == 1,
            needs_code=its[b"code"] == 1,
            paused=its[b"paused"] == 1,
            past=Past.of(its),
        )


class Past(NamedTuple):
    """A link's reveals, and what this browser did with it; see preview.lua."""

    held: int
    reveals: int
    first_revealed_at: int | None
    last_revealed_at: int | None
    disputed: Told
    declined: Told

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read a reply of preview.lua."""
        return cls(
            held=its[b"held"],
            reveals=its[b"reveals"],
            first_revealed_at=its[b"first_revealed_at"] or None,
            last_revealed_at=its[b"last_revealed_at"] or None,
            disputed=Told(its[b"disputed"].decode()),
            declined=Told(its[b"declined"].decode()),
        )


class Released(NamedTuple):
    """One released view: with the link and the root key, enough to decrypt content and files.

    `files` is the sealed manifest; empty without files.  `taken_out_at` has when files were taken
    out of it, by their numbers from 1.
    """

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
    files: bytes
    taken_out_at: Mapping[int, int]

    @classmethod
    def of(cls, its: Named, *, fresh: bool) -> Self:
        """Read a reply of reveal.lua."""
        return cls(
            message_id=its[b"message"],
            version=its[b"version"],
            root_id=its[b"root"],
            wrapped=its[b"wrapped"],
            content=its[b"content"],
            state=State(its[b"state"].decode()),
            views_left=its[b"views_left"],
            lease_until=its[b"lease_until"],
            at=its[b"now"],
            fresh=fresh,
            needs_passphrase=its[b"passphrase"] == 1,
            box=its[b"box"],
            claimed_at=its[b"claimed_at"],
            expires_at=its[b"expires_at"],
            files=its[b"files"],
            taken_out_at=moments_of(its[b"taken"]),
        )


class Recorded(NamedTuple):
    """A link's history, still boxed; see link_history.lua."""

    state: State
    message_id: bytes
    views: Sequence[tuple[int, int]]
    events: Sequence[Entry]
    looks: Sequence[Entry]
    has_older: bool
