"""Chooses a page's language: from the request, else from the cookie, else the browser's.

`?language=es` on any page shows it in Spanish, and sets the cookie if the link was on one of our
pages.  With POST it shows the page again with what was typed, and does nothing else
(docs/decisions/0037-a-switch-that-loses-nothing.md).

No response has `Vary`: pages are never stored (`no-store`), and the files that are stored
contain no words.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flask import request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from restante import i18n
from webapp.http import csrf
from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.i18n import CHOICE
from webapp.http.request import read_cookie, this

if TYPE_CHECKING:
    from flask import Flask, Response

    from restante.i18n import Language

COOKIE: Final = "language"
FIELD = "language"
TAGS_MOST = 20
"""How many of the browser's languages are read."""
REMEMBERED_MOST = 200
"""Characters of a header whose result is remembered."""


def init_app(app: Flask) -> None:
    """Show pages in the visitor's language, with a switch to the others."""
    app.extensions[CHOICE] = _choose
    app.after_request(_remember)
    i18n.known()


def is_pressed() -> bool:
    """Tell whether this POST only switches the language and must do nothing else."""
    return request.method == "POST" and _asked() is not None


def _choose() -> Language:
    return _asked() or i18n.known().get(read_cookie(COOKIE)) or _wanted()


def _asked() -> Language | None:
    its = this()
    return i18n.known().get(its.args.get(FIELD, "")) if its.environ.get("QUERY_STRING") else None


def _wanted() -> Language:
    """Return the browser's preferred language that we have; refused ones (`q=0`) are ignored."""
    header = request.environ.get("HTTP_ACCEPT_LANGUAGE", "")
    return (_best if len(header) <= REMEMBERED_MOST else _best.__wrapped__)(header)


@lru_cache(maxsize=256)
def _best(header: str) -> Language:
    accepted = parse_accept_header(header, LanguageAccept)
    return i18n.best([tag for tag, quality in accepted if quality > 0][:TAGS_MOST])


def _remember(response: Response) -> Response:
    asked = _asked()
    # A link on another site shows the language but must not set the cookie.
    if asked and response.mimetype == "text/html" and csrf.is_ours():
        set_cookie(response, COOKIE, asked.code, max_age=YEAR_SECONDS)
    return response
