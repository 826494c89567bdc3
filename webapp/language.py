"""Our words in the visitor's language: gettext with types, and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask_babel

if TYPE_CHECKING:
    from datetime import datetime


def gettext(text: str, **values: object) -> str:
    """Return *text* in the visitor's language."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return the form for *number* in the visitor's language."""
    return str(flask_babel.ngettext(one, many, number, **values))


def date_and_time(moment: datetime) -> str:
    """Return `3 March 2026, 14:02`, in UTC."""
    return str(flask_babel.format_datetime(moment, "d MMMM y, HH:mm"))
