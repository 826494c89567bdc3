"""The view models of the sent list and of the verdict over many messages."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NamedTuple

from restante.crypto.tokens import sender_mark
from restante.email_address import mailbox
from restante.errors import Invalid
from restante.messages import State
from webapp.http.i18n import gettext, ngettext
from webapp.http.request import cookie
from webapp.texts import states
from webapp.texts.formatting import now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restante.errors import RestanteError
    from restante.sent_reports import Entry, ListPage, Verdicts

NAMES_SHOWN = 3


class Row(NamedTuple):
    """One message of the list.

    Attributes:
        names: The first recipients; *more* is how many links there are besides.
        is_open: At least one link can still be opened.
        ended: In one word, how all its links ended, if the headline does not say it.
        is_prevented: All its links were recalled before anybody opened one.
        is_ours: The control page knows this browser; otherwise it first warns.
    """

    token: str
    score: int
    subject: str | None
    names: tuple[str, ...]
    more: int
    overall: State
    headline: str
    ended: str | None
    sent_at: int
    is_open: bool
    is_prevented: bool
    is_ours: bool

    @property
    def title(self) -> str:
        """What names the message where only text can stand."""
        return self.subject or ", ".join(self.names) or gettext("Anyone with the link")


class SentView(NamedTuple):
    """What the list shows.  *fault* says why nothing was done, *is_of_chosen* to the chosen."""

    rows: tuple[Row, ...]
    fault: str | None
    is_of_chosen: bool
    has_open: bool


class VerdictView(NamedTuple):
    """What the verdict over many messages says."""

    headline: str
    is_prevented: bool
    read: tuple[Row, ...]
    unread: tuple[Row, ...]
    at: int


def build(page: ListPage | None, error: RestanteError | None) -> SentView:
    """Return what the list shows of a page, or of nothing."""
    rows = _rows(page.entries if page else ())
    has_open = any(row.is_open for row in rows)
    return SentView(rows, _fault(error) if error else None, _field(error) == "message", has_open)


def judge(verdicts: Verdicts | None) -> VerdictView:
    """Return what the verdict says; None if the service could not recall anything."""
    if verdicts is None:
        heading = gettext("The service cannot confirm this right now.")
        return VerdictView(heading, False, (), (), now())  # noqa: FBT003 (a named field)
    return VerdictView(
        headline=_headline(verdicts),
        is_prevented=bool(verdicts.prevented and not verdicts.too_late),
        read=_rows(verdicts.read),
        unread=_rows(verdicts.unread),
        at=now(),
    )


def _headline(its: Verdicts) -> str:
    links = its.prevented + its.too_late + its.ended
    if not links:
        return gettext("There was nothing to recall.")
    if its.prevented == links == 1:
        return gettext("Nobody has read it. It can no longer be read.")
    if its.prevented == links:
        return ngettext(
            "Nobody has read the %(num)s link. It can no longer be read.",
            "Nobody has read any of the %(num)s links. They can no longer be read.",
            links,
        )
    if not its.prevented:
        return gettext("The recall prevented nothing: all had been read, or had ended.")
    return ngettext(
        "Nobody has read %(num)s of %(links)s links. It can no longer be read.",
        "Nobody has read %(num)s of %(links)s links. They can no longer be read.",
        its.prevented,
        links=links,
    )


def _rows(entries: Iterable[Entry]) -> tuple[Row, ...]:
    return tuple(map(_row, entries))


def _row(entry: Entry) -> Row:
    line, seen = entry.line, entry.seen
    names = tuple(map(_called, line.labels[:NAMES_SHOWN]))
    overall = states.overall(seen.links)
    mark = sender_mark(line.control, cookie("sender") or "")
    return Row(
        token=str(line.control),
        score=entry.at,
        subject=line.subject,
        names=names,
        more=line.links - len(names) if names else 0,
        overall=overall,
        headline=states.headline(seen.links, is_paused=bool(seen.paused_at)),
        ended=states.ended(overall),
        sent_at=seen.sent_at,
        is_open=not all(link.state.final for link in seen.links),
        is_prevented=overall is State.RECALLED and not any(link.reveals for link in seen.links),
        is_ours=hmac.compare_digest(mark, seen.sender_mark),
    )


def _called(label: str) -> str:
    """Return a recipient's name without its address: a list is read at a glance."""
    its = mailbox(label)
    return (its and its.name) or label


def _field(error: RestanteError | None) -> str | None:
    return error.faults[0].field if isinstance(error, Invalid) else None


def _fault(error: RestanteError) -> str:
    of = error.faults[0] if isinstance(error, Invalid) else None
    if of and of.field == "message":
        return gettext("Choose at least one message first.")
    if of and of.field == "window":
        return gettext("Choose first from when on.")
    return states.fault(of) if of else gettext("This is not possible here.")
