"""The floors: the least that Flask, our limiter and our store's client can do.

    bare       Flask answers with JSON, and does nothing else
    script     the same, after one Lua script that writes: one round trip to the store
    limited    the same behind Flask-Limiter: two round trips
    budgeted   the same with two scripts: three round trips

gunicorn's configuration, worker class, the connections to the store and the store are the
product's.  `BENCH_FLOOR` says which one it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flask import Flask, Response, json, request
from flask_limiter import Limiter

from restante import wiring
from restante.store.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = {"bare": 0, "script": 1, "limited": 1, "budgeted": 2}
"""How many scripts each floor runs."""
BY_TRIPS = {0: "bare", 1: "script", 2: "limited", 3: "budgeted"}
LIMITED = {"limited", "budgeted"}
MOST, BYTES_MOST, DAY_MS = 10**9, 2**50, 86_400_000
TEXT = "x" * 200


def create_app(kind: str, store_url: str) -> Flask:
    """Return the application of one floor."""
    app = Flask(__name__)
    connection = Connection(wiring.connect(store_url))

    def answer() -> Response:
        for number in range(SCRIPTS[kind]):
            connection.run("afford", b"bench:%d" % number, len(TEXT), MOST, BYTES_MOST, DAY_MS)
        return Response(json.dumps({"text": TEXT, "state": "read"}), mimetype="application/json")

    view: Callable[[], Response] = answer
    if kind in LIMITED:
        limiter = Limiter(
            lambda: request.remote_addr or "",
            app=app,
            storage_uri=store_url.replace("unix://", "redis+unix://", 1),
            headers_enabled=False,
            in_memory_fallback_enabled=True,
        )
        view = limiter.limit(f"{MOST}/minute")(answer)
    app.add_url_rule("/", view_func=view)
    return app


if kind := os.environ.get("BENCH_FLOOR"):
    app = create_app(kind, os.environ["RESTANTE_REDIS_URL"])
