"""The page that each mail to a sender leads to: consent, withdraw, stop all mails for good.

A GET changes nothing: mail scanners follow links.  Only the one-click unsubscription of RFC 8058,
which mail providers post by themselves, needs no form from our page; it only ends mails.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request, url_for

from restante.errors import Fault, Invalid, NotFound
from webapp.http import csrf, fields, pages, rate_limits
from webapp.http.errors import told
from webapp.http.request import services
from webapp.texts import states

bp = Blueprint("consents", __name__)


@bp.get("/n/<token>")
@bp.get("/n/<token>/unsubscribe")
@rate_limits.status
def show(token: str) -> Response:
    """Show what is mailed to the address that got this link; change nothing."""
    return _page(token)


@bp.post("/n/<token>")
@rate_limits.status
def answer(token: str) -> Response:
    """Do what the pressed button says."""
    try:
        csrf.verify()
        _do(token)
    except Invalid as error:
        return told(_page(token, error), error)
    return make_response(redirect(url_for("consents.show", token=token), code=303))


@bp.post("/n/<token>/unsubscribe")
@rate_limits.status
def one_click(token: str) -> Response:
    """Unsubscribe from the mails of one sender, whatever the body says (RFC 8058)."""
    services().consents.withdraw(token)
    return Response(status=204)


def _do(token: str) -> None:
    consents, faults = services().consents, list[Fault]()
    match request.form.get("do"):
        case "give":
            consents.give(token)
        case "withdraw":
            chosen = fields.link_ids(request.form.getlist("consent")[:1], "consent", faults)
            consents.withdraw(token, *chosen)
        case "stop":
            consents.stop(token)
        case _:
            raise NotFound


def _page(token: str, error: Invalid | None = None) -> Response:
    kept, its = services().consents.answers(token)
    mine = next((one for one in kept.consents if one.consent_id == its.consent_id), None)
    page = pages.render(
        "sender/consents.html",
        token=token,
        stopped_at=kept.stopped_at,
        mine=mine,
        others=[one for one in kept.consents if one != mine and one.state == "given"],
        faults=states.faults(error.faults if error else (), ()),
    )
    return make_response(page)
