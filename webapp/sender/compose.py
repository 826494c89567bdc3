"""The compose page: its form, and sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, request, url_for

from restante import recipient_list
from restante.errors import Fault, Invalid, NotASender, RestanteError, TooLarge, Unavailable
from restante.messages import Draft
from restante.safe_text import shows_anything
from restante.typed_digits import whole_number
from webapp import details, rules
from webapp.http import csrf, language_choice, pages, rate_limits, send_access
from webapp.http.budgets import afford
from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.errors import RateLimited, told
from webapp.http.form import cut, text, typed
from webapp.http.request import cookie, evidence, new_cookie, sending, settings
from webapp.texts import states

if TYPE_CHECKING:
    from restante.recipient_list import RecipientList

bp = Blueprint("compose", __name__)

EXPIRIES = (3_600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400)
REPEATED = "repeated"
HOLDS = (0, 60, 300, 900, 3_600)
FIELDS = (
    *("text", "recipients", "from", "subject", "passphrase", "expires_in", "views", "hold"),
    *("second_step", "mailed_code"),
    *rules.FIELDS,
)


@bp.get("/")
def compose() -> Response:
    """Show an empty form; to visitors who may not send, how to get permission."""
    if not send_access.may_write():
        return send_access.page()
    return make_response(_form({}))


@bp.post("/")
def send() -> Response:
    """Send and redirect to the control page; after an error show the form again, with its text."""
    if language_choice.is_pressed():
        written = _written(send_access.typed())
        try:
            with rate_limits.preview:
                return make_response(_form(written))
        except (RateLimited, Unavailable) as error:
            return told(_form(written, error), error)
    try:
        return _send()
    except (Invalid, TooLarge, Unavailable, RateLimited, NotASender) as error:
        page = _form(_written(send_access.left_open(error)), error)
        return send_access.remember(told(page, error))


def _written(permit: str) -> dict[str, str]:
    return typed(*FIELDS) | {"permit": permit}


@rate_limits.send
def _send() -> Response:
    csrf.verify()
    send_access.admit_person()
    draft, faults = _draft()
    sending().check(draft, faults)
    # If only the IP address vouches for the form, no cookie may be set.
    sender = cookie("sender") or (new_cookie() if csrf.is_ours() else None)
    sent = sending().send(draft, cookie=sender, evidence=evidence(), afford=afford)
    response = make_response(redirect(url_for("control.show", pasted=str(sent.control)), code=303))
    if sender:
        set_cookie(response, "sender", sender, max_age=YEAR_SECONDS)
    return send_access.remember(response)


def _draft() -> tuple[Draft, list[Fault]]:
    form, faults = request.form, list[Fault]()
    if not shows_anything(written := text("text")):
        faults.append(Fault("text", "shows nothing"))
    listed = _recipients()
    if listed.repeated:
        faults.append(Fault("recipients", REPEATED))
    draft = Draft(
        text=written,
        recipients=listed.labels,
        details=details.from_form(form),
        passphrase=form.get("passphrase") or None,
        views=_number("views", 1, faults),
        hold_seconds=_number("hold", 0, faults),
        expires_in_seconds=_number("expires_in", settings().expiry_default, faults),
        rules=rules.from_form(form, faults),
    )
    return draft, faults


def _recipients() -> RecipientList:
    return recipient_list.read(request.form.get("recipients", ""), settings().recipients_max + 1)


def _number(name: str, default: int, faults: list[Fault]) -> int:
    written = request.form.get(name, "").strip()
    if not written:
        return default
    if (number := whole_number(written)) is None:
        faults.append(Fault(name, "a whole number"))
        return default
    return number


def _faults(error: RestanteError) -> tuple[Fault, ...]:
    match error:
        case Invalid():
            return error.faults
        case TooLarge():
            return (Fault("text", "too large"),)
        case NotASender():
            return (Fault("permit", "not a sender's"),)
    return ()


def _form(written: dict[str, str], error: RestanteError | None = None) -> str:
    its = settings()
    allowed = [s for s in EXPIRIES if its.expiry_min <= s <= its.expiry_max]
    faults = (*send_access.doubt(), *_faults(error)) if error else ()
    said = states.faults(faults, cut(*FIELDS))
    if Fault("recipients", REPEATED) in faults:
        said["recipients"] = states.repeated(_recipients().repeated, said["recipients"])
    return pages.render(
        "sender/compose.html",
        written={"views": "1", "hold": "0"} | written,
        faults=said,
        error=error,
        expiries=sorted({*allowed, its.expiry_default}),
        holds=[s for s in HOLDS if s <= its.hold_max],
        rule_choices=rules.choices(its),
        is_refused=isinstance(error, NotASender),
        is_remembered=send_access.is_remembered() and not error,
    )
