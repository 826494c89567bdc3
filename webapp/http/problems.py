"""Problem responses of the API (RFC 9457): their fields, by the error that they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

from restante import errors
from restante.declared import Example, Time
from restante.events import rfc3339
from restante.messages import State
from webapp.http.request import services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.settings.parsers import Senders

MEDIA_TYPE = "application/problem+json"


class Problem(TypedDict):
    """Why the service refuses."""

    type: Annotated[str, "always `about:blank`: `code` tells the kinds apart"]
    title: Annotated[str, "for people; it may be reworded"]
    status: Annotated[int, "as in the response"]
    detail: Annotated[str, "for people; it may be reworded"]
    code: Annotated[str, "stable, for programs"]


class Ended(Problem):
    """The problem of a link or a view that ended."""

    state: Annotated[
        State,
        "of the link. With `read` a new reader key can use the views that are left",
        Example("recalled"),
    ]
    reason: NotRequired[Annotated[str, "of the sender's recall", Example("wrong painting")]]


class TooEarly(Problem):
    """The problem of a link that is held."""

    opens_at: Annotated[Time, "when the link opens"]


class Wrong(Problem):
    """The problem of a wrong passphrase or mailed code."""

    tries_left: Annotated[int, "tries before the link is locked", Example(9)]


class Elsewhere(Problem):
    """The problem of an upload that goes on at another place."""

    offset: Annotated[int, "bytes of the file that are kept", Example(65_536)]


class FieldFault(TypedDict):
    """What is wrong with one field. It never repeats the input."""

    field: Annotated[
        str, "its name; `(unnamed)` if it is unknown and no plain name", Example("views")
    ]
    detail: Annotated[str, "for people", Example("from 1 to 100")]


class Faulty(Problem):
    """The problem of a request with fields at fault."""

    errors: Annotated[list[FieldFault], "every field at fault"]


FIELDS: Mapping[type[errors.RestanteError], type] = {
    errors.Gone: Ended,
    errors.Held: TooEarly,
    errors.PassphraseWrong: Wrong,
    errors.CodeWrong: Wrong,
    errors.Invalid: Faulty,
    errors.OffsetWrong: Elsewhere,
}
"""Problems that have fields of their own."""


def problem(error: errors.RestanteError, status: int) -> Problem:
    """Return what the API answers."""
    its: Problem = {
        "type": "about:blank",
        "title": error.title,
        "status": status,
        "detail": error.title,
        "code": error.code,
    }
    match error:
        case errors.Gone():
            gone: Ended = {
                "type": its["type"],
                "title": its["title"],
                "status": status,
                "detail": _ended(error.state),
                "code": its["code"],
                "state": State(error.state),
            }
            if error.reason:
                gone["reason"] = error.reason
            return gone
        case errors.Held():
            held: TooEarly = {**its, "opens_at": rfc3339(error.opens_at)}
            return held
        case errors.PassphraseWrong() | errors.CodeWrong():
            wrong: Wrong = {**its, "tries_left": error.tries_left}
            return wrong
        case errors.Invalid():
            found: list[FieldFault] = [{"field": f.field, "detail": f.detail} for f in error.faults]
            faulty: Faulty = {**its, "errors": found}
            return faulty
        case errors.NotASender():
            its["detail"] = _accepted(services().settings.senders)
        case errors.OffsetWrong():
            elsewhere: Elsewhere = {**its, "offset": error.offset}
            return elsewhere
        case errors.FileRefused() | errors.FileTooLarge() | errors.TooLarge():
            its["detail"] = _size_or_scan(error)
    return its


def _size_or_scan(error: errors.FileRefused | errors.FileTooLarge | errors.TooLarge) -> str:
    match error:
        case errors.FileRefused():
            return f"It found {error.found}." if error.found else "The file is too large for it."
        case errors.FileTooLarge():
            return f"At most {error.limit} bytes."
    return f"At most {error.limit} bytes of UTF-8."


def _accepted(senders: Senders) -> str:
    """Return how to get permission to send, without naming a network."""
    if senders.tokens and senders.networks:
        return "Send from one of the operator's networks, or with an operator's token as bearer."
    if senders.tokens:
        return "Send with an operator's token as bearer."
    return "Send from one of the operator's networks."


def _ended(state: str) -> str:
    if State(state).final:
        return f"The link is {state}."
    return "This reader's view is over; for another view ask with a new Idempotency-Key."
