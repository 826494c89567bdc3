"""The routes of reader feedback: acknowledge, confirm, decline, dispute, on screen.

Also: extend the lease, show the link's history.  Verbs of a reader who holds a view need only a
valid ticket.  Dispute and decline are open to everybody with the link, so they pass the gate
like opening.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, make_response, request

from restante.crypto.tokens import LinkToken
from restante.feedback import EXTEND_LEASE_SECONDS
from restante.typed_digits import whole_number
from webapp.http import files_cookie, pages, rate_limits
from webapp.http.request import answering, evidence, settings
from webapp.recipient import gate, gate_page
from webapp.recipient.bot_signals import Why
from webapp.recipient.gate import Passed
from webapp.recipient.gate_view import LOOKED
from webapp.recipient.viewer import EXTEND_LEASE_LEAST_MS as LEAST_MS

if TYPE_CHECKING:
    from collections.abc import Callable


bp = Blueprint("answers", __name__, url_prefix="/m/<token>")

DONE = 204
ON_SCREEN_DIGITS = 7


@bp.post("/acknowledge")
def acknowledge(token: str) -> Response:
    """Record that the message arrived; without `keep`, end the lease and show the last page."""
    keep = request.form.get("keep") == "1"

    def deed(link: LinkToken, passed: Passed) -> Response:
        left = answering().acknowledge(link, passed.reader_key, keep=keep, evidence=evidence())
        if keep:
            return Response(status=DONE)
        page = pages.render("recipient/done.html", token=token, form=passed.form, views_left=left)
        return files_cookie.drop(make_response(page), link)

    return _held(token, deed)


@bp.post("/prolong")
def extend_lease(token: str) -> Response:
    """Extend the lease; the page's script calls this while the message is open."""

    def deed(link: LinkToken, passed: Passed) -> Response:
        until, most, at = answering().extend_lease(link, passed.reader_key, evidence=evidence())
        return jsonify(
            seconds=max((until - at) // 1000, 0),
            # The script offers it again when this many seconds are left; 0: never.
            offer_at=EXTEND_LEASE_SECONDS - LEAST_MS // 1000 if most - until >= LEAST_MS else 0,
        )

    return _held(token, deed)


@bp.post("/confirm")
def confirm(token: str) -> Response:
    """Record that the reader confirms reading it; for the script, without a page."""

    def deed(link: LinkToken, passed: Passed) -> Response:
        answering().confirm(link, passed.reader_key, evidence=evidence())
        if request.form.get("quiet"):
            return Response(status=DONE)
        page = pages.render(
            "recipient/answered.html", deed="confirm", token=token, form=passed.form
        )
        return make_response(page)

    return _held(token, deed)


@bp.post("/on-screen")
def on_screen(token: str) -> Response:
    """Record how long the text was on the screen, in seconds, as the browser reports it."""
    seconds = whole_number(request.form.get("seconds", ""), ON_SCREEN_DIGITS) or 0

    def deed(link: LinkToken, passed: Passed) -> Response:
        if settings().evidence:
            answering().on_screen(link, passed.reader_key, seconds)
        return Response(status=DONE)

    return _held(token, deed)


@bp.post("/dispute")
@rate_limits.reveal
def dispute(token: str) -> Response:
    """Report to the sender that somebody else opened the link."""
    return _tell(token, "dispute")


@bp.post("/decline")
@rate_limits.reveal
def decline(token: str) -> Response:
    """Report to the sender that the message is not meant for this reader."""
    return _tell(token, "decline")


@bp.get("/recorded")
@rate_limits.preview
def recorded(token: str) -> Response:
    """Show what was recorded about the link."""
    link = LinkToken.find(token)
    who, _ = gate.reader()
    account = answering().link_history(link, gate.reader_keys(who, gate.MOST))
    return make_response(pages.render("recipient/recorded.html", account=account, token=str(link)))


def _held(token: str, deed: Callable[[LinkToken, Passed], Response]) -> Response:
    link = LinkToken.find(token)
    passed = gate.check(link, spends=False)
    if not isinstance(passed, Passed):
        # A reader with a view has no rate limit; other requests are looks, which have one.
        with rate_limits.preview:
            return gate_page.refuse(link, LOOKED, passed)
    return deed(link, passed)


def _tell(token: str, name: str) -> Response:
    link = LinkToken.find(token)
    passed = gate.check(link, spends=True)
    if not isinstance(passed, Passed):
        is_untried = passed is Why.NUMBER and not request.form.get("number")
        return gate_page.step(link, name, None if is_untried else passed)
    reader_keys = gate.reader_keys(passed.form.holder, gate.MOST)
    declined = None
    if name == "decline":
        declined = answering().decline(link, reader_keys, evidence=evidence())
        said = declined and declined.told
    else:
        said = answering().dispute(link, reader_keys, evidence=evidence())
    if said is None:
        return gate_page.show(link)
    page = pages.render(
        "recipient/answered.html",
        deed=name,
        said=said,
        declined=declined,
        token=token,
        form=passed.form,
    )
    return make_response(page)
