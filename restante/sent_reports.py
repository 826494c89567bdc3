"""What the use cases on a sent list return: pages of it, and verdicts over many messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from restante.messages import State

if TYPE_CHECKING:
    from restante.crypto.sent_lines import Line
    from restante.store.sent_lists import Glimpse, LinkGlimpse

SHOWN_MOST = 100
"""Messages of each kind that a verdict names; it counts all of them."""
CHOSEN_MOST = 200
"""Messages that can be chosen at once, to be recalled."""


class Entry(NamedTuple):
    """One message of a list: its line, and its state now."""

    line: Line
    at: int
    seen: Glimpse


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, newest first.

    Attributes:
        total: How many lines the whole list has.
        is_closed: The list was moved to another secret, or deleted.
        older: The score behind which older messages begin, if there are any.
        searched: How many lines a search looked at.
    """

    entries: tuple[Entry, ...]
    total: int
    is_closed: bool
    older: int | None = None
    searched: int = 0


class Rest(NamedTuple):
    """The part of a list that a request did not come to: from *since* on, older than *before*."""

    since: int
    before: int


@dataclass(slots=True)
class Verdicts:
    """What a recall of several messages achieved: numbers of links, and messages to show.

    Attributes:
        prevented: Links that were recalled before anybody opened them.
        too_late: Links that somebody had opened; *still_open* of them can be opened again.
        ended: Links that had expired or were locked, unread.
        counted: The messages that the verdict is about: a list that is half moved names some twice.
        recalled: How many messages had a link without a verdict before.
        open_again: Scores of messages with links that were opened and can be again; at most as
            many as can be chosen.
        read, unread: Messages to show, with and without a link that was opened; not all.
        more: Where a further request goes on, if this one did not come to the end.
        is_whole: False if the store failed in between.
    """

    prevented: int = 0
    too_late: int = 0
    still_open: int = 0
    ended: int = 0
    counted: set[bytes] = field(default_factory=set)
    recalled: int = 0
    open_again: list[int] = field(default_factory=list)
    read: list[Entry] = field(default_factory=list)
    unread: list[Entry] = field(default_factory=list)
    more: Rest | None = None
    is_whole: bool = True

    @property
    def messages(self) -> int:
        """How many messages the verdict is about."""
        return len(self.counted)

    def add(self, entry: Entry) -> None:
        """Count one message by its state after the recall."""
        self.counted.add(entry.line.control.message_id)
        for link in entry.seen.links:
            self._count(link)
        is_open = any(link.reveals and not link.state.final for link in entry.seen.links)
        if is_open and len(self.open_again) < CHOSEN_MOST:
            self.open_again.append(entry.at)
        shown = self.read if any(link.reveals for link in entry.seen.links) else self.unread
        if len(shown) < SHOWN_MOST:
            shown.append(entry)

    def _count(self, link: LinkGlimpse) -> None:
        if link.reveals:
            self.too_late += 1
            self.still_open += not link.state.final
        elif link.state is State.RECALLED:
            self.prevented += 1
        else:
            self.ended += 1
