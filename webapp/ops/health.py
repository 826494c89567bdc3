"""Whether this process lives, and whether the store answers and keeps what is promised."""

from __future__ import annotations

from flask import Blueprint, Response

from webapp.http.request import services

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    """Answer: this process serves requests."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready() -> Response:
    """Answer 200 when the store is reachable and as durable as the operator asked."""
    shortcomings = services().files.shortcomings(services().settings.durability)
    if shortcomings:
        return Response("\n".join(shortcomings) + "\n", status=503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
