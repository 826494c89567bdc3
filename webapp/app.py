"""Builds the Flask application: middleware, blueprints, globals of the templates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.sessions import NullSession, SessionInterface

from webapp import api
from webapp.branding import assets, brand
from webapp.http import (
    cookies,
    csrf,
    errors,
    floods,
    headers,
    language_choice,
    pages,
    pasted_paths,
    proxies,
    rate_limits,
    request_size,
    send_access,
)
from webapp.http.request import Serving
from webapp.ops import health
from webapp.recipient import feedback, files, viewer
from webapp.sender import (
    changes,
    compose,
    consents,
    control,
    copies,
    link_page,
    notify,
    push_routes,
    sent,
    sent_access,
    take_out,
    upload_routes,
    verdict,
)
from webapp.texts import channels, events, formatting, notices, states

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request
    from werkzeug.routing import MapAdapter

    from restante.wiring import Services


class _NoSessions(SessionInterface):
    """No visitor has a session: nothing is read or written for one."""

    _none = NullSession()

    def open_session(self, *_: object) -> NullSession:
        return self._none

    def is_null_session(self, obj: object) -> bool:
        return obj is self._none


class Application(Flask):
    """Flask without what Restante has none of: sessions, and views that are coroutines."""

    session_interface = _NoSessions()

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds a view and builds a URL; `Front` has checked host and path."""
        if request is None:
            return None
        environ = request.environ
        return self.url_map.bind(
            environ["HTTP_HOST"],
            environ["SCRIPT_NAME"],
            url_scheme=environ["wsgi.url_scheme"],
            default_method=environ["REQUEST_METHOD"],
            path_info=request.path,
            query_args=environ.get("QUERY_STRING", ""),
        )

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(services: Services) -> Flask:
    """Return the application over these services; it reads nothing from the environment."""
    root = Path(__file__).parent
    app = Application(
        __name__,
        static_folder=None,
        template_folder=str(root.parent / "templates"),
    )
    app.extensions["restante"] = services
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.globals.update(
        moment=formatting.moment,
        words=states,
        channels=channels,
        happenings=events,
        notices=notices,
        settings=services.settings,
    )
    app.jinja_env.filters["exact"] = formatting.exact
    floods.init_app(app)
    language_choice.init_app(app)
    csrf.init_app(app)
    cookies.init_app(app)
    rate_limits.init_app(app)
    app.url_map.merge_slashes = False
    pasted_paths.init_app(app)
    headers.init_app(app)
    assets.init_app(app, brand.assets(services.settings))
    brand.init_app(app, services.settings)
    request_size.init_app(app)
    errors.init_app(app)
    for blueprint in (
        compose.bp,
        send_access.bp,
        control.bp,
        changes.bp,
        link_page.bp,
        take_out.bp,
        verdict.bp,
        copies.bp,
        sent.bp,
        sent_access.bp,
        notify.bp,
        consents.bp,
        push_routes.bp,
        upload_routes.bp,
        viewer.bp,
        feedback.bp,
        files.bp,
        api.bp,
        health.bp,
    ):
        app.register_blueprint(blueprint)
    pages.init_app(app)
    api.description.init_app(app)
    app.wsgi_app = Serving(app.wsgi_app, services)  # type: ignore[method-assign]
    app.wsgi_app = headers.Front(  # type: ignore[method-assign]
        app.wsgi_app, services.settings
    )
    app.wsgi_app = proxies.Forwarding(  # type: ignore[method-assign]
        app.wsgi_app, services.settings.trusted_proxies
    )
    return app
