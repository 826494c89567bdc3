"""Limits concurrent deliveries per receiver (bulkhead): a slow one does not delay others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

WEIGHT = 0.3
"""Weight of the latest delivery in the average duration."""
WAIT_LEAST, WAIT_MOST = 0.2, 300.0
NARROW_SECONDS = 60.0
"""How long a receiver that failed gets only one slot."""
LANES_MOST = 10_000


class Busy(Exception):
    """No slot is free; one is likely to be free in *seconds*."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(slots=True)
class Lane:
    """One receiver: its running deliveries, and when the next slot is likely to be free."""

    under_way: int = 0
    seconds: float = 0.1
    next_at: float = 0.0
    narrow_until: float = 0.0

    def wait(self, now: float, width: int) -> float:
        """Reserve the next of *width* slots; return the seconds until it is free."""
        self.next_at = min(max(now, self.next_at) + self.seconds / width, now + WAIT_MOST)
        return max(self.next_at - now, WAIT_LEAST)


class ConcurrencyLimits:
    """A lane for each receiver, all of the same width.  For one event loop."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lanes: dict[Hashable, Lane] = {}

    @contextmanager
    def enter(self, receiver: Hashable) -> Iterator[None]:
        """Hold one of the receiver's slots.

        Raises:
            Busy: No slot is free.
        """
        lane = self._lanes.setdefault(receiver, Lane())
        width = 1 if monotonic() < lane.narrow_until else self._width
        if lane.under_way >= width:
            raise Busy(lane.wait(monotonic(), width))
        lane.under_way += 1
        began = monotonic()
        was_there = True
        try:
            yield
        except Busy:  # a second slot that it needs is not free: do not count its duration
            was_there = False
            raise
        finally:
            lane.under_way -= 1
            if was_there:
                lane.seconds += WEIGHT * (monotonic() - began - lane.seconds)
            if len(self._lanes) > LANES_MOST:
                self._lanes = {k: v for k, v in self._lanes.items() if v.under_way}

    def narrow(self, receiver: Hashable) -> None:
        """Allow only one slot, for a while, for a receiver that failed."""
        if lane := self._lanes.get(receiver):
            lane.narrow_until = monotonic() + NARROW_SECONDS

    def widen(self, receiver: Hashable) -> None:
        """Allow all slots again for a receiver that accepted a delivery."""
        if lane := self._lanes.get(receiver):
            lane.narrow_until = 0.0
