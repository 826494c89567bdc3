"""Times between the core's milliseconds and what programs and people read."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from markupsafe import Markup

from restante.events import rfc3339
from webapp.http.i18n import current


def now() -> int:
    """Return this process's clock in ms; for tickets and words; the store's decides the rest."""
    return time.time_ns() // 1_000_000


def utc(at: int) -> datetime:
    """Return a time in ms as an aware datetime."""
    return datetime.fromtimestamp(at / 1000, UTC)


def rfc3339_or_none(at: int | None) -> str | None:
    """Return the same, or None for what did not happen."""
    return None if at is None else rfc3339(at)


def moment(at: int) -> Markup:
    """Return a `time` element; where scripts run, it turns to the reader's own zone."""
    written = current().moment(utc(at))
    return Markup('<time datetime="{}">{}</time>').format(rfc3339(at), written)


def duration(seconds: int) -> str:
    """Return `2 minutes`, `1 hour`, `7 days`: rounded down, never more than is left."""
    return current().duration(seconds)
