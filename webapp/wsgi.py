"""The WSGI entry point that gunicorn loads in each of its gevent workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gevent.threadpool import ThreadPool

from restante import logs, wiring
from restante.settings import Settings
from webapp.app import create_app
from webapp.http import rate_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

ARGON2_AT_ONCE = 4
"""Limit per process: each takes 19 MiB and about 30 ms of a core."""

settings = Settings.from_env(os.environ)
logs.configure(settings.log_level)
_argon2 = ThreadPool(ARGON2_AT_ONCE)


def _offload(function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    return _argon2.apply(function, arguments)


offload = rate_limits.counted_before(_offload)


def _app() -> WSGIApplication:
    if not settings.counts:
        return create_app(wiring.build(settings, offload=offload))
    # Imported only if metrics are on: it takes 40 ms.
    from restante.metrics.meters import Meters  # noqa: PLC0415
    from webapp.ops import metrics_app  # noqa: PLC0415

    meters = Meters()
    services = wiring.build(settings, offload=offload, meters=meters)
    return metrics_app.Doors(
        create_app(services), metrics_app.create_app(services), settings, meters
    )


app = _app()
