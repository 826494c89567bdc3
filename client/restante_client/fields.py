"""Fields of an answer, each of the type that it must have: another service answers otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]
YEARS = range(1970, 9_000)
"""Times outside of these cannot be shown in every time zone."""


def text(its: Json, name: str) -> str:
    """Return a text of Unicode.

    Raises:
        ValueError: It is something else.  So do all functions of this module.
        KeyError: There is no such field.
    """
    found = its[name]
    if not isinstance(found, str):
        raise _wrong(name)
    found.encode()  # half a surrogate pair is no text: this is a ValueError
    return found


def text_or_none(its: Json, name: str) -> str | None:
    """Return a text, or None."""
    return None if its[name] is None else text(its, name)


def number(its: Json, name: str) -> int:
    """Return a whole number."""
    found = its[name]
    if type(found) is not int:
        raise _wrong(name)
    return found


def truth(its: Json, name: str) -> bool:
    """Return true or false."""
    found = its[name]
    if not isinstance(found, bool):
        raise _wrong(name)
    return found


def when(its: Json, name: str) -> datetime:
    """Return a time, with time zone UTC."""
    found = datetime.fromisoformat(text(its, name))
    if found.tzinfo is None or found.year not in YEARS:
        raise _wrong(name)
    return found


def when_or_none(its: Json, name: str) -> datetime | None:
    """Return a time, or None if it did not happen."""
    return None if its[name] is None else when(its, name)


def inner(its: Json, name: str) -> dict[str, Any]:
    """Return an object."""
    return whole(its[name], name)


def inners(its: Json, name: str) -> list[dict[str, Any]]:
    """Return a list of objects."""
    found = its[name]
    if not isinstance(found, list):
        raise _wrong(name)
    return [whole(one, name) for one in found]


def whole(found: object, name: str = "the answer") -> dict[str, Any]:
    """Return an object of JSON."""
    if not isinstance(found, dict):
        raise _wrong(name)
    return found


def _wrong(name: str) -> ValueError:
    message = f"{name} is not of the type that it has at Restante"
    return ValueError(message)
