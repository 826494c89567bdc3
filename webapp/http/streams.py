"""How many files are on their way through this process: each takes memory while it is.

Slow lines keep theirs for long, so one network gets a share only.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from restante.errors import Unavailable
from webapp.http.errors import RateLimited
from webapp.http.rate_limits import network_id
from webapp.http.request import services, settings

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_running: Counter[bytes] = Counter()
"""Streams of each network."""


class Stream:
    """One file that comes or goes, or one form with files; it counts until it is closed."""

    def __init__(self) -> None:
        """Count it.

        Raises:
            RateLimited: The visitor's network has its share.
            Unavailable: This process has as many as it may.
        """
        self._network: bytes | None = None
        its, network = settings(), network_id()
        if its.rate_limits and _running[network] >= its.limit_streams:
            if meters := services().meters:
                meters.refused("streams")
            raise RateLimited
        if _running.total() >= its.streams_most:
            raise Unavailable
        _running[network] += 1
        self._network = network

    def close(self) -> None:
        """Count it no more."""
        network, self._network = self._network, None
        if network is not None:
            _running[network] -= 1
            if _running[network] <= 0:
                del _running[network]

    def __del__(self) -> None:
        # An answer that never began is closed by nobody.
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
