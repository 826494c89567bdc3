"""What the control page offers to copy or download of each link that still opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, redirect, url_for
from werkzeug.utils import secure_filename

from restante.crypto.tokens import ControlToken
from restante.messages import Page
from webapp.http import rate_limits, zone
from webapp.http.request import cookie, managing, settings
from webapp.sender import link_table, mail, private_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.crypto.tokens import LinkToken
    from restante.reports import LinkStatus, Status

bp = Blueprint("copies", __name__)
BRIEF = Page(most=1)
NAME_MOST = 60


class Copy(NamedTuple):
    """One link that still opens: its number on the page, its address, and a mail around it."""

    number: int
    address: str
    text: str
    mailto: str


class Copies(NamedTuple):
    """What can be copied.

    Attributes:
        each: By link id; links that have ended are missing.
        card: The HTML of the mail for the first link; the page's script changes the address.
        first: The address in it.
        table: A line for each link.
    """

    each: dict[bytes, Copy]
    card: str
    first: str
    table: str


def build(status: Status) -> Copies | None:
    """Return what the page offers; None if every link has ended."""
    numbered = _open_links(status)
    if not numbered:
        return None
    its = _mail(status)
    each = {}
    for number, link in numbered:
        address = _address(link.token)
        url = mail.mailto(link.recipient, its, address)
        each[link.link_id] = Copy(number, address, its.text(address), url)
    first = _address(numbered[0][1].token)
    return Copies(each, str(its.card(first)), first, link_table.pasted(_rows(status)))


@bp.get("/s/<token>/links.csv")
@rate_limits.status
def table(token: str) -> Response:
    """Download the links that still open as a table for a mail merge."""
    return _download(token, _table)


@bp.get("/s/<token>/mail-<int:number>.eml")
@rate_limits.status
def mail_draft(token: str, number: int) -> Response:
    """Download a mail with one link, to be sent from a mail program."""
    return _download(token, lambda status: _eml(status, number))


def _download(token: str, make: Callable[[Status], Response | None]) -> Response:
    control = ControlToken.find(token)
    status = managing().status(control, BRIEF, cookie=cookie("sender"))
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    back = url_for("control.show", pasted=str(control))
    return make(status) or redirect(back, code=303)  # type: ignore[return-value]


def _table(status: Status) -> Response | None:
    rows = _rows(status)
    if not rows:
        return None
    written = link_table.merged(rows, status.expires_at, zone.of_visitor())
    return file(written, "text/csv; charset=utf-8", "links.csv")


def _eml(status: Status, number: int) -> Response | None:
    link = dict(_open_links(status)).get(number)
    if link is None:
        return None
    called = secure_filename(link_table.names(link.recipient)[0])[:NAME_MOST]
    name = "-".join(filter(None, ("mail", str(number), called)))
    written = mail.eml(link.recipient, _mail(status), _address(link.token))
    return file(written, "message/rfc822", f"{name}.eml")


def _mail(status: Status) -> mail.Mail:
    return mail.write(status, settings().accent, zone.of_visitor())


def file(content: bytes, kind: str, name: str) -> Response:
    """Return a download."""
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _open_links(status: Status) -> list[tuple[int, LinkStatus]]:
    """Return the links that still open, each with its number among all."""
    return [(n, link) for n, link in enumerate(status.links, 1) if not link.state.final]


def _rows(status: Status) -> list[tuple[str | None, str]]:
    return [(link.recipient, _address(link.token)) for _, link in _open_links(status)]


def _address(token: LinkToken) -> str:
    return f"{settings().public_url}/m/{token}"
