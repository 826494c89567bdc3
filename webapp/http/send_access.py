"""Permission to send, by network or sender token; a browser keeps its token in a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, g, make_response, redirect, request, url_for

from restante.crypto.pasted import token_signs
from restante.errors import Fault, Invalid, NotASender, Unavailable
from webapp.http import csrf, fields, form, language_choice, pages, rate_limits
from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.errors import STATUS, RateLimited, told
from webapp.http.proxies import UNTRUSTED
from webapp.http.request import address, read_cookie, services, settings
from webapp.texts import states

if TYPE_CHECKING:
    from restante.errors import RestanteError

bp = Blueprint("permit", __name__)

COOKIE: Final = "permit"
FIELD = "permit"


def admit_program() -> None:
    """Authorize an API request to send.

    Raises:
        NotASender: Neither its network nor its bearer token allows it.
    """
    _admit(fields.written_bearer())


def admit_person() -> None:
    """Authorize a form to send; a typed token has priority over the browser's cookie.

    Raises:
        NotASender: Neither the network nor the token allows it.
    """
    typed = token_signs(request.form.get(FIELD, ""))
    _admit(typed or _remembered())
    if typed and "sender" in g:
        g.permit = typed


def may_write() -> bool:
    """Tell whether to show the form: if the visitor may send, or the store cannot tell now."""
    try:
        _admit(_remembered())
    except NotASender:
        return False
    except Unavailable:
        return True
    return True


def is_remembered() -> bool:
    """Tell whether this browser has a sender token in its cookie."""
    return bool(_remembered())


def typed() -> str:
    """Return the typed token to show it again, unless another site may have sent it.

    Otherwise, with one more press, the browser would store that site's token as its own.
    """
    return form.typed(FIELD).get(FIELD, "") if csrf.is_vouched() else ""


def left_open(error: RestanteError) -> str:
    """Return the typed token if it was not checked yet."""
    is_settled = isinstance(error, NotASender) or "permit" in g
    return "" if is_settled else typed()


def doubt() -> list[Fault]:
    """Return the fault for a token that must be typed again, if there is one."""
    is_doubtful = FIELD in request.form and request.form[FIELD].strip() and not typed()
    return [Fault(FIELD, "untold")] if is_doubtful else []


def remember(response: Response) -> Response:
    """Set the cookie with the typed token, if it is valid."""
    if "permit" in g:
        set_cookie(response, COOKIE, g.permit, max_age=YEAR_SECONDS)
    return response


def page(error: RestanteError | None = None, typed: str = "") -> Response:
    """Return the page that asks for a token, or that tells who may send."""
    senders = settings().senders
    fault = states.refused(error) if error else None
    shown = pages.render("sender/permit.html", senders=senders, fault=fault, typed=typed)
    if error:
        return told(shown, error)
    return make_response(shown, 200 if senders.tokens else STATUS[NotASender])


@bp.post("/permit")
def ask() -> Response:
    """Check a typed token, and set the cookie if it is valid."""
    home = redirect(url_for("compose.compose"), code=303)
    if not settings().senders.tokens:
        return make_response(home)
    if language_choice.is_pressed():
        return page(typed=typed())
    token = token_signs(request.form.get(FIELD, ""))
    try:
        # Guesses have the same rate limit as sends.
        with rate_limits.send:
            csrf.verify()
            g.sender = services().admission.prove(token)
    except Invalid as error:
        return page(error, typed())
    except (NotASender, RateLimited, Unavailable) as error:
        return page(error)
    g.permit = token
    return remember(make_response(home))


@bp.post("/permit/forget")
def forget() -> Response:
    """Delete the cookie with the sender token."""
    try:
        csrf.verify()
    except Invalid as error:
        return page(Invalid([Fault("forget", error.faults[0].detail)]))
    response = make_response(redirect(url_for("compose.compose"), code=303))
    set_cookie(response, COOKIE, "", max_age=0)
    return response


def _remembered() -> str:
    return read_cookie(COOKIE)


def _admit(token: str) -> None:
    # Behind a proxy that is not in the settings, every visitor has the proxy's IP address.
    known = None if request.environ.get(UNTRUSTED) else address()
    name = services().admission.admit(known, token)
    if name is not None:
        g.sender = name
