"""The routes of the compose page: its form, what helps to fill it in, and sending it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, url_for

from restante import made_passphrase
from restante.crypto.tokens import ListToken
from restante.errors import Fault, Invalid, NotASender, RestanteError, TooLarge, Unavailable
from webapp import notify, rules
from webapp.http import csrf, language_choice, pages, rate_limits, send_access, zone
from webapp.http.budgets import affording
from webapp.http.errors import RateLimited, told
from webapp.http.form import cut, typed
from webapp.http.i18n import current
from webapp.http.request import evidence, header, sending, services, settings
from webapp.sender import draft_files, draft_form, push, read_files, sender_secret, told_passphrase
from webapp.texts import states

if TYPE_CHECKING:
    from typing import Any

bp = Blueprint("compose", __name__)

EXPIRIES = (3_600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)
HOLDS = (0, 60, 300, 900, 3_600)
FIELDS = (
    *("text", "recipients", "from", "subject", "passphrase", "expires_in", "views", "hold"),
    *("second_step", "mailed_code", "repeats"),
    *push.FIELDS,
    *rules.FIELDS,
    *notify.FIELDS,
)


@bp.get("/")
def compose() -> Response:
    """Show an empty form; to visitors who may not send, how to get permission."""
    if not send_access.may_write():
        return send_access.page()
    return sender_secret.begin(make_response(_form({})))


@bp.post("/")
def send() -> Response:
    """Send and redirect to the control page; after an error show the form again, with its text."""
    read_files.read()
    if language_choice.is_pressed():
        return _shown_again()
    try:
        return _send()
    except (Invalid, TooLarge, Unavailable, RateLimited, NotASender) as error:
        page = _form(_written(send_access.left_open(error)), error)
        return send_access.remember(told(page, error))


@bp.post("/recipients")
def check() -> Response:
    """Show the form again with its recipients as a list; the page's script takes it from there."""
    read_files.read()
    found = draft_form.recipient_faults()
    return _shown_again(Invalid(found) if found else None, is_checked=True)


@bp.post("/passphrase")
def make_passphrase() -> Response:
    """Show the form again with a new passphrase; give scripts the passphrase alone.

    It is made here for all, so that there is one list of words and one source of randomness.
    """
    read_files.read()
    made = made_passphrase.make(current().code)
    if header("ACCEPT") == "text/plain":
        with rate_limits.preview:
            return Response(made, content_type="text/plain; charset=utf-8")
    return _shown_again(passphrase=made)


def _shown_again(
    error: Invalid | None = None, *, is_checked: bool = False, **fields: str
) -> Response:
    """Show what was typed; nothing is sent or stored."""
    written = _written(send_access.typed()) | fields
    try:
        with rate_limits.preview:
            page = _form(written, error, is_checked=is_checked)
            return told(page, error) if error else make_response(page)
    except (RateLimited, Unavailable) as refused:
        return told(_form(written, refused), refused)


def _written(permit: str) -> dict[str, str]:
    return typed(*FIELDS) | draft_form.read_from_file() | {"permit": permit}


@rate_limits.send
def _send() -> Response:
    csrf.verify()
    send_access.admit_person()
    draft, faults = draft_form.draft()
    sending().check(draft, faults)
    sender = sender_secret.to_send_with()
    if draft.files and not _can_list_with_files(sender):
        sender = None
    if draft.notice:
        listed, has_list = ListToken.of_cookie(sender), settings().sent_list
        draft = replace(draft, notice=draft.notice.of_browser(listed, has_list=has_list))
    sent = sending().send(draft, cookie=sender, evidence=evidence(), afford=affording(draft))
    response = make_response(redirect(url_for("control.show", pasted=str(sent.control)), code=303))
    if sender:
        sender_secret.remember(response, sender, sent)
    zone.remember(response)
    if draft.passphrase:
        told_passphrase.carry(response, sent.control, draft.passphrase)
    return send_access.remember(response)


def _can_list_with_files(sender: str | None) -> bool:
    """Tell whether the files are in the list's shard: they came before the list moved, or began."""
    listed = ListToken.of_cookie(sender) if settings().sent_list else None
    return listed is None or draft_files.shard() == listed.shard


def _faults(error: RestanteError) -> tuple[Fault, ...]:
    match error:
        case Invalid():
            return error.faults
        case TooLarge():
            return (Fault("text", "too large"),)
        case NotASender():
            return (Fault("permit", "not a sender's"),)
    return ()


def _form(
    written: dict[str, str], error: RestanteError | None = None, *, is_checked: bool = False
) -> str:
    its = settings()
    allowed = [s for s in EXPIRIES if its.expiry_min <= s <= its.expiry_max]
    faults = (*send_access.doubt(), *_faults(error)) if error else ()
    said = states.faults(faults, cut(*FIELDS))
    people: dict[str, Any] = {}
    if written:
        people = {"people": draft_form.recipients()}
        repeated = people["people"].listed.repeated
        if Fault("recipients", draft_form.REPEATED) in faults:
            said["recipients"] = states.repeated(repeated, said["recipients"])
    passphrase = written.get("passphrase", "")
    return pages.render(
        "sender/compose.html",
        written={"views": "1", "hold": "0"} | written,
        faults=said,
        error=error,
        expiries=sorted({*allowed, its.expiry_default}),
        holds=[s for s in HOLDS if s <= its.hold_max],
        rule_choices=rules.choices(its),
        telling=push.view(),
        is_refused=isinstance(error, NotASender),
        is_remembered=send_access.is_remembered() and not error,
        is_checked=is_checked,
        takes_files=services().uploading.is_on,
        came=draft_files.of_form() if written else [],
        file_most=draft_files.most(),
        is_made=bool(passphrase) and made_passphrase.is_made(passphrase),
        **people,
    )
