"""The Flask application, built over a house."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from webapp import (
    answers,
    api,
    assets,
    bodies,
    brand,
    clock,
    compose,
    control,
    cookies,
    errors,
    floods,
    forwarding,
    happenings,
    headers,
    health,
    limits,
    origins,
    permit,
    switch,
    viewer,
    words,
)

if TYPE_CHECKING:
    from restante.wiring import House


def create_app(house: House) -> Flask:
    """Return the application; everything it needs comes with the house."""
    root = Path(__file__).parent
    app = Flask(
        __name__,
        static_folder=None,
        template_folder=str(root.parent / "templates"),
    )
    app.extensions["restante"] = house
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.globals.update(
        moment=clock.moment,
        duration=clock.duration,
        words=words,
        happenings=happenings,
        settings=house.settings,
    )
    floods.init_app(app)
    switch.init_app(app)
    origins.init_app(app)
    cookies.init_app(app)
    limits.init_app(app, house)
    app.url_map.merge_slashes = False
    headers.init_app(app)
    assets.init_app(app, brand.assets(house.settings))
    brand.init_app(app, house.settings)
    bodies.init_app(app)
    errors.init_app(app)
    for blueprint in (
        compose.bp,
        permit.bp,
        control.bp,
        viewer.bp,
        answers.bp,
        api.bp,
        health.bp,
    ):
        app.register_blueprint(blueprint)
    app.wsgi_app = headers.Front(  # type: ignore[method-assign]
        app.wsgi_app, house.settings
    )
    app.wsgi_app = forwarding.Forwarding(  # type: ignore[method-assign]
        app.wsgi_app, house.settings.trusted_proxies
    )
    return app
