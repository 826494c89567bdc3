"""Makes JSON Schema and examples from declarations (`restante/declared.py`)."""

from __future__ import annotations

from enum import StrEnum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, is_typeddict

from restante.declared import Bounds, Example, Field, Form, Like, Words, field, fields

if TYPE_CHECKING:
    from restante.settings import Settings

    Schema = dict[str, Any]

UNIONS = {Union, UnionType}
REF = "#/components/schemas/"
TYPES = {str: "string", int: "integer", bool: "boolean", NoneType: "null"}
BOUNDS = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}


class Schemas:
    """The schemas of all objects that were asked for, each by the name of its TypedDict."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.components: dict[str, Schema] = {}
        self._named: dict[str, type] = {}

    def of(self, declared: type, *, is_request: bool = False) -> Schema:
        """Return a reference to an object's schema.  An unknown field of a request is an error."""
        name = declared.__name__
        assert self._named.setdefault(name, declared) is declared, f"{name} is declared twice"
        if name not in self.components:
            self.components[name] = {}
            self.components[name] |= self.object(declared, is_request=is_request)
        return {"$ref": REF + name}

    def object(self, declared: type, *, is_request: bool = False) -> Schema:
        """Return the schema of an object."""
        its = sorted(fields(declared), key=lambda one: not one.is_required)
        schema: Schema = {
            "type": "object",
            "description": about(declared),
            "properties": {one.name: self.value(one, is_request=is_request) for one in its},
        }
        if required := [one.name for one in its if one.is_required]:
            schema["required"] = required
        if is_request:
            schema["additionalProperties"] = False
        return schema

    def value(self, its: Field, *, is_request: bool = False) -> Schema:
        """Return the schema of a field."""
        schema = self._kind(its, is_request=is_request)
        if bounds := its.mark(Bounds):
            names = BOUNDS[schema["type"]]
            schema |= {n: self._bound(b) for n, b in zip(names, bounds, strict=True)}
        if form := its.mark(Form):
            schema |= {name: value for name, value in form._asdict().items() if value}
        if words := its.mark(Words):
            schema["enum"] = list(words)
        if its.meaning:
            schema["description"] = its.meaning
        return schema

    def _kind(self, its: Field, *, is_request: bool) -> Schema:
        kind, origin = its.kind, get_origin(its.kind)
        if like := its.mark(Like):
            return self.of(like.kind)
        if is_typeddict(kind):
            return self.of(kind, is_request=is_request)
        if origin in UNIONS:
            return self._nullable(its, is_request=is_request)
        if origin is list:
            inner = field("", get_args(kind)[0])
            return {"type": "array", "items": self.value(inner, is_request=is_request)}
        if origin is Literal:
            return {"type": "string", "enum": list(get_args(kind))}
        if origin is dict:
            return {"type": "object"}
        if issubclass(kind, StrEnum):
            return {"type": "string", "enum": [word.value for word in kind]}
        return {"type": TYPES[kind]}

    def _nullable(self, its: Field, *, is_request: bool) -> Schema:
        (inner,) = (one for one in get_args(its.kind) if one is not NoneType)
        schema = self.value(field("", inner), is_request=is_request)
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
        if "type" in schema:
            return schema | {"type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]}

    def _bound(self, bound: int | str) -> int:
        return bound if isinstance(bound, int) else int(getattr(self._settings, bound))


def about(declared: type) -> str:
    """Return what a TypedDict's docstring says of it."""
    return cleandoc(vars(declared).get("__doc__") or "")


def example(declared: type) -> dict[str, Any]:
    """Return an example of an object: what must be there, and what has an example."""
    return {
        one.name: example_of(one)
        for one in fields(declared)
        if one.is_required or one.mark(Example) is not None or _has_example(one.kind)
    }


def example_of(its: Field) -> Any:  # noqa: ANN401 (any JSON)
    """Return an example of a field's value."""
    kind, origin = its.kind, get_origin(its.kind)
    if found := its.mark(Example):
        return found.value
    if words := its.mark(Words):
        return words[0]
    if like := its.mark(Like):
        return example(like.kind)
    if is_typeddict(kind):
        return example(kind)
    if origin in UNIONS:
        return None
    if origin is list:
        return [example_of(field("", get_args(kind)[0]))]
    if origin is Literal:
        return get_args(kind)[0]
    if origin is dict:
        return {}
    if issubclass(kind, StrEnum):
        return next(iter(kind)).value
    return {int: 1, bool: False, str: its.meaning}[kind]


def _has_example(kind: Any) -> bool:  # noqa: ANN401 (any declaration)
    return is_typeddict(kind) and bool(example(kind))
