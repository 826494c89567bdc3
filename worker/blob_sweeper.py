"""A thread of the worker that deletes blobs: large files take time, and deadlines must not wait."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from restante.errors import RestanteError
from restante.logs import error_fields

if TYPE_CHECKING:
    from restante.sweeping import Sweeping

TURN_SECONDS = 3.0
"""Each turn asks all shards, also while nothing is due: no more often than anybody notices."""
SWEEP_SECONDS = 3_600.0

log = structlog.get_logger()


class BlobSweeper:
    """Deletes what is due every few seconds, and once an hour what nothing knows."""

    def __init__(self, sweeping: Sweeping) -> None:
        self._sweeping = sweeping
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="blob sweeper", daemon=True)
        self._swept_at = 0.0
        self._well = True

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread finish the blob that it deletes, and end."""
        self._stopped.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stopped.wait(TURN_SECONDS):
            self.turn()

    def turn(self) -> None:
        """Delete what is due now; what fails is tried again."""
        try:
            if deleted := self._sweeping.turn():
                log.info("files deleted", files=deleted)
            if time.monotonic() - self._swept_at >= SWEEP_SECONDS or not self._swept_at:
                if orphans := self._sweeping.sweep():
                    log.warning("files without an owner deleted", files=orphans)
                self._swept_at = time.monotonic()
        except (RestanteError, OSError) as error:
            if self._well:
                log.error("files not deleted", **error_fields(error))  # noqa: TRY400 (no values)
            self._well = False
            return
        if not self._well:
            log.info("files are deleted again")
        self._well = True
