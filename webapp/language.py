"""Our words in the visitor's language: gettext with types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask_babel

from restante import languages

if TYPE_CHECKING:
    from restante.languages import Language


def current() -> Language:
    """Return the language of the page that is being made."""
    return languages.spoken(str(flask_babel.get_locale()))


def gettext(text: str, **values: object) -> str:
    """Return *text* in the visitor's language."""
    return current().gettext(text, **values)


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return the form for *number* in the visitor's language."""
    return current().ngettext(one, many, number, **values)
