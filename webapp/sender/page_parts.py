"""What the control page and its changes are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from restante.messages import SECOND
from webapp import notify, rules
from webapp.http import form
from webapp.http.request import services, settings
from webapp.sender import control_view, copies, draft_files, private_page
from webapp.sender.compose import EXPIRIES
from webapp.texts.marks import Group

if TYPE_CHECKING:
    from restante.crypto.tokens import ControlToken
    from restante.errors import RestanteError
    from restante.reports import Status
    from webapp.sender.control_view import ControlView

EVENTS_SHOWN = 100
WRITTEN = ("text", "passphrase", "reason", "expires_in", "link", *rules.FIELDS, *notify.FIELDS)


def view(status: Status, error: RestanteError | None = None) -> ControlView:
    """Return the page's view model."""
    asked = request.args.get("show", "")
    return control_view.build(
        status,
        error,
        asks_all=settings().second_step == "always",
        cut=form.cut(*WRITTEN),
        shown=Group(asked) if asked in list(Group) else None,
    )


def values(control: ControlToken, status: Status) -> dict[str, Any]:
    """Return what the parts print besides the view."""
    its = settings()
    return {
        "status": status,
        "token": str(control),
        "proof": private_page.proof(control),
        "copies": copies.build(status),
        "marked": set(request.form.getlist("link")),
        "names": {link.link_id: link.recipient for link in status.links},
        "expiries": [s for s in EXPIRIES if its.expiry_min <= s <= its.expiry_max],
        "takes_files": services().uploading.is_on,
        "came": draft_files.of_form(),
        "file_most": draft_files.most(),
        "told": notify.as_form(status),
        "webhook_secret": control.webhook_secret,
        "rule_choices": rules.choices(its, (status.expires_at - status.at) // SECOND),
    }
