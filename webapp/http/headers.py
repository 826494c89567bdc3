"""Headers of every response, the request log, and checks before every request (Host, size)."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort

from restante import logs
from webapp.branding import assets
from webapp.http import proxies
from webapp.http.cookies import YEAR_SECONDS
from webapp.http.request import kept, services, this

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from restante.settings import Settings

POLICY = "; ".join(  # noqa: FLY002 (a directive a line)
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "worker-src 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
WITH_WORKER = POLICY.replace("worker-src 'none'", "worker-src 'self'")
"""For the page that can register the service worker."""
ALWAYS = (
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex, nofollow, noarchive"),
    ("Cache-Control", "no-store"),
)
"""Headers of every response, unless it has its own of that name."""
TRANSPORT = ("Strict-Transport-Security", f"max-age={YEAR_SECONDS}")
IMMUTABLE = f"public, max-age={YEAR_SECONDS}, immutable"
MACHINES = {"health.alive", "health.ready", "watching.numbers"}
"""Health checks, whose clients know an IP address, not our host name."""


HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
FOREIGN = "restante.foreign_host"
HEAD_MOST, TOO_MUCH = 32 * 1024, "restante.too_much"
"""Characters of all headers together: gunicorn limits each, but joins headers of one name."""


class Added:
    """WSGI middleware that adds our headers to every response, in one block."""

    def __init__(self, app: WSGIApplication, *, secure: bool) -> None:
        self._app = app
        self._always = [*ALWAYS, TRANSPORT] if secure else [*ALWAYS]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:  # noqa: ANN401
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:  # noqa: ANN401
            own = {name for name, _ in headers}
            more = [header for header in self._always if header[0] not in own]
            return start_response(status, headers + more, *error)

        return self._app(environ, start)


class Front:
    """WSGI middleware in front of Flask: checks Host, sets the path prefix, adds headers.

    Flask can build no URL, and so no page, for a malformed host: a foreign Host is recorded and
    replaced by ours.  The path of the public URL is the prefix, whether a proxy strips it or not.
    """

    def __init__(self, app: WSGIApplication, settings: Settings) -> None:
        self._app = Added(app, secure=settings.secure)
        self._hosts = settings.hosts
        self._prefix = settings.path_prefix
        self._scheme = "https" if settings.secure else "http"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:  # noqa: ANN401
        host = environ.get("HTTP_HOST", f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")
        if not self._is_ours(host.lower()):
            environ[FOREIGN] = True
            host = self._hosts[0]
        environ["HTTP_HOST"] = host
        if _drop_long_heads(environ):
            environ[TOO_MUCH] = True
        environ["wsgi.url_scheme"] = self._scheme
        path = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = self._prefix
        if path == self._prefix or path.startswith(self._prefix + "/"):
            environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        return self._app(environ, start_response)

    def _is_ours(self, host: str) -> bool:
        """Tell whether a host is ours; if ours has no port, any port is accepted.

        A final dot says that the name is whole: `letters.example.` is the same host.
        """
        if not (written := HOST.fullmatch(host)):
            return False
        name = written[1].removesuffix(".")
        return name in self._hosts or name + (written[2] or "") in self._hosts


def _drop_long_heads(environ: WSGIEnvironment) -> bool:
    """Drop all headers but Host if they are too long together; tell whether it did."""
    names = [name for name in environ if name.startswith("HTTP_")]
    if sum([len(environ[name]) for name in names]) <= HEAD_MOST:
        return False
    for name in names:
        if name != "HTTP_HOST":
            del environ[name]
    return True


def init_app(app: Flask) -> None:
    """Check every request; log every response."""
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    its, told = this(), kept()
    told.began = time.perf_counter()
    told.request_id = os.urandom(8).hex()
    if TOO_MUCH in its.environ:
        abort(400)
    if its.endpoint not in MACHINES:
        proxies.warn(its.environ)
        if FOREIGN in its.environ:
            abort(400)


def _finish(response: Response) -> Response:
    its, told = this(), kept()
    endpoint, status = its.endpoint, response.status_code
    if endpoint == assets.ENDPOINT and status == 200:  # noqa: PLR2004
        response.headers["Cache-Control"] = IMMUTABLE
    seconds = time.perf_counter() - told.began if "began" in told else None
    method = its.method if its.method in METHODS else "other"
    logs.write(
        "debug" if endpoint in MACHINES else "info",
        "request",
        request_id=told.get("request_id"),
        method=method,
        endpoint=endpoint,
        status=status,
        # The problem code, the bot signal at the gate, the holder of the sender token.
        **{name: told.get(name) for name in ("code", "gate", "sender") if name in told},
        ms=None if seconds is None else round(seconds * 1000, 1),
    )
    if meters := services().meters:
        meters.answered(endpoint, method, status, seconds)
    return response


METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
