"""Setting cookies: no answer to another site's form says anew who a browser is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g

from webapp.http import csrf
from webapp.http.request import cookie_name, settings

if TYPE_CHECKING:
    from flask import Flask, Response

    from webapp.http.request import CookieName

YEAR_SECONDS = 31_536_000


def init_app(app: Flask) -> None:
    """Let the browser keep what the tokens of its forms are bound to."""
    app.after_request(_keep_form)


def set_cookie(
    response: Response, name: CookieName, value: str, *, max_age: int | None = None
) -> None:
    """Set a cookie that scripts do not see and other sites do not bring.

    It is not set where another site may have sent the form: see `origins.may_set`.
    """
    if not csrf.may_set(name, value):
        return
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        path=settings().path_prefix or "/",
        secure=settings().secure,
        httponly=True,
        samesite="Lax",
    )


def _keep_form(response: Response) -> Response:
    if "form_cookie" in g:
        set_cookie(response, "form", g.form_cookie)
    return response
