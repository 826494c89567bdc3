"""Routes for telling the sender's browser: the service worker, tell it, tell it no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request

from restante.errors import Fault, Invalid
from webapp.http import csrf, rate_limits
from webapp.http.budgets import afford_daily
from webapp.http.request import managing, settings
from webapp.sender import control_page
from webapp.sender.push import subscription

if TYPE_CHECKING:
    from restante.crypto.tokens import ControlToken

bp = Blueprint("push", __name__)

WORKER = (Path(__file__).parent / "push_worker.js").read_bytes()
WORKER_POLICY = "default-src 'none'"
"""The worker may fetch nothing."""


@bp.get("/push/worker.js")
@rate_limits.status
def worker() -> Response:
    """Serve the service worker.

    There is no page below its folder, so it sees no page and no request.
    """
    if not settings().push:
        abort(404)
    response = Response(WORKER, mimetype="text/javascript")
    response.headers["Content-Security-Policy"] = WORKER_POLICY
    return response


@bp.post("/s/<token>/push")
def tell(token: str) -> Response:
    """Tell this browser what happens to the message."""
    return control_page.act(token, _subscribe)


@bp.post("/s/<token>/push/stop")
def stop(token: str) -> Response:
    """Tell this browser, or no browser, what happens to the message."""
    return control_page.act(token, _unsubscribe)


@rate_limits.send
def _subscribe(token: ControlToken) -> None:
    csrf.verify()
    its = subscription(request.form.get("push", ""), tuple(request.form.getlist("tell")))
    if its is None:
        raise Invalid([Fault("push", "not a subscription")])
    afford_daily("pushes")
    managing().subscribe(token, its)


def _unsubscribe(token: ControlToken) -> None:
    csrf.verify()
    managing().unsubscribe(token, request.form.get("endpoint") or None)
