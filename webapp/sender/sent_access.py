"""Who has the sent list: its address, another device, a new secret, no list any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import segno
from flask import Blueprint, Response, make_response, redirect, request, url_for
from markupsafe import Markup

from restante.crypto.tokens import ListToken
from restante.errors import Fault, Invalid, Unavailable
from restante.store.replies import Changed
from webapp.http import csrf, pages, rate_limits
from webapp.http.errors import told
from webapp.http.request import cookie, sent_list, settings
from webapp.sender import sender_secret
from webapp.sender.sent import only_if_on

if TYPE_CHECKING:
    from restante.errors import RestanteError

bp = Blueprint("sent_access", __name__)
bp.before_request(only_if_on)


@bp.post("/sent/address")
@rate_limits.status
def address() -> Response:
    """Show the address that opens this list on another device."""
    if not (listed := sender_secret.listed()):
        return _back()
    if untold := _untold():
        return told(_page("sender/sent_ask.html", untold), untold)
    opens = f"{settings().public_url}/sent/{listed}"
    drawn = segno.make(opens, error="m").svg_inline(svgclass="qr", light="#fff", omitsize=True)
    return make_response(
        pages.render("sender/sent_address.html", opens=opens, code=Markup(drawn))  # noqa: S704 (our own)
    )


@bp.get("/sent/<pasted:pasted>")
@rate_limits.status
def arrive(pasted: str) -> Response:
    """Warn before this browser uses a list; change nothing."""
    listed = ListToken.find(pasted)
    if listed == sender_secret.listed():
        return _back()
    return make_response(_arrival(listed))


@bp.post("/sent/<pasted:pasted>")
@rate_limits.status
def use(pasted: str) -> Response:
    """Use a list in this browser after its visitor has read the warning."""
    listed = ListToken.find(pasted)
    if untold := _untold():
        return told(_arrival(listed, untold), untold)
    page = sent_list().page(listed)
    if page.is_closed:
        return make_response(pages.render("sender/sent_closed.html"))
    response = _back()
    sender_secret.change(response, listed.cookie)
    return response


@bp.post("/sent/rotate")
@rate_limits.status
def rotate() -> Response:
    """Ask once more; then move the list to a new secret, so that every other holder is out."""
    listed, new = sender_secret.listed(), sender_secret.next_list()
    if not listed:
        return _back()
    if untold := _untold():
        return told(_page("sender/sent_rotate.html", untold), untold)
    if "sure" not in request.form or not new or new == listed:
        response = make_response(_page("sender/sent_rotate.html"))
        if not (new and sent_list().page(listed).is_closed):
            sender_secret.promise(response)
        return response
    try:
        sent_list().move(listed, new)
    except (Unavailable, Changed) as error:
        shown = error if isinstance(error, Unavailable) else Invalid([Fault("form", "stale")])
        return told(_page("sender/sent_rotate.html", shown), shown)
    response = make_response(pages.render("sender/sent_rotated.html"))
    sender_secret.keep(response, new.cookie)
    return response


@bp.post("/sent/forget")
@rate_limits.status
def forget() -> Response:
    """Ask once more; then delete the list.  Its messages stay."""
    if not (listed := sender_secret.listed()):
        return _back()
    if untold := _untold():
        return told(_page("sender/sent_forget.html", untold), untold)
    if "sure" not in request.form:
        return make_response(_page("sender/sent_forget.html"))
    for its in filter(None, (listed, sender_secret.next_list())):
        sent_list().forget(its)
    response = make_response(pages.render("sender/sent_forgotten.html"))
    sender_secret.give_up(response)
    return response


@bp.post("/sent/anew")
@rate_limits.status
def anew() -> Response:
    """Let a browser whose list moved away begin another one; an old page's button does nothing."""
    response, listed = _back(), sender_secret.listed()
    if listed and _untold() is None and sent_list().page(listed).is_closed:
        sender_secret.give_up(response)
    return response


def _untold() -> RestanteError | None:
    try:
        csrf.verify()
    except Invalid as error:
        return error
    return None


def _page(name: str, error: RestanteError | None = None) -> str:
    return pages.render(name, error=error)


def _arrival(listed: ListToken, error: RestanteError | None = None) -> str:
    return pages.render(
        "sender/sent_arrive.html",
        token=str(listed),
        has_own=bool(cookie("sender")),
        error=error,
    )


def _back() -> Response:
    return make_response(redirect(url_for("sent.show"), code=303))
