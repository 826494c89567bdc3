"""The routes of a message's files: for the reader who opened it, while its lease is open.

A browser with cookies follows links; one without sends forms, as for everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from restante.crypto.tokens import LinkToken
from restante.errors import Damaged, Gone, NotFound, TakenOut
from restante.fetching import Ticket
from restante.messages import State
from webapp.http import downloads, files_cookie, pages, rate_limits, zips
from webapp.http.errors import told
from webapp.http.i18n import gettext
from webapp.http.request import cookie, evidence, services
from webapp.recipient import gate
from webapp.recipient.gate import Passed

if TYPE_CHECKING:
    from collections.abc import Callable

bp = Blueprint("files", __name__, url_prefix="/m/<token>/files")

METHODS = ("GET", "POST")
ENDED = {State.RECALLED, State.EXPIRED, State.LOCKED}
"""States that end a download, too; after the last view the lease counts."""


@bp.route("/<int:number>", methods=METHODS)
@rate_limits.upload
def fetch(token: str, number: int) -> Response:
    """Return a file, or a part of it, to save."""
    return _answer(token, lambda ticket: downloads.answer(ticket, number))


@bp.route("/<int:number>/show", methods=METHODS)
@rate_limits.upload
def show(token: str, number: int) -> Response:
    """Return a picture, a PDF or a plain text to look at; any other file, to save."""
    return _answer(token, lambda ticket: downloads.answer(ticket, number, to_show=True))


@bp.get("")
@rate_limits.upload
def still(token: str) -> Response:
    """Tell the page's script which files can still be fetched: 404 or 410 if none can."""
    its = services().fetching.files(_by_cookies(LinkToken.find(token)))
    return jsonify(numbers=[one.number for one in its])


@bp.route("/all", methods=METHODS)
@rate_limits.upload
def fetch_all(token: str) -> Response:
    """Return all files as one ZIP."""
    return _answer(token, lambda ticket: zips.answer(ticket, f"{gettext('Files')}.zip"))


def _answer(token: str, deed: Callable[[Ticket], Response]) -> Response:
    link = LinkToken.find(token)
    try:
        return deed(_by_form(link) if request.method == "POST" else _by_cookies(link))
    except Gone as error:
        if error.state in ENDED:
            raise
        return _refused(link, error)
    except (NotFound, TakenOut, Damaged) as error:
        return _refused(link, error)


def _by_cookies(link: LinkToken) -> Ticket:
    held, holder = files_cookie.held(), cookie("reader")
    if held is None or holder is None:
        raise NotFound
    return Ticket(link, gate.reader_key(holder, held.ordinal), held.token, evidence())


def _by_form(link: LinkToken) -> Ticket:
    passed = gate.check(link, spends=False)
    if not isinstance(passed, Passed):
        raise NotFound
    return Ticket(link, passed.reader_key, request.form.get("files", ""), evidence())


def _refused(link: LinkToken, error: Gone | NotFound | TakenOut | Damaged) -> Response:
    return told(pages.render("recipient/no_file.html", error=error, token=str(link)), error)
