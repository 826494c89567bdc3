"""The sender's routes of API v1 on how they are told: mail, webhook, a test."""

from __future__ import annotations

from restante.crypto.tokens import ControlToken
from restante.errors import Fault, Gone, Invalid
from restante.events import event_id
from webapp import notify
from webapp.api.answers import Attached, Tested
from webapp.api.blueprint import bp
from webapp.api.operation import operation
from webapp.api.requests import Nothing
from webapp.http import rate_limits
from webapp.http.budgets import afford_daily, afford_notices
from webapp.http.request import evidence, managing, services
from webapp.notify import MailAsked, WebhookAsked


@bp.post("/message/notify")
@rate_limits.send
@operation(problems=(Gone,))
def tell(control: ControlToken, asked: MailAsked, faults: list[Fault]) -> None:
    """Mail what happens to the message from now on; without an address, nothing more."""
    notice = notify.notice_from(asked, faults)
    if faults:
        raise Invalid(faults)
    managing().set_notice(
        control, notice, evidence=evidence(), afford=afford_notices if notice else None
    )


@bp.post("/message/notify/webhook")
@rate_limits.send
@operation(problems=(Gone,))
def attach(control: ControlToken, asked: WebhookAsked, faults: list[Fault]) -> Attached:
    """Post what happens to the message from now on; without a URL, nothing more."""
    its_format = notify.webhook_format(asked, faults)
    if faults:
        raise Invalid(faults)
    url = asked.get("webhook")
    secret = services().notifying.set_webhook(control, url, its_format, evidence=evidence())
    return {"webhook_secret": secret}


@bp.post("/message/notify/test")
@rate_limits.send
@operation(problems=(Gone, Invalid))
def test(control: ControlToken, _: Nothing) -> Tested:
    """Send a test event through every channel that is on.

    `channels` of the message says what came of it. A second request within ten seconds is the same
    test.
    """
    afford_daily("tests")
    number = services().notifying.send_test(control, evidence=evidence())
    return {"event": event_id(control.message_id, number)}
