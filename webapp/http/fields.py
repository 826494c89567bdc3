"""How the API reads a request: bearer token, reader key, event ids, and a JSON value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from flask import request

from restante.crypto.tokens import ReaderKey, Token
from restante.errors import Fault, Invalid, RestanteError
from webapp.http.errors import BodyTooLarge, Malformed, UnsupportedMediaType
from webapp.http.request import header, kept

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T", bound=Token)
STRUCTURE, STRUCTURE_MOST = (b"[", b"{", b":"), 1_000
"""Limit of these characters outside of strings: they make JSON costly to parse."""
STRINGS_MOST, ELEMENTS_MOST = 4 * STRUCTURE_MOST, 1_000_000
LINK_ID = re.compile(r"[0-9a-f]{32}")
MARK = re.compile(r'"([0-9.]{1,100})"')
EVENT_ID = re.compile(r"([0-9a-f]{32})-([0-9]{1,9})")


def bearer(kind: type[T]) -> T:
    """Return the bearer token of the request.

    Raises:
        NotFound: Missing, malformed or of another kind, just as for an unknown token.
    """
    return kind.parse(written_bearer())


def written_bearer() -> str:
    """Return the text of the bearer token; empty without one."""
    scheme, _, written = header("AUTHORIZATION").partition(" ")
    return written.strip() if scheme.lower() == "bearer" else ""


def reader_key() -> ReaderKey:
    """Return the reader key from the header Idempotency-Key.

    Raises:
        Invalid: Missing, or not 16 to 128 visible ASCII characters.
    """
    return ReaderKey(header("IDEMPOTENCY_KEY"))


def event_number(written: str | None, message_id: bytes) -> int:
    """Return the number of the event in `?after=`; 0, the beginning, without it.

    Raises:
        Invalid: It is not the id of an event of this message.
    """
    if written is None:
        return 0
    found = EVENT_ID.fullmatch(written)
    if not found or found[1] != message_id.hex():
        raise Invalid([Fault("after", "the id of an event of this message")])
    return int(found[2])


def known_mark() -> str:
    """Return the mark in If-None-Match, the first if it has several; empty without one."""
    found = MARK.search(header("IF_NONE_MATCH"))
    return found[1] if found else ""


def link_ids(written: Iterable[str], name: str, faults: list[Fault]) -> list[bytes]:
    """Parse ids from hex digits; if one is malformed, add a fault of *name*."""
    ids = list(written)
    if all(LINK_ID.fullmatch(one) for one in ids):
        return [bytes.fromhex(one) for one in ids]
    faults.append(Fault(name, "not a link of this message"))
    return []


def parsed() -> Any:  # noqa: ANN401 (any JSON)
    """Return the request's JSON value; the result is kept for the request.

    Raises:
        BodyTooLarge: Larger than any message can be.
        UnsupportedMediaType: Not application/json.
        Malformed: Not JSON in UTF-8 with each name once, or with too much structure.
    """
    of_request = kept()
    if "parsed" not in of_request:
        try:
            of_request.parsed = _parse(request.get_data(cache=True))
        except RestanteError as error:
            of_request.parsed = error
    found = of_request.parsed
    if isinstance(found, RestanteError):
        raise found
    return found


def _parse(raw: bytes) -> Any:  # noqa: ANN401 (any JSON)
    if request.content_length is None and len(raw) == request.max_content_length:
        # A chunked body: Werkzeug stops reading at the limit without an error.
        raise BodyTooLarge
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    if _structure(raw) > STRUCTURE_MOST:
        raise Malformed
    try:
        return json.loads(
            # With a byte-order mark before it, which some editors write.
            raw.decode("utf-8-sig"),
            object_pairs_hook=_each_once,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        raise Malformed from None


def _structure(raw: bytes) -> int:
    """Return how many lists, objects and names there are, or 0 if surely few; in linear time."""
    if raw.count(b",") > ELEMENTS_MOST and _outside(raw).count(b",") > ELEMENTS_MOST:
        return STRUCTURE_MOST + 1
    if sum(map(raw.count, STRUCTURE)) <= STRUCTURE_MOST:
        return 0
    # Strings end with a quote that has no backslash before it: with too many, do not split.
    if raw.count(b'"') - raw.count(b'\\"') > STRINGS_MOST:
        return STRUCTURE_MOST + 1
    return sum(map(_outside(raw).count, STRUCTURE))


def _outside(raw: bytes) -> bytes:
    """Return what is outside of strings: once escapes are removed, quotes begin and end them."""
    return b"".join(raw.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        message = "a name twice"
        raise ValueError(message)
    return dict(pairs)


def _no_constant(_: str) -> None:
    message = "NaN and Infinity are no JSON"
    raise ValueError(message)
