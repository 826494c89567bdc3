"""How the API reads a request: bearer token, reader key, and a JSON object field by field."""

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
    from collections.abc import Iterable, Mapping

T = TypeVar("T", bound=Token)
PLAIN_NAME = re.compile(r"[A-Za-z_]{1,40}(\.[A-Za-z_]{1,40})?")
"""Other names could be content, which no response may repeat."""
UNKNOWN_MOST = 20
LIST_MOST = 1_000
"""Elements of a list; the settings limit recipients further."""
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


def after(message_id: bytes) -> int:
    """Return the number of the event in `?after=`; 0, the beginning, without it.

    Raises:
        Invalid: It is not the id of an event of this message.
    """
    if (written := request.args.get("after")) is None:
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


class Body:
    """A JSON object whose fields are taken one by one; faults are collected, not raised.

    A boolean is not a number, and null is not a value.  A name that is not taken is a fault,
    because a typo in `passphrase` must not send a message without protection.
    """

    def __init__(self, *, optional: bool = False, of: dict[str, Any] | None = None) -> None:
        """Read the request, or an object *of* it; with *optional* an empty body is an empty object.

        Raises:
            BodyTooLarge: Larger than any message can be.
            UnsupportedMediaType: Not application/json.
            Malformed: Not one JSON object in UTF-8 with each name once.
        """
        self.faults: list[Fault] = []
        self._left: dict[str, Any] = {}
        self._inner: list[tuple[str, Body]] = []
        if of is not None:
            self._left = of
            return
        if optional and not request.get_data(cache=True):
            return
        value = parsed()
        if not isinstance(value, dict):
            raise Malformed
        self._left = value

    def __contains__(self, name: str) -> bool:
        """Tell whether a field is there and was not taken yet."""
        return name in self._left

    def text(self, name: str) -> str | None:
        value: str | None = self._take(name, str, "a string")
        return value

    def whole(self, name: str) -> int | None:
        value: int | None = self._take(name, int, "a whole number")
        return value

    def flag(self, name: str) -> bool | None:
        value: bool | None = self._take(name, bool, "true or false")
        return value

    def one_of(self, name: str, *words: str) -> str | None:
        value = self.text(name)
        if value is not None and value not in words:
            self.faults.append(Fault(name, " or ".join(words)))
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Take a list of at least one string."""
        value: list[Any] | None = self._take(name, list, "a list of strings")
        if value is None:
            return None
        if not 1 <= len(value) <= LIST_MOST:
            self.faults.append(Fault(name, f"from 1 to {LIST_MOST}"))
            return None
        wrong = [
            Fault(f"{name}[{i}]", "a string") for i, v in enumerate(value) if type(v) is not str
        ]
        self.faults += wrong
        return None if wrong else tuple(value)

    def link_ids(self, name: str) -> list[bytes]:
        """Take ids of 32 lowercase hex digits each; empty if the field is missing."""
        return link_ids(self.texts(name) or (), name, self.faults)

    def require(self, names: Iterable[str]) -> None:
        """Add a fault for every one of these names that is missing."""
        self.faults += [Fault(name, "required") for name in names if name not in self._left]

    def inner(self, name: str) -> Body:
        """Take the object *name*, whose faults are named `name.field`; empty if it is missing."""
        its = Body(of=self._take(name, dict, "an object") or {})
        self._inner.append((name, its))
        return its

    def refuse(self, needed: str, given: Mapping[str, object]) -> None:
        """Add a fault for each field that was given although it needs another field."""
        self.faults += [Fault(name, f"needs {needed}") for name, value in given.items() if value]

    def wholes_within(self, name: str, *inner: str) -> list[int | None]:
        """Take whole numbers from the object *name*; other names in it are faults."""
        value: dict[str, Any] = self._take(name, dict, "an object") or {}
        found = {one: value.pop(one) for one in inner if one in value}
        self._left |= {f"{name}.{other}": None for other in value}
        for one in [one for one, number in found.items() if type(number) is not int]:
            self.faults.append(Fault(f"{name}.{one}", "a whole number"))
            del found[one]
        return [found.get(one) for one in inner]

    def close(self) -> list[Fault]:
        """Return every fault, also for names that were not taken (repeated only if plain)."""
        self.faults += [
            Fault(
                name if PLAIN_NAME.fullmatch(name) else "(unnamed)", "not a field of this request"
            )
            for name in list(self._left)[:UNKNOWN_MOST]
        ]
        self._left = {}
        for outer, its in self._inner:
            self.faults += [Fault(f"{outer}.{one.field}", one.detail) for one in its.close()]
        self._inner = []
        return self.faults

    def check(self) -> None:
        """Raise for whatever is at fault.

        Raises:
            Invalid: Names every field at fault.
        """
        if faults := self.close():
            raise Invalid(faults)

    def _take(self, name: str, kind: type, what: str) -> Any:  # noqa: ANN401
        if name not in self._left:
            return None
        value = self._left.pop(name)
        if type(value) is not kind:
            self.faults.append(Fault(name, what))
            return None
        return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        message = "a name twice"
        raise ValueError(message)
    return dict(pairs)


def _no_constant(_: str) -> None:
    message = "NaN and Infinity are no JSON"
    raise ValueError(message)
