"""Errors over HTTP: the table of statuses; problem responses (RFC 9457) and error pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, g, json, make_response, request
from werkzeug.exceptions import HTTPException

from restante import errors
from restante.logs import error_fields
from webapp.http import pages, problems
from webapp.http.request import services
from webapp.texts import endings
from webapp.texts.formatting import now

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger()


class Malformed(errors.RestanteError):
    """The body is not what the URL accepts: no JSON, no object, or a name twice."""

    code = "malformed"
    title = "The request could not be understood."
    is_of_charset = False


class NotUtf8(Malformed):
    """A form in another charset: what it says cannot be known for certain."""

    title = "This is not text in UTF-8."
    is_of_charset = True


class MethodNotAllowed(errors.RestanteError):
    """The URL exists, but accepts other methods."""

    code = "method-not-allowed"
    title = "This address does not take that method."


class UnsupportedMediaType(errors.RestanteError):
    """The API accepts only application/json, and pages only forms as ours send them."""

    code = "unsupported-media-type"
    title = "This address takes application/json."


class RateLimited(errors.RestanteError):
    """Too many requests from one network within a minute."""

    code = "rate-limited"
    title = "Too many requests. Wait a minute, then try again."
    wait_seconds = 60
    is_for_today = False


class BudgetSpent(RateLimited):
    """The network's daily quota of messages or bytes is used up.

    It is until `until` (ms).  If only the bytes are used up, a shorter text may still fit.
    """

    title = "This network has sent as much as it may for today."
    is_for_today = True

    def __init__(self, wait_seconds: int) -> None:
        super().__init__()
        self.wait_seconds = wait_seconds
        self.until = now() + wait_seconds * 1_000


class OtherSite(errors.RestanteError):
    """Another site sent this form, or loads this as an image, in a frame or by a script."""

    code = "other-site"
    title = "Pages of other sites cannot use this address."


class BodyTooLarge(errors.RestanteError):
    """The request is larger than any message can be."""

    code = "too-large"
    title = "The request is too large."


class Internal(errors.RestanteError):
    """A bug in the product; the log has the error's class and place, never its message."""

    code = "internal"
    title = "Something went wrong on our side."


STATUS: Mapping[type[errors.RestanteError], int] = {
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.TakenOut: 410,
    errors.Held: 409,
    errors.Paused: 409,
    errors.PassphraseRequired: 403,
    errors.PassphraseWrong: 403,
    errors.Watched: 409,
    errors.CodeRequired: 403,
    errors.CodeWrong: 403,
    errors.CodesUsedUp: 429,
    errors.NotASender: 403,
    errors.Invalid: 422,
    errors.KeyReused: 422,
    errors.OffsetWrong: 409,
    errors.Superseded: 409,
    errors.FileTooLarge: 413,
    errors.FileRefused: 422,
    errors.Full: 507,
    errors.TooLarge: 413,
    errors.Unavailable: 503,
    errors.Damaged: 500,
    errors.SettingsInvalid: 500,
    Malformed: 400,
    NotUtf8: 400,
    MethodNotAllowed: 405,
    UnsupportedMediaType: 415,
    RateLimited: 429,
    BudgetSpent: 429,
    OtherSite: 403,
    BodyTooLarge: 413,
    Internal: 500,
}

_FROM_WERKZEUG = {
    404: errors.NotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
}


def init_app(app: Flask) -> None:
    """Handle every error here, expected or not."""
    app.register_error_handler(errors.RestanteError, answer)
    app.register_error_handler(HTTPException, _from_werkzeug)
    app.register_error_handler(Exception, _unforeseen)


def answer(error: errors.RestanteError) -> Response:
    """Return the error as a problem response for the API, or as a page."""
    status = STATUS[type(error)]
    if request.path.startswith("/api/"):
        problem = Response(
            json.dumps(problems.problem(error, status)), mimetype=problems.MEDIA_TYPE
        )
        if isinstance(error, errors.NotASender) and services().settings.senders.tokens:
            problem.headers["WWW-Authenticate"] = "Bearer"
        return told(problem, error)
    ending = endings.of(error) if isinstance(error, errors.Gone) else None
    return told(pages.render("error.html", error=error, status=status, ending=ending), error)


def told(answer: str | Response, error: errors.RestanteError) -> Response:
    """Return a response with the error's status and, if useful, Retry-After."""
    g.code = error.code
    if isinstance(error, errors.Damaged):
        log.error("damaged", request_id=g.get("request_id"), **error_fields(error))
    response = make_response(answer, STATUS[type(error)])
    if isinstance(error, errors.OffsetWrong):
        response.headers["Upload-Offset"] = str(error.offset)
    if wait := _retry_after(error):
        response.headers["Retry-After"] = str(wait)
    return response


def _retry_after(error: errors.RestanteError) -> int | None:
    match error:
        case RateLimited():
            return error.wait_seconds
        case errors.Held():
            return max(1, -(-(error.opens_at - error.at) // 1000))
        case errors.Unavailable():
            return 2
    return None


def _from_werkzeug(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # noqa: PLR2004 (redirects are no errors)
        return make_response(error.get_response())
    kind = _FROM_WERKZEUG.get(error.code, Malformed if error.code < 500 else Internal)  # noqa: PLR2004
    response = answer(kind())
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    log.error("internal error", request_id=g.get("request_id"), **error_fields(error))
    return answer(Internal())
