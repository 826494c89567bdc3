"""Reads fields of a page's form: typed text to show again, and numbers."""

from __future__ import annotations

from flask import request

from webapp.http.request import settings

SHORT_MOST, RECIPIENTS_MOST = 1_000, 64_000
"""Maximum number of characters of a field that are shown again beside an error."""


def typed(*names: str) -> dict[str, str]:
    """Return the content of these fields, to show it again.

    What is longer than its field allows is cut.
    """
    most = {"text": settings().text_max, "recipients": RECIPIENTS_MOST}
    form = request.form
    return {name: form[name][: most.get(name, SHORT_MOST)] for name in names if name in form}


def digits(written: str, most: int = 12) -> int | None:
    """Parse at most *most* ASCII digits as a number; return None for anything else."""
    is_number = written.isascii() and written.isdigit() and len(written) <= most
    return int(written) if is_number else None
