"""Deadlines: expire links, end leases, forget messages whose retention is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.tokens import SHARDS
from restante.errors import Unavailable

if TYPE_CHECKING:
    from restante.store.deadlines import Deadlines

BATCH = 100
FAILURES_MOST = 6
"""Shards that may fail in one call: a primary of a cluster keeps some, each may take a second."""


class Timekeeping:
    """Makes due what is due.  Several may run at once; a crash in the middle loses nothing."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._verbs = {
            "expire": deadlines.expire,
            "end": deadlines.end_leases,
            "forget": deadlines.forget,
        }

    def turn(self, shard: int) -> tuple[int, bool]:
        """Do what is due in one shard, a batch at the most.

        Returns how many deeds this turn did itself, and whether more may be waiting.

        Raises:
            Unavailable: The store does not answer; the next turn does the rest.
        """
        due = self._deadlines.due(shard, BATCH)
        done = 0
        for kind, record_id in due:
            if verb := self._verbs.get(kind):
                done += verb(shard, record_id)
        return done, len(due) == BATCH

    def catch_up(self) -> int:
        """Do all that is due in every shard; return how many deeds this call did itself.

        Raises:
            Unavailable: Some shard did not answer; the others had their turn.
        """
        total, failed = 0, 0
        for shard in range(SHARDS):
            more = failed < FAILURES_MOST
            try:
                while more:
                    done, more = self.turn(shard)
                    total += done
                    more = more and done > 0
            except Unavailable:
                failed += 1
        if failed:
            raise Unavailable
        return total
