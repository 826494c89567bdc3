"""Counters of requests and quotas, which travel to the store with the request that they count.

On one node a script counts first, and does nothing else if that reaches a limit: limit and deed are
one round trip.  In a cluster counter and message lie on different nodes; there each counter is
counted before (docs/decisions/0058-limits-travel-with-the-deed.md).
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Counter(NamedTuple):
    """One request to be counted: at most *most* within *window_ms* of the first.

    With *bytes_most* it is a quota, which also counts *size* bytes; what exceeds it is not counted.
    """

    name: str
    key: bytes
    most: int
    window_ms: int
    size: int = 0
    bytes_most: int = 0

    def arguments(self) -> tuple[int, int, int, int]:
        """Return what `lib/90_counters.lua` needs, in its order."""
        return self.most, self.window_ms, self.size, self.bytes_most


class LimitReached(Exception):
    """This counter's limit is reached; nothing but counting was done."""

    def __init__(self, counter: Counter, left_ms: int) -> None:
        super().__init__(counter.name)
        self.counter = counter
        self.left_ms = left_ms


_waiting: ContextVar[tuple[Counter, ...]] = ContextVar("waiting", default=())


def put(*counters: Counter) -> None:
    """Let these counters travel with the next script of this request."""
    _waiting.set((*_waiting.get(), *counters))


def take() -> Sequence[Counter]:
    """Return the counters that wait, and forget them."""
    if waiting := _waiting.get():
        _waiting.set(())
    return waiting
