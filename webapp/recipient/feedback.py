"""What a recipient answers: it arrived, I have read it, it is not for me, that was not me.

And what he asks in return: to keep it longer, and what was recorded.  What holds a view needs
nothing but a good ticket; what everybody may say passes the gate like a press of its button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from restante.crypto.tokens import LinkToken
from restante.feedback import EXTEND_LEASE_SECONDS
from webapp.http import form, rate_limits
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
    """Take the reader's word that the message arrived; unless it keeps it, destroy it now."""
    keep = request.form.get("keep") == "1"

    def deed(link: LinkToken, passed: Passed) -> Response:
        left = answering().acknowledge(link, passed.nonce, keep=keep, evidence=evidence())
        if keep:
            return Response(status=DONE)
        page = render_template("done.html", token=token, form=passed.form, views_left=left)
        return make_response(page)

    return _held(token, deed)


@bp.post("/prolong")
def extend_lease(token: str) -> Response:
    """Keep the view longer; a script asks, for the page that stays on the screen."""

    def deed(link: LinkToken, passed: Passed) -> Response:
        until, most, at = answering().extend_lease(link, passed.nonce, evidence=evidence())
        return jsonify(
            seconds=max((until - at) // 1000, 0),
            # With so many left, or fewer, asking again is worth it; 0: it never is.
            offer_at=EXTEND_LEASE_SECONDS - LEAST_MS // 1000 if most - until >= LEAST_MS else 0,
        )

    return _held(token, deed)


@bp.post("/confirm")
def confirm(token: str) -> Response:
    """Take the reader's word that he has read it; a script wants no page for it."""

    def deed(link: LinkToken, passed: Passed) -> Response:
        answering().confirm(link, passed.nonce, evidence=evidence())
        if request.form.get("quiet"):
            return Response(status=DONE)
        page = render_template("answered.html", deed="confirm", token=token, form=passed.form)
        return make_response(page)

    return _held(token, deed)


@bp.post("/on-screen")
def on_screen(token: str) -> Response:
    """Take a browser's word for how long the text was on its screen, in seconds."""
    seconds = form.digits(request.form.get("seconds", ""), ON_SCREEN_DIGITS) or 0

    def deed(link: LinkToken, passed: Passed) -> Response:
        if settings().evidence:
            answering().on_screen(link, passed.nonce, seconds)
        return Response(status=DONE)

    return _held(token, deed)


@bp.post("/dispute")
@rate_limits.reveal
def dispute(token: str) -> Response:
    """Tell the sender that it was not this browser that opened the link."""
    return _tell(token, "dispute")


@bp.post("/decline")
@rate_limits.reveal
def decline(token: str) -> Response:
    """Tell the sender that the message is not meant for whoever has the link."""
    return _tell(token, "decline")


@bp.get("/recorded")
@rate_limits.preview
def recorded(token: str) -> Response:
    """Show what was recorded about the link."""
    link = LinkToken.find(token)
    who, _ = gate.reader()
    account = answering().link_history(link, gate.nonces(who, gate.MOST))
    return make_response(render_template("recorded.html", account=account, token=str(link)))


def _held(token: str, deed: Callable[[LinkToken, Passed], Response]) -> Response:
    link = LinkToken.find(token)
    passed = gate.check(link, spends=False)
    if not isinstance(passed, Passed):
        # Who holds a view is never told to wait; who brings nothing looks, and looks are limited.
        with rate_limits.preview:
            return gate_page.refuse(link, LOOKED, passed)
    return deed(link, passed)


def _tell(token: str, name: str) -> Response:
    link = LinkToken.find(token)
    passed = gate.check(link, spends=True)
    if not isinstance(passed, Passed):
        is_untried = passed is Why.NUMBER and not request.form.get("number")
        return gate_page.step(link, name, None if is_untried else passed)
    nonces = gate.nonces(passed.form.holder, gate.MOST)
    declined = None
    if name == "decline":
        declined = answering().decline(link, nonces, evidence=evidence())
        said = declined and declined.told
    else:
        said = answering().dispute(link, nonces, evidence=evidence())
    if said is None:
        return gate_page.show(link)
    page = render_template(
        "answered.html", deed=name, said=said, declined=declined, token=token, form=passed.form
    )
    return make_response(page)
