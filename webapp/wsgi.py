"""The WSGI entry point that gunicorn loads in each of its gevent workers."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import gevent
from gevent.threadpool import ThreadPool

from restante import allocator, logs, wiring
from restante.settings import Settings
from webapp.app import create_app
from webapp.http import rate_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

DISK_THREADS = 8
"""Uploads and downloads that wait for a disk at once in this process."""
ARGON2_NICE = 10
"""Stretching a passphrase takes 19 MiB and about 30 ms of a core: other requests go first."""

settings = Settings.from_env(os.environ)
logs.configure(settings.log_level)
allocator.keep_memory()
_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_argon2 = ThreadPool(max(1, _cores // settings.web_workers))
"""All processes together stretch as many at once as there are cores."""


_disk = ThreadPool(DISK_THREADS)


def _on_disk(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    found, error = _disk.apply(_attempt, (function, *arguments))
    if error is not None:
        raise error
    return found


def _attempt(function: Callable[..., Any], *arguments: object) -> tuple[Any, OSError | None]:
    """Return an error of the disk: the pool would log what is raised as a greenlet that died."""
    try:
        return function(*arguments), None
    except OSError as error:
        return None, error


def _spawn(work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin some work in a greenlet; see `restante.background`."""

    def caught() -> tuple[Any, BaseException | None]:
        try:
            return work(), None
        except BaseException as error:  # noqa: BLE001 (raised again where somebody waits)
            return None, error

    greenlet = gevent.spawn(caught)

    def result() -> Any:  # noqa: ANN401
        found, error = greenlet.get()
        if error is not None:
            raise error
        return found

    return result


def _politely(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    if sys.platform == "linux":
        # The priority of this thread alone; elsewhere it would be the process's.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, ARGON2_NICE)
    return function(*arguments)


def _offload(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    return _argon2.apply(_politely, (function, *arguments))


offload = rate_limits.counted_before(_offload)


def _app() -> WSGIApplication:
    if not settings.counts:
        return create_app(wiring.build(settings, offload=offload, disk=_on_disk, background=_spawn))
    # Imported only if metrics are on: it takes 40 ms.
    from restante.metrics.meters import Meters  # noqa: PLC0415
    from webapp.ops import metrics_app  # noqa: PLC0415

    meters = Meters()
    services = wiring.build(
        settings, offload=offload, disk=_on_disk, background=_spawn, meters=meters
    )
    return metrics_app.Doors(
        create_app(services), metrics_app.create_app(services), settings, meters
    )


app = _app()
