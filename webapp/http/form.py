"""Reads fields of a page's form: texts, and typed text to show again."""

from __future__ import annotations

from flask import request

from webapp.http.request import settings

SHORT_MOST, RECIPIENTS_MOST = 1_000, 64_000
"""Maximum number of characters of a field that are shown again beside an error."""


def typed(*names: str) -> dict[str, str]:
    """Return the content of these fields, to show it again.

    What is longer than its field allows is cut.
    """
    return {name: text(name)[: _most(name)] for name in names if name in request.form}


def cut(*names: str) -> list[str]:
    """Return those of the fields that come back without their end."""
    return [name for name in names if len(text(name)) > _most(name)]


def _most(name: str) -> int:
    most = {"text": settings().text_max, "recipients": RECIPIENTS_MOST}
    return most.get(name, SHORT_MOST)


def text(name: str) -> str:
    """Return a field's text with the line ends that it was written with: forms make CRLF of each.

    A key that was pasted comes back as it was, then, by whichever way a reader takes it.
    """
    return request.form.get(name, "").replace("\r\n", "\n").replace("\r", "\n")
