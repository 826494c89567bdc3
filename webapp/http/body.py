"""Reads the JSON object of an API request by its declaration (`restante/declared.py`).

A boolean is not a number, and null is not a value.  A name that is not declared is a fault, because
a typo in `passphrase` must not send a message without protection.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    get_args,
    get_origin,
    is_typeddict,
)

from flask import request

from restante.declared import fields
from restante.errors import Fault
from webapp.http.errors import Malformed
from webapp.http.fields import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[[str, Any, list[Fault]], Any]
    """Returns a field's value; if it is not one, it adds a fault and returns None."""

PLAIN_NAME = re.compile(r"[A-Za-z_]{1,40}(\.[A-Za-z_]{1,40})?")
"""Other names could be content, which no response may repeat."""
UNKNOWN_MOST = 20
LIST_MOST = 1_000
"""Elements of a list; the settings limit recipients further."""
KINDS = {str: "a string", int: "a whole number", bool: "true or false"}


class Reader(NamedTuple):
    """How the fields of an object are read, and which must be there."""

    reads: Mapping[str, Read]
    required: tuple[str, ...]


def read(declared: type, faults: list[Fault], *, may_be_empty: bool = True) -> Any:  # noqa: ANN401
    """Return the object of the request; without required fields the body *may be empty*.

    A field at fault is left out, and *faults* says what is wrong with it.

    Raises:
        BodyTooLarge: Larger than any message can be.
        UnsupportedMediaType: Not application/json.
        Malformed: Not one JSON object in UTF-8 with each name once.
    """
    reader = _reader(declared)
    if may_be_empty and not reader.required and not request.get_data(cache=True):
        return {}
    value = parsed()
    if not isinstance(value, dict):
        raise Malformed
    return _object(reader, "", value, faults)


def _object(reader: Reader, before: str, value: dict[str, Any], faults: list[Fault]) -> Any:  # noqa: ANN401
    if missing := [name for name in reader.required if name not in value]:
        faults += [Fault(before + name, "required") for name in missing]
    found, unknown = {}, []
    for name, written in value.items():
        if one := reader.reads.get(name):
            if (its := one(before + name, written, faults)) is not None:
                found[name] = its
        else:
            unknown.append(before + name)
    faults += [
        Fault(name if PLAIN_NAME.fullmatch(name) else "(unnamed)", "not a field of this request")
        for name in unknown[:UNKNOWN_MOST]
    ]
    return found


@cache
def _reader(declared: type) -> Reader:
    its = fields(declared)
    return Reader(
        {field.name: _read_of(field.kind) for field in its},
        tuple(field.name for field in its if field.is_required),
    )


def _read_of(kind: Any) -> Read:  # noqa: ANN401 (any declaration)
    if is_typeddict(kind):
        return partial(_inner, kind)
    if get_origin(kind) is Literal:
        return partial(_word, get_args(kind))
    if get_origin(kind) is list:
        (inner,) = get_args(kind)
        return partial(_objects, inner) if is_typeddict(inner) else _strings
    return partial(_plain, kind, KINDS[kind])


def _plain(kind: type, what: str, name: str, value: object, faults: list[Fault]) -> object:
    if type(value) is kind:
        return value
    faults.append(Fault(name, what))
    return None


def _word(words: tuple[str, ...], name: str, value: object, faults: list[Fault]) -> object:
    if value in words:
        return value
    faults.append(Fault(name, " or ".join(words) if type(value) is str else "a string"))
    return None


def _inner(declared: type, name: str, value: object, faults: list[Fault]) -> object:
    if isinstance(value, dict):
        return _object(_reader(declared), f"{name}.", value, faults)
    faults.append(Fault(name, "an object"))
    return None


def _strings(name: str, value: object, faults: list[Fault]) -> object:
    if not isinstance(value, list):
        faults.append(Fault(name, "a list of strings"))
        return None
    if not 1 <= len(value) <= LIST_MOST:
        faults.append(Fault(name, f"from 1 to {LIST_MOST}"))
        return None
    wrong = [Fault(f"{name}[{i}]", "a string") for i, v in enumerate(value) if type(v) is not str]
    faults += wrong
    return None if wrong else value


def _objects(declared: type, name: str, value: object, faults: list[Fault]) -> object:
    if not isinstance(value, list):
        faults.append(Fault(name, "a list of objects"))
        return None
    if not 1 <= len(value) <= LIST_MOST:
        faults.append(Fault(name, f"from 1 to {LIST_MOST}"))
        return None
    before = len(faults)
    found = [_inner(declared, f"{name}[{i}]", one, faults) for i, one in enumerate(value)]
    return found if len(faults) == before else None
