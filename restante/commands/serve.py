"""`serve`: runs the service until it is interrupted."""

from __future__ import annotations

import os
import signal
import sys

import click

from restante import hardening, logs
from restante.commands.environment import read_settings
from restante.service.data_folder import StoreFailed
from restante.service.supervisor import CannotListen, Service

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command
def serve() -> int:
    """Start store, web and worker, and serve until interrupted.

    The embedded store is started unless RESTANTE_REDIS_URL is set.  Without any command, this
    one runs.
    """
    hardening.forbid_core_dumps()
    settings = read_settings()
    logs.configure(settings.log_level)
    logs.report_crashes()
    for end in ENDS:
        signal.signal(end, signal.default_int_handler)
    service = Service(settings)
    try:
        return service.run()
    except KeyboardInterrupt:
        return os.EX_OK
    except (StoreFailed, CannotListen) as problem:
        print(f"Restante cannot start: {problem}.", file=sys.stderr)
        return os.EX_UNAVAILABLE
    finally:
        for end in ENDS:
            signal.signal(end, signal.SIG_IGN)
        service.stop()
