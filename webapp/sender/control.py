"""The routes of the control page: status, recall, replace, extend, pause, resume, rules, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, request, url_for

from restante.crypto.tokens import ControlToken
from restante.errors import (
    Fault,
    Invalid,
    NotFound,
)
from restante.messages import Page
from restante.safe_text import shows_anything
from restante.typed_digits import whole_number
from webapp import rules
from webapp.http import (
    csrf,
    fields,
    form,
    pages,
    rate_limits,
    zone,
)
from webapp.http.budgets import afford
from webapp.http.request import cookie, evidence, managing, sending
from webapp.sender import (
    control_page,
    draft_files,
    page_parts,
    private_page,
    sender_secret,
    told_passphrase,
)

if TYPE_CHECKING:
    from restante.reports import Status

bp = Blueprint("control", __name__)


@bp.get("/s/<pasted:pasted>")
@rate_limits.status
def show(pasted: str) -> Response:
    """Show the page to the sender's browser; show a warning to other browsers first."""
    control = ControlToken.find(pasted)
    status = managing().status(control, _asked(), cookie=cookie("sender"))
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    told = told_passphrase.find(control)
    page = control_page.page(control, status, passphrase=told)
    told_passphrase.take(page, told)
    return page


@bp.post("/s/<pasted:pasted>")
@rate_limits.status
def show_anyway(pasted: str) -> Response:
    """Show the page to a browser after its visitor has read the warning and pressed the button."""
    control = ControlToken.find(pasted)
    try:
        csrf.verify()
    except Invalid:
        return private_page.warning(control, again=True)
    managing().status(control, control_page.NEWEST)
    response = make_response(redirect(url_for("control.show", pasted=str(control)), code=303))
    private_page.open_for(response, control)
    zone.remember(response)
    return response


@bp.post("/s/<token>/recall")
def recall(token: str) -> Response:
    """Recall one link, those that are marked, or all that are left; then show the verdicts."""
    return control_page.act(token, _recall, then="verdict.show", counts_faults=True)


@bp.post("/s/<token>/replace")
def replace(token: str) -> Response:
    """Replace text and files of all links that are not read yet."""
    control_page.read_form(ControlToken.find(token))
    return control_page.act(token, _replace)


@bp.post("/s/<token>/extend")
def extend(token: str) -> Response:
    """Move the expiry."""
    return control_page.act(token, _extend)


@bp.post("/s/<token>/pause")
def pause(token: str) -> Response:
    """Let no new reader open the message until it is resumed."""
    return control_page.act(token, _pause)


@bp.post("/s/<token>/resume")
def resume(token: str) -> Response:
    """End a pause."""
    return control_page.act(token, _resume)


@bp.post("/s/<token>/rules")
def set_rules(token: str) -> Response:
    """Set, change or remove rules for unread links."""
    return control_page.act(token, _set_rules)


@bp.post("/s/<token>/forget")
def forget(token: str) -> Response:
    """Ask once more; then delete the message and everything that was recorded of it."""
    control, is_sure = ControlToken.find(token), "sure" in request.form
    if is_sure and private_page.is_known_open(control) and csrf.is_ours():
        return _forgotten(control)
    try:
        status = managing().status(control, control_page.NEWEST, cookie=cookie("sender"))
    except NotFound:
        with rate_limits.status:
            if not is_sure:
                raise
            return make_response(pages.render("sender/forgotten.html"))
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    if not is_sure:
        with rate_limits.status:
            return make_response(_sure(control, status))
    try:
        csrf.verify()
    except Invalid as error:
        return control_page.page(control, status, control_page.counted(error))
    return _forgotten(control)


def _forgotten(control: ControlToken) -> Response:
    sender_secret.drop(control, managing().forget(control))
    return make_response(pages.render("sender/forgotten.html"))


@bp.post("/s/<token>/language")
@rate_limits.preview
def translate(token: str) -> Response:
    """Show the page in another language, with what was typed; change nothing."""
    control = ControlToken.find(token)
    control_page.read_form(control)
    status = managing().status(control, control_page.NEWEST, cookie=cookie("sender"))
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    return control_page.page(control, status)


def _sure(control: ControlToken, status: Status) -> str:
    proof = private_page.proof(control)
    return pages.render("sender/forget.html", status=status, token=str(control), proof=proof)


NUMBER_DIGITS = 9


def _recall(control: ControlToken) -> None:
    csrf.verify()
    reason = request.form.get("reason", "").strip() or None
    faults: list[Fault] = []
    which, marked = request.form.get("which"), request.form.getlist("link")
    if which == "marked" and not marked:
        faults.append(Fault("links", "none"))
    link_ids = fields.link_ids(() if which == "all" else marked, "links", faults)
    managing().recall(control, link_ids, reason=reason, evidence=evidence(), found=faults)


@rate_limits.send
@rate_limits.passphrase
def _replace(control: ControlToken) -> None:
    csrf.verify()
    text = form.text("text")
    faults = [] if shows_anything(text) else [Fault("text", "shows nothing")]
    if refused := draft_files.fault():
        faults.append(refused)
    if faults:
        raise Invalid(faults)
    sending().replace(
        control,
        text,
        files=draft_files.drafted(),
        passphrase=request.form.get("passphrase") or None,
        evidence=evidence(),
        afford=afford,
    )


@rate_limits.send
def _extend(control: ControlToken) -> None:
    csrf.verify()
    expires_in = whole_number(request.form.get("expires_in", ""))
    if expires_in is None:
        raise Invalid([Fault("expires_in", "a whole number")])
    managing().extend(control, expires_in, evidence=evidence())


def _pause(control: ControlToken) -> None:
    csrf.verify()
    managing().pause(control, evidence=evidence())


@rate_limits.send
def _resume(control: ControlToken) -> None:
    csrf.verify()
    managing().resume(control, evidence=evidence())


@rate_limits.send
def _set_rules(control: ControlToken) -> None:
    csrf.verify()
    faults: list[Fault] = []
    given = rules.from_form(request.form, faults)
    if faults:
        raise Invalid(faults)
    managing().set_rules(control, given, evidence=evidence())


def _asked() -> Page:
    """Return the page of the timeline in `?before=`: the last events before that one."""
    before = whole_number(request.args.get("before", ""), NUMBER_DIGITS)
    return (
        control_page.NEWEST if before is None else Page(before=before, most=page_parts.EVENTS_SHOWN)
    )
