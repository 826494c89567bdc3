"""A WSGI application of its own for /metrics and health.

Requests without access go to the pages' application and get its normal 404.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from restante.store.stats import Numbers
from webapp.http import headers
from webapp.http.request import services
from webapp.ops import health

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from restante.metrics.meters import Meters
    from restante.settings import Settings
    from restante.wiring import Services

PATH = "/metrics"

bp = Blueprint("watching", __name__)


@bp.get(PATH)
def numbers() -> Response:
    """Return all metrics in a format of Prometheus."""
    meters = services().meters
    assert meters is not None
    shown, content_type = meters.show(request.headers.get("Accept", ""))
    return Response(shown, content_type=content_type)


def create_app(services: Services) -> Flask:
    """Return the application: `/metrics`, `/healthz`, `/readyz` and nothing else."""
    assert services.meters is not None
    services.meters.watch(Numbers(services.connection), services.place_watch)
    app = Flask(__name__, static_folder=None)
    app.extensions["restante"] = services
    headers.init_app(app)
    app.register_error_handler(HTTPException, _refuse)
    app.register_blueprint(health.bp)
    app.register_blueprint(bp)
    app.wsgi_app = headers.Added(  # type: ignore[method-assign]
        app.wsgi_app, secure=services.settings.secure
    )
    return app


def _refuse(error: HTTPException) -> Response:
    status = error.code or 500
    answer = Response(f"{status} {error.name}\n", status, mimetype="text/plain")
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


class Doors:
    """Routes requests with access to the metrics to their application, all others to the pages.

    A request has access by the port of its connection, or by the token for one path.  Only the
    socket tells the port: SERVER_PORT may come from the header Host, which can be forged.
    """

    def __init__(
        self, pages: WSGIApplication, watching: WSGIApplication, settings: Settings, meters: Meters
    ) -> None:
        self.meters = meters
        """Used by gunicorn's configuration to count responses that the server makes itself."""
        self._pages = pages
        self._watching = watching
        self._port = settings.metrics_port
        self._token = _digest(settings.metrics_token) if settings.metrics_token else None
        self._paths = {PATH, settings.path_prefix + PATH}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:  # noqa: ANN401
        if self._came_by_the_port(environ):
            return self._watching(environ, start_response)
        if environ.get("PATH_INFO") in self._paths and self._brings_the_token(environ):
            environ["PATH_INFO"] = PATH
            return self._watching(environ, start_response)
        return self._pages(environ, start_response)

    def _came_by_the_port(self, environ: WSGIEnvironment) -> bool:
        if self._port is None or not (connection := environ.get("gunicorn.socket")):
            return False
        try:
            name = connection.getsockname()
        except OSError:
            return False
        return isinstance(name, tuple) and name[1] == self._port

    def _brings_the_token(self, environ: WSGIEnvironment) -> bool:
        scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if self._token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(_digest(given.strip()), self._token)


def _digest(token: str) -> bytes:
    """Return a hash of a token, so that tokens of any length compare in constant time."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
