"""The description of API v1 in OpenAPI 3.1, made from the operations and what they declare."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, get_args, is_typeddict

from flask import Response

from restante.crypto.files import UploadToken
from restante.declared import Field, fields
from restante.event_types import EVENTS, EventShown, WebhookBody, WebhookData
from webapp.api import described
from webapp.api.blueprint import bp
from webapp.api.operation import PARTIAL_UPLOAD, FileBody, Mark, of_view
from webapp.api.refusals import TOKENS, codes, problems_of
from webapp.api.schemas import REF, Schemas, about, example
from webapp.http import rate_limits
from webapp.http.errors import STATUS
from webapp.http.problems import FIELDS, MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flask import Flask

    from restante.errors import RestanteError
    from restante.settings import Settings
    from webapp.api.operation import Operation

    Json = dict[str, Any]

VERSION = "3.1.1"
PARAMETER = re.compile(r"<int:(\w+)>")
HEADER_REF = "#/components/headers/"


def document(app: Flask, settings: Settings) -> Json:
    """Return the whole description."""
    return _Document(app, settings).made()


class _Document:
    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._schemas = Schemas(settings)

    def made(self) -> Json:
        paths: Json = {}
        # The sender's come first.
        order = sorted(operations(self._app), key=lambda one: one[0].startswith("/link"))
        for path, method, endpoint, its in order:
            paths.setdefault(path, {})[method] = self._operation(endpoint, its)
        webhooks = {
            name: {"post": self._webhook(name)} for name in EVENTS if name != "message.sent"
        }
        self._events()
        problems = {_problem_name(code): self._problem(code) for code in codes()}
        return {
            "openapi": VERSION,
            "info": {
                "title": f"{self._settings.name}: API v1",
                "version": "1",
                "description": described.API,
            },
            "servers": [{"url": f"{self._settings.public_url}{bp.url_prefix}"}],
            "paths": paths,
            "webhooks": webhooks,
            "components": {
                "schemas": self._schemas.components | problems,
                "headers": described.HEADERS,
                "securitySchemes": {
                    name: {"type": "http", "scheme": "bearer", "description": about}
                    for name, about in described.TOKENS.items()
                },
            },
        }

    def _operation(self, endpoint: str, its: Operation) -> Json:
        summary, _, more = cleandoc(its.about).partition("\n")
        found: Json = {
            "operationId": endpoint.partition(".")[2],
            "summary": summary.removesuffix("."),
            "description": more.strip().replace("\n", " "),
            "security": self._security(its),
        }
        for one in its.reads:
            if is_typeddict(one.kind):
                found["requestBody"] = self._body(one)
            elif one.kind is FileBody:
                found["requestBody"] = {"content": {PARTIAL_UPLOAD: described.BINARY}}
                found.setdefault("parameters", []).extend(described.PARTIAL)
            elif Mark.FILES_TOKEN in one.marks:
                found.setdefault("parameters", []).extend([described.FILES_TOKEN, described.RANGE])
            elif parameter := self._parameter(one):
                found.setdefault("parameters", []).append(parameter)
        limits = rate_limits.of_view(self._app.view_functions[endpoint])
        if limits:
            found["description"] += f" {described.limited(limits, self._settings)}"
        found["responses"] = self._responses(its, problems_of(its, is_limited=bool(limits)))
        return found

    def _security(self, its: Operation) -> list[Json]:
        if not its.admits:
            return [{TOKENS[one.kind]: []} for one in its.reads if one.kind in TOKENS]
        senders = self._settings.senders
        token: list[Json] = [{"senderToken": []}] if senders.tokens else []
        return token if senders.tokens and not senders.networks else [{}, *token]

    def _parameter(self, its: Field) -> Json | None:
        if Mark.IF_NONE_MATCH in its.marks:
            return described.IF_NONE_MATCH
        if Mark.PATH in its.marks:
            schema = self._schemas.value(its) | {"minimum": 1}
            about = schema.pop("description")
            return {
                "name": its.name,
                "in": "path",
                "required": True,
                "description": about,
                "schema": schema,
            }
        if Mark.QUERY in its.marks:
            schema = self._schemas.value(its) | {"type": "string"}
            about = schema.pop("description")
            return {"name": its.name, "in": "query", "description": about, "schema": schema}
        for kind, key in described.KEYS.items():
            if its.kind in (kind, kind | None):
                return {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": key.meaning,
                    "required": its.kind is kind,
                    "schema": {
                        "type": "string",
                        "pattern": f"^[!-~]{{{key.least},{key.most}}}$",
                        "minLength": key.least,
                        "maxLength": key.most,
                    },
                    "example": described.A_KEY,
                }
        return None

    def _body(self, its: Field) -> Json:
        schema = self._schemas.of(its.kind, is_request=True)
        whole = example(its.kind)
        examples = {"example": whole}
        is_required = any(one.is_required for one in fields(its.kind))
        if Mark.ONE_FIELD in its.marks:
            is_required = True
            self._schemas.components[its.kind.__name__] |= {"minProperties": 1, "maxProperties": 1}
            examples = {name: {name: value} for name, value in whole.items()}
        content = {"schema": schema, "examples": {n: {"value": v} for n, v in examples.items()}}
        return {"required": is_required, "content": {"application/json": content}}

    def _responses(self, its: Operation, problems: Iterable[type[RestanteError]]) -> Json:
        right: Json = {"description": "Done."}
        if declared := _declared(its.answers):
            right["description"] = about(declared)
            right["content"] = {
                "application/json": {
                    "schema": self._schemas.of(declared),
                    "example": example(declared),
                }
            }
        found = {str(its.status if declared else 204): right}
        if its.location:
            right["headers"] = {"Location": {"$ref": HEADER_REF + "Location"}}
        if any(Mark.IF_NONE_MATCH in one.marks for one in its.reads):
            tagged = {"ETag": {"$ref": HEADER_REF + "ETag"}}
            right["headers"] = tagged
            found["304"] = {"description": "Nothing changed.", "headers": tagged}
        if any(one.kind is UploadToken for one in its.reads) and its.answers is Response:
            right["headers"] = {name: {"$ref": HEADER_REF + name} for name in described.OF_UPLOADS}
        if any(Mark.FILES_TOKEN in one.marks for one in its.reads):
            found = {
                "200": {"description": "The file.", "content": described.BYTES},
                "206": {"description": "A part of it.", "content": described.BYTES},
                "416": {"description": "The file has no such part."},
            }
        by_status: dict[int, set[str]] = {}
        for error in problems:
            by_status.setdefault(STATUS[error], set()).add(error.code)
        for status, its_codes in sorted(by_status.items()):
            found[str(status)] = self._refusal(sorted(its_codes))
        return found

    def _refusal(self, its_codes: list[str]) -> Json:
        refs = [{"$ref": REF + _problem_name(code)} for code in its_codes]
        schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
        headers = {
            name: {"$ref": HEADER_REF + name}
            for name, of in described.HEADERS_OF_PROBLEMS.items()
            if of & set(its_codes)
        }
        answer: Json = {
            "description": " ".join(f"`{code}`" for code in its_codes),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        return answer | ({"headers": headers} if headers else {})

    def _problem(self, code: str) -> Json:
        its = [error for error in STATUS if error.code == code]
        kind = FIELDS.get(its[0], Problem)
        schema = self._schemas.object(kind)
        schema["description"] = " ".join(
            dict.fromkeys(cleandoc(error.__doc__ or "").partition("\n")[0] for error in its)
        )
        schema["properties"]["code"] |= {"const": code}
        schema["properties"]["status"] |= {"const": STATUS[its[0]]}
        filled = {"type": "about:blank", "title": its[0].title, "status": STATUS[its[0]]}
        schema["examples"] = [example(kind) | filled | {"detail": its[0].title, "code": code}]
        return schema

    def _events(self) -> None:
        """Replace the schema of an event by one for each type."""
        refs = {}
        for name, its in EVENTS.items():
            one = self._schemas.object(EventShown)
            link = one["properties"]["link"]
            link["type"] = "string" if name.startswith("link.") else "null"
            one["description"] = its.meaning
            one["properties"] |= {
                "type": {"type": "string", "const": name},
                "data": self._schemas.object(its.facts),
            }
            self._schemas.components[f"event-{name}"] = one
            refs[name] = f"{REF}event-{name}"
        self._schemas.components[EventShown.__name__] = {
            "description": "Something that happened. Later versions may add types.",
            "oneOf": [{"$ref": ref} for ref in refs.values()],
            "discriminator": {"propertyName": "type", "mapping": refs},
        }

    def _webhook(self, name: str) -> Json:
        body, data = self._schemas.object(WebhookBody), self._schemas.object(WebhookData)
        body["properties"] |= {"type": {"type": "string", "const": name}, "data": data}
        data["properties"]["event"] = {"$ref": f"{REF}event-{name}"}
        return {
            "operationId": name,
            "summary": EVENTS[name].meaning.removesuffix("."),
            "parameters": described.SIGNED,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": body}},
            },
            "responses": described.RECEIVED,
        }


def operations(app: Flask) -> Iterator[tuple[str, str, str, Operation]]:
    """Yield path, method, endpoint and declaration of each operation."""
    for rule in app.url_map.iter_rules():
        if its := of_view(app.view_functions[rule.endpoint]):
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            path = PARAMETER.sub(r"{\1}", rule.rule.removeprefix(bp.url_prefix or ""))
            yield path, method.lower(), rule.endpoint, its


def _declared(answers: Any) -> Any:  # noqa: ANN401 (any declaration)
    """Return the TypedDict among what an operation returns."""
    return next((one for one in (answers, *get_args(answers)) if is_typeddict(one)), None)


def _problem_name(code: str) -> str:
    return f"problem-{code}"
