"""Translates our texts into the visitor's language: gettext with types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, g
from markupsafe import Markup

if TYPE_CHECKING:
    from restante.i18n import Language


CHOICE = "choose_language"
"""Name of the application's extension that chooses the language of a request."""


def current() -> Language:
    """Return the language of this request."""
    found: Language | None = g.get("language")
    if found is None:
        g.language = found = current_app.extensions[CHOICE]()
    return found


def gettext(text: str, **values: object) -> str:
    """Return *text* in the visitor's language."""
    return current().gettext(text, **values)


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return the form for *number* in the visitor's language."""
    return current().ngettext(one, many, number, **values)


def html(text: str, **values: object) -> Markup:
    """Return our own text as HTML; *values* are escaped, unless they are Markup."""
    written = Markup(text)  # noqa: S704 (our own words)
    return written % values if values else written
