"""The blueprint of API v1, which all its routes share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json

bp = Blueprint("api", __name__, url_prefix="/api/v1")


def respond(value: dict[str, Any], status: int = 200) -> Response:
    """Return *value* as a JSON response."""
    return Response(json.dumps(value), status, mimetype="application/json")
