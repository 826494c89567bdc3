"""Retries with backoff."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

RETRY_AFTER_MOST = 3_600
"""Maximum seconds of a receiver's Retry-After header."""
SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Retries:
    """The retry schedule of a channel.

    Attributes:
        waits: Seconds before each further try.
        jitter: Each wait is longer or shorter by up to this part, so that retries do not
            arrive all at once.
        endless: The last wait repeats; otherwise the delivery is given up after it.
    """

    waits: tuple[int, ...]
    jitter: float = 0.0
    endless: bool = False

    def wait_after(self, failures: int, retry_after: int = 0) -> int | None:
        """Return ms until the next try after so many failures in a row; None gives up."""
        if failures > len(self.waits) and not self.endless:
            return None
        part = 1 - self.jitter + 2 * self.jitter * secrets.randbelow(1_001) / 1_000
        wait = self.waits[min(failures, len(self.waits)) - 1] * part
        return round(max(wait, min(retry_after, RETRY_AFTER_MOST)) * SECOND)
