"""Runs deadlines: expires links, ends leases, carries out rules, forgets messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.crypto.tokens import SHARDS
from restante.errors import Unavailable

if TYPE_CHECKING:
    from restante.store.deadlines import Deadlines

BATCH = 100
FAILURES_MOST = 6
"""Shards that may fail in one call, then it gives up: each failure may take a second."""


class Timekeeping:
    """Runs due deadlines.  Several may run at once; a crash in the middle loses nothing."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._verbs = {
            "expire": deadlines.expire,
            "end": deadlines.end_leases,
            "rule": deadlines.run_rules,
            "forget": deadlines.forget,
        }

    def turn(self, shard: int) -> tuple[int, bool]:
        """Run the due deadlines of one shard, BATCH at most.

        Returns how many this call carried out itself, and whether more may be waiting.

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
        """Run the due deadlines of every shard; return how many this call carried out itself.

        Raises:
            Unavailable: Some shard did not answer; the others were still tried.
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
