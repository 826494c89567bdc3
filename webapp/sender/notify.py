"""The control page's routes for mail and webhook: tell me of this message, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request

from restante.crypto.tokens import ListToken
from restante.errors import Fault, Invalid
from webapp import notify
from webapp.http import csrf, rate_limits
from webapp.http.budgets import afford_daily, afford_notices
from webapp.http.request import cookie, evidence, managing, services
from webapp.sender import control_page, draft_form

if TYPE_CHECKING:
    from flask import Response

    from restante.crypto.tokens import ControlToken

bp = Blueprint("notify", __name__)


@bp.post("/s/<token>/notify")
def tell(token: str) -> Response:
    """Mail what happens to a message from now on, or mail it otherwise."""
    return control_page.act(token, _tell)


@bp.post("/s/<token>/mute")
def mute(token: str) -> Response:
    """Mail nothing more about a message."""
    return control_page.act(token, _mute)


@bp.post("/s/<token>/webhook")
def attach(token: str) -> Response:
    """Post what happens to a message to the sender's own system from now on."""
    return control_page.act(token, _attach)


@bp.post("/s/<token>/webhook/stop")
def detach(token: str) -> Response:
    """Post nothing more about a message."""
    return control_page.act(token, _detach)


@bp.post("/s/<token>/test")
def test(token: str) -> Response:
    """Tell the sender in every way that is on that this is a test."""
    return control_page.act(token, _test)


@rate_limits.send
def _tell(token: ControlToken) -> None:
    csrf.verify()
    notice, listed = notify.from_form(request.form), ListToken.of_cookie(cookie("sender"))
    if notice is None:
        raise Invalid([Fault(notify.EMAIL, "an e-mail address")])
    # Whether it is in the list of this browser is not known here: somebody else may have sent it.
    notice = notice.of_browser(listed, has_list=False)
    managing().set_notice(token, notice, evidence=evidence(), afford=afford_notices)


def _mute(token: ControlToken) -> None:
    csrf.verify()
    managing().set_notice(token, None, evidence=evidence())


@rate_limits.send
def _attach(token: ControlToken) -> None:
    csrf.verify()
    faults = list[Fault]()
    url, its_format = draft_form.webhook_of(request.form, faults)
    if url is None:
        faults.append(Fault(notify.WEBHOOK, "required"))
    if faults:
        raise Invalid(faults)
    services().notifying.set_webhook(token, url, its_format, evidence=evidence())


def _detach(token: ControlToken) -> None:
    csrf.verify()
    services().notifying.set_webhook(token, None, evidence=evidence())


@rate_limits.send
def _test(token: ControlToken) -> None:
    csrf.verify()
    afford_daily("tests")
    services().notifying.send_test(token, evidence=evidence())
