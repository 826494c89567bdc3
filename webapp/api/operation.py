"""Makes views of operations of API v1, whose signatures say what is read and answered.

    @operation(problems=(errors.Gone,))
    def recall(control: ControlToken, asked: Recall) -> Verdicts:

Parameters are read in their order: a token, a header, the query, a body that a TypedDict declares.
If one is `list[Fault]`, the operation looks at the body's faults itself.  It returns what its
annotation says, None for an empty answer, or a response with headers of its own.  `openapi.py`
makes the description of the API from the same signatures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints, is_typeddict

from flask import Response, request, url_for

from restante.crypto.send_key import SendKey
from restante.crypto.tokens import ReaderKey, Token
from restante.declared import Field, field
from restante.errors import Fault, Invalid
from webapp.api.blueprint import respond
from webapp.http import fields
from webapp.http.body import read
from webapp.http.errors import UnsupportedMediaType
from webapp.http.request import header
from webapp.http.send_keys import send_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from restante.errors import RestanteError

    Read = Callable[[list[Fault]], Any]


PARTIAL_UPLOAD = "application/partial-upload"
OFFSET = re.compile(r"[0-9]{1,15}")


class Mark(Enum):
    """What is declared of a parameter beside its meaning."""

    QUERY = "it stands in the query"
    IF_NONE_MATCH = "the ETag of the answer that the client has"
    ONE_FIELD = "a body with exactly one of its fields"
    PATH = "it stands in the path"
    FILES_TOKEN = "the token that the reveal gave for its files"  # noqa: S105 (a name)


class FileBody(NamedTuple):
    """Where the bytes of a body belong in a file, and whether they are its last."""

    offset: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """What is known of an operation.

    Attributes:
        reads: Its parameters.
        answers: What it returns.
        problems: Errors of its own, beside those of what it reads.
        admits: Checks before anything is read that the client may send.
        location: Endpoint of what it made.
    """

    reads: tuple[Field, ...]
    answers: Any
    status: int
    problems: tuple[type[RestanteError], ...]
    admits: Callable[[], None] | None
    location: str | None
    about: str


def operation(
    *,
    status: int = 200,
    problems: tuple[type[RestanteError], ...] = (),
    admits: Callable[[], None] | None = None,
    location: str | None = None,
) -> Callable[[Callable[..., object]], Callable[[], Response]]:
    """Return a decorator that makes a view of an operation."""

    def declare(verb: Callable[..., object]) -> Callable[[], Response]:
        hints = get_type_hints(verb, include_extras=True)
        answers = hints.pop("return")
        its = tuple(field(name, hint) for name, hint in hints.items())
        reads = [_read_of(one) for one in its if Mark.PATH not in one.marks]
        sees_faults = any(one.kind == list[Fault] for one in its)

        @wraps(verb)
        def view(**path: object) -> Response:
            if admits:
                admits()
            faults: list[Fault] = []
            given = [read_one(faults) for read_one in reads]
            if faults and not sees_faults:
                raise Invalid(faults)
            answer = verb(*given, **path)
            if answer is None:
                return Response(status=204)
            if isinstance(answer, Response):
                return answer
            response = respond(answer, status)
            if location:
                response.headers["Location"] = url_for(location)
            return response

        view.operation = Operation(  # type: ignore[attr-defined]
            its, answers, status, problems, admits, location, verb.__doc__ or ""
        )
        return view

    return declare


def of_view(view: Any) -> Operation | None:  # noqa: ANN401 (any view)
    """Return the operation of a view, also through its decorators."""
    found: Operation | None = getattr(view, "operation", None)
    return found


def _read_of(its: Field) -> Read:
    kind = its.kind
    if kind == list[Fault]:
        return lambda faults: faults
    if kind is ReaderKey:
        return lambda _: fields.reader_key()
    if kind == SendKey | None:
        return lambda _: send_key()
    if Mark.QUERY in its.marks:
        return lambda _: request.args.get(its.name)
    if Mark.IF_NONE_MATCH in its.marks:
        return lambda _: fields.known_mark()
    if Mark.FILES_TOKEN in its.marks:
        return lambda _: header("FILES_TOKEN")
    if kind is FileBody:
        return _file_body
    if is_typeddict(kind):
        return partial(read, kind, may_be_empty=Mark.ONE_FIELD not in its.marks)
    if issubclass(kind, Token):
        return lambda _: fields.bearer(kind)
    raise TypeError(its.name)


def _file_body(faults: list[Fault]) -> FileBody:
    if request.mimetype != PARTIAL_UPLOAD:
        raise UnsupportedMediaType
    offset, last = header("UPLOAD_OFFSET"), header("UPLOAD_COMPLETE")
    if not OFFSET.fullmatch(offset):
        faults.append(Fault("Upload-Offset", "a number of bytes"))
    if last not in {"?0", "?1"}:
        faults.append(Fault("Upload-Complete", "?0 or ?1"))
    return FileBody(int(offset) if OFFSET.fullmatch(offset) else 0, last == "?1")
