"""The view model of the control page: what it shows of a message, and which actions it offers.

One function builds it from the message's status and an error, if any; the template prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from restante.errors import Fault, Gone, Invalid, TooLarge, Unavailable
from restante.messages import State
from webapp.http.errors import BudgetSpent, RateLimited
from webapp.http.i18n import gettext, html
from webapp.sender import link_view
from webapp.texts import states
from webapp.texts.formatting import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from markupsafe import Markup

    from restante.errors import RestanteError
    from restante.reports import LinkStatus, Status
    from webapp.sender.link_view import LinkView


class Notice(NamedTuple):
    """Why nothing was done, at the top of the page."""

    heading: str
    text: str


class Alarm(NamedTuple):
    """Reports by people who have a link: disputes or declines; *at* is the latest time."""

    heading: str
    text: str
    recipient: str | None
    at: int | None


@dataclass(frozen=True, slots=True)
class ControlView:
    """What the sender's page shows.

    Attributes:
        overall: The state that summarises all links.
        is_prevented: All links were recalled before any was read.
        faults: What is wrong with each field, by its name.
        copied_first: The link whose copy button is the primary one.
        open_links: How many links can still be opened.
        can_replace: Some links are not read yet.
    """

    title: str
    headline: str
    overall: State
    is_prevented: bool
    text: str
    notice: Notice | None
    faults: Mapping[str, str]
    alarms: tuple[Alarm, ...]
    links: tuple[LinkView, ...]
    copied_first: LinkStatus | None
    open_links: int
    can_replace: bool

    @property
    def is_many(self) -> bool:
        return len(self.links) > 1

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
) -> ControlView:
    """Build the view.

    *asks_all*: the operator wants a challenge for every reader; *cut* names the fields that are
    shown again without their end.
    """
    links = status.links
    still_open = [link for link in links if not link.state.final]
    unread = [link for link in still_open if not link.reveals]
    overall, headline = (
        states.overall(links),
        states.headline(links, is_paused=bool(status.paused_at)),
    )
    faults = states.faults(_faults(error), cut)
    return ControlView(
        title=_title(error) if error else headline,
        headline=headline,
        overall=overall,
        is_prevented=overall is State.RECALLED and not any(link.reveals for link in links),
        text=_text(status, overall, is_open=bool(still_open), asks_all=asks_all),
        notice=_notice(error, faults) if error else None,
        faults=faults,
        alarms=tuple(_alarms(links, is_open=bool(still_open))),
        links=tuple(link_view.build(link, status) for link in links),
        copied_first=unread[0] if unread else None,
        open_links=len(still_open),
        can_replace=bool(unread),
    )


def _faults(error: RestanteError | None) -> tuple[Fault, ...]:
    match error:
        case Invalid():
            return error.faults
        case TooLarge():
            return (Fault("text", "too large"),)
    return ()


def _title(error: RestanteError) -> str:
    if isinstance(error, Unavailable):
        return gettext("Not confirmed yet")
    return gettext("Nothing was changed yet")


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


def _notice(error: RestanteError, faults: Mapping[str, str]) -> Notice:
    match error:
        case Unavailable():
            return Notice(
                gettext("The service cannot confirm this right now."),
                gettext("Try again in a moment. Trying twice does no harm."),
            )
        case BudgetSpent():
            text = gettext(
                "It can send again from %(time)s. Nothing was changed, what you wrote is still "
                "here, and recalling works all the same."
            )
            return Notice(
                gettext("This network has sent as much as it may for today."),
                html(text, time=moment(error.until)),
            )
        case RateLimited():
            return Notice(
                gettext("That was asked too often."),
                gettext(
                    "Wait a minute, then try again. Nothing was changed, and what you wrote is "
                    "still here."
                ),
            )
        case Gone():
            return Notice(
                gettext("Every link had ended already."),
                gettext("Nothing was changed. The report is below."),
            )
    return Notice(
        gettext("Nothing was changed yet."),
        faults.get("form")
        or faults.get("links")
        or faults.get("rules")
        or gettext("Nothing is lost. Look at what is marked below."),
    )


def _alarms(links: Sequence[LinkStatus], *, is_open: bool) -> Iterator[Alarm]:
    disputed = _latest_last(links, "disputes", "disputed_at")
    # Disputes of links that were read come first: a dispute of another link must not hide them.
    if read := [link for link in disputed if link.reveals]:
        yield Alarm(
            gettext("Somebody else may have read this."),
            gettext(
                "Someone who has the link says that it was not them who opened it. Ask the "
                "recipient another way than by this mail, and treat what it said as known."
            ),
            read[-1].recipient,
            read[-1].disputed_at,
        )
    elif disputed:
        yield Alarm(
            gettext("Somebody else may have the link."),
            gettext(
                "Someone who has the link says that it was not them who typed wrong answers until "
                "it locked. Nothing was opened. Ask the recipient another way than by this mail."
            ),
            disputed[-1].recipient,
            disputed[-1].disputed_at,
        )
    if declined := _latest_last(links, "declines", "declined_at"):
        yield Alarm(
            gettext("This may have gone to the wrong person."),
            gettext(
                "Someone who has the link says that it is not for them. If you sent it to the "
                "wrong address, take it back."
            )
            if is_open
            else gettext("Someone who has the link says that it is not for them."),
            declined[-1].recipient,
            declined[-1].declined_at,
        )


def _latest_last(links: Sequence[LinkStatus], many: str, at: str) -> list[LinkStatus]:
    """Return the links with such reports, the latest last; a time may be missing."""
    said = [link for link in links if getattr(link, many) or getattr(link, at)]
    return sorted(said, key=lambda link: getattr(link, at) or 0)
