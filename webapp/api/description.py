"""Serves the description of API v1, for programs and for people."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, cast

from flask import Response, current_app
from markupsafe import Markup

from webapp.api.blueprint import bp
from webapp.api.openapi import document
from webapp.api.reference import Reference
from webapp.http import pages
from webapp.http.i18n import current
from webapp.http.request import settings

if TYPE_CHECKING:
    from flask import Flask

EXTENSION = "description"


class Description:
    """The document and the page, each made at its first request."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._pages: dict[str, Markup] = {}

    @cached_property
    def document(self) -> dict[str, object]:
        return document(self._app, settings())

    @cached_property
    def written(self) -> bytes:
        return json.dumps(self.document, ensure_ascii=False).encode()

    def operations(self, language: str) -> Markup:
        """Return the part of the page that is the same for everybody with this language."""
        if language not in self._pages:
            made = pages.render("api/_operations.html", shown=Reference(self.document))
            self._pages[language] = Markup(made)  # noqa: S704 (a template printed it)
        return self._pages[language]


def init_app(app: Flask) -> None:
    """Serve the description of the operations that *app* has."""
    app.extensions[EXTENSION] = Description(app)


@bp.get("/openapi.json")
def openapi() -> Response:
    """Return the description in OpenAPI 3.1."""
    return Response(_its().written, mimetype="application/json")


@bp.get("/")
def reference() -> str:
    """Show the description to people."""
    operations = _its().operations(current().code)
    url = f"{settings().public_url}{bp.url_prefix}"
    return pages.render("api/reference.html", operations=operations, url=url)


def _its() -> Description:
    return cast("Description", current_app.extensions[EXTENSION])
