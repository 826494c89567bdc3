"""The words that declare a field of the API: its meaning, its form, its bounds.

    views: Annotated[int, "views of each link", Bounds(1, "views_max"), Example(2)]

A plain string is the meaning.  A TypedDict declares an object.  Requests are read by it
(`webapp/http/body.py`), mypy checks answers against it, and the description of the API is made
from it (`webapp/api/schemas.py`).
"""

from functools import cache
from typing import (
    Annotated,
    Any,
    NamedTuple,
    NotRequired,
    Required,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

T = TypeVar("T")


class Bounds(NamedTuple):
    """The least and the most: of a number, or of a string's characters or a list's elements.

    A string is the name of the setting that has the bound.
    """

    least: int | str
    most: int | str


class Example(NamedTuple):
    """What an example has in this field.  Optional fields without one are in no example."""

    value: object


class Form(NamedTuple):
    """How a string is written: a regular expression, or a format that JSON Schema names."""

    pattern: str | None = None
    format: str | None = None


class Words(tuple[str, ...]):
    """All strings that a field can have."""

    __slots__ = ()


class Like(NamedTuple):
    """The TypedDict that an object looks like, where its code is the same for several."""

    kind: type


AN_ID = "^[0-9a-f]{32}$"
MOMENT = Form(format="date-time")
Time = Annotated[str, MOMENT, Example("2026-11-22T16:56:41.163Z")]
"""RFC 3339 in UTC with milliseconds."""
Id = Annotated[str, Form(pattern=AN_ID), Example("7b56f32412d9c1b0c1318b89ad199fdd")]


class Field(NamedTuple):
    """One field of a TypedDict: its bare type, and what is declared of it."""

    name: str
    kind: Any
    marks: tuple[object, ...]
    is_required: bool

    @property
    def meaning(self) -> str:
        """What it means; the last words, where a type has some of its own."""
        return next((mark for mark in reversed(self.marks) if type(mark) is str), "")

    def mark(self, kind: type[T]) -> T | None:
        """Return what is declared of this kind, the last if there are several."""
        return next((mark for mark in reversed(self.marks) if isinstance(mark, kind)), None)


@cache
def fields(declared: type) -> tuple[Field, ...]:
    """Return the fields of a TypedDict, in their order."""
    hints = get_type_hints(declared, include_extras=True)
    return tuple(field(name, hint, declared) for name, hint in hints.items())


def field(name: str, hint: Any, of: Any = None) -> Field:  # noqa: ANN401 (any declaration)
    """Return what a type hint declares."""
    is_required = name in getattr(of, "__required_keys__", ())
    if (origin := get_origin(hint)) in {Required, NotRequired}:
        is_required, (hint,) = origin is Required, get_args(hint)
    if get_origin(hint) is Annotated:
        return Field(name, hint.__origin__, hint.__metadata__, is_required)
    return Field(name, hint, (), is_required)
