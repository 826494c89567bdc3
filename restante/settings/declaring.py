"""How a setting is declared: its default, its parser, and its meaning for the operator."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from restante.settings.parsers import DAY, Whole

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
DURATION = Whole(1, 3_650 * DAY, "seconds")
LIMIT = Whole(1, 1_000_000)


def setting(default: T, parse: Callable[[str], T], meaning: str, *, is_secret: bool = False) -> T:
    """Return the field of a setting; *meaning* is Markdown, for the table of docs/settings.md."""
    metadata = {"parse": parse, "meaning": meaning}
    return field(default=default, repr=not is_secret, metadata=metadata)
