"""The view model of one link on the control page: its mark, its summary, and when what happened."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from restante.messages import Outcome, State
from webapp.http.i18n import gettext, html, ngettext
from webapp.texts import events, files, marks, states
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from restante.messages import Look
    from restante.reports import LinkStatus, Status
    from webapp.texts.marks import Group, Mark

TOO_LATE = {Outcome.ALREADY_SPENT, Outcome.ALREADY_EXPIRED, Outcome.ALREADY_LOCKED}
PEOPLE = {"browser", "sender"}
"""Classes of visitors that are no machines."""


class LinkView(NamedTuple):
    """One link: its summary, and the times of what happened.

    Attributes:
        number: Its place among the message's links, from 1.
        machines: What machines did at it; empty if nothing.  `by_machines` is how many looks.
        at: When something happened last, for the table.
    """

    link: LinkStatus
    number: int
    mark: Mark
    group: Group
    said: tuple[str, ...]
    times: tuple[str, ...]
    machines: str
    by_machines: int
    at: int | None


def build(status: Status) -> tuple[LinkView, ...]:
    """Return what the page says of each of the message's links."""
    looks = defaultdict[bytes, list["Look"]](list)
    for look in status.looks:
        if look.kind == "link.fetched" and look.visitor not in PEOPLE:
            looks[look.link_id].append(look)
    return tuple(
        _view(number, link, status, looks) for number, link in enumerate(status.links, start=1)
    )


def _view(
    number: int, link: LinkStatus, status: Status, looks: Mapping[bytes, Sequence[Look]]
) -> LinkView:
    is_many, is_paused = len(status.links) > 1, bool(status.paused_at)
    said = (
        states.link(link, is_paused=is_paused) if is_many else None,
        # The headline says it of an only link.
        states.too_late(link) if is_many or not link.reveals else None,
        None if link.acknowledged_at else states.arrival(link),
    )
    return LinkView(
        link=link,
        number=number,
        mark=marks.of(link, is_paused=is_paused),
        group=marks.group(link),
        said=tuple(filter(None, said)),
        times=tuple(_times(link, status)),
        machines=_machines(looks.get(link.link_id, ())),
        by_machines=len(looks.get(link.link_id, ())),
        at=_latest(link),
    )


def _machines(looks: Sequence[Look]) -> str:
    if not looks:
        return ""
    text = ngettext(
        "A machine looked at it, on %(time)s.",
        "Machines looked at it %(num)s times, last on %(time)s.",
        len(looks),
        time="%(time)s",
    )
    return html(text, time=moment(max(look.at for look in looks)))


def _latest(link: LinkStatus) -> int | None:
    times = (link.last_revealed_at, link.confirmed_at, link.recalled_at, link.ended_at)
    return max(filter(None, times), default=None)


def _times(link: LinkStatus, status: Status) -> Iterator[str]:
    if link.reveals > 1:
        yield html(
            gettext("First shown on %(first)s, last on %(last)s."),
            first=_moment(link.first_revealed_at),
            last=_moment(link.last_revealed_at),
        )
    elif link.reveals:
        yield html(gettext("Shown on %(time)s."), time=_moment(link.first_revealed_at))
    if link.acknowledged_at and (arrival := states.arrival(link)):
        yield arrival
    yield from files.fetched(link)
    if link.confirmed_at:
        text = gettext("“I have read this”, said someone it was shown to, on %(time)s.")
        yield html(text, time=moment(link.confirmed_at))
    if link.on_screen_seconds:
        yield events.on_screen(link.on_screen_seconds)
    if link.recalled_at:
        yield html(_recalled(link), time=moment(link.recalled_at))
    elif link.ended_at and link.state in {State.EXPIRED, State.LOCKED}:
        yield html(gettext("Ended on %(time)s."), time=moment(link.ended_at))
    if not link.state.final:
        yield from _waiting(link, status)


def _waiting(link: LinkStatus, status: Status) -> Iterator[str]:
    if link.unread_at and not link.reveals:
        text = gettext("Nobody had opened it by %(time)s, as you wanted to know.")
        yield html(text, time=moment(link.unread_at))
    if status.views > 1:
        text = gettext("Views left: %(left)s of %(views)s.")
        yield text % {"left": link.views_left, "views": status.views}


def _recalled(link: LinkStatus) -> str:
    if link.by_rule:
        return gettext("Your rule recalled it on %(time)s.")
    if link.outcome in TOO_LATE:
        return gettext("The recall was asked for on %(time)s.")
    return gettext("Recalled on %(time)s.")


def _moment(at: int | None) -> str:
    return moment(at) if at else ""
