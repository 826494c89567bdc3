"""How a timeline is followed: which events are new, and how long to wait.  No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from restante_client.models import Event, Status

GROWTH, MOST = 1.3, 10.0
"""The wait grows by this each time nothing happened, up to so many times its beginning."""


class Watch:
    """Follows one message from an event on."""

    def __init__(
        self,
        after: str | None,
        every: float,
        *,
        forever: bool,
        ends_after: float | None,
        now: Callable[[], float],
    ) -> None:
        """*ends_after* is in seconds; *now* is a clock that only goes forward."""
        self._now = now
        self._ends = None if ends_after is None else now() + ends_after
        self.after = after
        self.ended = False
        self.wait = 0.0
        self._every, self._forever = every, forever
        self._factor = 1.0

    def read(self, status: Status) -> Iterator[Event]:
        """Yield the new events of an answer, and set `wait` and `ended`."""
        for event in status.events:
            self.after = event.id
            yield event
        self._factor = 1.0 if status.events else min(self._factor * GROWTH, MOST)
        self.ended = status.ended and not status.more_events and not self._forever
        # A service that speaks of more events and has none must not be asked without end.
        goes_on = self.ended or (status.more_events and status.events)
        self.wait = 0.0 if goes_on else self._every * self._factor
        if self._ends is not None and not self.ended:
            # The last question is asked when the time is over.
            left = self._ends - self._now()
            self.ended = left <= 0
            self.wait = min(self.wait, max(left, 0.0))
