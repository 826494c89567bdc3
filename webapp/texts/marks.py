"""The mark of each link: a sign that people know, and words that say the same."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from restante.messages import State
from webapp.http.i18n import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.reports import LinkStatus


class Mark(NamedTuple):
    """A sign of `templates/sender/_marks.html`, and the words beside it."""

    sign: str
    words: str


class Group(StrEnum):
    """What the sender may want to see alone; each link is in one of these groups."""

    WAITING = "waiting"
    OPENED = "opened"
    OVER = "over"
    """Ended, and nobody opened it."""


def of(link: LinkStatus, *, is_paused: bool = False) -> Mark:
    """Return the mark of a link."""
    match link.state:
        case State.HELD | State.SEALED if is_paused:
            return Mark("paused", gettext("Paused, not opened"))
        case State.HELD:
            return Mark("held", gettext("Not open yet"))
        case State.SEALED:
            return Mark("sent", gettext("Not opened"))
        case State.RECALLED if link.reveals:
            return Mark("recalled", gettext("Opened, then recalled"))
        case State.RECALLED:
            return Mark("prevented", gettext("Recalled unread"))
        case State.EXPIRED if not link.reveals:
            return Mark("expired", gettext("Expired unread"))
        case State.LOCKED if not link.reveals:
            return Mark("locked", gettext("Locked, not opened"))
    if link.confirmed_at:
        return Mark("opened", gettext("Opened and confirmed"))
    if link.reveals == 1:
        return Mark("opened", gettext("Opened"))
    many = ngettext("Opened %(num)s time", "Opened %(num)s times", link.reveals)
    return Mark("opened", many)


def group(link: LinkStatus) -> Group:
    """Return the group of a link."""
    if link.reveals:
        return Group.OPENED
    return Group.OVER if link.state.final else Group.WAITING


def groups(links: Iterable[LinkStatus]) -> list[tuple[Group, Mark, int]]:
    """Return each group that has links: its mark, and how many."""
    found = [group(link) for link in links]
    words = {
        Group.WAITING: Mark("sent", gettext("Not opened")),
        Group.OPENED: Mark("opened", gettext("Opened")),
        Group.OVER: Mark("expired", gettext("Ended unread")),
    }
    return [(its, said, found.count(its)) for its, said in words.items() if its in found]
