"""The view model of one link on the control page: its summary, and when what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restante.messages import Outcome, State
from webapp.http.i18n import gettext, html
from webapp.texts import events, states
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.reports import LinkStatus, Status

TOO_LATE = {Outcome.ALREADY_SPENT, Outcome.ALREADY_EXPIRED, Outcome.ALREADY_LOCKED}


class LinkView(NamedTuple):
    """One link: its summary, and the times of what happened."""

    link: LinkStatus
    said: tuple[str, ...]
    times: tuple[str, ...]


def build(link: LinkStatus, status: Status) -> LinkView:
    """Return what the page says of one of the message's links."""
    is_many = len(status.links) > 1
    said = (
        states.link(link, is_paused=bool(status.paused_at)) if is_many else None,
        states.too_late(link),
        states.arrival(link),
    )
    return LinkView(link, tuple(filter(None, said)), tuple(_times(link, status)))


def _times(link: LinkStatus, status: Status) -> Iterator[str]:
    if link.reveals > 1:
        yield html(
            gettext("First shown on %(first)s, last on %(last)s."),
            first=_moment(link.first_revealed_at),
            last=_moment(link.last_revealed_at),
        )
    elif link.reveals:
        yield html(gettext("Shown on %(time)s."), time=_moment(link.first_revealed_at))
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
