"""Sets cookies; never in a response to another site's form (CSRF), which could replace ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g

from webapp.http import csrf
from webapp.http.request import cookie_name, is_ambiguous, settings

if TYPE_CHECKING:
    from flask import Flask, Response

    from webapp.http.request import CookieName

YEAR_SECONDS = 31_536_000
IRREPLACEABLE: set[CookieName] = {"sender", "next"}
"""Secrets of sent lists: nobody else has them."""


def init_app(app: Flask) -> None:
    """Set the cookie `form`, to which a page's CSRF tokens are bound, if the page has one."""
    app.after_request(_keep_form)


def set_cookie(
    response: Response,
    name: CookieName,
    value: str,
    *,
    max_age: int | None = None,
    path: str | None = None,
) -> None:
    """Set a cookie that is HttpOnly and SameSite=Lax.

    It is not set if another site may have sent the form: see `csrf.may_set`.  What cannot be had
    again is not replaced either, if a neighbour's cookie is beside it: see `read_cookie`.
    """
    if not csrf.may_set(name, value) or (name in IRREPLACEABLE and is_ambiguous(name)):
        return
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        path=path or settings().path_prefix or "/",
        secure=settings().secure,
        httponly=True,
        samesite="Lax",
    )


def _keep_form(response: Response) -> Response:
    if "form_cookie" in g:
        set_cookie(response, "form", g.form_cookie)
    return response
