"""Sent lists in the store.  Each method is the caller of one script; lines stay sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from restante.errors import NotFound
from restante.messages import Outcome, State
from restante.store import keys
from restante.store.replies import Changed
from restante.store.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restante.crypto.tokens import ControlToken, ListToken
    from restante.store.replies import Named


class Listed(NamedTuple):
    """One page of a list, newest first.

    Attributes:
        at: Now, by the store's clock.
        total: How many lines the whole list has.
        is_closed: It was moved or deleted, and takes no more lines.
        lines: Sealed lines, each with its score.
    """

    at: int
    total: int
    is_closed: bool
    lines: Sequence[tuple[bytes, int]]

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read a reply of open_list.lua."""
        return cls(its[b"now"], its[b"total"], its[b"closed"] == 1, _scored(its[b"lines"]))


class LinkGlimpse(NamedTuple):
    """What a list shows of one link."""

    state: State
    reveals: int
    outcome: Outcome | None

    @classmethod
    def parse(cls, written: bytes) -> Self:
        state, reveals, outcome = written.decode().split(" ")
        return cls(State(state), int(reveals), Outcome(outcome) if outcome else None)


class Glimpse(NamedTuple):
    """What a list shows of one message."""

    sent_at: int
    opens_at: int
    expires_at: int
    paused_at: int | None
    sender_mark: bytes
    links: Sequence[LinkGlimpse]

    @classmethod
    def of(cls, its: Named) -> Self:
        """Read what `glimpse` of the scripts returns."""
        return cls(
            its[b"sent_at"],
            its[b"opens_at"],
            its[b"expires_at"],
            its[b"paused_at"] or None,
            its[b"sender"],
            [LinkGlimpse.parse(link) for link in its[b"links"]],
        )


class SentLists(Verbs):
    """The verbs on sent lists, and on the messages that they show."""

    def open(self, listed: ListToken, lasts: int, before: int | None, most: int) -> Listed:
        """Return at most *most* lines with a score below *before*, and keep the list longer."""
        match self._run("open_list", keys.sent(listed), lasts, before or "", most):
            case [b"list", its]:
                return Listed.of(its)
        raise AssertionError

    def pick(self, listed: ListToken, scores: Iterable[int]) -> list[tuple[bytes, int]]:
        """Return the lines with these scores, each with its score."""
        match self._run("pick_lines", keys.sent(listed), *scores):
            case [b"lines", *flat]:
                return _scored(flat)
        raise AssertionError

    def glance(self, controls: Sequence[ControlToken]) -> list[Glimpse | None]:
        """Return the state of these messages, in one round trip for each shard."""
        found: dict[ControlToken, Glimpse | None] = {}
        for shard in dict.fromkeys(control.shard for control in controls):
            its = [control for control in controls if control.shard == shard]
            ids = [control.message_id for control in its]
            match self._run("glance", keys.message(its[0]), *ids):
                case [b"glance", *states]:
                    seen = [Glimpse.of(state) if state else None for state in states]
                    found.update(zip(its, seen, strict=True))
        return [found[control] for control in controls]

    def recall_unread(self, control: ControlToken, evidence: bytes) -> Glimpse:
        """Recall the links that nobody opened; return the state of the message afterwards.

        Raises:
            NotFound: No such message.
        """
        match self._run("recall_unread", keys.message(control), evidence):
            case [b"recalled", its]:
                return Glimpse.of(its)
        raise NotFound

    def keep(self, listed: ListToken, lasts: int, lines: Iterable[tuple[bytes, int]]) -> None:
        """Add lines with their scores; without any, find out whether the store takes some.

        Raises:
            Changed: The list was moved or deleted.
            Unavailable: Also if the store is full.
        """
        flat = [part for line, at in lines for part in (at, line)]
        match self._run("keep_lines", keys.sent(listed), lasts, *flat):
            case [b"closed"]:
                raise Changed

    def drop(self, listed: ListToken, lines: Iterable[bytes]) -> None:
        """Remove lines."""
        self._run("drop_lines", keys.sent(listed), *lines)

    def close(self, listed: ListToken, lasts: int, *, forget: bool = False) -> None:
        """Let the list take no more lines; with *forget* delete it."""
        self._run("close_list", keys.sent(listed), lasts, "forget" if forget else "keep")


def _scored(flat: Sequence[bytes]) -> list[tuple[bytes, int]]:
    return [(line, int(at)) for line, at in zip(flat[::2], flat[1::2], strict=True)]
