"""Our words in the visitor's language: gettext with types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, g
from markupsafe import Markup

if TYPE_CHECKING:
    from restante.i18n import Language


CHOICE = "choose_language"
"""Under this name the application keeps what chooses a request's language."""


def current() -> Language:
    """Return the language of the page that is being made."""
    if "language" not in g:
        g.language = current_app.extensions[CHOICE]()
    found: Language = g.language
    return found


def gettext(text: str, **values: object) -> str:
    """Return *text* in the visitor's language."""
    return current().gettext(text, **values)


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return the form for *number* in the visitor's language."""
    return current().ngettext(one, many, number, **values)


def html(text: str, **values: object) -> Markup:
    """Return a text of ours as HTML; in *values* only what is HTML already stays so."""
    written = Markup(text)  # noqa: S704 (our own words)
    return written % values if values else written
