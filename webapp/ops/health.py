"""Health checks: `/healthz` (this process serves) and `/readyz` (the store is as promised)."""

from __future__ import annotations

from flask import Blueprint, Response

from webapp.http.request import services

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    """Return 200: this process serves requests."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready() -> Response:
    """Return 200 if the store answers and is as durable as the settings say."""
    shortcomings = services().files.shortcomings(services().settings.durability)
    if shortcomings:
        return Response("\n".join(shortcomings) + "\n", status=503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")
