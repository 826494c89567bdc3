"""What changed on an open control page: its script asks, and puts the parts in their places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, make_response, request
from markupsafe import Markup

from restante.crypto.tokens import ControlToken
from restante.messages import Page
from restante.notices import TEST
from webapp.http import pages, rate_limits
from webapp.http.i18n import current, gettext, ngettext
from webapp.http.request import cookie, managing
from webapp.sender import page_parts, private_page
from webapp.texts import channels, events

if TYPE_CHECKING:
    from restante.messages import Event
    from restante.reports import Status

bp = Blueprint("changes", __name__)

MARK = re.compile(r"(\d{1,9})\.(\d{1,15})\.\d{1,3}\.(\d{1,20})\.(\d)\.(\d{1,10})")
NEWEST = Page(most=page_parts.EVENTS_SHOWN)


class Known(NamedTuple):
    """What the page that asks shows, by its mark: see status.lua."""

    events: int = 0
    looked_at: int = 0
    on_screen: int = 0
    phase: int = -1
    told: int = 0


class News(NamedTuple):
    """What is told of the changes, and which parts of the page they touch."""

    text: str
    number: int
    has_events: bool
    has_looks: bool


@bp.get("/s/<token>/changes")
@rate_limits.changes
def changes(token: str) -> Response:
    """Return 204 if nothing changed since `?after=`, else the parts of the page that did."""
    control = ControlToken.find(token)
    after = request.args.get("after", "")
    status = managing().changes(control, after, NEWEST, cookie=cookie("sender"))
    if status is None:
        return Response(status=204)
    if not private_page.is_open(control, status):
        return Response(status=403)
    known = _known(after)
    view = page_parts.view(status)
    touched = _touched(status, known)
    if view.copied_first:
        touched.add(view.copied_first.link_id)
    page = pages.render(
        "sender/changes.html",
        view=view,
        changed=[its for its in view.links if its.link.link_id in touched],
        news=_news(status, known, view.headline),
        written={},
        **page_parts.values(control, status),
    )
    return make_response(page)


def _known(mark: str) -> Known:
    found = MARK.fullmatch(mark)
    return Known(*map(int, found.groups())) if found else Known()


def _touched(status: Status, known: Known) -> set[bytes]:
    """Return the links whose part of the page may differ."""
    now = _known(status.mark)
    new = _new_events(status, known)
    is_whole = any(event.link_id is None for event in new)
    if is_whole or now.phase != known.phase or known.events + 1 < status.first:
        return {link.link_id for link in status.links}
    touched = {event.link_id for event in new if event.link_id}
    touched |= {look.link_id for look in status.looks if look.at >= known.looked_at}
    if now.on_screen != known.on_screen:
        touched |= {link.link_id for link in status.links if link.reveals}
    return touched


def _news(status: Status, known: Known, headline: str) -> News:
    new, now = _new_events(status, known), _known(status.mark)
    number = max(now.events - known.events, 0)
    text = ""
    if number > 1:
        text = ngettext(
            "%(num)s new thing happened. %(last)s", "%(num)s new things happened. %(last)s",
            number, last=_told(new[-1], status),
        ) if new else headline  # fmt: skip
    elif new:
        text = _told(new[-1], status)
    elif now.phase != known.phase:
        text = headline
    elif now.told != known.told and status.events and status.events[-1].type == TEST:
        text = channels.tested(status.channels)
    return News(text, number, number > 0, now.looked_at != known.looked_at)


def _new_events(status: Status, known: Known) -> list[Event]:
    return [event for event in status.events if event.number > known.events]


def _told(event: Event, status: Status) -> str:
    """Return an event in plain words, for people who look and for those who listen."""
    said = Markup(events.event(event)).striptags()  # noqa: S704 (our own words)
    names = {link.link_id: link.recipient for link in status.links}
    name = names.get(event.link_id) if event.link_id else None
    if not name or len(status.links) == 1:
        return said
    return gettext("%(name)s: %(event)s", name=_isolated(name), event=said)


def _isolated(name: str) -> str:
    """Keep a name from reordering what stands around it, where no element can."""
    return f"\u2068{name}\u2069" if current().direction == "ltr" else name
