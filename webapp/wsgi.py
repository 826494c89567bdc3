"""What gunicorn loads in each of its gevent workers."""

from __future__ import annotations

import os

from gevent.threadpool import ThreadPool

from restante import logs, wiring
from restante.settings import Settings
from webapp.app import create_app

ARGON2_AT_ONCE = 4
"""Per process; each takes 19 MiB and some 30 ms of a core."""

settings = Settings.from_env(os.environ)
logs.configure(settings.log_level)
_argon2 = ThreadPool(ARGON2_AT_ONCE)
app = create_app(wiring.build(settings, offload=lambda f, *args: _argon2.apply(f, args)))
