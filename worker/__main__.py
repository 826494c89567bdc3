"""The worker process: runs deadlines every second and the dispatcher, until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from restante import hardening, logs, wiring
from restante.channels.transports import Transports
from restante.errors import RestanteError, SettingsInvalid
from restante.metrics import shared_folder
from restante.settings import Settings
from worker import exposition
from worker.blob_sweeper import BlobSweeper
from worker.deadline_runner import Worker
from worker.dispatcher import Dispatcher
from worker.transports.http import Http
from worker.transports.mail import Mail
from worker.transports.push import Push

if TYPE_CHECKING:
    from restante.metrics.meters import Meters

TURN_SECONDS = 1.0
EX_UNAVAILABLE, EX_CONFIG = 69, 78

log = structlog.get_logger()


def main() -> int:
    """Run turns until SIGTERM or SIGINT; return the exit status."""
    hardening.forbid_core_dumps()
    try:
        settings = Settings.from_env(os.environ)
        meters = _meters(settings)
        services = wiring.build(settings, meters=meters)
    except SettingsInvalid as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    if meters and settings.metrics_bind and shared_folder.VARIABLE not in os.environ:
        try:
            exposition.serve(meters, settings.metrics_bind)
        except OSError as problem:
            sys.stderr.write(f"RESTANTE_METRICS_BIND: cannot listen: {problem.strerror}\n")
            return EX_UNAVAILABLE
    logs.configure(settings.log_level)
    logs.report_crashes()
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    # Under a new root key the consent key is boxed anew, also if nothing is mailed for long.
    with suppress(RestanteError):
        services.consents.key()
    worker = Worker(services.timekeeping, services.files)
    http, mail = Http(settings.webhook_networks), Mail(settings.smtp_url, settings.mail_sender)
    push = Push(http, services.vapid_keys, settings.public_url)
    dispatcher = Dispatcher(services.delivering, Transports(http, mail, push), meters)
    dispatcher.start()
    sweeper = BlobSweeper(services.sweeping)
    sweeper.start()
    log.info("worker started")
    try:
        while dispatcher.is_alive and not stop.is_set():
            worker.turn()
            stop.wait(TURN_SECONDS)
        is_well = dispatcher.is_alive
    finally:
        # A thread that continues would keep this process alive.
        dispatcher.stop()
        sweeper.stop()
    log.info("worker stopped")
    return 0 if is_well else 1


def _meters(settings: Settings) -> Meters | None:
    """Return this process's metrics, shown by the web or by this process; None if they are off."""
    beside_the_web = settings.counts and shared_folder.VARIABLE in os.environ
    if not beside_the_web and settings.metrics_bind is None:
        return None
    # Imported only if metrics are on: it takes 40 ms.
    from restante.metrics.meters import Meters  # noqa: PLC0415

    return Meters()


if __name__ == "__main__":
    sys.exit(main())
