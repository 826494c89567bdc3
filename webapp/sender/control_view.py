"""The view model of the control page: what it shows of a message, and which actions it offers.

One function builds it from the message's status and an error, if any; the template prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from restante.messages import State
from webapp.http.i18n import gettext, html
from webapp.sender import control_notices, link_view
from webapp.texts import files, marks, states
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markupsafe import Markup

    from restante.errors import RestanteError
    from restante.file_reports import SentFile
    from restante.messages import Event
    from restante.reports import LinkStatus, Status
    from webapp.sender.control_notices import Alarm, Notice
    from webapp.sender.link_view import LinkView
    from webapp.texts.marks import Group, Mark

UNREMARKABLE = {"message.sent", "link.acknowledged"}
"""Events that tell a sender nothing new: a reveal's acknowledgement only follows it."""
CARDS_MOST = 10
"""With more links than this, the page has a table of them in place of cards."""


class Latest(NamedTuple):
    """What happened last, at the top of a page with several links."""

    event: Event
    recipient: str | None


class FileView(NamedTuple):
    """A file of one version; *is_earlier*: of a text that was replaced since."""

    version: int
    number: int
    name: str
    size: str
    is_out: bool
    is_earlier: bool


@dataclass(frozen=True, slots=True)
class ControlView:
    """What the sender's page shows.

    Attributes:
        overall: The state that summarises all links.
        is_prevented: All links were recalled before any was read.
        faults: What is wrong with each field, by its name.
        groups: With a table: what it can be filtered by, and how many links that are.
        shown: The group that is shown; None shows all.
        copied_first: The link whose copy button is the primary one.
        open_links: How many links can still be opened.
        can_replace: Some links are not read yet.
        held_seconds: How long until it opens, if it is held.
    """

    title: str
    headline: str
    overall: State
    is_prevented: bool
    text: str
    latest: Latest | None
    notice: Notice | None
    faults: Mapping[str, str]
    alarms: tuple[Alarm, ...]
    links: tuple[LinkView, ...]
    groups: Sequence[tuple[Group, Mark, int]]
    shown: Group | None
    copied_first: LinkStatus | None
    open_links: int
    can_replace: bool
    held_seconds: int
    files: Sequence[FileView] = ()
    """The newest version's files."""
    takeable: Sequence[FileView] = ()
    """The files that can be taken out, of every version that a link opens."""

    @property
    def has_report(self) -> bool:
        """Tell whether anything happened that the verdict page would report."""
        return any(its.link.reveals or its.link.state.final for its in self.links)

    @property
    def may_change(self) -> bool:
        """Tell whether news can still come: of a link that opens, or from somebody who read it."""
        return bool(self.open_links) or any(its.link.reveals for its in self.links)

    @property
    def is_many(self) -> bool:
        return len(self.links) > 1

    @property
    def is_table(self) -> bool:
        return len(self.links) > CARDS_MOST

    @property
    def listed(self) -> tuple[LinkView, ...]:
        """The links of the group that is shown."""
        return tuple(its for its in self.links if self.shown in {None, its.group})

    @property
    def switch_form(self) -> str | None:
        """The form that the language switch sends, so that typed text is kept."""
        if not self.open_links:
            return None
        return "replacing" if self.can_replace else "recalling"


def build(
    status: Status,
    error: RestanteError | None = None,
    *,
    asks_all: bool,
    cut: Iterable[str] = (),
    shown: Group | None = None,
) -> ControlView:
    """Build the view.

    *asks_all*: the operator wants a challenge for every reader; *cut* names the fields that are
    shown again without their end.
    """
    links = status.links
    still_open = [link for link in links if not link.state.final]
    unread = [link for link in still_open if not link.reveals]
    overall, is_paused = states.overall(links), bool(status.paused_at)
    was_held = states.was_held(links, status.opens_at)
    headline = states.headline(links, is_paused=is_paused, was_held=was_held)
    faults = states.faults(control_notices.faults_of(error), cut)
    is_held = overall is State.HELD and not is_paused
    return ControlView(
        title=control_notices.title(error) if error else headline,
        headline=headline,
        overall=overall,
        is_prevented=overall is State.RECALLED and not any(link.reveals for link in links),
        text=_text(status, overall, is_open=bool(still_open), asks_all=asks_all),
        latest=_latest(status),
        notice=control_notices.notice(error, faults) if error else None,
        faults=faults,
        alarms=tuple(control_notices.alarms(links, is_open=bool(still_open))),
        links=link_view.build(status),
        groups=marks.groups(links) if len(links) > CARDS_MOST else (),
        shown=shown if len(links) > CARDS_MOST else None,
        copied_first=unread[0] if unread and len(links) <= CARDS_MOST else None,
        open_links=len(still_open),
        can_replace=bool(unread),
        held_seconds=-(-(status.opens_at - status.at) // 1000) if is_held else 0,
        files=[_file(status, status.version, its) for its in status.newest_files],
        takeable=[
            _file(status, version, its)
            for version in sorted(status.kept_versions, reverse=True)
            for its in status.files[version]
            if its.taken_out_at is None
        ],
    )


def _file(status: Status, version: int, its: SentFile) -> FileView:
    return FileView(
        version,
        its.number,
        its.name,
        files.size(its.size),
        is_out=its.taken_out_at is not None,
        is_earlier=version != status.version,
    )


def _latest(status: Status) -> Latest | None:
    if len(status.links) == 1 or status.has_newer:
        return None
    told = [event for event in status.events if event.type not in UNREMARKABLE]
    if not told:
        return None
    event = told[-1]
    if event.type == "message.paused" and status.paused_at:
        return None  # The page says more of it anyway.
    names = {link.link_id: link.recipient for link in status.links}
    return Latest(event, names.get(event.link_id) if event.link_id else None)


def _text(status: Status, overall: State, *, is_open: bool, asks_all: bool) -> str:
    if not is_open:
        return gettext("There is nothing left to do.")
    said = [html(gettext("It waits until %(time)s."), time=moment(status.expires_at))]
    if status.paused_at:
        said = list(_paused(status, status.paused_at))
    elif overall is State.HELD:
        said = [
            html(gettext("It opens on %(time)s."), time=moment(status.opens_at)),
            html(
                gettext(
                    "Until then you can change it or take it back, and nobody will have seen it."
                )
            ),
        ]
    said += _ruled(status)
    if status.details.always_asks or asks_all:
        said.append(html(gettext("Readers type a number first in their browser.")))
    if status.details.mailed_code:
        said.append(html(gettext("Each reader is mailed a code first.")))
    return html(" ").join(said)


def _paused(status: Status, at: int) -> Iterator[Markup]:
    text = gettext("Paused on %(time)s: nobody new can open it.")
    yield html(text, time=moment(at))
    if any(link.reveals for link in status.links):
        text = gettext(
            "Someone who opened it before may still have it on the screen: what was shown cannot "
            "be unshown."
        )
        yield html(text)
    yield html(gettext("It still expires on %(time)s."), time=moment(status.expires_at))


def _ruled(status: Status) -> Iterator[Markup]:
    if not any(link.state in {State.HELD, State.SEALED} for link in status.links):
        return
    if status.tell_at and status.tell_at < status.expires_at:
        text = gettext("If nobody opens it by %(time)s, this page says so.")
        yield html(text, time=moment(status.tell_at))
    if status.recall_at and status.recall_at < status.expires_at:
        text = gettext("If nobody opens it by %(time)s, it is taken back.")
        yield html(text, time=moment(status.recall_at))
