"""Which problems an operation of API v1 answers with, as follows from what it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, is_typeddict

from restante import errors
from restante.crypto.files import UploadToken
from restante.crypto.tokens import ControlToken, LinkToken
from webapp.api.operation import FileBody, Mark
from webapp.http.errors import (
    STATUS,
    BodyTooLarge,
    Internal,
    Malformed,
    OtherSite,
    RateLimited,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restante.errors import RestanteError
    from webapp.api.operation import Operation

TOKENS = {
    ControlToken: "controlToken",
    LinkToken: "linkToken",
    UploadToken: "uploadToken",
}
UNTOLD = {errors.SettingsInvalid.code, errors.Watched.code}
"""Codes that no answer of the API has."""


def problems_of(its: Operation, *, is_limited: bool) -> Iterator[type[RestanteError]]:
    """Yield every error that an operation answers with."""
    yield from (Malformed, OtherSite, errors.Unavailable, Internal)
    yield from its.problems
    if is_limited:
        yield RateLimited
    if its.admits:
        yield errors.NotASender
    for one in its.reads:
        if one.kind in TOKENS:
            yield errors.NotFound
        elif one.kind is FileBody:
            yield from (UnsupportedMediaType, errors.Invalid)
        elif Mark.FILES_TOKEN in one.marks or Mark.PATH in one.marks:
            yield errors.NotFound
        elif is_typeddict(one.kind):
            yield from (UnsupportedMediaType, BodyTooLarge, errors.Invalid)
        else:
            yield errors.Invalid


def codes() -> list[str]:
    """Return the codes of all problems of the API."""
    return sorted({error.code for error in STATUS} - UNTOLD)
