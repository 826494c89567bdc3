"""Time zones of IANA: which there are, and a time in one of them."""

from __future__ import annotations

import re
from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from datetime import tzinfo

NAME = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Tell whether this machine knows the time zone."""
    return NAME.fullmatch(name) is not None and name in _known()


def zone(name: str | None) -> tzinfo:
    """Return a time zone; UTC without a name, or if this machine does not know it."""
    return ZoneInfo(name) if name and is_zone(name) else UTC
