"""The verdict page: what was prevented for each link and what not; also as text, JSON and CSV.

It has no link, no token and nothing of the text, so it can be passed on.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response

from restante.crypto.tokens import ControlToken
from restante.events import rfc3339
from restante.messages import Page
from restante.safe_text import one_line
from webapp.http import pages, rate_limits
from webapp.http.i18n import current, gettext
from webapp.http.request import cookie, managing
from webapp.sender import link_table, private_page
from webapp.sender.copies import file
from webapp.texts import states, verdicts
from webapp.texts.formatting import rfc3339_or_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.reports import LinkStatus, Status

bp = Blueprint("verdict", __name__)

EVENTS_READ = 500
"""The newest ones, where the reason of a recall is looked for."""


@bp.get("/s/<token>/verdict")
@rate_limits.status
def show(token: str) -> Response:
    """Show what was prevented and what not."""
    return _answered(token, _page)


@bp.get("/s/<token>/verdict.txt")
@rate_limits.status
def as_text(token: str) -> Response:
    """Download the verdicts as text."""
    return _answered(token, lambda _, status: file(_text(status), TEXT, "verdict.txt"))


@bp.get("/s/<token>/verdict.json")
@rate_limits.status
def as_json(token: str) -> Response:
    """Download the verdicts as JSON."""
    return _answered(token, lambda _, status: file(_json(status), JSON, "verdict.json"))


@bp.get("/s/<token>/verdict.csv")
@rate_limits.status
def as_csv(token: str) -> Response:
    """Download the verdicts as a table."""
    return _answered(token, lambda _, status: file(_csv(status), CSV, "verdict.csv"))


TEXT, JSON, CSV = "text/plain; charset=utf-8", "application/json", "text/csv; charset=utf-8"


def _answered(token: str, make: Callable[[ControlToken, Status], Response]) -> Response:
    control = ControlToken.find(token)
    status = managing().status(control, Page(most=EVENTS_READ), cookie=cookie("sender"))
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    return make(control, status)


def _page(control: ControlToken, status: Status) -> Response:
    page = pages.render(
        "sender/verdict.html",
        status=status,
        token=str(control),
        headline=verdicts.headline(status.links, status),
        overall=states.overall(status.links),
        is_prevented=all(link.state.final and not link.reveals for link in status.links),
        is_over=all(link.state.final for link in status.links),
        counts=verdicts.counts(status.links),
        reason=_reason(status),
        # What was recalled comes first: of a hundred links it may be one.
        rows=[
            (link.recipient, verdicts.of(link, status, verdicts.on_page))
            for link in sorted(status.links, key=lambda link: link.outcome is None)
        ],
    )
    return make_response(page)


def _reason(status: Status) -> str | None:
    reasons = [event.facts.get("reason") for event in status.events]
    return next((str(reason) for reason in reversed(reasons) if reason), None)


def _text(status: Status) -> bytes:
    lines = [verdicts.headline(status.links, status), ""]
    lines += [f"{words}: {said}" for words, said in _facts(status)]
    for link in status.links:
        its = verdicts.of(link, status, verdicts.in_file)
        lines += ["", f"{_name(link)} · {its.mark.words}"]
        lines += [f"  {sentence}" for sentence in (*its.happened, *its.prevented)]
    return "\n".join([*lines, ""]).encode()


def _facts(status: Status) -> list[tuple[str, str]]:
    subject, reason = status.details.subject, _reason(status)
    facts = [
        (gettext("Subject"), one_line(subject) if subject else ""),
        (gettext("Sent"), verdicts.in_file("%(time)s", time=status.sent_at)),
        (gettext("As of"), verdicts.in_file("%(time)s", time=status.at)),
        (gettext("Reason given"), one_line(reason) if reason else ""),
        *((words, str(number)) for words, number in verdicts.counts(status.links)),
    ]
    return [(words, said) for words, said in facts if said]


def _name(link: LinkStatus) -> str:
    return one_line(link.recipient) if link.recipient else gettext("Anyone with the link")


def _json(status: Status) -> bytes:
    whole = {
        "id": status.message_id.hex(),
        "subject": status.details.subject,
        "sent_at": rfc3339(status.sent_at),
        "opens_at": rfc3339(status.opens_at),
        "expires_at": rfc3339(status.expires_at),
        "as_of": rfc3339(status.at),
        "reason": _reason(status),
        "language": current().tag,
        "summary": verdicts.headline(status.links, status),
        "links": [_link(link, status) for link in status.links],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2).encode()


def _link(link: LinkStatus, status: Status) -> dict[str, Any]:
    its = verdicts.of(link, status, verdicts.in_file)
    return {
        "id": link.link_id.hex(),
        "recipient": link.recipient,
        "state": link.state,
        "outcome": link.outcome,
        "by": ("rule" if link.by_rule else "sender") if link.outcome else None,
        "reveals": link.reveals,
        "views_left": link.views_left,
        "first_revealed_at": rfc3339_or_none(link.first_revealed_at),
        "last_revealed_at": rfc3339_or_none(link.last_revealed_at),
        "acknowledged_at": rfc3339_or_none(link.acknowledged_at),
        "confirmed_at": rfc3339_or_none(link.confirmed_at),
        "on_screen_seconds": link.on_screen_seconds,
        "ended_at": rfc3339_or_none(link.ended_at),
        "recalled_at": rfc3339_or_none(link.recalled_at),
        "files": [
            {
                "name": one.name,
                "size": one.size,
                "begun": one.sent is not None,
                "whole": one.is_whole,
                "taken_out_at": rfc3339_or_none(one.taken_out_at),
            }
            for one in link.files
        ],
        "verdict": its.mark.words,
        "happened": " ".join(its.happened),
        "prevented": " ".join(its.prevented),
    }


def _csv(status: Status) -> bytes:
    """Return a CSV file as `link_table.merged` makes them: quoted, and without formulas."""
    written = io.StringIO(newline="")
    table = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerow(
        [
            *(gettext("Name"), gettext("E-mail"), gettext("Verdict")),
            *(gettext("What happened"), gettext("What was prevented")),
            *(gettext("Times opened"), gettext("First opened"), gettext("Last opened")),
            gettext("Recalled"),
        ]
    )
    for link in status.links:
        its = verdicts.of(link, status, verdicts.in_file)
        times = (link.first_revealed_at, link.last_revealed_at, link.recalled_at)
        first, last, recalled = (rfc3339(at) if at else "" for at in times)
        row = [*link_table.names(link.recipient), its.mark.words, " ".join(its.happened)]
        row += [" ".join(its.prevented), str(link.reveals), first, last, recalled]
        table.writerow(map(link_table.cell, row))
    return written.getvalue().encode("utf-8-sig")
