"""Which language a page is in: the one just asked for, the one chosen, or the browser's.

`?language=es` below any page's address shows it in Spanish and has the browser remember that,
if the link stood on a page of ours; with POST it shows the page anew with what was typed, and
does none of its deeds (docs/decisions/0037-a-switch-that-loses-nothing.md).

No answer says `Vary`: pages are never stored (`no-store`), and the only files that are,
have no words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

from restante import i18n
from webapp.http import csrf
from webapp.http.cookies import YEAR_SECONDS, set_cookie
from webapp.http.i18n import CHOICE, current
from webapp.http.request import read_cookie

if TYPE_CHECKING:
    from flask import Flask, Response

    from restante.i18n import Language

COOKIE: Final = "language"
FIELD = "language"
TAGS_MOST = 20
"""So many of the browser's languages are looked at."""


def init_app(app: Flask) -> None:
    """Let pages speak the visitor's language, and offer the others."""
    app.extensions[CHOICE] = _choose
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: current().catalogue.gettext(text),  # noqa: PLW0108 (of each request's own)
        lambda one, many, number: current().catalogue.ngettext(one, many, number),  # noqa: PLW0108
        newstyle=True,
    )
    app.jinja_env.globals.update(languages=i18n.known, current_language=current)
    app.after_request(_remember)
    i18n.known()


def is_pressed() -> bool:
    """Tell whether this form came to be shown in another language, not for its deed."""
    return request.method == "POST" and _asked() is not None


def _choose() -> Language:
    return _asked() or i18n.known().get(read_cookie(COOKIE)) or _wanted()


def _asked() -> Language | None:
    return i18n.known().get(request.args.get(FIELD, ""))


def _wanted() -> Language:
    """Return what the browser asks for, by its order; what it refuses (`q=0`) is left out."""
    tags = [tag for tag, quality in request.accept_languages if quality > 0]
    return i18n.best(tags[:TAGS_MOST])


def _remember(response: Response) -> Response:
    asked = _asked()
    # A link that stands on another site shows the language, and is not remembered.
    if asked and response.mimetype == "text/html" and csrf.is_ours():
        set_cookie(response, COOKIE, asked.code, max_age=YEAR_SECONDS)
    return response
