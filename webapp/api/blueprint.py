"""The blueprint of API v1, which all its routes share."""

from __future__ import annotations

import json

from flask import Blueprint, Response

bp = Blueprint("api", __name__, url_prefix="/api/v1")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def respond(value: object, status: int = 200) -> Response:
    """Return *value* as a JSON response."""
    return Response(_encode(value), status, mimetype="application/json")
