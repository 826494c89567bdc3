"""What the page about API v1 shows, from its description in OpenAPI."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup, escape

if TYPE_CHECKING:
    Json = dict[str, Any]

EVENT = "EventShown"
LEAST_MOST = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))


class Row(NamedTuple):
    """A field: `links[].id` is a field of each object in a list."""

    name: str
    kind: str
    is_required: bool
    about: Markup


class ShownProblem(NamedTuple):
    """One kind of problem, with the fields that only it has."""

    status: int
    code: str
    about: Markup
    fields: list[Row]


class ShownEvent(NamedTuple):
    """One type of event, with its facts."""

    type: str
    about: Markup
    fields: list[Row]


class Shown(NamedTuple):
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    about: Markup
    tokens: list[str]
    parameters: list[Row]
    body: list[Row]
    examples: list[str]
    status: int
    reason: str
    answer: list[Row]
    answer_example: str
    is_bytes: bool
    problems: list[str]


class Reference:
    """Reads a description for people."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self.url = document["servers"][0]["url"]
        self.tokens = [
            (name, _marked(scheme["description"]))
            for name, scheme in document["components"]["securitySchemes"].items()
        ]
        self.operations = [
            self._operation(path, method, its)
            for path, methods in document["paths"].items()
            for method, its in methods.items()
        ]
        schemas = document["components"]["schemas"]
        self.problems = [
            ShownProblem(
                schema["properties"]["status"]["const"],
                schema["properties"]["code"]["const"],
                _marked(schema["description"]),
                [row for row in self.rows(schema) if row.name not in COMMON],
            )
            for name, schema in sorted(schemas.items())
            if name.startswith("problem-")
        ]
        self.event_fields = self._event_fields()
        self.events = [
            ShownEvent(
                name.removeprefix("event-"),
                _marked(schema["description"]),
                self.rows(schema["properties"]["data"]),
            )
            for name, schema in schemas.items()
            if name.startswith("event-")
        ]

    def _operation(self, path: str, method: str, its: Json) -> Shown:
        body = its.get("requestBody", {})
        content = body.get("content", {}).get("application/json", {})
        status, right = next((int(s), one) for s, one in its["responses"].items() if s < "300")
        answer = right.get("content", {}).get(JSON, {})
        refused = [one for status, one in its["responses"].items() if status >= "400"]
        return Shown(
            id=its["operationId"],
            method=method.upper(),
            path=path,
            summary=its["summary"],
            about=_marked(its["description"]),
            tokens=[name for scheme in its["security"] for name in scheme],
            parameters=[self._parameter(one) for one in its.get("parameters", ())],
            body=self.rows(content.get("schema", {})),
            examples=[
                self._curl(path, method, its, one["value"])
                for one in content.get("examples", {"": {"value": None}}).values()
            ],
            status=status,
            reason=HTTPStatus(status).phrase,
            answer=[row._replace(is_required=False) for row in self.rows(answer.get("schema", {}))],
            answer_example=_pretty(answer["example"]) if answer else "",
            is_bytes=bool(right.get("content")) and not answer,
            problems=[code for one in refused for code in one["description"].split("`")[1::2]],
        )

    def _parameter(self, its: Json) -> Row:
        kind = self._kind(its["schema"]) + f" in the {its['in']}"
        return Row(its["name"], kind, its.get("required", False), _marked(its["description"]))

    def rows(self, schema: Json, before: str = "") -> list[Row]:
        """Return the fields of an object, with those of the objects in it after each."""
        schema = self._resolved(schema)
        found = []
        for name, its in schema.get("properties", {}).items():
            row = Row(
                before + name,
                self._kind(its),
                name in schema.get("required", ()),
                _marked(its.get("description") or self._resolved(its).get("description", "")),
            )
            found.append(row)
            inner, tail = its, "."
            if its.get("type") == "array":
                inner, tail = its["items"], "[]."
            inner = next((one for one in inner.get("anyOf", ()) if "$ref" in one), inner)
            if not inner.get("$ref", "").endswith(f"/{EVENT}"):
                found += self.rows(inner, before + name + tail)
        return found

    def _event_fields(self) -> list[Row]:
        """Return the fields of every event."""
        schemas = self._document["components"]["schemas"]
        first = next(schema for name, schema in schemas.items() if name.startswith("event-"))
        fields = (row for row in self.rows(first) if not row.name.startswith("data."))
        return [row._replace(is_required=False) for row in fields]

    def _resolved(self, schema: Json) -> Json:
        if "$ref" not in schema:
            return schema
        found: Json = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found

    def _kind(self, its: Json) -> str:
        """Return what a value is, in words."""
        its = its if "type" in its else self._resolved(its)
        if "anyOf" in its:
            return " or ".join(self._kind(one) for one in its["anyOf"])
        if "enum" in its:
            return ", ".join(f"“{word}”" for word in its["enum"])
        if "const" in its:
            return f"“{its['const']}”"
        kinds = its.get("type", "object")
        names = [kinds] if isinstance(kinds, str) else kinds
        words = [WORDS.get(its.get("format") or name, name) for name in names]
        if its.get("type") == "array":
            words = [f"list of {self._kind(its['items'])}s"]
        for least, most in LEAST_MOST:
            if least in its and most in its:
                words[0] += f", {its[least]:,} to {its[most]:,}"
        return " or ".join(words)

    def _curl(self, path: str, method: str, its: Json, body: object) -> str:
        """Return a command that makes the request."""
        parts = [f'curl "$URL{path}"']
        if method != "get" and not (method == "post" and body):
            parts[0] = f'curl -X {method.upper()} "$URL{path}"'
        tokens = [name for scheme in its["security"] for name in scheme]
        if tokens and {} not in its["security"]:
            parts.append(f'-H "Authorization: Bearer ${VARIABLES[tokens[0]]}"')
        parts += [
            f'-H "{one["name"]}: {VALUES.get(one["name"], "$KEY")}"'
            for one in its.get("parameters", ())
            if one["in"] == "header"
        ]
        kind = next(iter(its.get("requestBody", {}).get("content", {})), JSON)
        if kind != JSON:
            parts += [f"-H 'Content-Type: {kind}'", "--data-binary @part"]
        if body:
            parts += ["-H 'Content-Type: application/json'", f"-d '{_pretty(body)}'"]
        return " \\\n  ".join(parts)


JSON = "application/json"
COMMON = {"type", "title", "status", "detail", "code"}
WORDS = {"integer": "whole number", "boolean": "true or false", "date-time": "time"}
VARIABLES = {
    "controlToken": "CONTROL",
    "linkToken": "LINK",
    "senderToken": "SENDER",
    "uploadToken": "UPLOAD",
}
VALUES = {
    "Upload-Offset": "0",
    "Upload-Complete": "?1",
    "Files-Token": "$FILES_TOKEN",
    "Range": "bytes=0-65535",
}
"""What headers have in the examples; others have a key."""


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _marked(text: str) -> Markup:
    """Return a text as HTML, with what stands between backquotes as code."""
    plain, *parts = text.split("`")
    return escape(plain) + Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 == 0 else escape(part)
        for index, part in enumerate(parts)
    )
