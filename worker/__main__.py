"""The worker's process: deadlines once a second and deliveries beside, until told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading

import structlog

from restante import logs, wiring
from restante.errors import SettingsInvalid
from restante.settings import Settings
from worker.channels.webhook import Webhook
from worker.courier import Courier
from worker.turns import Worker

TURN_SECONDS = 1.0
EX_CONFIG = 78

log = structlog.get_logger()


def main() -> int:
    """Run turns until SIGTERM or SIGINT; return the exit status."""
    try:
        settings = Settings.from_env(os.environ)
        house = wiring.build(settings)
    except SettingsInvalid as error:
        sys.stderr.write(f"{error}\n")
        return EX_CONFIG
    logs.configure(settings.log_level)
    logs.report_crashes()
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    worker = Worker(house.timekeeping, house.files)
    courier = Courier(house.delivering, {"webhook": Webhook(settings.webhook_networks)})
    courier.start()
    log.info("worker started")
    while courier.is_alive and not stop.is_set():
        worker.turn()
        stop.wait(TURN_SECONDS)
    is_well = courier.is_alive
    courier.stop()
    log.info("worker stopped")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
