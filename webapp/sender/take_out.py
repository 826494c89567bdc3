"""The page of one file: takes it out of the message after a question, and says what it achieved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, request, url_for

from restante.crypto.tokens import ControlToken
from restante.errors import Invalid, NotFound, RestanteError, Unavailable
from restante.typed_digits import whole_number
from webapp.http import csrf, pages, rate_limits
from webapp.http.errors import RateLimited, told
from webapp.http.request import cookie, evidence, managing, services
from webapp.sender import control_notices, control_page, private_page
from webapp.texts import files, states, taken_out

if TYPE_CHECKING:
    from restante.reports import Status

bp = Blueprint("take_out", __name__)

NUMBER_DIGITS = 9


@bp.get("/s/<token>/file-<int:version>-<int:number>")
@rate_limits.status
def show(token: str, version: int, number: int) -> Response:
    """Ask whether to take the file out; if it is out, show the verdicts."""
    control = ControlToken.find(token)
    status = _status(control)
    if not private_page.is_open(control, status):
        return private_page.warning(control)
    return _page(control, status, version, number)


@bp.post("/s/<token>/take-out")
def take_out(token: str) -> Response:
    """Take the file out, and show the verdicts."""
    control = ControlToken.find(token)
    version, number = (
        whole_number(request.form.get(name, ""), NUMBER_DIGITS) or 0
        for name in ("version", "number")
    )
    try:
        if not private_page.is_known_open(control) and not private_page.is_open(
            control, _status(control)
        ):
            return private_page.warning(control)
        csrf.verify()
        services().taking_out.take_out(control, version, number, evidence=evidence())
    except NotFound:
        with rate_limits.status:
            raise
    except (Invalid, Unavailable, RateLimited) as error:
        its = control_page.counted(error) if isinstance(error, Invalid) else error
        return _page(control, _status(control), version, number, its)
    where = url_for("take_out.show", token=str(control), version=version, number=number)
    return make_response(redirect(where, code=303))


def _status(control: ControlToken) -> Status:
    return managing().status(control, control_page.BRIEF, cookie=cookie("sender"))


def _page(
    control: ControlToken,
    status: Status,
    version: int,
    number: int,
    error: RestanteError | None = None,
) -> Response:
    file = status.file(version, number)
    if file is None:
        return make_response(redirect(url_for("control.show", pasted=str(control)), code=303))
    faults = states.faults(control_notices.faults_of(error), ())
    rows = [
        (link.recipient, taken_out.of(link.files[number - 1]))
        for link in status.links
        if link.version == version
    ]
    shown = pages.render(
        "sender/file.html",
        status=status,
        token=str(control),
        proof=private_page.proof(control),
        file=file,
        size=files.size(file.size),
        version=version,
        others=len(status.files[version]) - 1,
        may_take_out=file.taken_out_at is None and version in status.kept_versions,
        rows=rows,
        notice=control_notices.notice(error, faults) if error else None,
    )
    return told(shown, error) if error else make_response(shown)
