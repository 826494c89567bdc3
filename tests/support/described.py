"""Checks answers of the API against its description, which here knows every field there is."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from restante import wiring
from restante.crypto import keyring
from restante.settings import Settings
from webapp.api.openapi import document
from webapp.app import create_app

if TYPE_CHECKING:
    from flask import Flask

    from tests.support.api import Answer

PREFIX = "/api/v1"
BESIDE = {"/", "/openapi.json"}
"""Paths of the description itself."""


def app(**environ: str) -> Flask:
    """Return the application of an operator with these settings; nothing asks its store."""
    given = {f"RESTANTE_{name}": value for name, value in environ.items()}
    nowhere = {"RESTANTE_REDIS_URL": "redis://127.0.0.1:1"}
    keys = {"RESTANTE_ROOT_KEYS": keyring.new_key()}
    return create_app(wiring.build(Settings.from_env(nowhere | keys | given)))


def made(**environ: str) -> dict[str, Any]:
    """Return the description that an operator with these settings has."""
    its = app(**environ)
    return document(its, its.extensions["restante"].settings)


@cache
def closed() -> dict[str, Any]:
    """Return the description without *v1 only gains fields*: an undescribed field is an error."""
    return close(deepcopy(made()))


def close(node: Any) -> Any:
    match node:
        case dict():
            if "properties" in node and node.get("type") == "object":
                node.setdefault("additionalProperties", False)
            for inner in node.values():
                close(inner)
        case list():
            for inner in node:
                close(inner)
    return node


PROXYS_OWN = 502
"""A proxy's answer for a service that is away."""


@cache
def validator(schema: str, *, is_open: bool = False) -> jsonschema_rs.Validator:
    """Return what checks a value against a schema, which is written as JSON."""
    known = made() if is_open else closed()
    whole = json.loads(schema) | {"components": known["components"]}
    return jsonschema_rs.validator_for(whole, validate_formats=True)


def check(method: str, path: str, answer: Answer) -> None:
    """Fail if the description lacks this answer."""
    place = path.partition("?")[0].removeprefix(PREFIX)
    its = closed()["paths"].get(place, {}).get(method.lower())
    if place == path or its is None or answer.status == PROXYS_OWN:
        return
    assert str(answer.status) in its["responses"], (method, place, answer)
    described = its["responses"][str(answer.status)]
    content = described.get("content", {})
    if not content:
        assert answer.body == b""
        return
    kind = answer.headers["Content-Type"]
    assert kind in content, (method, place, kind)
    validator(json.dumps(content[kind]["schema"])).validate(answer.json)
    for name in described.get("headers", {}).keys() & {"Location", "ETag"}:
        assert name in answer.headers, (method, place, name)


def check_webhook(headers: dict[str, str], told: dict[str, Any]) -> None:
    """Fail if the description has no webhook like this one."""
    its = closed()["webhooks"][told["type"]]["post"]
    assert {one["name"] for one in its["parameters"]} <= headers.keys()
    content = its["requestBody"]["content"][headers["content-type"]]
    validator(json.dumps(content["schema"])).validate(told)
