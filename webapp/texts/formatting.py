"""Formats times and durations for pages."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from markupsafe import Markup, escape

from restante.events import rfc3339
from webapp.http.i18n import current


def now() -> int:
    """Return this process's time in ms, for tickets and texts; all else uses the store's clock."""
    return time.time_ns() // 1_000_000


def utc(at: int) -> datetime:
    """Return a time in ms as an aware datetime."""
    return datetime.fromtimestamp(at / 1000, UTC)


def rfc3339_or_none(at: int | None) -> str | None:
    """Return a time in ms as an aware datetime; None stays None."""
    return None if at is None else rfc3339(at)


def moment(at: int) -> Markup:
    """Return a `time` element; the page's script converts it to the visitor's time zone."""
    written = escape(current().moment(utc(at)))
    return Markup(f'<time datetime="{rfc3339(at)}">{written}</time>')  # noqa: S704 (escaped)


def exact(text: str) -> Markup:
    """Return a text for a page, so that scripts read it as it is: HTML makes a line feed of CR.

    A CR alone shows nothing: a break, which is no part of the text, ends its line.
    """
    written = re.sub(r"\r(?!\n)", "&#13;<br>", str(escape(text)))
    return Markup(written.replace("\r", "&#13;"))  # noqa: S704 (escaped)


def duration(seconds: int) -> str:
    """Return `2 minutes`, `1 hour`, `7 days`: rounded down, never more than is left."""
    return current().duration(seconds)
