"""What a page's form brings: what was typed, to be shown again, and numbers."""

from __future__ import annotations

from flask import request

from webapp.http.request import settings

SHORT_MOST, RECIPIENTS_MOST = 1_000, 64_000
"""Characters of a field that come back with what was wrong."""


def typed(*names: str) -> dict[str, str]:
    """Return what stands in these fields, if they were sent, to be shown again.

    Of a text that is too long it is up to twice what can be sent.
    """
    most = {"text": 2 * settings().text_max, "recipients": RECIPIENTS_MOST}
    form = request.form
    return {name: form[name][: most.get(name, SHORT_MOST)] for name in names if name in form}


def digits(written: str, most: int = 12) -> int | None:
    """Return the number that so many ASCII digits are, at the most; None for anything else."""
    is_number = written.isascii() and written.isdigit() and len(written) <= most
    return int(written) if is_number else None
