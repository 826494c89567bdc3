"""Where the script of a page with files begins an upload.

What follows, it asks of the API, with the upload token: `webapp/api/uploads.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from restante.crypto.tokens import ControlToken
from restante.errors import FileTooLarge, Full, Invalid, NotASender, NotFound, Unavailable
from restante.file_names import fit_name, fit_type
from restante.typed_digits import whole_number
from webapp.http import csrf, rate_limits, send_access
from webapp.http.budgets import afford_upload
from webapp.http.errors import RateLimited, told
from webapp.http.i18n import gettext
from webapp.http.request import managing, services
from webapp.sender import control_page, draft_files
from webapp.sender.draft_files import Came
from webapp.texts.files import size

if TYPE_CHECKING:
    from restante.errors import RestanteError

bp = Blueprint("uploads", __name__)

SIZE_DIGITS = 15


@bp.post("/uploads")
def begin() -> Response:
    """Begin an upload; the answer has its token and the field that brings it to the form.

    A refusal has a sentence for the visitor.
    """
    name = fit_name(request.form.get("name", ""))
    length = whole_number(request.form.get("size", ""), SIZE_DIGITS) or 0
    try:
        with rate_limits.upload:
            csrf.verify()
            shard = _shard(request.form.get("control"))
            upload = services().uploading.start(shard, length, afford=lambda: afford_upload(length))
    except (FileTooLarge, Full, Invalid, NotASender, NotFound, RateLimited, Unavailable) as error:
        return told(jsonify(fault=_said(error)), error)
    came = Came(str(upload), length, fit_type(request.form.get("type", "")), name)
    response = jsonify(upload=str(upload), name=name, field=came.written())
    response.status_code = 201
    return response


def _shard(control: str | None) -> int:
    """Return the shard of the message that is replaced, or of the form's other files.

    Who replaces a message has its control token; who sends one must be admitted.
    """
    if control:
        its = ControlToken.parse(control)
        managing().status(its, control_page.BRIEF)
        return its.shard
    send_access.admit_person()
    return draft_files.shard_of_new()


def _said(error: RestanteError) -> str:
    match error:
        case FileTooLarge():
            return gettext("This file is larger than %(most)s.", most=size(error.limit))
        case Full():
            return gettext("There is no room for files now.")
        case NotASender():
            return gettext("Enter your token for sending first.")
        case RateLimited(is_for_today=True):
            return gettext("Your network has sent enough files for today.")
    return gettext("It did not work. Reload the page, and try again.")
