"""One turn of the worker: runs the deadlines of every shard, and rewrites the store's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from restante.errors import RestanteError
from restante.logs import error_fields

if TYPE_CHECKING:
    from restante.deadlines import Timekeeping
    from restante.store.persistence import Files

log = structlog.get_logger()


class Worker:
    """Runs deadlines.  Several may run at once, and each may be killed at any point."""

    def __init__(self, timekeeping: Timekeeping, files: Files) -> None:
        self._timekeeping = timekeeping
        self._files = files
        self._well = True

    def turn(self) -> int:
        """Run all due deadlines; return how many this turn carried out itself.

        If the store does not answer, the turn ends early; the next one does the rest.
        """
        try:
            done = self._timekeeping.catch_up()
            self._files.scrub()
        except RestanteError as error:
            if self._well:
                log.warning("turn ended early", **error_fields(error))
            self._well = False
            return 0
        if not self._well:
            log.info("turns go on")
        self._well = True
        for went_well in self._files.outcomes():
            if went_well:
                log.info("files rewritten")
            else:
                log.error("files not rewritten", lack="what was destroyed is still in them")
        if done:
            log.info("deadlines met", deeds=done)
        return done
